"""What is read from the facts equals what a plain recomputation over the whole history gives (law 13: to the digit)."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import ManualClock
from engine.core.facts import AnyFact, EquityMarked, FillBooked, HaltLatched, HaltLifted, PositionClosed
from engine.core.ids import BookId
from engine.core.money import ZERO
from storage.projection import EXACT
from storage.results import Totals
from storage.store import Store
from tests.contract.journal_facts import instances

START = datetime(2026, 1, 2, tzinfo=UTC)
BOOK = BookId("main.paper")
KINDS = (FillBooked, PositionClosed, EquityMarked, HaltLatched, HaltLifted)
few = st.sampled_from(["a", "b", "ü"])
soon = st.integers(0, 5 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))


def _narrowed(fact: Any) -> st.SearchStrategy[Any]:
    """The same fact on one of few days and symbols, so that rows meet."""
    if isinstance(fact, FillBooked):
        fills = st.builds(lambda at, symbol: replace(fact.fill, at=at, symbol=symbol), soon, few)
        return st.builds(
            lambda fill, at, id: replace(fact, fill=fill, at=at, position_id=id), fills, soon, few
        )
    if isinstance(fact, PositionClosed):
        return st.builds(lambda at, symbol: replace(fact, at=at, symbol=symbol, preset=None), soon, few)
    return st.builds(lambda at: replace(fact, at=at), soon)


histories = st.lists(
    st.lists(st.one_of(*[instances(kind).flatmap(_narrowed) for kind in KINDS]), max_size=6), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(batches=histories)
async def test_the_read_models_equal_the_facts(batches: list[list[AnyFact]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/desk.db", ManualClock(START))
        try:
            last = 0
            for batch in batches:
                last = await store.journal.append(BOOK, last, batch)
            with localcontext(EXACT):
                await _check(store, [fact for batch in batches for fact in batch])
        finally:
            await store.close()


async def _check(store: Store, facts: list[AnyFact]) -> None:
    fills = [fact for fact in facts if isinstance(fact, FillBooked)]
    closed = [fact for fact in facts if isinstance(fact, PositionClosed)]
    await _check_trades(store, fills, closed)
    await _check_sums(store, fills, closed)
    await _check_halts(store, facts)
    await _check_equity(store, [fact for fact in facts if isinstance(fact, EquityMarked)])


async def _check_trades(store: Store, fills: list[FillBooked], closed: list[PositionClosed]) -> None:
    trades = await store.queries.trades(BOOK, 1_000)
    assert [(one.profit, one.closed_at, one.share) for one in trades] == [
        (one.profit, one.at, one.share) for one in reversed(closed)
    ]
    for position in {fill.position_id for fill in fills}:
        booked = await store.queries.fills_of(BOOK, position)
        of_it = [one for one in fills if one.position_id == position]
        assert [(one.fill, one.fee_value) for one in booked] == [(one.fill, one.fee_value) for one in of_it]
    for symbol in {one.fill.symbol for one in fills}:
        since = START + timedelta(days=2)
        found = [one.fill for one in await store.queries.fills_since(BOOK, symbol, since)]
        wanted = [one.fill for one in fills if one.fill.symbol == symbol and one.fill.at >= since]
        assert Counter(found) == Counter(wanted)
        assert [one.at for one in found] == sorted(one.at for one in found)


async def _check_sums(store: Store, fills: list[FillBooked], closed: list[PositionClosed]) -> None:
    by_day: dict[Any, list[Any]] = defaultdict(lambda: [ZERO, ZERO, 0, 0, ZERO])
    for fact in fills:
        day = by_day[fact.fill.at.date()]
        day[1] += fact.fee_value
        day[4] += fact.fill.value
    for trade in closed:
        day = by_day[trade.at.date()]
        day[0] += trade.profit
        day[2] += 1
        day[3] += trade.profit > 0
    found = await store.queries.days(BOOK, None, START.date() + timedelta(days=99))
    assert [(one.day, [one.profit, one.fees, one.trades, one.wins, one.volume]) for one in found] == sorted(
        by_day.items()
    )
    assert await store.queries.totals(BOOK) == _totals(fills, closed)
    assert await store.queries.count_trades(BOOK) == len(closed)
    await _check_performance(store, closed)


def _totals(fills: list[FillBooked], closed: list[PositionClosed]) -> Totals:
    profits: list[Decimal] = [one.profit for one in closed]
    sums: dict[str, Any] = {
        "profit": sum(profits, ZERO),
        "fees": sum((one.fee_value for one in fills), ZERO),
        "volume": sum((one.fill.value for one in fills), ZERO),
        "won": sum((profit for profit in profits if profit > 0), ZERO),
        "lost": sum((-profit for profit in profits if profit < 0), ZERO),
        "trades": len(profits),
        "wins": sum(profit > 0 for profit in profits),
    }
    return Totals(**sums)


async def _check_performance(store: Store, closed: list[PositionClosed]) -> None:
    rows = await store.queries.performance(BOOK)
    assert {row.symbol for row in rows} == {one.symbol for one in closed}
    for row in rows:
        of_it = [one for one in closed if one.symbol == row.symbol]
        assert row.preset is None
        assert (row.trades, row.wins) == (len(of_it), sum(one.profit > 0 for one in of_it))
        assert row.profit == sum((one.profit for one in of_it), ZERO) == row.won - row.lost
        assert row.fees == sum((one.fees for one in of_it), ZERO)


async def _check_halts(store: Store, facts: list[AnyFact]) -> None:
    rows = list(reversed(await store.queries.halts(BOOK, 1_000)))
    latched = [index for index, fact in enumerate(facts) if isinstance(fact, HaltLatched)]
    assert len(rows) == len(latched)
    for row, index in zip(rows, latched, strict=True):
        lift = next((fact for fact in facts[index:] if isinstance(fact, HaltLifted)), None)
        assert row.at == facts[index].at
        assert (row.lifted_at, row.lifted_by) == ((lift.at, lift.by) if lift else (None, None))


async def _check_equity(store: Store, marks: list[EquityMarked]) -> None:
    last_of_minute = {mark.at.replace(second=0): mark for mark in marks}
    wanted = [(last_of_minute[minute].at, last_of_minute[minute].equity) for minute in sorted(last_of_minute)]
    assert await store.queries.equity(BOOK, START, 100_000) == wanted
    if wanted:
        thinned = await store.queries.equity(BOOK, None, 2)
        assert 1 <= len(thinned) <= 2
        if marks == sorted(marks, key=lambda mark: mark.at):
            assert thinned[-1] == wanted[-1]
