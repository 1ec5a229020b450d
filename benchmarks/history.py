"""A long history in a real database: closed positions with two fills each, as the trader would have written them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.clock import SystemClock
from engine.core import facts as f
from engine.core.evolve import evolve
from engine.core.ids import (
    ClientOrderId,
    Coin,
    ConnectionId,
    FillId,
    IntentId,
    PositionId,
    PresetId,
    Symbol,
    book_id,
)
from engine.core.model import Direction, Fee, Fill, Mode, OrderType, Side, State
from engine.core.money import ZERO, Price, Quantity, Quote, Ratio
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.state import TraderState
from storage.store import Store

CONNECTION = ConnectionId("main")
SYMBOL, PRESET = Symbol("BTC/USDT"), PresetId("one")
ONE = Quantity(Decimal("0.01"))
_BATCH = 5_000


async def write_history(url: str, fills: int) -> None:
    """Fill a new database with `fills` executions and a snapshot, so that the bot finds a book of some years."""
    store = await Store.open(url, SystemClock())
    book, state, number = book_id(CONNECTION, Mode.PAPER), TraderState(), 0
    try:
        batch: list[f.AnyFact] = []
        for fact in _facts(fills // 2):
            evolve(state, fact)
            batch.append(fact)
            if len(batch) >= _BATCH:
                number = await store.journal.append(book, number, batch)
                batch = []
        number = await store.journal.append(book, number, batch)
        await store.journal.snapshot(book, number, state)
    finally:
        await store.close()


def _facts(positions: int) -> Iterator[f.AnyFact]:
    at = datetime.now(UTC) - timedelta(minutes=positions + 60)
    quote = Coin("USDT")
    yield f.BookOpened(at, CONNECTION, Mode.PAPER, "benchmark", quote, Quote(Decimal(1_000_000)))
    yield f.StateChanged(at, State.PAUSED, "config")
    for index in range(positions):
        at += timedelta(minutes=1)
        yield from _position(index, at)


def _position(index: int, at: datetime) -> Iterator[f.AnyFact]:
    name = PositionId(f"p{index}")
    price = Price(Decimal(60_000 + index % 500))
    out = Price(price + (500 if index % 2 else -200))  # a little profit: no breaker has anything to say
    yield f.PositionPlanned(at, name, SYMBOL, Direction.LONG, PRESET, Price(Decimal(600)), None, None, None)
    yield from _order(index * 2, name, Purpose.ENTRY, Side.BUY, price, at)
    yield f.PositionOpened(at, name, Price(price - 600), None, None)
    yield f.ExitWanted(at, name, "signal", "strategy")
    yield from _order(index * 2 + 1, name, Purpose.EXIT, Side.SELL, out, at)
    fees = Quote((price + out) * ONE / 1000)
    profit = Quote((out - price) * ONE - fees)
    share = Ratio(profit / (price * ONE))
    yield f.PositionClosed(
        at,
        name,
        SYMBOL,
        Direction.LONG,
        PRESET,
        ONE,
        price,
        out,
        profit,
        fees,
        share,
        Quantity(ZERO),
        at,
        "signal",
    )


def _order(
    index: int, position: PositionId, purpose: Purpose, side: Side, price: Price, at: datetime
) -> Iterator[f.AnyFact]:
    name = ClientOrderId(f"pd{index:016d}")
    yield f.OrderIntended(
        at,
        Order(
            name,
            IntentId(f"benchmark-{index}"),
            position,
            purpose,
            SYMBOL,
            side,
            OrderType.MARKET,
            ONE,
            Direction.LONG,
            PRESET,
            "benchmark",
            at,
        ),
    )
    fee = Quote(ONE * price / 1000)
    fill = Fill(FillId(str(index)), name, SYMBOL, side, ONE, price, (Fee(fee, Coin("USDT")),), at)
    yield f.FillBooked(at, fill, position, fee)
    yield f.OrderEnded(at, name, OrderStatus.FILLED, ONE)
