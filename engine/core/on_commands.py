"""The owner's word. Each command acts at most once and always has an answer (law 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core import entry_bar
from engine.core import facts as f
from engine.core import inputs as i
from engine.core.breakers import mark_now
from engine.core.draft import Draft
from engine.core.errors import Denied
from engine.core.exits import round_stop
from engine.core.ids import PositionId
from engine.core.ledger import Position
from engine.core.model import State
from engine.core.money import is_sound
from engine.core.on_reconcile import resolve
from engine.core.on_signals import enter_by_hand
from engine.core.orders import OrderStatus, Purpose
from engine.core.pursue import pursue, pursue_all


def on_command(draft: Draft, command: i.Command) -> None:
    """Carry it out or refuse it, in one decision with the record that it was done."""
    if command.id in draft.state.done_commands:
        return
    refused = ""
    try:
        _DO[type(command)](draft, command)
    except Denied as why:
        refused = str(why)
    draft.emit(f.CommandDone(draft.at, command.id, command.by, type(command).__name__, refused))


def _set_state(draft: Draft, state: State, by: str) -> None:
    """Idempotent: a second tap changes nothing and is no error (law 8)."""
    if draft.state.state is not state:
        draft.emit(f.StateChanged(draft.at, state, by))


def _resume(draft: Draft, command: i.Resume) -> None:
    if draft.state.is_halted:
        raise Denied(f"a halt is latched ({draft.state.halted}): lift it first")
    _set_state(draft, State.RUNNING, command.by)


def _pause(draft: Draft, command: i.Pause) -> None:
    _set_state(draft, State.PAUSED, command.by)


def _stop(draft: Draft, command: i.Stop) -> None:
    _set_state(draft, State.STOPPED, command.by)


def _halt(draft: Draft, command: i.Halt) -> None:
    if not draft.state.is_halted:
        reason = command.reason or f"halted by {command.by}"
        draft.emit(f.HaltLatched(draft.at, f.Breaker.OWNER, reason))
    pursue_all(draft)


def _lift_halt(draft: Draft, command: i.LiftHalt) -> None:
    """Losses are counted from what the account is worth at this moment, not from the last mark of a minute ago."""
    if not draft.state.is_halted:
        raise Denied("no halt is latched")
    mark_now(draft)
    draft.emit(f.HaltLifted(draft.at, command.by))


def _close(draft: Draft, command: i.ClosePosition) -> None:
    _position(draft, command.position_id)
    _leave(draft, command.position_id, command.by)


def _flatten(draft: Draft, command: i.Flatten) -> None:
    _set_state(draft, State.PAUSED, command.by)
    for position_id in list(draft.state.positions):
        _leave(draft, position_id, command.by)


def _leave(draft: Draft, position_id: PositionId, by: str) -> None:
    if not draft.state.positions[position_id].exit_reason:
        draft.emit(f.ExitWanted(draft.at, position_id, f"closed by {by}", by))
    pursue(draft, position_id)


def _move_stop(draft: Draft, command: i.MoveStop) -> None:
    position = _position(draft, command.position_id)
    if position.opened_at is None:
        raise Denied("nothing of that position was bought yet: it has no stop to move")
    price = draft.market.fresh_price(position.symbol, draft.at)
    if price is None:
        raise Denied(f"no fresh price for {position.symbol}")
    if not is_sound(command.stop):
        raise Denied(f"{command.stop} is not a price")
    stop = round_stop(command.stop, position.direction, draft.market.instruments.get(position.symbol))
    if (price - stop) * position.direction.sign <= 0:
        raise Denied(f"a stop at {stop} would be hit at once: the price is {price}")
    if position.exit_reason:
        raise Denied("the position is being left already")
    if stop != position.stop:
        draft.emit(f.StopMoved(draft.at, position.id, stop, command.by))
    pursue(draft, position.id)


def _position(draft: Draft, position_id: PositionId) -> Position:
    position = draft.state.positions.get(position_id)
    if position is None:
        raise Denied("that position is closed already")
    return position


def _cancel_order(draft: Draft, command: i.CancelOrder) -> None:
    order = draft.state.orders.get(command.client_order_id)
    if order is None or order.status.ended:
        raise Denied("that order has ended already")
    if order.purpose is Purpose.STOP:
        raise Denied("that order protects a position: move the stop or close the position instead")
    if order.status is not OrderStatus.WORKING:
        raise Denied("the venue has not told yet whether it has that order: it is being asked")
    if not order.cancel_wanted:
        draft.emit(f.CancelIntended(draft.at, order.client_order_id, f"cancelled by {command.by}"))


def _switch_preset(draft: Draft, command: i.SwitchPreset) -> None:
    if command.preset not in draft.settings.presets:
        raise Denied(f"there is no preset {command.preset} on this connection")
    if draft.state.runs(command.preset) is not command.running:
        draft.emit(f.PresetSwitched(draft.at, command.preset, command.running, command.by))


def _manual_entry(draft: Draft, command: i.ManualEntry) -> None:
    if not is_sound(command.value):
        raise Denied(f"{command.value} is not an amount to buy for")
    enter_by_hand(draft, command.symbol, command.side, command.value)


_DO: dict[type[i.Command], Callable[[Draft, Any], None]] = {
    i.Resume: _resume,
    i.Pause: _pause,
    i.Stop: _stop,
    i.Halt: _halt,
    i.LiftHalt: _lift_halt,
    i.ClosePosition: _close,
    i.Flatten: _flatten,
    i.MoveStop: _move_stop,
    i.CancelOrder: _cancel_order,
    i.SwitchPreset: _switch_preset,
    i.ManualEntry: _manual_entry,
    i.ResolveForeign: resolve,
    i.AllowEntries: entry_bar.allow,
}
