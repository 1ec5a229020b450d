"""Which fact tells the owner what. The kinds and their data are the contract with the message catalogue in `bot/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core import facts as f
from engine.core.ids import book_id
from engine.core.model import OrderType
from engine.core.notices import Notice, Weight
from engine.core.orders import OrderStatus, Purpose
from engine.core.state import TraderState

Data = dict[str, str | int | bool | None]
Told = tuple[str, Weight, Data]


def notice_of(fact: f.AnyFact, state: TraderState) -> Notice | None:
    """The notice that a fact causes, given the state after it; None for most facts."""
    tell = _TELL.get(type(fact))
    told = tell(fact, state) if tell else None
    if told is None:
        return None
    kind, weight, data = told
    data |= {"connection": state.connection, "mode": state.mode.value}
    thread = str(data.get("order") or "")
    return Notice(
        fact.at, book_id(state.connection, state.mode), kind, weight, data, thread, _key(kind, state, data)
    )


def _key(kind: str, state: TraderState, data: Data) -> str:
    """Troubles repeat, and so does an order that won't go; everything else is news each time."""
    book = book_id(state.connection, state.mode)
    if kind == "foreign_open":
        return f"{book}:{kind}:{data['order']}"
    return f"{book}:{data['trouble']}:{data['subject']}" if kind == "trouble" else ""


def _text(value: object) -> str | None:
    return None if value is None else f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def _foreign_found(fact: f.ForeignFound, state: TraderState) -> Told:
    report = fact.report
    return (
        "foreign_found",
        Weight.RISK,
        {
            "order": report.client_order_id,
            "symbol": report.symbol,
            "side": report.side.value if report.side else None,
            "quantity": _text(report.quantity),
            "filled": _text(report.filled),
        },
    )


STUBBORN = 4
"""From this cancel of a foreign order on it rings that it is still open: the owner has to look at the venue himself."""


def _foreign_open(fact: f.ForeignCancelRepeated, state: TraderState) -> Told:
    data: Data = {"order": fact.client_order_id, "symbol": fact.symbol, "filled": _text(fact.filled)}
    weight = Weight.RISK if fact.asked >= STUBBORN else Weight.WARNING
    return "foreign_open", weight, data | {"asked": fact.asked}


def _foreign_ended(fact: f.ForeignEnded, state: TraderState) -> Told:
    status = fact.status.value if fact.status else None
    data: Data = {"order": fact.client_order_id, "symbol": fact.symbol, "filled": _text(fact.filled)}
    return "foreign_ended", Weight.WARNING, data | {"status": status}


def _shortfall_seen(fact: f.ShortfallSeen, state: TraderState) -> Told:
    data: Data = {"coin": fact.coin, "ours": _text(fact.ours), "theirs": _text(fact.theirs)}
    return "shortfall", Weight.RISK, data


def _position_reduced(fact: f.PositionReduced, state: TraderState) -> Told:
    return (
        "position_reduced",
        Weight.RISK,
        {
            "position": fact.position_id,
            "symbol": state.positions[fact.position_id].symbol,
            "quantity": _text(fact.quantity),
            "price": _text(fact.price),
        },
    )


def _signal_taken(fact: f.SignalTaken, state: TraderState) -> Told:
    return (
        "signal_taken",
        Weight.TRADE,
        {
            "preset": fact.preset,
            "symbol": fact.symbol,
            "action": fact.action,
            "price": _text(fact.price),
            "reason": fact.reason,
        },
    )


def _order_intended(fact: f.OrderIntended, state: TraderState) -> Told | None:
    """A protecting stop is part of its position: placing it is no news of its own."""
    order = fact.order
    if order.type is OrderType.STOP:
        return None
    return (
        "order_placed",
        Weight.TRADE,
        {
            "order": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side.value,
            "type": order.type.value,
            "quantity": _text(order.quantity),
            "price": _text(order.price),
            "stop_price": _text(order.stop_price),
            "purpose": order.purpose.value,
            "preset": order.preset,
            "reason": order.reason,
        },
    )


