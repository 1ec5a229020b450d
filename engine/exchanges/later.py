"""`requests` for ccxt when it is needed, which in an asynchronous program is never: 6 MB and 200 modules less.

`ccxt.base.exchange` imports it at the top for its synchronous clients. Here it gets stand-ins for the names it takes,
and the first synchronous client that opens a session puts the real ones in their place: nothing else changes for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

_TAKEN = {
    "requests": {"Session": "Session"},
    "requests.utils": {"default_user_agent": "default_user_agent"},
    "requests.exceptions": {
        "HTTPError": "HTTPError",
        "Timeout": "Timeout",
        "TooManyRedirects": "TooManyRedirects",
        "RequestException": "RequestException",
        "ConnectionError": "requestsConnectionError",
    },
}
"""What ccxt.base.exchange takes from each module, and the name it gives it."""


@contextmanager
def without_requests() -> Iterator[None]:
    """Import ccxt's base within. Where `requests` is imported already, or ccxt is, nothing happens."""
    if "requests" in sys.modules or "ccxt.base.exchange" in sys.modules:
        yield
        return
    sys.modules.update({name: _stand_in(name) for name in _TAKEN})
    try:
        yield
    finally:
        for name in _TAKEN:
            del sys.modules[name]


def _stand_in(module: str) -> ModuleType:
    bare = ModuleType(module)
    bare.__path__ = []
    given = {"Session": _session, "default_user_agent": _user_agent}
    for name in _TAKEN[module]:
        # The errors are never raised before a session is there, and by then the real ones are.
        setattr(bare, name, given.get(name) or type(name, (Exception,), {}))
    return bare


def _user_agent() -> str:
    """Every client asks for it, asynchronous ones too."""
    return f"python-requests/{version('requests')}"


def _session() -> Any:
    _bring_in()
    return import_module("requests").Session()


def _bring_in() -> None:
    """From now on ccxt's base has the real `requests`."""
    base = vars(import_module("ccxt.base.exchange"))
    for module, names in _TAKEN.items():
        real = import_module(module)
        base.update({theirs: getattr(real, name) for name, theirs in names.items()})
