"""Law 8 at the last step: an entry that was decided on and waits for anything does not leave any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest.mock import Mock

import pytest

from engine import entry_hold
from engine.clock import SystemClock
from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.errors import Rejected, StorageTrouble
from engine.core.facts import AnyFact
from engine.core.ids import BookId, ClientOrderId, CommandId
from engine.core.model import OrderReport, OrderRequest, OrderType, Side
from engine.core.notices import Notice
from engine.entry_hold import EntryHold
from engine.exchanges.client import Gate
from engine.exchanges.paper import PaperExchange
from engine.exchanges.wire import Wire, attempt
from engine.executor import Executor
from storage.memory import MemoryJournal
from tests.support.builders import BTC, START, price, quantity, quote
from tests.support.engine_world import Engine, until
from tests.support.stored_live import MAIN, ONE


def request(reduces: bool) -> OrderRequest:
    name = ClientOrderId("pd" + "e" * 16)
    return OrderRequest(name, BTC, Side.BUY, OrderType.LIMIT, quantity("1"), price("1"), None, reduces)


class Waiting(PaperExchange):
    """What it sends waits for something first, as for the venue's rules."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.waits, self.goes_on = asyncio.Event(), asyncio.Event()
        self.left: list[OrderRequest] = []

    async def submit(self, request: OrderRequest) -> OrderReport:
        self.waits.set()
        await self.goes_on.wait()
        entry_hold.check()
        self.left.append(request)
        raise Rejected("it reached the venue")


@pytest.mark.parametrize(("reduces", "leaves"), [(False, False), (True, True)])
async def test_law_8_an_entry_that_waits_inside_the_client_is_not_sent(reduces: bool, leaves: bool) -> None:
    venue, hold, told = Waiting(), EntryHold(), list[i.Input]()
    executor = Executor(venue, SystemClock(), told.append, hold=hold)
    executor.start(Submit(request(reduces)))
    await venue.waits.wait()
    hold.put_on("a halt")
    venue.goes_on.set()
    await executor.settle(1)
    assert bool(venue.left) is leaves
    [outcome] = told
    assert isinstance(outcome, i.OrderRefused)
    assert (outcome.code == entry_hold.HELD) is not leaves, "it ends as an order that never left"


async def test_law_8_what_is_started_while_entries_are_held_does_not_get_to_the_client() -> None:
    venue, hold, told = Waiting(), EntryHold(), list[i.Input]()
    executor = Executor(venue, SystemClock(), told.append, hold=hold)
    hold.put_on("a halt")
    executor.start(Submit(request(False)))
    await executor.settle(1)
    assert not venue.waits.is_set()
    assert [type(one) for one in told] == [i.OrderRefused]


async def test_law_8_the_wire_asks_last_and_lets_questions_and_cancels_through() -> None:
    client = Mock()
    client.session = object()
    asked: list[str] = []

    async def fetch(url: str, method: str, headers: object, body: object) -> str:
        asked.append(method)
        return "{}"

    client.fetch = fetch
    client.last_response_headers = {}
    clock = SystemClock()
    wire = Wire(client, Mock(), Gate(clock), again=False)
    hold = EntryHold()
    hold.put_on("a halt")
    with hold.guarding(reduces=False), attempt(acts=True), pytest.raises(Rejected, match="not sent"):
        await wire.fetch("https://venue.example/order", "POST")
    with hold.guarding(reduces=False), attempt(acts=True):
        await wire.fetch("https://venue.example/rules", "GET")
    with hold.guarding(reduces=True), attempt(acts=True):
        await wire.fetch("https://venue.example/order", "POST")
    with attempt(acts=True):
        await wire.fetch("https://venue.example/order", "DELETE")
    assert asked == ["GET", "POST", "DELETE"]


def test_law_8_it_is_on_until_the_last_reason_is_taken_off() -> None:
    hold = EntryHold()
    hold.put_on("a")
    hold.put_on("b")
    hold.put_on("a")
    hold.take_off("a")
    assert (bool(hold), hold.why) == (True, "b")
    hold.take_off("b")
    hold.take_off("b")
    assert not hold


# ── a halt on a desk whose database takes nothing ─────────────────────────────────────────


class Locked(MemoryJournal):
    """It waits, or refuses, for as long as another process has the write lock."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = False
        self.free = asyncio.Event()
        self.free.set()
        self.broken = False

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        await self.free.wait()
        if self.refuses:
            raise StorageTrouble("database is locked")
        if self.broken:
            self.broken = False
            raise RuntimeError("poison")
        return await super().append(book, after, facts, notices)


def halt(name: str = "h") -> i.Halt:
    return i.Halt(START, CommandId(name), "owner", "owner")


async def test_t21_law_8_a_halt_holds_entries_until_it_is_on_disk_and_one_call_is_one_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.safer_now.AGAIN", 0.01)
    journal = Locked()
    engine = Engine(ONE, journal=journal)
    async with engine.running():
        await engine.push(BTC, "40000")
        [connection] = engine.room.connections
        journal.refuses = True
        written = engine.desk.stop_entries(MAIN, halt())
        assert connection.hold, "in force at once"
        assert engine.desk.stop_entries(MAIN, halt()) is written
        await asyncio.sleep(0.05)
        assert not written.done()
        entry = i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
        assert "nothing is bought" in (await engine.desk.send(MAIN, entry)).refused
        journal.refuses = False
        assert (await written).refused == ""
        assert not connection.hold
        assert connection.runner.state.is_halted
        kinds = [type(one).__name__ for one in journal.books[BookId("main.paper")]]
        assert kinds.count("HaltLatched") == 1
        assert (await engine.desk.stop_entries(MAIN, halt())).repeated


async def test_t21_law_8_a_hold_outlives_the_runner_that_it_was_put_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.01,))
    monkeypatch.setattr("engine.safer_now.AGAIN", 0.01)
    journal = Locked()
    engine = Engine(ONE, journal=journal)
    async with engine.running():
        await engine.push(BTC, "40000")
        [connection] = engine.room.connections
        before = connection.runner
        journal.broken = True
        written = engine.desk.stop_entries(MAIN, halt())
        await until(lambda: connection.runner is not before, "another runner")
        assert connection.hold or written.done()
        assert connection.runner.hold is before.hold is connection.hold
        assert (await written).refused == ""
        assert connection.runner.state.is_halted


# ── 'not done' is said only of what was not done ──────────────────────────────────────────


async def test_law_12_what_nobody_has_looked_at_is_taken_back_and_never_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.runner.ANSWER_WITHIN", 0.05)
    journal = Locked()
    engine = Engine(ONE, journal=journal)
    async with engine.running():
        await engine.push(BTC, "40000")
        [connection] = engine.room.connections
        journal.free.clear()
        first = asyncio.create_task(engine.desk.send(MAIN, i.Pause(START, CommandId("1"), "owner")))
        await asyncio.sleep(0.01)
        with pytest.raises(StorageTrouble, match="taken back"):
            await engine.desk.send(MAIN, i.Halt(START, CommandId("2"), "owner", "owner"))
        assert not first.done(), "it is being written: nobody knows yet"
        journal.free.set()
        assert (await first).refused == ""
        await asyncio.sleep(0.05)
        assert "2" not in connection.runner.state.done_commands