def _fill_booked(fact: f.FillBooked, state: TraderState) -> Told:
    fill, order = fact.fill, state.order(fact.fill.client_order_id)
    fee = fill.fees[0] if fill.fees else None
    return (
        "order_filled",
        Weight.TRADE,
        {
            "order": fill.client_order_id,
            "symbol": fill.symbol,
            "side": fill.side.value,
            "quantity": _text(fill.quantity),
            "price": _text(fill.price),
            "fee": _text(fee.amount) if fee else None,
            "fee_coin": fee.coin if fee else None,
            "partial": order is not None and order.remaining > 0,
            "purpose": order.purpose.value if order else "",
        },
    )


def _order_ended(fact: f.OrderEnded, state: TraderState) -> Told | None:
    """Whatever was told as placed gets a sequel: its fills, a refusal, or this. A refused stop or exit is told by
    what follows from it."""
    order = state.order(fact.client_order_id)
    if order is None or order.purpose is not Purpose.ENTRY or fact.status is OrderStatus.FILLED:
        return None
    if fact.status is OrderStatus.REJECTED:
        return (
            "order_rejected",
            Weight.WARNING,
            {"order": order.client_order_id, "symbol": order.symbol, "reason": fact.reason},
        )
    return (
        "order_ended",
        Weight.TRADE,
        {
            "order": order.client_order_id,
            "symbol": order.symbol,
            "status": fact.status.value,
            "quantity": _text(order.quantity),
            "filled": _text(fact.venue_filled),
            "purpose": order.purpose.value,
            "reason": fact.reason,
        },
    )


def _reconciled(fact: f.Reconciled, state: TraderState) -> Told | None:
    """Agreement is no news; what was put right is. Money that came or went by itself was not wrong in our books."""
    wrong = fact.repairs - fact.flows
    return ("reconciled", Weight.WARNING, {"repairs": wrong}) if wrong else None


def _outcome_lost(fact: f.OutcomeLost, state: TraderState) -> Told | None:
    order = state.order(fact.client_order_id)
    if order is None:
        return None
    return (
        "order_unknown",
        Weight.RISK,
        {"order": order.client_order_id, "symbol": order.symbol, "since": fact.at.isoformat()},
    )


def _position_opened(fact: f.PositionOpened, state: TraderState) -> Told:
    position = state.positions[fact.position_id]
    return (
        "position_opened",
        Weight.TRADE,
        {
            "position": position.id,
            "symbol": position.symbol,
            "quantity": _text(position.quantity),
            "price": _text(position.entry_price),
            "stop": _text(fact.stop),
            "take_profit": _text(fact.take_profit),
        },
    )


def _position_closed(fact: f.PositionClosed, state: TraderState) -> Told:
    return (
        "position_closed",
        Weight.TRADE,
        {
            "position": fact.position_id,
            "symbol": fact.symbol,
            "quantity": _text(fact.quantity),
            "entry": _text(fact.entry_price),
            "exit": _text(fact.exit_price),
            "profit": _text(fact.profit),
            "share": _text(fact.share),
            "fees": _text(fact.fees),
            "dust": _text(fact.dust),
            "reason": fact.reason,
            "held_seconds": int((fact.at - fact.opened_at).total_seconds()),
            "quote": state.quote,
        },
    )


def _exit_refused(fact: f.ExitRefused, state: TraderState) -> Told:
    return (
        "exit_refused",
        Weight.CRITICAL,
        {
            "position": fact.position_id,
            "symbol": state.positions[fact.position_id].symbol,
            "reason": fact.reason,
            "retry_after": fact.retry_after.isoformat(),
        },
    )


def _stop_refused(fact: f.StopRefused, state: TraderState) -> Told:
    _, weight, data = _exit_refused(
        f.ExitRefused(fact.at, fact.position_id, fact.refusals, fact.retry_after, fact.reason), state
    )
    return "stop_refused", weight, data


