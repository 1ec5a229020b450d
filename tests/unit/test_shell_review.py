"""What lies around the pure core, where something fails between two steps: nothing is lost, nobody is left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import pytest

from bot.application import DISK_FULL, tend
from engine.clock import SystemClock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.alarms import Trouble
from engine.core.effects import Submit
from engine.core.errors import Corrupt, KeyRefused, StorageTrouble
from engine.core.ids import BookId, Coin, CommandId, ConnectionId, PresetId, Symbol
from engine.core.model import Action, Balance, Mode, OrderReport, OrderRequest, Side, Signal
from engine.core.notices import Notice
from engine.core.settings import TraderSettings
from engine.exchanges.paper import PaperExchange
from engine.executor import Executor
from engine.feed_parts import WATCHER
from engine.inbox import MOST_PRICES, Inbox, Letter
from engine.ports import Exchange, Recorded
from storage.memory import MemoryJournal
from storage.store import Store
from tests.support.builders import BTC, START, instrument, preset, price, quote, settings
from tests.support.engine_world import Engine, until

MAIN = ConnectionId("main")
ONE = settings(preset(symbols=(BTC,)))
ETH = Symbol("ETH/USDT")
POISON = i.PriceSeen(START, None)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.01,))
    monkeypatch.setattr("engine.account_watch.RETRY", (0.01,))


def one_of(engine: Engine) -> Connection:
    return engine.room.connections[0]


def halt(name: str = "h") -> i.Halt:
    return i.Halt(START, CommandId(name), "owner")


async def live(engine: Engine) -> None:
    await engine.push(BTC, "40000")
    await until(lambda: bool(one_of(engine).runner.market.instruments), "the instruments")
    assert (await engine.desk.go_live(MAIN)).refused == ""
    await until(lambda: one_of(engine).runner.state.equity == 10000, "the money")


async def bought(engine: Engine) -> None:
    await engine.push(BTC, "40000")
    await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
    entry = i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
    assert (await engine.desk.send(MAIN, entry)).refused == ""
    runner = one_of(engine).runner
    await until(lambda: any(one.stop is not None for one in runner.state.positions.values()), "a position")


# ── the inbox ─────────────────────────────────────────────────────────────────────────────


async def test_a_flood_of_prices_pushes_out_nothing_that_comes_only_once() -> None:
    """A trouble whose end was dropped would stop entries for ever; rules that were dropped, exits for an hour."""
    inbox = Inbox()
    inbox.put(Letter(i.InstrumentsSeen(START, (instrument(),))))
    inbox.put(Letter(i.TroubleGone(START, Trouble.PRICES_STALE, BTC)))
    for _ in range(MOST_PRICES + 5):
        inbox.put(Letter(i.TimerTicked(START)))
    assert len(inbox) == MOST_PRICES
    assert isinstance((await inbox.get()).input, i.InstrumentsSeen)
    assert isinstance((await inbox.get()).input, i.TroubleGone)


# ── a runner that fails ───────────────────────────────────────────────────────────────────


async def test_law_8_a_halt_given_while_the_runner_starts_again_is_carried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.2,))
    engine = Engine(ONE)
    async with engine.running():
        await engine.push(BTC, "40000")
        one_of(engine).runner.put(POISON)
        await until(lambda: not one_of(engine).working, "the failure")
        answer = await engine.desk.send(MAIN, halt())
        assert answer.refused == ""
        assert engine.desk.view(MAIN).state.is_halted


async def test_law_9_a_command_that_breaks_the_runner_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(ONE)
    async with engine.running():
        await engine.push(BTC, "40000")
        with monkeypatch.context() as broken:
            broken.setattr("engine.runner.decide", None)
            answer = await engine.desk.send(MAIN, halt())
        assert "starts again" in answer.refused


async def test_law_9_a_command_for_a_book_that_was_left_is_answered_at_once() -> None:
    engine = Engine(ONE)
    async with engine.running():
        paper = one_of(engine).runner
        await live(engine)
        assert "give it again" in (await paper.ask(halt())).refused


async def test_a_client_that_can_not_be_made_for_a_while_does_not_end_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S8."""
    engine = Engine(ONE)
    async with engine.running():
        await engine.push(BTC, "40000")
        make, broken = one_of(engine)._make_exchange, [True, True]

        def make_later(settings: TraderSettings) -> Exchange:
            if broken:
                broken.pop()
                raise RuntimeError("no library")
            return make(settings)

        monkeypatch.setattr(one_of(engine), "_make_exchange", make_later)
        one_of(engine).runner.put(POISON)
        await until(lambda: not broken and one_of(engine).working, "working again")
        assert "RuntimeError: no library" in [n.data.get("detail") for n in engine.journal.notices]
        assert (await engine.desk.send(MAIN, halt())).refused == ""


