"""One connection's state machine: decide(input) -> facts; evolve(fact); effects follow from facts.

`decide` is a pure function of settings, state, market and the input with its time. It changes nothing: the new state
is in the Decision and becomes the trader's own once the facts are on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.core import breakers, exits, on_commands, on_orders, on_reconcile, on_signals, unled
from engine.core import facts as f
from engine.core import inputs as i
from engine.core.draft import Draft
from engine.core.effects import Effect
from engine.core.ids import Coin
from engine.core.market import Market
from engine.core.model import Mode, State, Ticker
from engine.core.money import ZERO, Quote
from engine.core.notices import Notice
from engine.core.orders import OrderStatus
from engine.core.pursue import pursue, pursue_all
from engine.core.settings import TraderSettings
from engine.core.state import TraderState


class Decision(NamedTuple):
    """`state` is what the given state becomes by `facts`; the very same object when there are none."""

    facts: Sequence[f.AnyFact]
    notices: Sequence[Notice]
    effects: Sequence[Effect]
    state: TraderState


def decide(settings: TraderSettings, state: TraderState, market: Market, input: i.Input) -> Decision:
    """What follows from one input. `market` must have seen the input already."""
    draft = Draft(settings, state, market, input.at)
    _handler(input)(draft, input)
    return Decision(draft.facts, draft.notices, draft.effects, draft.state)


def _opened(draft: Draft, input: i.Opened) -> None:
    """The first input of every process. What was under way when the last one ended is unknown, and is asked for."""
    if draft.state.opened_at is None:
        _open_book(draft, input.nonce)
        return
    draft.emit(f.Restarted(draft.at, input.clean))
    for order in list(draft.state.orders.values()):
        if order.status is OrderStatus.INTENDED:
            draft.emit(f.OutcomeLost(draft.at, order.client_order_id, "the process ended meanwhile"))
        elif order.cancel_wanted:
            on_orders.ask(draft, order)
    unled.look_for(draft)


def _open_book(draft: Draft, nonce: str) -> None:
    settings = draft.settings
    # A live account's money is not assumed: the first reconciliation reads it.
    balance = settings.starting_balance if settings.mode is Mode.PAPER else Quote(ZERO)
    draft.emit(f.BookOpened(draft.at, settings.connection, settings.mode, nonce, settings.quote, balance))
    wanted = settings.initial_state if settings.mode is Mode.PAPER else State.PAUSED
    draft.emit(f.StateChanged(draft.at, wanted, "config"))


def _price_seen(draft: Draft, input: i.PriceSeen) -> None:
    """The hot path: with nothing to do it neither copies nor allocates."""
    if draft.state.unpriced:
        _price_fees(draft, input.ticker)
    for position_id in draft.state.positions_in.get(input.ticker.symbol, ()):
        before = len(draft.facts)
        exits.check_price(draft, draft.state.positions[position_id], input.ticker)
        if len(draft.facts) > before:
            pursue(draft, position_id)


def _price_fees(draft: Draft, ticker: Ticker) -> None:
    """The first price of a coin in which fees were paid: counted from now on, at this price of moments later."""
    coin, _, quote = ticker.symbol.partition("/")
    if quote != draft.state.quote:
        return
    for position_id in draft.state.unpriced.get(Coin(coin), ()):
        its = draft.state.positions[position_id].unpriced
        value = sum((fee.amount for fee in its if fee.coin == coin), ZERO) * ticker.last
        draft.emit(f.FeesPriced(draft.at, position_id, Coin(coin), ticker.last, Quote(value)))


def _timer_ticked(draft: Draft, input: i.TimerTicked) -> None:
    on_orders.ask_what_is_due(draft)
    on_orders.cancel_orphans(draft)
    for position in list(draft.state.positions.values()):
        exits.check_time(draft, position)
    pursue_all(draft)
    on_orders.tell_what_lasts(draft)


def _equity_due(draft: Draft, input: i.EquityDue) -> None:
    breakers.mark(draft)


def _signal_seen(draft: Draft, input: i.SignalSeen) -> None:
    on_signals.on_signal(draft, input.signal)


def _instruments_seen(draft: Draft, input: i.InstrumentsSeen) -> None:
    """New rules may make possible what was not: positions are looked at again."""
    pursue_all(draft)


def _order_seen(draft: Draft, input: i.OrderSeen) -> None:
    on_orders.on_report(draft, input.report)


def _fill_seen(draft: Draft, input: i.FillSeen) -> None:
    on_orders.on_fill(draft, input.fill)


def _order_refused(draft: Draft, input: i.OrderRefused) -> None:
    on_orders.on_refused(draft, input)


def _order_lost(draft: Draft, input: i.OrderOutcomeUnknown) -> None:
    on_orders.on_lost(draft, input.client_order_id, input.reason)


def _order_not_found(draft: Draft, input: i.OrderNotFound) -> None:
    on_orders.on_not_found(draft, input.client_order_id)


def _ask_failed(draft: Draft, input: i.AskFailed) -> None:
    """'I could not ask' is not 'it is not there' (law 2): the next question is due already."""


def _cancel_refused(draft: Draft, input: i.CancelRefused) -> None:
    on_orders.on_cancel_refused(draft, input.client_order_id, input.reason)


def _picture_seen(draft: Draft, input: i.PictureSeen) -> None:
    on_reconcile.on_picture(draft, input)


def _reconcile_failed(draft: Draft, input: i.ReconcileFailed) -> None:
    """'I could not ask' changes nothing; the owner hears that the venue can't be asked."""
    on_orders.trouble(draft, f.Trouble.RECONCILE_FAILED, "", input.reason)


def _trouble_seen(draft: Draft, input: i.TroubleSeen) -> None:
    on_orders.trouble(draft, input.trouble, input.subject, input.detail)


def _trouble_gone(draft: Draft, input: i.TroubleGone) -> None:
    if input.trouble is f.Trouble.VENUE_UNREACHABLE:
        on_orders.ask_at_once(draft)
    on_orders.trouble_over(draft, input.trouble, input.subject)


_HANDLE: dict[type[i.Input], Callable[[Draft, Any], None]] = {
    i.Opened: _opened,
    i.PriceSeen: _price_seen,
    i.TimerTicked: _timer_ticked,
    i.EquityDue: _equity_due,
    i.SignalSeen: _signal_seen,
    i.InstrumentsSeen: _instruments_seen,
    i.OrderSeen: _order_seen,
    i.FillSeen: _fill_seen,
    i.OrderRefused: _order_refused,
    i.OrderOutcomeUnknown: _order_lost,
    i.OrderNotFound: _order_not_found,
    i.AskFailed: _ask_failed,
    i.CancelRefused: _cancel_refused,
    i.PictureSeen: _picture_seen,
    i.ReconcileFailed: _reconcile_failed,
    i.TroubleSeen: _trouble_seen,
    i.TroubleGone: _trouble_gone,
}


def _handler(input: i.Input) -> Callable[[Draft, Any], None]:
    if isinstance(input, i.Command):
        return on_commands.on_command
    return _HANDLE[type(input)]
