"""Deliberate mistakes about what the venue says, and about what the owner sends: each would believe one lying answer,
buy again what could not be protected, or lose a command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from bot.telegram import inbox
from engine import account_watch, connection, entry_hold, executor, reconciler, runner, safer_now
from engine.core import entry_bar, evolve, forgotten, on_reconcile, pursue, sold_outside, trader
from engine.core import facts as f
from engine.core import inputs as i
from engine.core.draft import Draft
from engine.core.errors import KeyRefused, PocketdeskError, Rejected, StorageTrouble
from engine.core.ids import Coin, base_of
from engine.core.model import Balance, Instrument, VenuePicture
from engine.core.money import ZERO, Quantity, Quote
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.reconcile import Shortfall
from engine.core.state import TraderState
from engine.desk import Answer
from engine.exchanges import answers, numbers, parse, refusals
from engine.exchanges.numbers import not_negative
from engine.exchanges.wire import Attempt
from sandbox.simulation import lies
from tests.simulation.bugs import BUGS, _after, _let_pass, bug

__all__ = ["BUGS"]

# ── rows and balances ─────────────────────────────────────────────────────────────────────


@bug(within=30, first=20_020)
def a_balance_that_can_not_be_read_is_zero(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "_balance_or_not", lambda coin, free, used, tell: Balance(Coin(coin), ZERO))


@bug(within=200)
def a_null_beside_what_is_locked_is_zero(patch: pytest.MonkeyPatch) -> None:
    def wrong(coin: str, free: object, used: object) -> Balance:
        return Balance(Coin(coin), not_negative(free or 0, coin), not_negative(used or 0, coin))

    patch.setattr(answers, "_balance", wrong)


@bug(within=30, first=20_018)
def a_balance_below_zero_is_a_balance(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "not_negative", numbers.number)


@bug(within=30, first=20_031)
def a_price_of_nothing_is_a_price(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parse, "positive", numbers.number)


@bug(within=200)
def missing_coins_are_written_off_on_one_answer(patch: pytest.MonkeyPatch) -> None:
    def wrong(draft: Draft, short: Shortfall, picture: VenuePicture, certain: bool) -> None:
        sold_outside._take(draft, short.coin, Quantity(short.ours - short.theirs), None)

    patch.setattr(on_reconcile, "on_shortfall", wrong)


@bug(within=200)
def a_shortfall_cancels_our_stops(patch: pytest.MonkeyPatch) -> None:
    real = sold_outside.on_shortfall

    def wrong(draft: Draft, short: Shortfall, picture: VenuePicture, certain: bool) -> None:
        real(draft, short, picture, certain)
        for order in list(draft.state.orders.values()):
            its = base_of(order.symbol) == short.coin and order.purpose is Purpose.STOP
            if its and order.status is OrderStatus.WORKING and not order.cancel_wanted:
                draft.emit(f.CancelIntended(draft.at, order.client_order_id, "the coins are gone"))

    patch.setattr(on_reconcile, "on_shortfall", wrong)


@bug(within=200)
def other_accounts_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    async def wrong(exchange: Any, coins: Collection[Coin]) -> tuple[Mapping[Coin, Decimal], bool]:
        return {}, True

    patch.setattr(reconciler, "_elsewhere", wrong)


# ── somebody else's answer ────────────────────────────────────────────────────────────────


@bug(within=200)
def a_proxys_401_is_the_venues_word_on_the_key(patch: pytest.MonkeyPatch) -> None:
    real = refusals.meaning_of_question

    def wrong(error: Exception, venue: str, asked: Attempt) -> PocketdeskError:
        return KeyRefused("401") if asked.status == 401 else real(error, venue, asked)

    patch.setattr(refusals, "meaning_of_question", wrong)


@bug(within=20, first=20_100)
def a_proxys_page_refuses_an_order(patch: pytest.MonkeyPatch) -> None:
    real = refusals.meaning_of_act

    def wrong(error: Exception, venue: str, sent: Attempt) -> PocketdeskError:
        refused = sent.status is not None and 400 <= sent.status < 500
        return Rejected("4xx") if refused else real(error, venue, sent)

    patch.setattr(refusals, "meaning_of_act", wrong)


@bug(within=200)
def another_programs_json_is_an_empty_account(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lies, "checked", lambda venue, fetch: fetch)


@bug(within=200)
def an_entry_while_the_reconciliation_fails(patch: pytest.MonkeyPatch) -> None:
    _let_pass(patch, "could not be held")


@bug(within=200)
def a_reconciliation_that_fails_is_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(trader._HANDLE, i.ReconcileFailed, lambda draft, input: None)


# ── stops and rules ───────────────────────────────────────────────────────────────────────


@bug(within=200)
def what_could_not_be_protected_is_bought_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(entry_bar, "denies", lambda state, symbol: "")


@bug(within=200)
def a_restart_forgets_what_could_not_be_protected(patch: pytest.MonkeyPatch) -> None:
    _after(patch, f.Restarted, lambda state, fact: state.barred.clear())


@bug(within=200)
def a_stop_that_is_taken_hours_later_asks_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(entry_bar, "BY_ITSELF", entry_bar.BY_ITSELF * 1000)


@bug(within=20, first=20_046)
def a_stop_for_a_part_is_told_to_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(entry_bar, "stop_wanted", lambda draft, position: None)


@bug(within=200)
def a_lost_stop_is_missed_at_the_next_whole_look(patch: pytest.MonkeyPatch) -> None:
    async def wrong(self: account_watch.AccountWatch) -> bool:
        return True

    patch.setattr(account_watch.AccountWatch, "_is_as_it_was", wrong)


@bug(within=200)
def a_lost_stop_is_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forgotten, "_holds_nothing", lambda draft, order, picture: False)


@bug(within=200)
def a_stop_that_no_list_shows_has_ended(patch: pytest.MonkeyPatch) -> None:
    def wrong(draft: Draft, order: Order | None, picture: VenuePicture) -> None:
        if order is not None:
            forgotten._end(draft, order)

    patch.setattr(on_reconcile, "not_found", wrong)


@bug(within=200)
def rules_are_read_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(executor, "RuleRejected", ())
    patch.setattr(connection.Connection, "_reconnected", lambda self: None)


@bug(within=200)
def the_client_keeps_the_rules_that_it_had(patch: pytest.MonkeyPatch) -> None:
    from sandbox.simulation.access import Access

    patch.setattr(Access, "forget_rules", lambda self: None)


@bug(within=200)
def the_cap_of_orders_at_market_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Instrument, "most_at_market", lambda self, price: self.max_quantity)


@bug(within=200)
def a_stop_keeps_the_tick_that_it_had(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pursue, "_stop_price", lambda draft, position: position.stop)


# ── flows ─────────────────────────────────────────────────────────────────────────────────


def _flows(patch: pytest.MonkeyPatch, marks: Callable[[TraderState, Quote], None]) -> None:
    real = evolve._APPLY[f.BalanceFlowed]

    def wrong(state: TraderState, fact: f.BalanceFlowed) -> None:
        high, day = state.high_water, state.day_mark
        real(state, fact)
        state.high_water, state.day_mark = high, day
        marks(state, fact.value)

    patch.setitem(evolve._APPLY, f.BalanceFlowed, wrong)


@bug(within=200)
def the_peak_stays_when_money_flows(patch: pytest.MonkeyPatch) -> None:
    _flows(patch, lambda state, value: None)


@bug(within=200)
def a_flow_is_added_to_the_peak(patch: pytest.MonkeyPatch) -> None:
    def marks(state: TraderState, value: Quote) -> None:
        state.high_water = Quote(state.high_water + value)
        state.day_mark = Quote(state.day_mark + value)

    _flows(patch, marks)


@bug(within=200)
def a_deposit_begins_the_loss_anew(patch: pytest.MonkeyPatch) -> None:
    def marks(state: TraderState, value: Quote) -> None:
        if value > ZERO:
            state.high_water = state.day_mark = state.equity

    _flows(patch, marks)


# ── what the owner sends ──────────────────────────────────────────────────────────────────


@bug(within=200)
def it_is_acknowledged_before_it_is_stored(patch: pytest.MonkeyPatch) -> None:
    real = inbox.UpdateInbox.stored_within

    async def wrong(self: inbox.UpdateInbox, seconds: float) -> bool:
        self.later = asyncio.get_running_loop().create_task(real(self, seconds))  # type: ignore[attr-defined]
        return True

    patch.setattr(inbox.UpdateInbox, "stored_within", wrong)


@bug(within=200)
def what_was_left_undone_stays_undone(patch: pytest.MonkeyPatch) -> None:
    async def wrong(self: inbox.UpdateInbox) -> None:
        self._known |= await self._keeper.known()

    patch.setattr(inbox.UpdateInbox, "take_up", wrong)


@bug(within=20, first=20_072)
def a_halt_waits_for_the_database(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(entry_hold.EntryHold, "put_on", lambda self, reason: None)


@bug(within=20, first=20_097)
def a_halt_that_could_not_be_written_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    async def wrong(one: connection.Connection, command: i.Command, reason: str) -> Answer:
        answer = Answer()
        with suppress(StorageTrouble):
            answer = await one.runner.ask(command)
        one.hold.take_off(reason)
        return answer

    patch.setattr(safer_now, "_write_down", wrong)


@bug(within=200)
def it_is_called_done_before_it_is_written(patch: pytest.MonkeyPatch) -> None:
    real = runner.Runner.ask

    async def wrong(self: runner.Runner, command: i.Command) -> Answer:
        self.later = asyncio.get_running_loop().create_task(real(self, command))  # type: ignore[attr-defined]
        return Answer()

    patch.setattr(runner.Runner, "ask", wrong)
