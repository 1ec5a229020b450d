"""Deliberate mistakes, each of a kind that other desks really made. The simulation must catch them: a check that
catches nothing proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine import executor, runner
from engine.core import draft as drafts
from engine.core import evolve, on_orders, on_signals, pursue, reconcile, risk, trader
from engine.core import facts as f
from engine.core import inputs as i
from engine.core.draft import Draft
from engine.core.effects import Cancel, Effect, Submit, effects_of
from engine.core.errors import Denied, OutcomeUnknown
from engine.core.ledger import Position, sellable
from engine.core.model import Action, Signal, State
from engine.core.money import ZERO, Quantity, Quote
from engine.core.notices import Notice
from engine.core.notify import notice_of
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.state import TraderState

FIRST = 20_001
"""Other days than those which must hold."""
Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Bug:
    """`within`: seeds among which it must be caught, from `first` on: for one that takes many days a seed near that
    which showed it, so that the tests stay short. `python -m tests.simulation.hunt` plays all from the beginning."""

    name: str
    plant: Plant
    within: int = 60
    first: int = FIRST


BUGS: list[Bug] = []


def bug(within: int = 60, first: int = FIRST) -> Callable[[Plant], Plant]:
    """Its name is the function's."""

    def note(plant: Plant) -> Plant:
        BUGS.append(Bug(plant.__name__, plant, within, first))
        return plant

    return note


def _after(patch: pytest.MonkeyPatch, kind: type, more: Callable[[TraderState, Any], None]) -> None:
    """Folding a fact does something more."""
    real = evolve._APPLY[kind]

    def wrong(state: TraderState, fact: Any) -> None:
        real(state, fact)
        more(state, fact)

    patch.setitem(evolve._APPLY, kind, wrong)


def _let_pass(patch: pytest.MonkeyPatch, words: str) -> None:
    """A refusal with these words is not one."""
    real = risk._check_state

    def wrong(*given: Any) -> None:
        try:
            real(*given)
        except Denied as why:
            if words not in str(why):
                raise

    patch.setattr(risk, "_check_state", wrong)


# ── orders ────────────────────────────────────────────────────────────────────────────────


@bug()
def the_post_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    real = executor.Executor._do

    async def wrong(self: executor.Executor, effect: Effect, began: float) -> i.Input:
        try:
            return await real(self, effect, began)
        except OutcomeUnknown:
            return await real(self, effect, began)

    patch.setattr(executor.Executor, "_do", wrong)


@bug()
def the_order_leaves_before_its_intent_is_written(patch: pytest.MonkeyPatch) -> None:
    real = runner.Runner._take

    async def wrong(self: runner.Runner, letter: Any) -> None:
        self._start(trader.decide(self.settings, self.state, self.market, letter.input))
        await real(self, letter)

    patch.setattr(runner.Runner, "_take", wrong)


@bug()
def unknown_is_taken_for_refused(patch: pytest.MonkeyPatch) -> None:
    real = executor.Executor._lost

    def wrong(self: executor.Executor, effect: Effect, reason: str) -> i.Input:
        if isinstance(effect, Submit):
            return i.OrderRefused(self._clock.now(), effect.request.client_order_id, reason)
        return real(self, effect, reason)

    patch.setattr(executor.Executor, "_lost", wrong)


@bug()
def could_not_ask_is_taken_for_not_there(patch: pytest.MonkeyPatch) -> None:
    def wrong(draft: Draft, input: i.AskFailed) -> None:
        on_orders.on_not_found(draft, input.client_order_id)

    patch.setitem(trader._HANDLE, i.AskFailed, wrong)


@bug(within=30, first=20_035)
def not_found_is_believed_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(on_orders, "_is_gone", lambda draft, order: order.status is OrderStatus.UNKNOWN)


@bug()
def an_order_is_ended_by_a_timer(patch: pytest.MonkeyPatch) -> None:
    real = on_orders.ask_what_is_due

    def wrong(draft: Draft) -> None:
        for order in list(draft.state.orders.values()):
            since = order.unknown_since
            if order.status is OrderStatus.UNKNOWN and since and draft.at - since > timedelta(seconds=3):
                on_orders.refused(draft, order, "no word for too long")
        real(draft)

    patch.setattr(on_orders, "ask_what_is_due", wrong)


