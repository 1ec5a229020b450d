"""A journal in memory, for back-tests, simulations and tests. It passes the same contract suite as the real one."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.errors import Corrupt
from engine.core.facts import AnyFact
from engine.core.ids import BookId
from engine.core.notices import Notice
from engine.core.state import TraderState
from engine.ports import Recorded


class MemoryJournal:
    """`books` holds each book's facts, `notices` all that was told, in order."""

    def __init__(self) -> None:
        self.books: dict[BookId, list[AnyFact]] = {}
        self.notices: list[Notice] = []
        self._snapshots: dict[BookId, tuple[int, TraderState]] = {}

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        """See `engine.ports.Journal.append`."""
        stored = self.books.get(book, [])
        if len(stored) != after:
            raise Corrupt(f"book {book} ends at fact {len(stored)}, not {after}: a second writer was at work")
        self.books[book] = stored
        stored.extend(facts)
        self.notices.extend(notices)
        return len(stored)

    async def read(self, book: BookId, after: int = 0) -> list[Recorded]:
        """See `engine.ports.Journal.read`."""
        facts = self.books.get(book, [])[after:]
        return [Recorded(number, fact) for number, fact in enumerate(facts, after + 1)]

    async def snapshot(self, book: BookId, number: int, state: TraderState) -> None:
        """See `engine.ports.Journal.snapshot`. A copy is kept, since the state lives on."""
        newest, _ = self._snapshots.get(book, (0, None))
        if number >= newest:
            self._snapshots[book] = (number, state.copy())

    async def latest(self, book: BookId) -> tuple[int, TraderState] | None:
        """See `engine.ports.Journal.latest`."""
        found = self._snapshots.get(book)
        return (found[0], found[1].copy()) if found is not None else None

    async def tell(self, notices: Sequence[Notice]) -> None:
        """See `engine.ports.Journal.tell`."""
        self.notices.extend(notices)
