"""The shell around a trader: order of the inbox, intent before action, storage trouble, restart, settling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import ManualClock
from engine.core import inputs as i
from engine.core.errors import KeyRejected, OutcomeUnknown, Rejected, StorageTrouble
from engine.core.facts import AnyFact, FillBooked, OrderIntended, OutcomeLost, Trouble
from engine.core.ids import BookId, ClientOrderId, Coin, CommandId, ConnectionId, PresetId, Symbol
from engine.core.ledger import Phase
from engine.core.model import (
    Action,
    Balance,
    Instrument,
    Mode,
    OrderReport,
    OrderRequest,
    Signal,
    State,
    Ticker,
)
from engine.core.money import Price, Quantity, Quote
from engine.core.notices import Notice
from engine.core.orders import OrderStatus, Purpose
from engine.core.settings import Preset, TraderSettings
from engine.exchanges.paper import PaperExchange
from engine.inbox import MOST_PRICES, Inbox, Letter
from engine.runner import Runner
from storage.memory import MemoryJournal

Submit = Callable[[OrderRequest], Coroutine[Any, Any, OrderReport]]
START = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)
BTC = Symbol("BTC/USDT")
RULES = Instrument(
    BTC,
    Coin("BTC"),
    Coin("USDT"),
    Decimal("0.01"),
    Decimal("0.00001"),
    Quantity(Decimal("0.00001")),
    None,
    Quote(Decimal(5)),
)
SETTINGS = TraderSettings(
    ConnectionId("main"),
    "binance",
    Mode.PAPER,
    Coin("USDT"),
    {PresetId("cross"): Preset(PresetId("cross"), "cross", (BTC,), (60,))},
    initial_state=State.RUNNING,
)


class Notifier:
    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class World:
    """A runner between a journal in memory and a paper venue, on a clock that stands still."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        self.clock = ManualClock(START)
        self.journal = journal or MemoryJournal()
        self.notifier = Notifier()
        self.runner = Runner(SETTINGS, self.journal, self.clock, self.notifier)
        self.exchange = PaperExchange(self.clock, [RULES], [Balance(Coin("USDT"), Decimal(10000))])

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[World]:
        await self.runner.restore()
        await self.runner.open(self.exchange, clean=False)
        task = asyncio.create_task(self.runner.run())
        self.runner.put(i.InstrumentsSeen(START, (RULES,)))
        self.price("40000")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def price(self, price: str) -> None:
        ticker = Ticker(BTC, Price(Decimal(price)), self.clock.now())
        self.exchange.on_price(ticker)
        self.runner.put(i.PriceSeen(self.clock.now(), ticker))

    def signal(self) -> None:
        signal = Signal(PresetId("cross"), BTC, Action.ENTER, START, Price(Decimal(40000)), "up")
        self.runner.put(i.SignalSeen(self.clock.now(), signal))

    def facts(self) -> Sequence[AnyFact]:
        return self.journal.books[BookId("main.paper")]


async def test_signal_becomes_a_protected_position() -> None:
    async with World().at_work() as world:
        world.signal()
        assert await world.runner.settle(5)
        world.clock.advance(timedelta(seconds=4))
        world.runner.put(i.TimerTicked(world.clock.now()))
        assert await world.runner.settle(5)
        (position,) = world.runner.state.positions.values()
        assert position.phase is Phase.OPEN
        assert [order.purpose for order in world.runner.state.orders.values()] == ["stop"]
        assert world.notifier.woken


