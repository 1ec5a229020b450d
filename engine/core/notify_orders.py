"""What the owner is told of orders and positions.

Every notice of an order tells the whole of it so far, so that the newest can take the place of those before it: one
message that goes from sent to filled to protected, instead of one a step (DESIGN §4). Entering is one such story,
leaving another, whose end (the result) weighs more and is therefore a message of its own once a step was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from engine.core import facts as f
from engine.core.ids import PositionId
from engine.core.ledger import Position
from engine.core.money import ZERO
from engine.core.notices import Weight
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.state import TraderState

Data = dict[str, str | int | bool | None]
Told = tuple[str, Weight, Data]

PART_OF_OPENING = timedelta(minutes=1)
"""A stop that the venue takes within this time of the first fill belongs to the entry's message. Later ones replace
it as the price goes, and are no news."""


def text(value: object) -> str | None:
    """A notice's field: a number as plain decimal text."""
    return None if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def order_intended(fact: f.OrderIntended, state: TraderState) -> Told | None:
    """A protecting stop is part of its position: sending it is no news of its own."""
    if fact.order.purpose is Purpose.STOP:
        return None
    return _step("order_placed", fact.order, fact.order.position_id, state)


def order_working(fact: f.OrderWorking, state: TraderState) -> Told | None:
    """Accepted; a stop only while its position is just opening."""
    order = state.order(fact.client_order_id)
    if order is None:
        return None
    if order.purpose is not Purpose.STOP or order.lost_at is not None:
        return _step("order_accepted", order, order.position_id, state)
    position = state.positions.get(order.position_id)
    if position is None or position.opened_at is None or position.left:
        return None
    if fact.at - position.opened_at > PART_OF_OPENING:
        return None
    return "stop_resting", Weight.STEP, _of_opening(position, state)


def fill_booked(fact: f.FillBooked, state: TraderState) -> Told:
    order = state.order(fact.fill.client_order_id)
    if order is None:
        return "order_filled", Weight.STEP, _of_fill_alone(fact, state)
    return _step("order_filled", order, fact.position_id, state)


def order_ended(fact: f.OrderEnded, state: TraderState) -> Told | None:
    """Whatever was told as sent or unknown gets a sequel: its fills, a refusal, or this. A refused stop or exit is
    told by what follows from it."""
    order = state.order(fact.client_order_id)
    if order is None or fact.status is OrderStatus.FILLED:
        return None
    refused = fact.status is OrderStatus.REJECTED
    if order.purpose is not Purpose.ENTRY and (refused or order.lost_at is None):
        return None
    kind, weight = ("order_rejected", Weight.WARNING) if refused else ("order_ended", Weight.STEP)
    _, _, data = _step(kind, order, order.position_id, state)
    # The venue may have filled what our books are still asking for (law 12).
    filled = max(fact.venue_filled, order.filled)
    return kind, weight, data | {"detail": fact.reason, "filled": text(filled)}


def outcome_lost(fact: f.OutcomeLost, state: TraderState) -> Told | None:
    order = state.order(fact.client_order_id)
    if order is None:
        return None
    _, _, data = _step("order_unknown", order, order.position_id, state)
    return "order_unknown", Weight.RISK, data | {"since": fact.at.isoformat()}


def position_opened(fact: f.PositionOpened, state: TraderState) -> Told:
    """Its first fill, with the exits that were fixed by it."""
    return "position_opened", Weight.STEP, _of_opening(state.positions[fact.position_id], state)


def exit_wanted(fact: f.ExitWanted, state: TraderState) -> Told:
    """Decided, and nothing sent yet: what still works for the position is settled first."""
    position = state.positions[fact.position_id]
    data: Data = {"position": position.id, "symbol": position.symbol, "purpose": Purpose.EXIT.value}
    data |= {"quantity": text(position.quantity), "reason": fact.reason}
    return "exit_wanted", Weight.STEP, data


def position_closed(fact: f.PositionClosed, state: TraderState) -> Told:
    return (
        "position_closed",
        Weight.TRADE,
        {
            "position": fact.position_id,
            "symbol": fact.symbol,
            "quantity": text(fact.quantity),
            "entry": text(fact.entry_price),
            "exit": text(fact.exit_price),
            "profit": text(fact.profit),
            "share": text(fact.share),
            "fees": text(fact.fees),
            "dust": text(fact.dust),
            "unpriced": ", ".join(f"{text(fee.amount)} {fee.coin}" for fee in fact.unpriced),
            "reason": fact.reason,
            "held_seconds": int((fact.at - fact.opened_at).total_seconds()),
            "quote": state.quote,
        },
    )