async def test_failures_long_ago_do_not_lengthen_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 5: nobody watches prices while a connection waits to be started again."""
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.01, 1000.0))
    engine = Engine(ONE)
    async with engine.running():
        for _ in range(2):
            await engine.push(BTC, "40000")
            before = one_of(engine).runner
            engine.clock.advance(timedelta(hours=1))
            before.put(POISON)
            await until(lambda old=before: one_of(engine).runner is not old, "a new runner")  # type: ignore[misc]


async def test_effects_of_a_runner_that_failed_end_before_their_outcome_is_asked_for() -> None:
    """Law 2: a submit that still waited for its turn would overtake the question whether it had arrived."""
    engine = Engine(ONE)
    never = asyncio.Event()

    class Slow(PaperExchange):
        async def submit(self, request: OrderRequest) -> OrderReport:
            await never.wait()
            raise AssertionError("it was sent after it had been given up")

    told: list[i.Input] = []
    executor = Executor(Slow(engine.clock), engine.clock, told.append)
    executor.start(Submit(Mock(reduces=False)))
    await asyncio.sleep(0)
    await executor.give_up()
    never.set()
    assert executor.under_way == 0
    assert told == []


async def test_a_runner_that_starts_again_hears_of_the_troubles_that_last() -> None:
    """A5: its books forgot them, and whoever told of them does so once."""
    engine = Engine(ONE)
    engine.market.offset = timedelta(seconds=30)
    async with engine.running():
        before = one_of(engine).runner
        await until(lambda: (Trouble.CLOCK_OFF, "") in before.state.troubles, "the trouble")
        before.put(POISON)
        await until(lambda: one_of(engine).runner is not before and one_of(engine).working, "a new runner")
        engine.desk.mark_equity()
        after = one_of(engine).runner
        await until(lambda: (Trouble.CLOCK_OFF, "") in after.state.troubles, "the trouble again")


# ── back to paper ─────────────────────────────────────────────────────────────────────────


class SlowReading(MemoryJournal):
    """A journal that answers when `may_read` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def read(self, book: BookId, after: int = 0) -> list[Recorded]:
        await self.may_read.wait()
        return await super().read(book, after)


async def test_a_live_book_that_is_being_read_again_is_not_taken_for_flat() -> None:
    """Law 5: the switch to paper would leave an open position to nobody."""
    journal = SlowReading()
    engine = Engine(ONE, journal=journal)
    async with engine.running():
        await live(engine)
        await bought(engine)
        await engine.desk.go_paper(MAIN)
        journal.may_read.clear()
        one_of(engine).runner.put(POISON)
        await until(lambda: not one_of(engine).working, "the failure")
        await asyncio.sleep(0.05)
        assert len(engine.desk.view(MAIN).state.positions) == 1
        engine.desk.tick()
        await asyncio.sleep(0.05)
        journal.may_read.set()
        await until(lambda: one_of(engine).working, "working again")
        assert engine.desk.view(MAIN).settings.mode is Mode.LIVE
        assert engine.modes.kept == {MAIN: Mode.LIVE}
        assert len(engine.desk.view(MAIN).state.positions) == 1