def _stop_moved(fact: f.StopMoved, state: TraderState) -> Told | None:
    """A trailing stop does what it was set to do, every few minutes: only the owner's own move is news."""
    if fact.by == "trailing":
        return None
    position = state.positions[fact.position_id]
    return (
        "stop_moved",
        Weight.INFO,
        {"position": position.id, "symbol": position.symbol, "stop": _text(fact.stop), "by": fact.by},
    )


def _preset_gone(fact: f.PresetGone, state: TraderState) -> Told:
    position = state.positions[fact.position_id]
    return (
        "preset_gone",
        Weight.RISK,
        {
            "position": position.id,
            "symbol": position.symbol,
            "preset": fact.preset,
            "stop": _text(position.stop),
            "take_profit": _text(position.take_profit),
        },
    )


def _preset_back(fact: f.PresetBack, state: TraderState) -> Told:
    data: Data = {"position": fact.position_id, "symbol": fact.symbol, "preset": fact.preset}
    return "preset_back", Weight.INFO, data


def _breaker_moved(fact: f.BreakerMoved, state: TraderState) -> Told:
    weight = {f.Step.CLEAR: Weight.INFO, f.Step.HALT: Weight.CRITICAL}.get(fact.step, Weight.RISK)
    return (
        "breaker",
        weight,
        {
            "breaker": fact.breaker.value,
            "step": fact.step.value,
            "figure": _text(fact.figure),
            "limit": _text(fact.limit),
        },
    )


def _halt_latched(fact: f.HaltLatched, state: TraderState) -> Told:
    return "halted", Weight.CRITICAL, {"breaker": fact.breaker.value, "reason": fact.reason}


def _halt_lifted(fact: f.HaltLifted, state: TraderState) -> Told:
    return "halt_lifted", Weight.RISK, {"by": fact.by}


def _state_changed(fact: f.StateChanged, state: TraderState) -> Told:
    return "state_changed", Weight.INFO, {"state": fact.state.value, "by": fact.by}


_LOUD = {f.Trouble.VENUE_UNREACHABLE, f.Trouble.KEY_REFUSED, f.Trouble.STORAGE, f.Trouble.PRICES_STALE}


def _trouble_began(fact: f.TroubleBegan, state: TraderState) -> Told:
    weight = Weight.RISK if fact.trouble in _LOUD else Weight.WARNING
    return (
        "trouble",
        weight,
        {"trouble": fact.trouble.value, "subject": fact.subject, "detail": fact.detail},
    )


def _trouble_over(fact: f.TroubleOver, state: TraderState) -> Told:
    return (
        "trouble_over",
        Weight.WARNING,
        {
            "trouble": fact.trouble.value,
            "subject": fact.subject,
            "seconds": fact.seconds,
            "count": fact.count,
        },
    )


_TELL: dict[type, Callable[[Any, TraderState], Told | None]] = {
    f.SignalTaken: _signal_taken,
    f.OrderIntended: _order_intended,
    f.FillBooked: _fill_booked,
    f.OrderEnded: _order_ended,
    f.OutcomeLost: _outcome_lost,
    f.PositionOpened: _position_opened,
    f.PositionClosed: _position_closed,
    f.ExitRefused: _exit_refused,
    f.StopRefused: _stop_refused,
    f.StopMoved: _stop_moved,
    f.PresetGone: _preset_gone,
    f.PresetBack: _preset_back,
    f.BreakerMoved: _breaker_moved,
    f.HaltLatched: _halt_latched,
    f.HaltLifted: _halt_lifted,
    f.StateChanged: _state_changed,
    f.Reconciled: _reconciled,
    f.ForeignFound: _foreign_found,
    f.ForeignCancelRepeated: _foreign_open,
    f.ForeignEnded: _foreign_ended,
    f.ShortfallSeen: _shortfall_seen,
    f.PositionReduced: _position_reduced,
    f.TroubleBegan: _trouble_began,
    f.TroubleOver: _trouble_over,
}