@bug(within=200)
def an_entry_while_an_outcome_is_unknown(patch: pytest.MonkeyPatch) -> None:
    _let_pass(patch, "unknown outcome")


@bug()
def a_restart_sends_again_what_was_intended(patch: pytest.MonkeyPatch) -> None:
    real = effects_of

    def wrong(fact: f.AnyFact, state: TraderState) -> Effect | None:
        if isinstance(fact, f.OutcomeLost) and "process ended" in fact.reason:
            return Submit(state.orders[fact.client_order_id].request())
        return real(fact, state)

    patch.setattr(drafts, "effects_of", wrong)


@bug(within=200)
def a_failed_cancel_is_taken_for_done(patch: pytest.MonkeyPatch) -> None:
    def wrong(draft: Draft, input: i.CancelRefused) -> None:
        order = draft.state.orders.get(input.client_order_id)
        if order is not None and not order.status.ended:
            name, filled = order.client_order_id, order.filled
            draft.emit(f.OrderEnded(draft.at, name, OrderStatus.CANCELLED, filled, input.reason))
            pursue.pursue(draft, order.position_id)

    patch.setitem(trader._HANDLE, i.CancelRefused, wrong)


@bug()
def a_foreign_order_is_cancelled(patch: pytest.MonkeyPatch) -> None:
    real = effects_of

    def wrong(fact: f.AnyFact, state: TraderState) -> Effect | None:
        if isinstance(fact, f.ForeignFound):
            return Cancel(fact.report.client_order_id, fact.report.symbol)
        return real(fact, state)

    patch.setattr(drafts, "effects_of", wrong)


@bug(within=200)
def the_owners_own_orders_are_taken_for_ours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "is_ours", lambda name: True)


# ── fills and money ───────────────────────────────────────────────────────────────────────


@bug()
def a_fill_is_counted_as_often_as_it_comes(patch: pytest.MonkeyPatch) -> None:
    _after(patch, f.FillBooked, lambda state, fact: state.seen_fills.clear())


@bug(within=200)
def a_restart_forgets_which_fills_were_seen(patch: pytest.MonkeyPatch) -> None:
    _after(patch, f.Restarted, lambda state, fact: state.seen_fills.clear())


@bug()
def fees_are_left_out_of_the_account(patch: pytest.MonkeyPatch) -> None:
    real = evolve._APPLY[f.FillBooked]

    def wrong(state: TraderState, fact: f.FillBooked) -> None:
        real(state, replace(fact, fill=replace(fact.fill, fees=())))

    patch.setitem(evolve._APPLY, f.FillBooked, wrong)


@bug()
def fees_cost_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(on_orders, "fee_value", lambda *given: (Quote(ZERO), ()))


@bug(within=200)
def a_fill_before_the_answer_is_dropped(patch: pytest.MonkeyPatch) -> None:
    real = on_orders.book

    def wrong(draft: Draft, fill: Any) -> None:
        order = draft.state.order(fill.client_order_id)
        if order is not None and order.status is OrderStatus.INTENDED:
            return
        real(draft, fill)

    def trusting(draft: Draft, order: Order, report: Any) -> None:
        status = on_orders._ENDED[report.status]
        draft.emit(f.OrderEnded(draft.at, order.client_order_id, status, order.filled, report.reason))

    patch.setattr(on_orders, "book", wrong)
    patch.setattr(on_orders, "_end", trusting)


@bug(within=200)
def the_venues_own_sum_of_fills_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    def wrong(draft: Draft, order: Order, report: Any) -> None:
        status = on_orders._ENDED[report.status]
        draft.emit(f.OrderEnded(draft.at, order.client_order_id, status, order.filled, report.reason))

    patch.setattr(on_orders, "_end", wrong)


@bug(within=200)
def money_that_came_in_is_taken_for_profit(patch: pytest.MonkeyPatch) -> None:
    def wrong(state: TraderState, fact: f.BalanceFlowed) -> None:
        evolve._hold(state, fact.coin, fact.amount)
        state.equity = Quote(state.equity + fact.value)

    patch.setitem(evolve._APPLY, f.BalanceFlowed, wrong)


