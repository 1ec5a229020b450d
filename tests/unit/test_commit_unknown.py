"""Laws 1 and 2: facts that may or may not be stored are read back before anything else is decided."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.core import inputs as i
from engine.core.errors import OutcomeUnknown
from engine.core.facts import AnyFact, OrderIntended
from engine.core.ids import BookId, CommandId, ConnectionId
from engine.core.model import Side
from engine.core.notices import Notice
from storage.memory import MemoryJournal
from tests.support.builders import BTC, START, preset, quote, settings
from tests.support.engine_world import Engine, until

MAIN = ConnectionId("main")
PAPER = BookId("main.paper")


class CutJournal(MemoryJournal):
    """The line is cut at the commit of the first order; `stored`: it came through."""

    def __init__(self, stored: bool) -> None:
        super().__init__()
        self._stored = stored
        self.cuts = 0

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        if self.cuts or not any(isinstance(fact, OrderIntended) for fact in facts):
            return await super().append(book, after, facts, notices)
        self.cuts += 1
        if self._stored:
            await super().append(book, after, facts, notices)
        raise OutcomeUnknown("the line was cut")


@pytest.mark.parametrize("stored", [True, False])
async def test_law_2_an_intent_that_may_be_stored_is_read_back_and_never_sent(
    stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.01,))
    journal = CutJournal(stored)
    engine = Engine(settings(preset(symbols=(BTC,))), journal=journal)
    async with engine.running():
        await engine.push(BTC, "40000")
        await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
        [connection] = engine.room.connections
        before = connection.runner
        wish = i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
        answer = await engine.desk.send(MAIN, wish)
        assert bool(answer.refused) is not stored, "'not done' is said only of what was not done (law 12)"
        await until(lambda: connection.runner is not before and connection.working, "a new runner")
        intended = [one for one in journal.books[PAPER] if isinstance(one, OrderIntended)]
        assert len(intended) == (1 if stored else 0)
        await until(lambda: not connection.runner.state.orders, "the end of what was never sent")
        repeated = await engine.desk.send(MAIN, wish)
        assert (repeated.repeated, repeated.refused) == (stored, ""), "given again it acts once (law 9)"
        recorded = journal.books[PAPER]
        assert len([one for one in recorded if isinstance(one, OrderIntended)]) == 1
        assert connection.restarts == 1
