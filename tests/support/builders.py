"""The things of trading for tests, in one line each. Every number is a string, so that no float creeps in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.core.ids import ClientOrderId, Coin, ConnectionId, FillId, PresetId, Symbol
from engine.core.model import (
    Action,
    Fee,
    Fill,
    Instrument,
    Mode,
    OrderReport,
    Side,
    Signal,
    State,
    Ticker,
    VenueStatus,
)
from engine.core.money import Price, Quantity, Quote, Ratio
from engine.core.settings import ExitRules, Limits, Preset, Size, Steps, TraderSettings

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
BTC, ETH, BNB = Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("BNB/USDT")
USDT = Coin("USDT")
CROSS, BOUNCE = PresetId("cross"), PresetId("bounce")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def ratio(value: str) -> Ratio:
    return Ratio(Decimal(value))


def price(value: str | Decimal) -> Price:
    return Price(Decimal(value))


def quantity(value: str | Decimal) -> Quantity:
    return Quantity(Decimal(value))


def quote(value: str | Decimal) -> Quote:
    return Quote(Decimal(value))


def instrument(
    symbol: Symbol = BTC,
    tick: str = "0.01",
    lot: str = "0.001",
    least: str = "0.001",
    most: str | None = None,
    min_notional: str = "5",
    fee: str = "0.001",
    active: bool = True,
) -> Instrument:
    base, _, coin = symbol.partition("/")
    return Instrument(
        symbol,
        Coin(base),
        Coin(coin),
        Decimal(tick),
        Decimal(lot),
        quantity(least),
        quantity(most) if most else None,
        quote(min_notional),
        Decimal(fee),
        Decimal(fee),
        active,
    )


def steps(warn: str, no_entries: str, halt: str) -> Steps:
    return Steps(ratio(warn), ratio(no_entries), ratio(halt))


WIDE = Limits(
    position=ratio("0.9"),
    open_positions=1000,
    instrument_exposure=ratio("0.9"),
    total_exposure=ratio("0.95"),
    daily_loss=steps("0.9", "0.95", "0.99"),
    drawdown=steps("0.9", "0.95", "0.99"),
)
"""Limits that let a test look at something else."""


def preset(
    id_: PresetId = CROSS,
    symbols: tuple[Symbol, ...] = (BTC, ETH),
    size: Size | None = None,
    exits: ExitRules | None = None,
    max_positions: int = 5,
) -> Preset:
    share = Size(share=ratio("0.1"))
    return Preset(id_, "cross", symbols, (60,), {}, size or share, exits or ExitRules(), max_positions)


def settings(
    *presets: Preset,
    limits: Limits | None = None,
    mode: Mode = Mode.PAPER,
    balance: str = "10000",
    factor: str = "1",
    initial: State = State.RUNNING,
) -> TraderSettings:
    return TraderSettings(
        ConnectionId("main"),
        "binance",
        mode,
        USDT,
        {one.id: one for one in presets or (preset(), preset(BOUNCE))},
        limits or WIDE,
        Decimal(factor),
        quote(balance),
        initial,
    )


def ticker(symbol: Symbol, last: str | Decimal, at: datetime = START, volume: str | None = None) -> Ticker:
    """Bid and ask are the last price: fills are as easy to foresee as can be."""
    value = price(last)
    return Ticker(symbol, value, at, value, value, quantity(volume) if volume is not None else None)


def signal(
    symbol: Symbol = BTC,
    at: datetime = START,
    action: Action = Action.ENTER,
    last: str = "100",
    by: PresetId = CROSS,
    stop_distance: str | None = None,
) -> Signal:
    distance = price(stop_distance) if stop_distance else None
    return Signal(by, symbol, action, at, price(last), "crossed", stop_distance=distance)


def fill(
    order: ClientOrderId,
    amount: str | Decimal,
    at_price: str | Decimal,
    side: Side = Side.BUY,
    id_: str = "f1",
    symbol: Symbol = BTC,
    fees: tuple[Fee, ...] = (),
    at: datetime = START,
) -> Fill:
    return Fill(FillId(id_), order, symbol, side, quantity(amount), price(at_price), fees, at)


def report(
    order: ClientOrderId,
    status: VenueStatus,
    filled: str | Decimal = "0",
    *fills: Fill,
    symbol: Symbol = BTC,
    at: datetime = START,
    reason: str = "",
) -> OrderReport:
    return OrderReport(order, None, symbol, status, quantity(filled), at, fills, reason)