async def test_a_switch_to_paper_that_could_not_be_stored_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
        keep = engine.modes.keep_mode

        async def refuse(connection: ConnectionId, mode: Mode, leaving: bool = False, *_: object) -> None:
            if mode is Mode.PAPER:
                raise StorageTrouble("the database is locked")
            await keep(connection, mode, leaving)

        monkeypatch.setattr(engine.modes, "keep_mode", refuse)
        await engine.desk.go_paper(MAIN)
        await asyncio.sleep(0.05)
        assert engine.desk.leaving_live(MAIN)
        monkeypatch.setattr(engine.modes, "keep_mode", keep)
        engine.desk.tick()
        await until(lambda: engine.desk.view(MAIN).settings.mode is Mode.PAPER, "paper")
        assert not engine.desk.leaving_live(MAIN)


async def test_what_leaves_live_can_not_be_resumed_there() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
        await bought(engine)
        await engine.desk.go_paper(MAIN)
        answer = await engine.desk.send(MAIN, i.Resume(START, CommandId("again"), "owner"))
        assert "on its way back to paper" in answer.refused


# ── the account ───────────────────────────────────────────────────────────────────────────


async def test_a4_a_key_that_expired_is_seen_without_an_order_and_halts_the_connection() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
        engine.live.error = KeyRefused("the key has expired")
        await engine.desk.reconcile(MAIN)
        await until(lambda: engine.desk.view(MAIN).state.is_halted, "the halt")
        assert "key" in engine.desk.view(MAIN).state.halted


async def test_an_answer_that_is_not_sound_is_asked_again_and_starts_nothing_anew() -> None:
    """Law 16: a restart would leave the positions unwatched, and the next answer may be no better."""
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
        engine.live.error = Corrupt("NaN in a balance")
        engine.live.stream_error = Corrupt("NaN in a report")
        await engine.desk.reconcile(MAIN)
        runner = one_of(engine).runner
        await until(lambda: (Trouble.RECONCILE_FAILED, "") in runner.state.troubles, "the trouble")
        assert one_of(engine).restarts == 0
        engine.live.error = None
        await until(lambda: (Trouble.RECONCILE_FAILED, "") not in runner.state.troubles, "its end")
        assert one_of(engine).runner is runner


