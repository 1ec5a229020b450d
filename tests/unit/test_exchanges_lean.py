"""Importing one venue only. Each case runs in a process of its own: what is imported can't be taken back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

import pytest

from engine.exchanges import lean
from engine.exchanges.venues import VENUES

MODULES = "print(sum(name.startswith('ccxt') for name in sys.modules))"
COUNT = "sum(name.startswith('ccxt.pro.') for name in sys.modules)"


def run(code: str) -> str:
    """What a fresh interpreter prints for `code`."""
    preamble = "import sys\nfrom engine.exchanges import lean\n"
    done = subprocess.run(
        [sys.executable, "-c", preamble + code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_one_venue_brings_none_of_the_others() -> None:
    assert run(f"lean.venue_class('binance'); print({COUNT})") == "1"


def test_twice_is_the_same_class_and_a_second_venue_comes_beside_it() -> None:
    code = (
        "print(lean.venue_class('binance') is lean.venue_class('binance'), lean.venue_class('okx').__name__)"
    )
    assert run(f"{code}\nprint({COUNT})") == "True okx\n2"


def test_all_venues_of_ours_can_be_made_beside_each_other() -> None:
    ids = sorted(VENUES)
    assert run(f"print([lean.venue_class(name)().id for name in {ids}])") == str(ids)
    assert int(run(f"[lean.venue_class(name) for name in {ids}]; {MODULES}")) < 60


def test_a_venues_modules_come_with_its_first_client_and_not_before() -> None:
    """Streams among them: an account on paper, or at another venue, pays nothing for them."""
    code = f"""
from engine.clock import SystemClock
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.credentials import Credentials
before = {COUNT}
CcxtExchange("okx", SystemClock(), Credentials("test-key", "test-secret", "test-passphrase"))
print(before, "ccxt.pro.okx" in sys.modules, {COUNT})
"""
    assert run(code) == "0 True 1"


def test_ordinary_use_of_ccxt_goes_on_with_the_same_classes() -> None:
    code = """
mine = lean.venue_class('binance')
import ccxt, ccxt.async_support, ccxt.pro
from ccxt.async_support.okx import okx
import ccxt.async_support.bybit
assert ccxt.pro.binance is mine
assert ccxt.async_support.okx is okx and ccxt.async_support.bybit.__name__ == 'bybit'
assert issubclass(ccxt.pro.kraken, ccxt.async_support.Exchange)
assert ccxt.pro.NetworkError is ccxt.NetworkError is lean.errors().NetworkError
assert ccxt.__version__ == '4.5.90'
assert not hasattr(ccxt, '__wrapped__')
"""
    assert run(code) == ""


def test_what_only_the_whole_package_has_fills_it() -> None:
    code = """
mine = lean.venue_class('binance')
import ccxt
assert len(ccxt.exchanges) > 100 and 'binance' in ccxt.exchanges
assert ccxt.Precise and ccxt.pro.binance is mine
assert not hasattr(ccxt, 'nothing_of_this_name')
import ccxt.async_support as asynchronous
assert not hasattr(asynchronous, 'nothing_of_this_name')
"""
    assert run(code) == ""


def test_a_package_that_was_imported_in_full_is_used_as_it_is() -> None:
    code = """
import ccxt.pro
assert lean.venue_class('binance') is ccxt.pro.binance
assert type(ccxt) is type(sys)
"""
    assert int(run(code + MODULES)) > 300


def test_requests_is_not_imported_for_an_asynchronous_venue() -> None:
    code = """
assert lean.venue_class('binance')().userAgent.startswith('python-requests/2')
print(any(name.split('.')[0] in ('requests', 'urllib3', 'charset_normalizer') for name in sys.modules))
"""
    assert run(code) == "False"


def test_a_synchronous_client_has_the_real_requests() -> None:
    code = """
lean.venue_class('binance')
from ccxt.binance import binance
from ccxt.base import exchange
import ccxt
client = binance({'timeout': 2000})
import requests
assert type(client.session) is requests.Session
assert exchange.Timeout is requests.exceptions.Timeout
assert exchange.requestsConnectionError is requests.exceptions.ConnectionError
client.urls['api'] = {key: 'http://127.0.0.1:9' for key in client.urls['api']}
try:
    client.fetch_time()
except ccxt.NetworkError as error:
    print(type(error).__name__)
"""
    assert run(code) == "NetworkError"


def test_requests_that_was_imported_before_is_used_as_it_is() -> None:
    code = """
import requests
lean.venue_class('binance')
from ccxt.base import exchange
print(exchange.Session is requests.Session, sys.modules['requests'] is requests)
"""
    assert run(code) == "True True"


def test_an_unknown_venue_is_refused() -> None:
    with pytest.raises(ValueError, match="no streaming venue called 'pionex'"):
        lean.venue_class("pionex")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package built like ccxt's, made lazy in this process."""
    package = tmp_path / "toy_venues"
    package.mkdir()
    (package / "__init__.py").write_text("from toy_venues.small import small\nexchanges = ['small']\n")
    (package / "small.py").write_text("class small:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = find_spec("toy_venues")
    assert spec is not None
    module = module_from_spec(spec)
    module.__class__ = lean.LazyPackage
    monkeypatch.setitem(sys.modules, "toy_venues", module)
    yield module
    sys.modules.pop("toy_venues.small", None)


def test_a_lazy_package_finds_a_venue_by_name(toy: ModuleType) -> None:
    assert isinstance(toy.small, type)
    assert toy.small is sys.modules["toy_venues.small"].__dict__["small"]
    assert "exchanges" not in toy.__dict__


def test_a_lazy_package_becomes_whole_when_it_must(toy: ModuleType) -> None:
    assert toy.exchanges == ["small"]
    assert type(toy) is ModuleType
    assert toy.__dict__["small"] is sys.modules["toy_venues.small"].__dict__["small"]


def test_a_lazy_package_lacks_what_the_whole_one_lacks(toy: ModuleType) -> None:
    for name in ("__wrapped__", "nothing_of_this_name"):
        with pytest.raises(AttributeError, match=name):
            getattr(toy, name)


def test_a_lazy_package_without_a_loader_says_so(toy: ModuleType) -> None:
    toy.__spec__ = None
    with pytest.raises((ImportError, ValueError)):
        _ = toy.exchanges
