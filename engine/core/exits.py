"""When a position is left: stop, take profit, trailing, time limit. Checked on every price and every second."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.ledger import Phase, Position
from engine.core.model import Direction, Fill, Instrument, Ticker
from engine.core.money import ONE, ZERO, Price, ceil_to, floor_to
from engine.core.orders import OrderStatus, Purpose
from engine.core.settings import ExitRules

STOP_GRACE = timedelta(seconds=3)
"""How long a stop that rests at the venue may take to fill once the price touched it (S1)."""
TRAIL_STEPS = Decimal(10)
"""A trailing stop moves in tenths of its distance: fewer orders at the venue, and at most that much is given away."""


def distances(rules: ExitRules, price: Price) -> tuple[Price, Price | None]:
    """Stop and take-profit distances (quote per base) of the preset's shares at an entry price."""
    take = Price(price * rules.take_profit) if rules.take_profit is not None else None
    return Price(price * rules.stop_loss), take


def opening(position: Position, fill: Fill, instrument: Instrument | None, at: datetime) -> f.PositionOpened:
    """The exits as prices, counted from the first fill. Both round towards the entry: never a larger loss than set."""
    sign = position.direction.sign
    far = Price(fill.price - sign * position.stop_distance)
    stop = round_stop(far, position.direction, instrument, fill.price)
    take = None
    if position.take_profit_distance is not None:
        raw = fill.price + sign * position.take_profit_distance
        tick = instrument.tick if instrument else Decimal(0)
        take = Price(floor_to(raw, tick) if position.direction is Direction.LONG else ceil_to(raw, tick))
    deadline = None
    if position.deadline_seconds is not None:
        deadline = at + timedelta(seconds=position.deadline_seconds)
    return f.PositionOpened(at, position.id, stop, take, deadline)


def round_stop(
    raw: Price, direction: Direction, instrument: Instrument | None, price: Price | None = None
) -> Price:
    """To the tick on the side of the smaller loss, but at least a tick away from `price`: on a coin of few digits the
    smaller loss would be none, and the stop at the price itself (S13)."""
    tick = instrument.tick if instrument else Decimal(0)
    long = direction is Direction.LONG
    rounded: Decimal = ceil_to(raw, tick) if long else floor_to(raw, tick)
    if price is None or not tick:
        return Price(rounded)
    nearest: Decimal = floor_to(price - tick, tick) if long else ceil_to(price + tick, tick)
    return Price(min(rounded, nearest) if long else max(rounded, nearest))


def check_price(draft: Draft, position: Position, ticker: Ticker) -> None:
    """Act on one price for one open position."""
    if position.phase is not Phase.OPEN or position.stop is None:
        return
    price = ticker.last
    long = position.direction is Direction.LONG
    if price <= position.stop if long else price >= position.stop:
        _touched(draft, position)
        return
    take = position.take_profit
    if take is not None and (price >= take if long else price <= take):
        draft.emit(f.ExitWanted(draft.at, position.id, "take profit", "rules"))
    elif position.trailing is not None:
        _trail(draft, position, price)


def _touched(draft: Draft, position: Position) -> None:
    """The stop that rests at the venue goes first; where none does, leave at once."""
    if not stop_rests(draft, position):
        draft.emit(f.ExitWanted(draft.at, position.id, "stop loss", "rules"))
    elif position.stop_touched_at is None:
        draft.emit(f.StopTouched(draft.at, position.id))


def _trail(draft: Draft, position: Position, price: Price) -> None:
    """Pull the stop after the price, never back."""
    if position.trailing is None or position.stop is None:
        return
    sign = position.direction.sign
    instrument = draft.market.instruments.get(position.symbol)
    raw = Price(price * (ONE - sign * position.trailing))
    candidate = round_stop(raw, position.direction, instrument, price)
    step = price * position.trailing / TRAIL_STEPS
    if candidate > ZERO and (candidate - position.stop) * sign >= step:
        draft.emit(f.StopMoved(draft.at, position.id, candidate, "trailing"))


def check_time(draft: Draft, position: Position) -> None:
    """Act on time that went by for one open position."""
    if position.phase is not Phase.OPEN:
        return
    if position.deadline is not None and draft.at >= position.deadline:
        draft.emit(f.ExitWanted(draft.at, position.id, "time limit", "rules"))
    elif position.stop_touched_at is not None and draft.at - position.stop_touched_at >= STOP_GRACE:
        draft.emit(f.ExitWanted(draft.at, position.id, "stop loss", "rules"))


def stop_rests(draft: Draft, position: Position) -> bool:
    """Whether a stop of ours works at the venue for it."""
    return any(
        order.purpose is Purpose.STOP and order.status is OrderStatus.WORKING
        for order in draft.state.orders_of(position.id)
    )