async def test_a_fill_booked_while_we_asked_is_no_deposit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: balances that are older than our books say nothing of money that came or went."""
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
        ask, asked, answer = engine.live.balances, asyncio.Event(), asyncio.Event()

        async def slowly() -> list[Balance]:
            found = await ask()
            asked.set()
            await answer.wait()
            return found

        monkeypatch.setattr(engine.live, "balances", slowly)
        await engine.desk.reconcile(MAIN)
        await asked.wait()
        await bought(engine)
        engine.clock.advance(timedelta(seconds=4))
        engine.desk.tick()
        runner = one_of(engine).runner
        await until(lambda: [o.status for o in runner.state.orders.values()] == ["working"], "its stop")
        held = dict(runner.state.holdings)
        before = runner.state.reconciled_at
        answer.set()
        await until(lambda: runner.state.reconciled_at != before, "the reconciliation")
        assert runner.state.holdings == held


# ── prices ────────────────────────────────────────────────────────────────────────────────


async def test_s8_a_feed_that_fails_is_told_to_every_connection() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await engine.push(BTC, "40000")
        await engine.market.pushed.put(None)  # type: ignore[arg-type]
        runner = one_of(engine).runner
        await until(lambda: (Trouble.RUNNER_FAILED, WATCHER) in runner.state.troubles, "the trouble")


async def test_a_coin_that_came_into_the_account_gets_its_price() -> None:
    """Its equity would not be known without, and no limit could be judged."""
    engine = Engine(ONE)
    engine.market.rules[ETH] = instrument(ETH)
    async with engine.running():
        await engine.push(BTC, "40000")
        runner = one_of(engine).runner
        runner.state.holdings[Coin("ETH")] = Decimal(1)
        engine.desk.mark_equity()
        await asyncio.sleep(0.05)
        await engine.push(ETH, "2000")
        assert runner.market.price(ETH) == price("2000")
        assert runner.market.price(BTC) == price("40000")


async def test_m7_a_coin_that_the_venue_does_not_list_is_never_asked_about() -> None:
    """The question would fail, and take the prices of all others along."""
    engine = Engine(ONE)
    async with engine.running():
        await engine.push(BTC, "40000")
        one_of(engine).runner.state.holdings[Coin("ETH")] = Decimal(1)
        for _ in range(2):
            engine.desk.mark_equity()
            assert one_of(engine).listed() == (BTC,)
            await asyncio.sleep(0.05)
        assert not one_of(engine).lacks_rules


# ── storage ───────────────────────────────────────────────────────────────────────────────


async def test_p4_while_the_disk_is_full_nothing_is_entered_and_it_is_told(tmp_path: Path) -> None:
    engine = Engine(ONE)
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", SystemClock())
    try:
        async with engine.running():
            await engine.push(BTC, "40000")
            runner = one_of(engine).runner
            store.database.ballast.give_up()
            store.database.ballast._room = 1 << 62
            await tend(store, engine.desk)
            await until(lambda: (Trouble.STORAGE, "") in runner.state.troubles, "the trouble")
            assert DISK_FULL in [notice.data.get("detail") for notice in engine.journal.notices]
            await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
            entry = i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
            assert "disk is in trouble" in (await engine.desk.send(MAIN, entry)).refused
            store.database.ballast._room = 0
            await tend(store, engine.desk)
            await until(lambda: (Trouble.STORAGE, "") not in runner.state.troubles, "its end")
    finally:
        await store.close()


class Refusing(MemoryJournal):
    """A journal that refuses while `full`."""

    full = False
    refused = 0

    async def append(
        self, book: BookId, after: int, facts: Sequence[object], notices: Sequence[Notice] = ()
    ) -> int:
        if self.full:
            self.refused += 1
            raise StorageTrouble("full")
        return await super().append(book, after, facts, notices)  # type: ignore[arg-type]


async def test_p4_a_strategys_exit_waits_for_the_database_an_entry_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.runner.STORAGE_PAUSE", 0.01)
    journal = Refusing()
    engine = Engine(ONE, journal=journal)
    (one,) = ONE.presets
    async with engine.running():
        await engine.push(BTC, "40000")
        await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
        runner = one_of(engine).runner
        runner.put(i.SignalSeen(engine.clock.now(), signal(one, Action.ENTER, 0)))
        await until(lambda: any(p.stop is not None for p in runner.state.positions.values()), "a position")
        journal.full = True
        runner.put(i.SignalSeen(engine.clock.now(), signal(one, Action.EXIT, 60)))
        await until(lambda: journal.refused > 2, "refusals")
        journal.full = False
        await until(lambda: all(p.exit_reason for p in runner.state.positions.values()), "the exit")


def signal(of: PresetId, action: Action, seconds: int) -> Signal:
    return Signal(of, BTC, action, START + timedelta(seconds=seconds), price("40000"), "up")


async def test_an_end_with_something_left_under_way_is_no_clean_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/desk.db"
    store = await Store.open(url, SystemClock())
    await store.close(orderly=False)
    store = await Store.open(url, SystemClock())
    assert not store.was_clean
    await store.close()


# ── leaving ───────────────────────────────────────────────────────────────────────────────


async def test_o20_nothing_that_enters_is_taken_once_the_gate_is_closed() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await engine.push(BTC, "40000")
        await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
        one_of(engine).runner.close_gate()
        entry = i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
        assert "being stopped" in (await engine.desk.send(MAIN, entry)).refused
        assert (await engine.desk.send(MAIN, halt())).refused == ""
