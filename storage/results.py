"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Row

from engine.core.ids import ClientOrderId, Coin, FillId, PositionId, PresetId, Symbol
from engine.core.model import Direction, Fee, Fill, Side
from engine.core.money import ZERO, Price, Quantity, Quote, Ratio


@dataclass(frozen=True, slots=True)
class Trade:
    """A closed position, as `engine.core.facts.PositionClosed` tells it."""

    position_id: PositionId
    symbol: Symbol
    direction: Direction
    preset: PresetId | None
    quantity: Quantity
    entry_price: Price
    exit_price: Price
    profit: Quote
    fees: Quote
    share: Ratio
    dust: Quantity
    opened_at: datetime
    closed_at: datetime
    reason: str
    unpriced: str
    """Fees in coins whose price was never seen, which are in none of the others; empty for nearly all."""


@dataclass(frozen=True, slots=True)
class BookedFill:
    """An execution of a position; `fee_value` is its fees in the quote coin."""

    position_id: PositionId
    fill: Fill
    fee_value: Quote


@dataclass(frozen=True, slots=True)
class DayResult:
    """One UTC day, in the quote coin. `profit`, `trades` and `wins` are of the positions that were closed on it;
    `fees` and `volume` of the executions on it, whatever became of their positions."""

    day: date
    profit: Quote
    fees: Quote
    trades: int
    wins: int
    volume: Quote


@dataclass(frozen=True, slots=True)
class Totals:
    """All days together. `won` and `lost` are the profits and the losses apart, both above zero."""

    profit: Quote = Quote(ZERO)
    fees: Quote = Quote(ZERO)
    volume: Quote = Quote(ZERO)
    won: Quote = Quote(ZERO)
    lost: Quote = Quote(ZERO)
    trades: int = 0
    wins: int = 0


@dataclass(frozen=True, slots=True)
class PresetResult:
    """What one preset earned in one instrument. `fees` are those of its closed positions."""

    preset: PresetId | None
    symbol: Symbol
    profit: Quote
    fees: Quote
    won: Quote
    lost: Quote
    trades: int
    wins: int


@dataclass(frozen=True, slots=True)
class HaltRow:
    """A halt; the last two are None while it is latched."""

    at: datetime
    breaker: str
    reason: str
    lifted_at: datetime | None
    lifted_by: str | None


class EquityPoint(NamedTuple):
    at: datetime
    equity: Decimal


def trade_of(row: Row[Any]) -> Trade:
    """A row of `trades` as the core's words."""
    values = row._mapping
    trade = Trade(*(values[field.name] for field in fields(Trade)))
    return replace(trade, direction=Direction(trade.direction))


def fill_of(row: Row[Any]) -> BookedFill:
    """A row of `fills` as the core's words."""
    fill = Fill(
        id=FillId(row.fill_id),
        client_order_id=ClientOrderId(row.client_order_id),
        symbol=Symbol(row.symbol),
        side=Side(row.side),
        quantity=row.quantity,
        price=row.price,
        fees=tuple(Fee(Decimal(amount), Coin(coin)) for amount, coin in row.fees),
        at=row.at,
    )
    return BookedFill(PositionId(row.position_id), fill, row.fee_value)
