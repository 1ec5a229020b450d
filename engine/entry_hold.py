"""Why nothing is entered on a connection at this moment: kept in memory, in force at once, asked at the last step
before an order leaves (law 8). It outlives a runner that fails or changes its mode, and no restart: what must, is
stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.core.errors import Rejected

HELD = "HELD"
"""The code of an order that was decided on and never left."""
WORDS = "it was not sent: entries were stopped just before"


class EntryHold:
    """True while there is a reason. Each reason has a name, and is put on and taken off by whoever has it."""

    def __init__(self) -> None:
        self._reasons: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._reasons)

    @property
    def why(self) -> str:
        """For the log."""
        return "; ".join(sorted(self._reasons))

    def put_on(self, reason: str) -> None:
        self._reasons.add(reason)

    def take_off(self, reason: str) -> None:
        self._reasons.discard(reason)

    @contextmanager
    def guarding(self, reduces: bool) -> Iterator[None]:
        """Within it `check` knows of this hold; what `reduces` risk is never held."""
        token = _guard.set(None if reduces else self)
        try:
            yield
        finally:
            _guard.reset(token)


_guard: ContextVar[EntryHold | None] = ContextVar("entry_hold", default=None)


def check() -> None:
    """The last step before an order leaves, after all that it waited for. Raises Rejected for an entry that is held: it
    never left, and ends as what it is."""
    hold = _guard.get()
    if hold:
        raise Rejected(WORDS, HELD)