# ── the whole of an order so far ──────────────────────────────────────────────────────────


def _step(kind: str, order: Order, position_id: PositionId, state: TraderState) -> Told:
    position = state.positions.get(position_id)
    data = _of_order(order, position_id)
    if position is not None:
        data |= _of_position(order.purpose, position, state)
    return kind, Weight.STEP, data


def _of_order(order: Order, position_id: PositionId) -> Data:
    return {
        "order": order.client_order_id,
        "position": position_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "purpose": order.purpose.value,
        "status": order.status.value,
        "quantity": text(order.quantity),
        "filled": text(order.filled),
        "price": text(order.price),
        "stop_price": text(order.stop_price),
        "preset": order.preset,
        "reason": order.reason,
        "lost_at": text(order.lost_at.isoformat() if order.lost_at else None),
    }


def _of_position(purpose: Purpose, position: Position, state: TraderState) -> Data:
    """Averages over all fills of that side, and what is held now."""
    entry = purpose is Purpose.ENTRY
    done, at = (position.entered, position.entry_price) if entry else (position.left, position.exit_price)
    data: Data = {"done": text(done), "average": text(at) if done else None, "held": text(position.quantity)}
    data |= {"fees": text(position.fees), "quote": state.quote}
    return data | (_protection(position, state) if entry and position.stop is not None else {})


def _protection(position: Position, state: TraderState) -> Data:
    """Where it is left at a loss, and for how much of it a stop works at the venue already (law 12)."""
    stops = [one for one in state.orders_of(position.id) if one.purpose is Purpose.STOP]
    resting = [one for one in stops if one.status is OrderStatus.WORKING and not one.cancel_wanted]
    guarded = sum((one.remaining for one in resting), ZERO)
    return {
        "stop": text(position.stop),
        "take_profit": text(position.take_profit),
        "resting": text(guarded) if guarded else None,
    }


def _of_opening(position: Position, state: TraderState) -> Data:
    """The entry as far as it is, by its order where our books still have that."""
    orders = (*state.orders.values(), *state.settled_orders.values())
    entry = next(
        (one for one in orders if one.position_id == position.id and one.purpose is Purpose.ENTRY), None
    )
    if entry is not None:
        return _step("", entry, position.id, state)[2]
    data: Data = {"position": position.id, "symbol": position.symbol, "purpose": Purpose.ENTRY.value}
    data |= {"side": position.direction.entry_side.value, "status": OrderStatus.FILLED.value}
    data |= {"quantity": text(position.entered), "filled": text(position.entered)}
    return data | _of_position(Purpose.ENTRY, position, state)


def _of_fill_alone(fact: f.FillBooked, state: TraderState) -> Data:
    """A fill whose order our books no longer have."""
    fill, position = fact.fill, state.positions[fact.position_id]
    purpose = Purpose.ENTRY if fill.side is position.direction.entry_side else Purpose.EXIT
    data: Data = {"order": fill.client_order_id, "position": position.id, "symbol": fill.symbol}
    data |= {"side": fill.side.value, "purpose": purpose.value, "status": OrderStatus.FILLED.value}
    data |= {"quantity": text(fill.quantity), "filled": text(fill.quantity)}
    return data | _of_position(purpose, position, state)


# ── which message it belongs to ───────────────────────────────────────────────────────────

TELL: Mapping[type, Callable[[Any, TraderState], Told | None]] = MappingProxyType(
    {
        f.OrderIntended: order_intended,
        f.OrderWorking: order_working,
        f.FillBooked: fill_booked,
        f.OrderEnded: order_ended,
        f.OutcomeLost: outcome_lost,
        f.PositionOpened: position_opened,
        f.ExitWanted: exit_wanted,
        f.PositionClosed: position_closed,
    }
)


def chapter(fact: f.AnyFact, data: Data) -> str:
    """What is told as one message with what came before it has the same chapter; empty: a message of its own.

    A stop whose outcome was unknown has one of its own: it has nothing to do with how the position is left later.
    """
    if type(fact) not in TELL:
        return ""
    if data.get("lost_at") and data.get("purpose") == Purpose.STOP.value:
        return f"stop:{data['order']}"
    way = "entering" if data.get("purpose") == Purpose.ENTRY.value else "leaving"
    return f"{way}:{data['position']}"
