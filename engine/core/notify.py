"""Which fact tells the owner what. The kinds and their data are the contract with the message catalogue in `bot/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core import causes, notify_orders
from engine.core import facts as f
from engine.core.ids import BookId, book_id
from engine.core.notices import SAID_BY, Notice, Weight
from engine.core.notify_orders import Data, Told
from engine.core.notify_orders import text as _text
from engine.core.state import TraderState


def notice_of(fact: f.AnyFact, state: TraderState, venue: str = "") -> Notice | None:
    """The notice that a fact causes, given the state after it; None for most facts. A trouble names its `venue`: what
    befalls several connections there at once is one cause, and so is our own disk wherever they trade."""
    tell = _TELL.get(type(fact))
    told = tell(fact, state) if tell else None
    if told is None:
        return None
    kind, weight, data = told
    data |= {"connection": state.connection, "mode": state.mode.value}
    if kind == "trouble" and venue and data["trouble"] != f.Trouble.STORAGE:
        data |= {"venue": venue}
    book = book_id(state.connection, state.mode)
    return Notice(fact.at, book, kind, weight, data, _thread(book, data), _key(book, fact, kind, data))


def _thread(book: BookId, data: Data) -> str:
    """All that concerns a position answers the message of its entry."""
    return f"{book}:{data['position']}" if data.get("position") else str(data.get("order") or "")


def _key(book: BookId, fact: f.AnyFact, kind: str, data: Data) -> str:
    """What takes the place of what was told before: the steps of an order, troubles and their ends, and a foreign
    order that won't go. Everything else is news each time. An episode of a trouble that begins after the last one was
    told rings again, unless the trouble comes and goes: `bot/pacing.py`."""
    if chapter := notify_orders.chapter(fact, data):
        return f"{book}:{chapter}"
    if kind == "foreign_open":
        return f"{book}:{kind}:{data['order']}"
    if isinstance(fact, f.TroubleBegan | f.TroubleOver):
        subject = causes.subject_of((fact.trouble, fact.subject))
        return f"{book}:{fact.trouble}:{subject}" + (":over" if kind == "trouble_over" else "")
    return ""


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
    return "shortfall", Weight.RISK, data | {"doubt": fact.doubt.value}


def _position_reduced(fact: f.PositionReduced, state: TraderState) -> Told:
    return (
        "position_reduced",
        Weight.RISK,
        {
            "position": fact.position_id,
            "symbol": state.positions[fact.position_id].symbol,
            "quantity": _text(fact.quantity),
            "price": _text(fact.price),
            "estimated": fact.execution is None,
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


def _entries_barred(fact: f.EntriesBarred, state: TraderState) -> Told:
    position = state.positions.get(fact.position_id)
    data: Data = {"position": fact.position_id, "symbol": fact.symbol, "reason": fact.reason}
    return "entries_barred", Weight.CRITICAL, data | {"stop": _text(position.stop) if position else None}


def _entries_allowed(fact: f.EntriesAllowed, state: TraderState) -> Told:
    return "entries_allowed", Weight.INFO, {"symbol": fact.symbol, "by": fact.by} | _answered(fact.by)


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
    data: Data = {"breaker": fact.breaker.value, "reason": fact.reason}
    if fact.breaker is f.Breaker.OWNER:
        return "halted", Weight.CRITICAL, data | {SAID_BY: "answer"}
    key = state.troubles.get((f.Trouble.KEY_REFUSED, ""))
    if fact.breaker is f.Breaker.FAILURE and key is not None and key.began == fact.at:
        return "halted", Weight.CRITICAL, data | {SAID_BY: f.Trouble.KEY_REFUSED.value}
    return "halted", Weight.CRITICAL, data


def _halt_lifted(fact: f.HaltLifted, state: TraderState) -> Told:
    return "halt_lifted", Weight.RISK, {"by": fact.by} | _answered(fact.by)


def _state_changed(fact: f.StateChanged, state: TraderState) -> Told | None:
    """How a book begins is told by what opened it: the start, or the way to live."""
    if fact.by == "config":
        return None
    return "state_changed", Weight.INFO, {"state": fact.state.value, "by": fact.by} | _answered(fact.by)


def _answered(by: str) -> Data:
    """Whoever gives a command in the chat has its answer there."""
    return {SAID_BY: "answer"} if by == f.Breaker.OWNER.value else {}


_LOUD = {f.Trouble.VENUE_UNREACHABLE, f.Trouble.STORAGE, f.Trouble.PRICES_STALE}


def _trouble_began(fact: f.TroubleBegan, state: TraderState) -> Told | None:
    """Told for itself, or not yet: `causes`."""
    name = (fact.trouble, fact.subject)
    if not state.troubles[name].told:
        return None
    subject, more = causes.named(causes.alike(state, name))
    data: Data = {"trouble": fact.trouble.value, "subject": subject, "more": more, "detail": fact.detail}
    data |= {"episode": causes.episode(state, name).isoformat()}
    if fact.trouble is f.Trouble.KEY_REFUSED:
        return "trouble", Weight.CRITICAL, data  # The halt that it leads to is told by it.
    key = state.troubles.get((f.Trouble.KEY_REFUSED, ""))
    if fact.trouble is f.Trouble.RECONCILE_FAILED and key is not None and key.detail == fact.detail:
        data |= {SAID_BY: f.Trouble.KEY_REFUSED.value}  # for the same reason; another one is news
    return "trouble", Weight.RISK if fact.trouble in _LOUD else Weight.WARNING, data


def _trouble_over(fact: f.TroubleOver, state: TraderState) -> Told | None:
    """Of what was told, and for the last of the instruments that one message named."""
    name = (fact.trouble, fact.subject)
    if not fact.told or len(causes.alike(state, name)) > 1:
        return None
    return (
        "trouble_over",
        Weight.WARNING,
        {
            "trouble": fact.trouble.value,
            "subject": causes.subject_of(name),
            "seconds": fact.seconds,
            "count": fact.count,
            "episode": fact.at.isoformat(),
        },
    )


_TELL: dict[type, Callable[[Any, TraderState], Told | None]] = {
    **notify_orders.TELL,
    f.ExitRefused: _exit_refused,
    f.StopRefused: _stop_refused,
    f.EntriesBarred: _entries_barred,
    f.EntriesAllowed: _entries_allowed,
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
