"""Connections, venue rooms and the coordinator: isolation, restarts, reconciliation, paper to live and back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.connection import Connection
from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.errors import Unavailable
from engine.core.facts import Trouble
from engine.core.ids import BookId, ClientOrderId, CommandId, ConnectionId, PositionId
from engine.core.model import Mode, OrderRequest, OrderType, Side, State
from engine.core.orders import OrderStatus
from engine.desk import FeedState
from engine.executor import Executor
from engine.going_live import KeyReport
from engine.runner import Runner
from storage.memory import MemoryJournal
from tests.support.builders import BTC, ETH, START, preset, price, quantity, quote, settings, signal
from tests.support.engine_world import Engine, until

MAIN = ConnectionId("main")
ONE = settings(preset(symbols=(BTC,)))
SECOND = replace(ONE, connection=ConnectionId("second"))
PAPER, LIVE = BookId("main.paper"), BookId("main.live")


def one_of(engine: Engine) -> Connection:
    return engine.room.connections[0]


async def bought(engine: Engine) -> None:
    """A position by hand, protected."""
    await engine.push(BTC, "40000")
    await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
    answer = await engine.desk.send(
        MAIN, i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
    )
    assert answer.refused == ""
    runner = one_of(engine).runner
    await until(lambda: any(one.stop is not None for one in runner.state.positions.values()), "a position")
    engine.clock.advance(timedelta(seconds=4))
    engine.desk.tick()
    await until(
        lambda: [one.status for one in runner.state.orders.values()] == [OrderStatus.WORKING], "its stop"
    )


async def test_a_venue_that_is_down_at_the_start_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """M6."""
    monkeypatch.setattr("engine.venue_room.RETRY", (0.01,))
    engine = Engine(ONE)
    engine.market.error = Unavailable("in maintenance")
    async with engine.running():
        runner = one_of(engine).runner
        await until(lambda: (Trouble.VENUE_UNREACHABLE, "") in runner.state.troubles, "the trouble")
        answer = await engine.desk.send(MAIN, i.Pause(START, CommandId("1"), "owner"))
        assert answer.refused == ""
        engine.market.error = None
        await until(lambda: BTC in runner.market.instruments, "the instruments")
        await until(lambda: not runner.state.troubles, "the end of the trouble")


async def test_an_instrument_that_is_not_listed_stops_alone() -> None:
    """M7."""
    engine = Engine(ONE)
    engine.market.rules = {}
    async with engine.running():
        runner = one_of(engine).runner
        await until(lambda: (Trouble.DATA_UNSOUND, BTC) in runner.state.troubles, "the trouble")
        await until(lambda: engine.desk.view(MAIN).health.working, "working")


async def test_M7_an_instrument_that_is_not_listed_keeps_nobody_from_comparing_the_rest() -> None:
    """The venue refuses every question about it: without this no comparison ever succeeded, and nothing traded."""
    engine = Engine(settings(preset(symbols=(BTC, ETH)), mode=Mode.LIVE))
    await engine.modes.keep_mode(MAIN, Mode.LIVE)
    async with engine.running():
        runner = one_of(engine).runner
        await until(lambda: (Trouble.DATA_UNSOUND, ETH) in runner.state.troubles, "the trouble")
        await until(lambda: runner.state.reconciled_at is not None, "the comparison")
        assert (Trouble.RECONCILE_FAILED, "") not in runner.state.troubles
        engine.desk.mark_equity()
        assert engine.room.symbols() == (BTC, ETH), "it is asked for again"
        assert one_of(engine).listed() == (BTC,)


async def test_a_runner_that_fails_is_told_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """S8."""
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.01,))
    engine = Engine(ONE)
    async with engine.running():
        await bought(engine)
        before = one_of(engine).runner
        poison = i.PriceSeen(START, None)  # type: ignore[arg-type]
        before.put(poison)
        await until(lambda: one_of(engine).runner is not before, "a new runner")
        after = one_of(engine).runner
        await until(lambda: after.state.opened_at is not None, "its books")
        assert after.state.positions == before.state.positions
        assert "trouble" in [notice.kind for notice in engine.journal.notices]
        assert engine.desk.view(MAIN).health.restarts == 1
        answer = await engine.desk.send(MAIN, i.Pause(START, CommandId("2"), "owner"))
        assert answer.refused == ""


async def test_a_restart_on_paper_keeps_position_stop_and_money() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await bought(engine)
        before = one_of(engine).runner.state
    again = Engine(ONE, journal=engine.journal)
    again.clock.advance(timedelta(seconds=60))
    async with again.running(clean=False):
        await again.push(BTC, "40000")
        runner = one_of(again).runner
        await until(lambda: runner.state.reconciled_at is not None, "the first reconciliation")
        assert runner.state.positions == before.positions
        assert runner.state.orders == before.orders
        assert runner.state.holdings == before.holdings
        await again.push(BTC, "39000")
        await until(lambda: not runner.state.positions, "the stop")


async def test_law_7_no_exchange_of_an_account_is_made_on_paper() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await until(lambda: engine.desk.view(MAIN).state.reconciled_at is not None, "a reconciliation")
        assert engine.made == [Mode.PAPER]


async def live(engine: Engine) -> Runner:
    await engine.push(BTC, "40000")
    await until(lambda: bool(one_of(engine).runner.market.instruments), "the instruments")
    answer = await engine.desk.go_live(MAIN)
    assert answer.refused == ""
    return one_of(engine).runner


async def test_live_begins_paused_with_books_of_its_own_and_the_accounts_money() -> None:
    engine = Engine(ONE)
    async with engine.running():
        runner = await live(engine)
        await until(lambda: runner.state.reconciled_at is not None, "the first reconciliation")
        await until(lambda: runner.state.equity == 10000, "the money")
        assert runner.state.state is State.PAUSED
        assert runner.state.mode is Mode.LIVE
        assert engine.modes.kept == {MAIN: Mode.LIVE}
        assert f.BookOpened in [type(one) for one in engine.journal.books[LIVE]]
        assert engine.desk.view(MAIN).book == LIVE


async def test_a_restart_goes_on_live() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
    engine.made.clear()
    async with engine.running():
        assert engine.desk.view(MAIN).settings.mode is Mode.LIVE
        assert engine.made == [Mode.LIVE]


async def test_going_live_is_refused_point_by_point() -> None:
    engine = Engine(ONE)
    engine.market.offset = timedelta(seconds=3)
    engine.key = KeyReport(True, False, True, ())
    async with engine.running():
        await engine.push(BTC, "40000")
        await until(lambda: bool(one_of(engine).runner.market.instruments), "the instruments")
        failed = {item.key for item in await engine.desk.checklist(MAIN) if not item.ok}
        assert failed == {"clock", "rights", "withdraw", "balance"}
        answer = await engine.desk.go_live(MAIN)
        assert "3.00 s apart" in answer.refused
        assert engine.desk.view(MAIN).settings.mode is Mode.PAPER
        engine.key = None
        assert "no key" in (await engine.desk.go_live(MAIN)).refused


async def test_a6_going_live_is_refused_in_an_account_whose_mode_does_not_suit() -> None:
    engine = Engine(ONE)
    assert engine.key is not None
    words = "portfolio margin mode refuses orders without borrowing: choose spot mode"
    engine.key = replace(engine.key, account_fits=False, account=words)
    async with engine.running():
        assert words in (await engine.desk.go_live(MAIN)).refused
        assert engine.desk.view(MAIN).settings.mode is Mode.PAPER
        engine.key = replace(engine.key, account_fits=True, account="spot mode, borrowing is off")
        await live(engine)


async def test_going_live_is_refused_while_something_is_open_on_paper() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await bought(engine)
        assert "paper positions are open" in (await engine.desk.go_live(MAIN)).refused


async def test_back_to_paper_is_at_once_when_flat_and_twice_is_no_error() -> None:
    engine = Engine(ONE)
    async with engine.running():
        await live(engine)
        assert (await engine.desk.go_paper(MAIN)).refused == ""
        await until(lambda: engine.desk.view(MAIN).settings.mode is Mode.PAPER, "paper")
        assert (await engine.desk.go_paper(MAIN)).refused == ""
        assert engine.live.closed


async def test_back_to_paper_waits_for_open_positions_which_stay_protected() -> None:
    engine = Engine(ONE)
    async with engine.running():
        runner = await live(engine)
        await until(lambda: runner.state.equity == 10000, "the money")
        await bought(engine)
        await engine.desk.go_paper(MAIN)
        assert engine.desk.leaving_live(MAIN)
        assert runner.state.state is State.PAUSED
        assert len(runner.state.orders) == 1
        await engine.desk.send(MAIN, i.Flatten(START, CommandId("flat"), "owner"))
        await until(lambda: not runner.state.positions and not runner.state.orders, "flat")
        engine.desk.tick()
        await until(lambda: engine.desk.view(MAIN).settings.mode is Mode.PAPER, "paper")
        assert not engine.desk.leaving_live(MAIN)


async def test_after_a_break_of_the_stream_everything_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.account_watch.RETRY", (0.01,))
    engine = Engine(ONE)
    engine.live.stream_error = Unavailable("cut")
    async with engine.running():
        runner = await live(engine)
        await until(lambda: runner.state.reconciled_at is not None, "a reconciliation")
        await until(lambda: engine.live.streams >= 2, "a second stream")


async def test_law_2_a_reconciliation_that_could_not_ask_repairs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.account_watch.RETRY", (0.01,))
    engine = Engine(ONE)
    engine.live.error = Unavailable("503")
    async with engine.running():
        runner = await live(engine)
        await until(lambda: (Trouble.RECONCILE_FAILED, "") in runner.state.troubles, "the trouble")
        assert runner.state.reconciled_at is None
        engine.live.error = None
        await until(lambda: runner.state.reconciled_at is not None, "the reconciliation")
        assert not runner.state.troubles


async def test_two_connections_on_one_venue_have_books_of_their_own() -> None:
    engine = Engine(ONE, SECOND)
    async with engine.running():
        await engine.desk.send(MAIN, i.Halt(START, CommandId("h"), "owner"))
        assert engine.desk.connections() == (MAIN, ConnectionId("second"))
        assert engine.desk.view(MAIN).state.is_halted
        assert not engine.desk.view(ConnectionId("second")).state.is_halted


async def test_health_tells_of_prices_and_inputs() -> None:
    engine = Engine(ONE)
    async with engine.running():
        assert engine.desk.view(MAIN).health.feed is FeedState.STARTING
        await engine.push(BTC, "40000")
        await until(lambda: engine.desk.view(MAIN).health.last_price_at is not None, "a price")
    assert engine.market.closed


async def test_damaged_books_stop_their_connection_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.connection.COOLDOWNS", (0.01,))
    journal = MemoryJournal()
    journal.books[PAPER] = [f.StopMoved(START, PositionId("p9"), price("1"), "x")]
    engine = Engine(ONE, SECOND, journal=journal)
    async with engine.running():
        await until(lambda: engine.desk.view(ConnectionId("second")).health.working, "the second")
        assert not engine.desk.view(MAIN).health.working
        detail = [notice.data["detail"] for notice in engine.journal.notices if notice.kind == "trouble"]
        assert "Corrupt: fact 1 of main.paper contradicts those before it" in detail
        await asyncio.sleep(0.05)
        assert engine.desk.view(MAIN).health.restarts > 1


async def test_law_11_an_order_that_waited_while_the_process_was_stopped_is_not_sent_any_more() -> None:
    engine = Engine(ONE)
    told: list[i.Input] = []
    executor = Executor(engine.live, engine.clock, told.append)
    request = OrderRequest(ClientOrderId("pdx"), BTC, Side.BUY, OrderType.MARKET, quantity("0.1"))
    executor.start(Submit(request))
    engine.clock.advance(timedelta(seconds=30))
    assert await executor.settle(1)
    assert [type(one) for one in told] == [i.OrderOutcomeUnknown]
    assert await engine.live.order(request.client_order_id, BTC) is None


async def test_all_gates_close_before_a_switch_under_way_is_waited_for() -> None:
    """It took the whole time there was, and other connections went on to enter meanwhile."""
    other = replace(settings(), connection=ConnectionId("other"))
    engine = Engine(settings(), other)
    await engine.desk.start(clean=False)
    engine.desk._switching._track(ConnectionId("main"), asyncio.sleep(0.3))
    stopping = asyncio.create_task(engine.desk.stop(5))
    await asyncio.sleep(0.05)
    runner = engine.desk._connections[other.connection].runner
    runner.put(i.SignalSeen(START, signal(BTC, START)))
    assert runner.waiting == 0
    await stopping