@bug()
def profit_is_counted_in_floats(patch: pytest.MonkeyPatch) -> None:
    real = Position.realised.fget  # type: ignore[attr-defined]
    patch.setattr(Position, "realised", property(lambda self: Quote(Decimal(float(real(self))))))


@bug(within=200)
def a_reconciliation_repairs_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "plan", lambda state, picture: [])


# ── protection ────────────────────────────────────────────────────────────────────────────


@bug(within=200)
def a_stop_that_was_lost_is_not_put_back(patch: pytest.MonkeyPatch) -> None:
    real = pursue._place_stop

    def wrong(draft: Draft, position: Position) -> None:
        if not position.stop_refusals:
            real(draft, position)

    patch.setattr(pursue, "_place_stop", wrong)


@bug()
def stops_cover_half(patch: pytest.MonkeyPatch) -> None:
    real = pursue._intend

    def wrong(draft: Draft, position: Position, purpose: Purpose, *rest: Any) -> None:
        half = Quantity(position.left + position.quantity / 2)
        real(draft, replace(position, left=half) if purpose is Purpose.STOP else position, purpose, *rest)

    patch.setattr(pursue, "_intend", wrong)
    patch.setattr(pursue, "_mend_stop", lambda *given: None)


@bug()
def more_is_sold_than_is_ours(patch: pytest.MonkeyPatch) -> None:
    real = sellable

    def wrong(position: Position, instrument: Any) -> Quantity:
        return Quantity(real(position, instrument) + instrument.lot)

    patch.setattr(pursue, "sellable", wrong)


@bug(within=200)
def an_exit_is_sized_on_a_part_of_its_entry(patch: pytest.MonkeyPatch) -> None:
    real = pursue._leave
    patch.setattr(
        pursue, "_leave", lambda draft, position, orders: real(draft, position, replace(orders, entry=None))
    )


@bug()
def an_exit_does_not_wait_for_its_stop(patch: pytest.MonkeyPatch) -> None:
    real = pursue._leave
    patch.setattr(
        pursue, "_leave", lambda draft, position, orders: real(draft, position, replace(orders, stop=None))
    )


@bug()
def a_position_is_closed_before_its_exit_is_settled(patch: pytest.MonkeyPatch) -> None:
    real = pursue._leave

    def wrong(draft: Draft, position: Position, orders: pursue.Orders) -> None:
        if orders.exit is not None:
            pursue._close(draft, position, position.exit_reason)
        else:
            real(draft, position, orders)

    patch.setattr(pursue, "_leave", wrong)


@bug()
def dust_is_taken_for_a_position(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pursue, "_is_dust", lambda draft, position: position.quantity <= ZERO)


# ── the owner's word ──────────────────────────────────────────────────────────────────────


@bug(within=200)
def a_restart_forgets_the_halt(patch: pytest.MonkeyPatch) -> None:
    def forget(state: TraderState, fact: f.Restarted) -> None:
        state.halted, state.halted_at = "", None

    _after(patch, f.Restarted, forget)


@bug(within=200)
def entries_go_on_while_paused(patch: pytest.MonkeyPatch) -> None:
    _let_pass(patch, "the connection is")
    real = on_signals.on_signal

    def wrong(draft: Draft, signal: Signal) -> None:
        preset = draft.settings.presets.get(signal.preset)
        if preset is not None and draft.state.state is State.PAUSED and signal.action is Action.ENTER:
            on_signals._enter(draft, preset, signal)
        else:
            real(draft, signal)

    patch.setattr(on_signals, "on_signal", wrong)


@bug()
def a_command_that_comes_again_acts_again(patch: pytest.MonkeyPatch) -> None:
    _after(patch, f.CommandDone, lambda state, fact: state.done_commands.clear())


@bug()
def an_alert_is_not_stored_with_its_fact(patch: pytest.MonkeyPatch) -> None:
    real = notice_of

    def wrong(fact: f.AnyFact, state: TraderState) -> Notice | None:
        loud = isinstance(fact, f.OutcomeLost | f.HaltLatched | f.StopRefused | f.ExitRefused)
        return None if loud else real(fact, state)

    patch.setattr(drafts, "notice_of", wrong)
