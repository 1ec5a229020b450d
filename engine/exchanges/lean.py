"""Importing one venue of ccxt without the other hundred.

`import ccxt.pro` imports every venue that ccxt knows: about 90 MB more and half a second. Here the three packages
`ccxt`, `ccxt.async_support` and `ccxt.pro` are put into `sys.modules` bare, with the names that venue modules lean
on (the errors and `Exchange`), and a venue's class is imported when it is first asked for.

It stays ccxt for everyone else in the process: a name that a bare package lacks is first looked for as a venue and
then by running the package's own `__init__`, so a later `import ccxt` still finds everything, with the same
classes. A package that was imported in full before is used as it is.

This leans on ccxt's insides. The version is pinned exactly, and tests/unit/test_exchanges_lean.py tries it.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from engine.exchanges.later import without_requests

_EXCHANGE_MODULES = {
    "ccxt": "ccxt.base.exchange",
    "ccxt.async_support": "ccxt.async_support.base.exchange",
    "ccxt.pro": "ccxt.async_support.base.exchange",
}


class LazyPackage(ModuleType):
    """One of ccxt's packages, filled as names are asked for."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system sets a submodule on its package; ccxt's packages have the venue's class by that name.
        if isinstance(value, ModuleType) and isinstance(value.__dict__.get(name), type):
            value = value.__dict__[name]
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return version("ccxt")
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if find_spec(f"{self.__name__}.{name}") is not None:
            module = importlib.import_module(f"{self.__name__}.{name}")
            return self.__dict__.get(name, module)
        self._fill()
        if name not in self.__dict__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return self.__dict__[name]

    def _fill(self) -> None:
        """Run the package's own `__init__`: from then on it is whole, and an ordinary module."""
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec = self.__spec__
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.__name__} can't be loaded in full")
        spec.loader.exec_module(self)


def install() -> None:
    """Make ccxt's packages lazy, unless they are there already. May be called any number of times."""
    with without_requests():
        for name in _EXCHANGE_MODULES:
            if name not in sys.modules:
                _install(name)


def venue_class(ccxt_id: str) -> type[Any]:
    """The ccxt.pro class of one venue, importing nothing of the others. Raises ValueError for an unknown one."""
    install()
    if find_spec(f"ccxt.pro.{ccxt_id}") is None:
        raise ValueError(f"ccxt has no streaming venue called {ccxt_id!r}")
    found: type[Any] = getattr(sys.modules["ccxt.pro"], ccxt_id)
    return found


def errors() -> ModuleType:
    """ccxt's error classes: `ccxt.base.errors`."""
    install()
    return importlib.import_module("ccxt.base.errors")


def _install(name: str) -> None:
    spec = _spec_of(name)
    package = module_from_spec(spec)
    package.__class__ = LazyPackage
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, package)
    for error in (found := importlib.import_module("ccxt.base.errors")).__all__:
        setattr(package, error, getattr(found, error))
    package.__dict__["Exchange"] = importlib.import_module(_EXCHANGE_MODULES[name]).Exchange


def _spec_of(name: str) -> ModuleSpec:
    spec = find_spec(name)
    if spec is None:
        raise ImportError(f"{name} is not installed")
    return spec
