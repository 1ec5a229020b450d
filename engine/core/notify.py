"""Which fact tells the owner what. The kinds and their data are the contract with the message catalogue in `bot/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core import facts as f
from engine.core import notify_orders
from engine.core.ids import BookId, book_id
from engine.core.notices import Notice, Weight
from engine.core.notify_orders import Data, Told
from engine.core.notify_orders import text as _text
from engine.core.state import TraderState


def notice_of(fact: f.AnyFact, state: TraderState) -> Notice | None:
    """The notice that a fact causes, given the state after it; None for most facts."""
    tell = _TELL.get(type(fact))
    told = tell(fact, state) if tell else None
    if told is None:
        return None
    kind, weight, data = told
    data |= {"connection": state.connection, "mode": state.mode.value}
    book = book_id(state.connection, state.mode)
    return Notice(fact.at, book, kind, weight, data, _thread(book, data), _key(book, fact, kind, data))


def _thread(book: BookId, data: Data) -> str:
    """All that concerns a position answers the message of its entry."""
    return f"{book}:{data['position']}" if data.get("position") else str(data.get("order") or "")


def _key(book: BookId, fact: f.AnyFact, kind: str, data: Data) -> str:
    """What takes the place of what was told before: the steps of an order, troubles, and a foreign order that won't
    go. Everything else is news each time."""
    if chapter := notify_orders.chapter(fact, data):
        return f"{book}:{chapter}"
    if kind == "foreign_open":
        return f"{book}:{kind}:{data['order']}"
    return f"{book}:{data['trouble']}:{data['subject']}" if kind == "trouble" else ""


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


def _reconciled(fact: f.Reconciled, state: TraderState) -> Told | None:
    """Agreement is no news; what was put right is. Money that came or went by itself was not wrong in our books."""
    wrong = fact.repairs - fact.flows
    return ("reconciled", Weight.WARNING, {"repairs": wrong}) if wrong else None


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


def _state_changed(fact: f.StateChanged, state: TraderState) -> Told | None:
    """How a book begins is told by what opened it: the start, or the way to live."""
    if fact.by == "config":
        return None
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
    **notify_orders.TELL,
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
