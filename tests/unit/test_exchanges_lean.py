"""Importing one venue only. Each case runs in a process of its own: what is imported can't be taken back."""

from __future__ import annotations

import subprocess
import sys

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


def test_an_unknown_venue_is_refused() -> None:
    with pytest.raises(ValueError, match="no streaming venue called 'pionex'"):
        lean.venue_class("pionex")
