"""evolve(state, fact): what each fact changes in the books. No fact is refused and nothing is decided here.

A state is changed in place, dict by dict; the values in it are frozen. The same facts in the same order give
the same state, which is how a restart finds everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core import causes, evolve_bars, evolve_doubts, evolve_equity, evolve_fees, evolve_foreign
from engine.core import facts as f
from engine.core.changed import changed
from engine.core.ids import ClientOrderId, Coin, PositionId, base_of
from engine.core.ledger import Phase, Position, book_fill
from engine.core.model import Side, State
from engine.core.money import ZERO, Quantity, Quote, exact_sum
from engine.core.orders import OrderStatus, Purpose
from engine.core.state import OngoingTrouble, TraderState

SETTLED_KEPT = 200
"""Settled orders that are remembered, for fills that come late."""
COMMANDS_KEPT = 500


def evolve(state: TraderState, fact: f.AnyFact) -> None:
    """Apply one fact. Raises KeyError for a fact that its own past contradicts: the journal is damaged then."""
    _APPLY[type(fact)](state, fact)


def _keep_newest(mapping: dict[Any, Any], most: int) -> None:
    while len(mapping) > most:
        del mapping[next(iter(mapping))]


def _change_order(state: TraderState, client_order_id: ClientOrderId, **changes: Any) -> None:
    """Change an order wherever it is kept. It is kept with the settled ones while nothing more can come of it; one
    that the venue tells more of comes back (O22)."""
    was_in = state.orders if client_order_id in state.orders else state.settled_orders
    order = changed(was_in[client_order_id], **changes)
    belongs_in = state.settled_orders if order.settled else state.orders
    if belongs_in is not was_in:
        del was_in[client_order_id]
    belongs_in[client_order_id] = order
    if len(state.settled_orders) > SETTLED_KEPT:
        _forget_oldest(state)


def _forget_oldest(state: TraderState) -> None:
    """Its fills are forgotten with it and no sooner, so that none of an order that is remembered counts twice."""
    gone = next(iter(state.settled_orders))
    del state.settled_orders[gone]
    for key in [key for key, owner in state.seen_fills.items() if owner == gone]:
        del state.seen_fills[key]


def _change_position(state: TraderState, position_id: PositionId, **changes: Any) -> None:
    state.positions[position_id] = changed(state.positions[position_id], **changes)


# ── the book ──────────────────────────────────────────────────────────────────────────────


def _book_opened(state: TraderState, fact: f.BookOpened) -> None:
    state.connection, state.mode, state.nonce = fact.connection, fact.mode, fact.nonce
    state.quote, state.opened_at = fact.quote, fact.at
    state.holdings = {fact.quote: fact.balance}
    state.equity = state.high_water = state.day_equity = state.day_mark = fact.balance
    state.day = fact.at.date().isoformat()


def _restarted(state: TraderState, fact: f.Restarted) -> None:
    """Troubles are seen afresh by the new process: one that is still there will say so."""
    state.troubles.clear()
    state.reachable_since = None
    state.reconciled_at = None


def _state_changed(state: TraderState, fact: f.StateChanged) -> None:
    state.state = fact.state


def _command_done(state: TraderState, fact: f.CommandDone) -> None:
    state.done_commands[fact.command_id] = fact.refused
    _keep_newest(state.done_commands, COMMANDS_KEPT)


def _preset_switched(state: TraderState, fact: f.PresetSwitched) -> None:
    state.running_presets[fact.preset] = fact.running


# ── limits ────────────────────────────────────────────────────────────────────────────────


def _breaker_moved(state: TraderState, fact: f.BreakerMoved) -> None:
    state.steps[fact.breaker] = fact.step


def _halt_latched(state: TraderState, fact: f.HaltLatched) -> None:
    state.halted, state.halted_at = fact.reason, fact.at


def _halt_lifted(state: TraderState, fact: f.HaltLifted) -> None:
    state.halted, state.halted_at = "", None
    state.state = State.PAUSED
    evolve_equity.halt_lifted(state)
    state.steps.clear()


def _balance_flowed(state: TraderState, fact: f.BalanceFlowed) -> None:
    _hold(state, fact.coin, fact.amount)
    evolve_equity.flowed(state, fact)


def _hold(state: TraderState, coin: Coin, amount: Decimal) -> None:
    state.holdings[coin] = exact_sum(state.holdings.get(coin, ZERO), amount)


# ── orders ────────────────────────────────────────────────────────────────────────────────


def _order_intended(state: TraderState, fact: f.OrderIntended) -> None:
    state.orders[fact.order.client_order_id] = fact.order
    state.counter += 1


def _order_working(state: TraderState, fact: f.OrderWorking) -> None:
    """A stop that works ends the count of those refused in a row."""
    order = state.orders.get(fact.client_order_id) or state.settled_orders[fact.client_order_id]
    if order.purpose is Purpose.STOP and order.position_id in state.positions:
        _change_position(state, order.position_id, stop_refusals=0, stop_retry_after=None)
    _change_order(
        state,
        fact.client_order_id,
        status=OrderStatus.WORKING,
        venue_order_id=fact.venue_order_id or order.venue_order_id,
        venue_filled=None,
        unknown_since=None,
        cancel_since=None,
        attempts=0,
        ask_after=None,
    )


def _outcome_lost(state: TraderState, fact: f.OutcomeLost) -> None:
    _change_order(
        state,
        fact.client_order_id,
        status=OrderStatus.UNKNOWN,
        unknown_since=fact.at,
        lost_at=fact.at,
        attempts=0,
        ask_after=fact.at,
    )


def _order_asked(state: TraderState, fact: f.OrderAsked) -> None:
    _change_order(state, fact.client_order_id, attempts=fact.attempt, ask_after=fact.ask_after)


def _order_ended(state: TraderState, fact: f.OrderEnded) -> None:
    """What the venue filled beyond what we hold is asked for at once: `ask_after` is now."""
    _change_order(
        state,
        fact.client_order_id,
        status=fact.status,
        venue_filled=fact.venue_filled,
        unknown_since=None,
        attempts=0,
        ask_after=fact.at,
        ended_at=fact.at,
    )


def _cancel_intended(state: TraderState, fact: f.CancelIntended) -> None:
    _change_order(state, fact.client_order_id, cancel_since=fact.at, attempts=0, ask_after=None)


def _cancel_failed(state: TraderState, fact: f.CancelFailed) -> None:
    order = state.order(fact.client_order_id)
    refusals = order.cancel_refusals + 1 if order is not None else 1
    changes = {"ask_after": fact.at, "cancel_refusals": refusals, "cancel_after": fact.retry_after}
    _change_order(state, fact.client_order_id, **changes)


def _fill_booked(state: TraderState, fact: f.FillBooked) -> None:
    fill = fact.fill
    base = base_of(fill.symbol)
    sign = 1 if fill.side is Side.BUY else -1
    _hold(state, base, sign * fill.quantity)
    _hold(state, state.quote, -sign * fill.value)
    for fee in fill.fees:
        _hold(state, fee.coin, -fee.amount)
    state.seen_fills[(fill.symbol, fill.id)] = fill.client_order_id
    position = state.positions[fact.position_id]
    state.positions[fact.position_id] = book_fill(position, fill, fact.fee_value, fact.unpriced)
    evolve_fees.booked(state, fact)
    order = state.order(fill.client_order_id)
    if order is not None:
        filled = Quantity(order.filled + fill.quantity)
        _change_order(state, order.client_order_id, filled=filled, position_id=fact.position_id)


# ── signals and positions ─────────────────────────────────────────────────────────────────


def _signal_seen(state: TraderState, fact: f.SignalTaken | f.SignalDenied) -> None:
    state.last_signals[(fact.preset, fact.symbol)] = fact.candle_close


def _position_planned(state: TraderState, fact: f.PositionPlanned) -> None:
    state.positions[fact.position_id] = Position(
        fact.position_id,
        fact.symbol,
        fact.direction,
        fact.preset,
        fact.at,
        fact.stop_distance,
        fact.take_profit_distance,
        fact.trailing,
        fact.deadline_seconds,
    )
    state.positions_in[fact.symbol] = (*state.positions_in.get(fact.symbol, ()), fact.position_id)
    state.counter += 1


def _position_opened(state: TraderState, fact: f.PositionOpened) -> None:
    _change_position(
        state,
        fact.position_id,
        phase=Phase.OPEN,
        opened_at=fact.at,
        stop=fact.stop,
        take_profit=fact.take_profit,
        deadline=fact.deadline,
    )


def _stop_moved(state: TraderState, fact: f.StopMoved) -> None:
    _change_position(state, fact.position_id, stop=fact.stop, stop_touched_at=None)


def _stop_touched(state: TraderState, fact: f.StopTouched) -> None:
    _change_position(state, fact.position_id, stop_touched_at=fact.at)


def _exit_wanted(state: TraderState, fact: f.ExitWanted) -> None:
    _change_position(state, fact.position_id, phase=Phase.LEAVING, exit_reason=fact.reason)


def _exit_refused(state: TraderState, fact: f.ExitRefused) -> None:
    again, why = fact.retry_after, fact.reason
    _change_position(
        state, fact.position_id, exit_refusals=fact.refusals, exit_retry_after=again, refused_for=why
    )


def _stop_refused(state: TraderState, fact: f.StopRefused) -> None:
    again, why = fact.retry_after, fact.reason
    _change_position(
        state, fact.position_id, stop_refusals=fact.refusals, stop_retry_after=again, refused_for=why
    )


def _position_gone(state: TraderState, fact: f.PositionClosed | f.PositionAbandoned) -> None:
    position = state.positions.pop(fact.position_id)
    symbol = position.symbol
    evolve_fees.gone(state, position)
    state.unled.pop(fact.position_id, None)
    rest = tuple(one for one in state.positions_in[symbol] if one != fact.position_id)
    if rest:
        state.positions_in[symbol] = rest
    else:
        del state.positions_in[symbol]
        evolve_bars.nothing_held(state, symbol)


def _preset_gone(state: TraderState, fact: f.PresetGone) -> None:
    state.unled[fact.position_id] = fact.preset


def _preset_back(state: TraderState, fact: f.PresetBack) -> None:
    state.unled.pop(fact.position_id, None)


# ── reconciliation ────────────────────────────────────────────────────────────────────────


def _reconciled(state: TraderState, fact: f.Reconciled) -> None:
    state.reconciled_at = fact.at


def _position_reduced(state: TraderState, fact: f.PositionReduced) -> None:
    position = state.positions[fact.position_id]
    value = Quote(fact.quantity * fact.price)
    _change_position(
        state,
        position.id,
        left=Quantity(exact_sum(position.left, fact.quantity)),
        exit_value=Quote(exact_sum(position.exit_value, value)),
        fees=Quote(position.fees + fact.fee),
        exit_fees=Quote(position.exit_fees + fact.fee),
        sold_outside=Quantity(position.sold_outside + fact.quantity),
    )
    _hold(state, base_of(position.symbol), -fact.quantity * position.direction.sign)
    _hold(state, state.quote, value * position.direction.sign - fact.fee)
    if fact.execution is not None:
        key = (fact.symbol, fact.execution)
        state.outside_sales[key] = Quantity(state.outside_sales.get(key, ZERO) + fact.quantity)
        _keep_newest(state.outside_sales, SETTLED_KEPT)


# ── trouble ───────────────────────────────────────────────────────────────────────────────


def _trouble_began(state: TraderState, fact: f.TroubleBegan) -> None:
    key = (fact.trouble, fact.subject)
    before = state.troubles.get(key) or OngoingTrouble(fact.at, fact.at, fact.detail, count=0, told=False)
    told = before.told or causes.is_news(state, key, before, fact.at)
    state.troubles[key] = changed(before, last=fact.at, detail=fact.detail, count=before.count + 1, told=told)


def _trouble_over(state: TraderState, fact: f.TroubleOver) -> None:
    state.troubles.pop((fact.trouble, fact.subject), None)
    if (fact.trouble, fact.subject) == causes.CAUSE:
        _venue_is_back(state, fact)


def _venue_is_back(state: TraderState, fact: f.TroubleOver) -> None:
    """What the owner was not told of explains nothing to him; what outlives it is told some time later."""
    if fact.told:
        state.reachable_since = fact.at
    for key, one in state.troubles.items():
        if one.back is None:
            state.troubles[key] = changed(one, back=fact.at)


_APPLY: dict[type, Callable[[TraderState, Any], None]] = {
    f.BookOpened: _book_opened,
    f.Restarted: _restarted,
    f.StateChanged: _state_changed,
    f.CommandDone: _command_done,
    f.PresetSwitched: _preset_switched,
    f.EquityMarked: evolve_equity.marked,
    f.DayBegan: evolve_equity.day_began,
    f.BreakerMoved: _breaker_moved,
    f.HaltLatched: _halt_latched,
    f.HaltLifted: _halt_lifted,
    f.BalanceFlowed: _balance_flowed,
    f.OrderIntended: _order_intended,
    f.OrderWorking: _order_working,
    f.OutcomeLost: _outcome_lost,
    f.OrderAsked: _order_asked,
    f.OrderEnded: _order_ended,
    f.CancelIntended: _cancel_intended,
    f.CancelFailed: _cancel_failed,
    f.FillBooked: _fill_booked,
    f.FeesPriced: evolve_fees.priced,
    f.SignalTaken: _signal_seen,
    f.SignalDenied: _signal_seen,
    f.PositionPlanned: _position_planned,
    f.PositionOpened: _position_opened,
    f.StopMoved: _stop_moved,
    f.StopTouched: _stop_touched,
    f.ExitWanted: _exit_wanted,
    f.ExitRefused: _exit_refused,
    f.StopRefused: _stop_refused,
    f.PositionClosed: _position_gone,
    f.PositionAbandoned: _position_gone,
    f.EntriesBarred: evolve_bars.barred,
    f.EntriesAllowed: evolve_bars.allowed,
    f.PresetGone: _preset_gone,
    f.PresetBack: _preset_back,
    f.Reconciled: _reconciled,
    f.ForeignFound: evolve_foreign.found,
    f.ForeignResolved: evolve_foreign.resolved,
    f.ForeignCancelRepeated: evolve_foreign.cancel_repeated,
    f.ForeignEnded: evolve_foreign.ended,
    f.OrderAdopted: evolve_foreign.adopted,
    f.ShortfallSeen: evolve_doubts.seen,
    f.ShortfallOver: evolve_doubts.over,
    f.PositionReduced: _position_reduced,
    f.TroubleBegan: _trouble_began,
    f.TroubleOver: _trouble_over,
}


def restore(recorded: list[f.AnyFact], state: TraderState | None = None) -> TraderState:
    """The state that these facts lead to, from `state` (which is changed) or from nothing."""
    state = state or TraderState()
    for fact in recorded:
        evolve(state, fact)
    return state
