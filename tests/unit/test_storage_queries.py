"""Reads stay quick: each of them finds its rows by an index, however long the past is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from engine.clock import ManualClock
from engine.core.facts import EquityMarked, FillBooked, PositionClosed
from engine.core.ids import BookId, ClientOrderId, FillId, PositionId, PresetId, Symbol
from engine.core.model import Direction, Fill, Side
from engine.core.money import Price, Quantity, Quote, Ratio
from engine.core.notices import Weight
from storage.store import Store

START = datetime(2026, 1, 2, tzinfo=UTC)
BOOK = BookId("main.paper")
BTC = Symbol("BTC/USDT")
ONE = Decimal("1.0")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START))
    yield opened
    await opened.close()


def booked(number: int) -> FillBooked:
    at = START + timedelta(minutes=number)
    fill = Fill(FillId(str(number)), ClientOrderId("pd1"), BTC, Side.BUY, Quantity(ONE), Price(ONE), (), at)
    return FillBooked(at, fill, PositionId(f"p{number}"), Quote(Decimal("0.001")))


def closed(number: int, preset: str | None = "cross", profit: str = "1.50") -> PositionClosed:
    at = START + timedelta(minutes=number)
    return PositionClosed(
        at=at,
        position_id=PositionId(f"p{number}"),
        symbol=BTC,
        direction=Direction.LONG,
        preset=PresetId(preset) if preset else None,
        quantity=Quantity(ONE),
        entry_price=Price(ONE),
        exit_price=Price(ONE),
        profit=Quote(Decimal(profit)),
        fees=Quote(ONE),
        share=Ratio(ONE),
        dust=Quantity(Decimal(0)),
        opened_at=START,
        reason="stop",
    )


async def test_trades_are_paged_and_found_by_position(store: Store) -> None:
    await store.journal.append(BOOK, 0, [closed(number) for number in range(5)])
    assert [one.position_id for one in await store.queries.trades(BOOK, 2, 1)] == ["p3", "p2"]
    found = await store.queries.trade(BOOK, PositionId("p2"))
    assert found is not None
    assert (found.direction, found.preset, str(found.profit)) == (Direction.LONG, "cross", "1.50")
    assert isinstance(found.direction, Direction)
    assert await store.queries.trade(BOOK, PositionId("p9")) is None


async def test_results_of_days_are_between_two_dates(store: Store) -> None:
    await store.journal.append(BOOK, 0, [closed(day * 1_440) for day in range(4)])
    first, second = START.date() + timedelta(days=1), START.date() + timedelta(days=2)
    assert [one.day for one in await store.queries.days(BOOK, first, second)] == [first, second]


async def test_what_was_traded_by_hand_has_no_preset(store: Store) -> None:
    await store.journal.append(BOOK, 0, [closed(1, None), closed(2, "cross", "-0.50"), closed(3)])
    by_hand, cross = await store.queries.performance(BOOK)
    assert (by_hand.preset, by_hand.trades) == (None, 1)
    assert (cross.preset, cross.won, cross.lost) == ("cross", Decimal("1.50"), Decimal("0.50"))


async def test_a_book_without_a_past_has_none(store: Store) -> None:
    assert await store.queries.trades(BOOK, 5) == []
    assert await store.queries.count_trades(BOOK) == 0
    assert await store.queries.equity(BOOK, None) == []
    assert await store.queries.equity(BOOK, START) == []


@pytest.mark.parametrize(
    ("points", "apart"),
    [(3_000, 1), (300, 10), (50, 60), (3, 1_440)],
    ids=["minutes", "tens", "hours", "days"],
)
async def test_equity_is_thinned_evenly_to_the_points_that_fit(store: Store, points: int, apart: int) -> None:
    marks = [
        EquityMarked(START + timedelta(minutes=minute), Quote(Decimal(minute)), Quote(ONE))
        for minute in range(2_000)
    ]
    await store.journal.append(BOOK, 0, marks)
    found = await store.queries.equity(BOOK, None, points)
    assert len(found) <= points
    assert found[-1].equity == 1_999
    gaps = {after.at - before.at for before, after in pairwise(found[:-1])}
    assert gaps <= {timedelta(minutes=apart)}
    assert found[0].equity == min(apart - 1, 1_999)


async def test_equity_begins_where_it_is_wanted(store: Store) -> None:
    marks = [EquityMarked(START + timedelta(seconds=30 * n), Quote(Decimal(n)), Quote(ONE)) for n in range(9)]
    await store.journal.append(BOOK, 0, marks)
    found = await store.queries.equity(BOOK, START + timedelta(seconds=60), 300)
    assert [point.equity for point in found] == [3, 5, 7, 8]


async def test_no_read_scans_a_table(store: Store) -> None:
    await store.journal.append(BOOK, 0, [booked(1), closed(1)])
    statements = await _statements(store)
    plans = {statement: await _plan(store, statement, parameters) for statement, parameters in statements}
    scans = {statement: plan for statement, plan in plans.items() if "SCAN" in plan or "TEMP B-TREE" in plan}
    assert len(plans) > 10
    assert scans == {}
    # Nor does looking for one position walk through all of the book.
    of_position = [plan for statement, plan in plans.items() if "position_id = ?" in statement]
    assert len(of_position) == 2
    assert all("position_id=?" in plan for plan in of_position)


async def _statements(store: Store) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []

    def watch(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", watch)
    try:
        await _read_everything(store)
    finally:
        event.remove(Engine, "before_cursor_execute", watch)
    return seen


async def _read_everything(store: Store) -> None:
    queries = store.queries
    await queries.trades(BOOK, 5, 5)
    await queries.count_trades(BOOK)
    await queries.trade(BOOK, PositionId("p1"))
    await queries.fills_of(BOOK, PositionId("p1"))
    await queries.fills_since(BOOK, BTC, START)
    await queries.days(BOOK, START.date(), START.date())
    await queries.days(BOOK, None, START.date())
    await queries.performance(BOOK)
    await queries.halts(BOOK, 5)
    await queries.equity(BOOK, None)
    await store.outbox.due(START)
    await store.outbox.waiting_count()
    await store.outbox.thread_message("pd1")
    await store.journal.read(BOOK, 5)
    await store.journal.latest(BOOK)
    await store.candles.load("binance", BTC, 60, 5)
    await store.tokens.get("a")


async def _plan(store: Store, statement: str, parameters: Any) -> str:
    rows = await store.database.read(
        lambda connection: connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    )
    # Reading a small partial index from end to end is what it is for.
    return "\n".join(row[3] for row in rows if "outbox_waiting" not in row[3])


async def test_alerts_are_read_from_their_end(store: Store) -> None:
    statements: list[tuple[str, Any]] = []
    event.listen(
        Engine, "before_cursor_execute", lambda *args: statements.append((args[2], args[3])), named=False
    )
    await store.outbox.recent(5, 0, Weight.RISK)
    plan = await _plan(store, *statements[0])
    assert "TEMP B-TREE" not in plan