class Refusing(MemoryJournal):
    """A journal whose disk is full for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.refused = asyncio.Event()

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        if self.full:
            self.refused.set()
            raise StorageTrouble("the disk is full")
        return await super().append(book, after, facts, notices)


async def test_law_1_nothing_leaves_while_the_intent_cannot_be_written() -> None:
    journal = Refusing()
    async with World(journal).at_work() as world:
        await world.runner.settle(1)
        journal.full = True
        world.signal()
        await journal.refused.wait()
        assert await world.exchange.open_orders([BTC]) == []
        assert await world.exchange.fills([BTC], START) == []
        assert world.runner.state.positions == {}


async def test_a_command_that_cannot_be_written_is_answered_so() -> None:
    journal = Refusing()
    async with World(journal).at_work() as world:
        await world.runner.settle(1)
        journal.full = True
        with pytest.raises(StorageTrouble, match="disk is full"):
            await world.runner.ask(i.Pause(START, CommandId("1"), "owner"))
        assert world.runner.state.state is State.RUNNING


async def test_what_the_venue_told_is_kept_until_it_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runner.STORAGE_PAUSE", 0.01)
    journal = Refusing()
    async with World(journal).at_work() as world:
        world.exchange.submit = lose_answer(world.exchange)  # type: ignore[method-assign,assignment]
        world.signal()
        await world.runner.settle(5)
        (order,) = world.runner.state.orders.values()
        assert order.status is OrderStatus.UNKNOWN
        journal.full = True
        report = await world.exchange.order(order.client_order_id, BTC)
        assert report is not None
        world.runner.put(i.OrderSeen(START, report))
        await journal.refused.wait()
        journal.full = False
        await world.runner.settle(5)
        while not any(isinstance(fact, FillBooked) for fact in world.facts()):
            await asyncio.sleep(0.01)


def lose_answer(exchange: PaperExchange) -> Submit:
    """A submit that arrives, and whose answer does not."""
    submit = exchange.submit

    async def losing(request: OrderRequest) -> OrderReport:
        await submit(request)
        raise OutcomeUnknown("connection reset")

    return losing


async def test_law_2_a_lost_answer_is_settled_by_asking_and_never_sent_again() -> None:
    async with World().at_work() as world:
        world.exchange.submit = lose_answer(world.exchange)  # type: ignore[method-assign,assignment]
        world.signal()
        await world.runner.settle(5)
        assert any(isinstance(fact, OutcomeLost) for fact in world.facts())
        world.runner.put(i.TimerTicked(world.clock.now()))
        await world.runner.settle(5)
        fills = await world.exchange.fills([BTC], START)
        booked = [fact for fact in world.facts() if isinstance(fact, FillBooked)]
        entries = [
            fact
            for fact in world.facts()
            if isinstance(fact, OrderIntended) and fact.order.purpose is Purpose.ENTRY
        ]
        assert len(entries) == 1
        assert len(booked) == len(fills) == 1


async def test_a_refused_entry_leaves_no_position() -> None:
    async with World().at_work() as world:

        async def refuse(request: OrderRequest) -> OrderReport:
            raise Rejected("insufficient balance", "-2010")

        world.exchange.submit = refuse  # type: ignore[method-assign]
        world.signal()
        await world.runner.settle(5)
        assert world.runner.state.positions == {}
        assert world.runner.state.orders == {}


async def test_a4_an_order_that_the_key_was_refused_for_is_over_and_the_desk_halts() -> None:
    async with World().at_work() as world:

        async def refuse(request: OrderRequest) -> OrderReport:
            raise KeyRejected("Invalid API-key", "-2015")

        world.exchange.submit = refuse  # type: ignore[method-assign]
        world.signal()
        await world.runner.settle(5)
        assert world.runner.state.orders == {}
        assert world.runner.state.is_halted
        assert world.runner.state.halted == "the venue refuses our key: Invalid API-key"
        assert (Trouble.KEY_REFUSED, "") in world.runner.state.troubles


async def test_an_error_nobody_foresaw_in_a_submit_is_an_unknown_outcome() -> None:
    async with World().at_work() as world:

        async def crash(request: OrderRequest) -> OrderReport:
            raise ZeroDivisionError

        world.exchange.submit = crash  # type: ignore[method-assign]
        world.signal()
        await world.runner.settle(5)
        assert [one.status for one in world.runner.state.orders.values()] == [OrderStatus.UNKNOWN]


async def test_restored_runner_equals_the_one_that_wrote() -> None:
    async with World().at_work() as world:
        world.signal()
        await world.runner.settle(5)
        again = Runner(SETTINGS, world.journal, world.clock, world.notifier)
        assert await again.restore()
        assert again.state == world.runner.state


async def test_restored_from_a_snapshot_and_the_facts_after_it() -> None:
    async with World().at_work() as world:
        await world.runner.settle(5)
        await world.runner.save_snapshot()
        world.signal()
        await world.runner.settle(5)
        again = Runner(SETTINGS, world.journal, world.clock, world.notifier)
        await again.restore()
        assert again.state == world.runner.state


async def test_law_9_a_command_acts_once_and_its_repeat_gets_the_same_answer() -> None:
    async with World().at_work() as world:
        first = await world.runner.ask(i.LiftHalt(START, CommandId("7"), "owner"))
        again = await world.runner.ask(i.LiftHalt(START, CommandId("7"), "owner"))
        assert first.refused == again.refused == "no halt is latched"
        assert (first.repeated, again.repeated) == (False, True)


async def test_o20_a_signal_during_shutdown_stays_outside() -> None:
    async with World().at_work() as world:
        world.runner.close_gate()
        world.signal()
        assert await world.runner.settle(5)
        assert world.runner.state.positions == {}


async def test_law_8_a_command_overtakes_the_prices_that_wait() -> None:
    inbox = Inbox()
    for _ in range(3):
        inbox.put(Letter(i.TimerTicked(START)))
    inbox.put(Letter(i.OrderNotFound(START, ClientOrderId("x"))))
    inbox.put(Letter(i.Halt(START, CommandId("1"), "owner")))
    kinds = [type((await inbox.get()).input) for _ in range(3)]
    assert kinds == [i.Halt, i.OrderNotFound, i.TimerTicked]


async def test_a_flood_of_prices_is_bounded() -> None:
    inbox = Inbox()
    for _ in range(MOST_PRICES + 5):
        inbox.put(Letter(i.TimerTicked(START)))
    assert len(inbox) == MOST_PRICES
