"""TA-Lib without what it would drag in.

Its package imports pandas and polars wherever they are installed, which costs 65 MB and 0.3 s that we have no use for.
While it is imported here, both are made to look absent. What others had imported is put back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNWANTED = ("pandas", "polars")


@contextmanager
def _absent(names: tuple[str, ...]) -> Iterator[None]:
    """`None` in sys.modules makes an import fail as if the package were not installed (import system reference)."""
    hidden = {name: sys.modules.get(name) for name in names}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None is allowed there, typeshed says not
    try:
        yield
    finally:
        for name, module in hidden.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


with _absent(UNWANTED):
    import talib

__all__ = ["talib"]
