"""Orders of ours that are in neither of the venue's lists: listed late, or lost by the venue.

Neither list proves that an order is gone (S11, A10), and a stop that is believed to work while it does not leaves its
position bare (law 5). So one that worked is cancelled first, lest it work beside the one that takes its place, and
has ended once three things agree: its cancel is some time ago and the venue goes on not knowing it; our books are the
account's to the last digit of the quote coin, so that it traded nothing; and nothing else moved meanwhile. Where they
do not agree, since the owner moves money meanwhile, the executions are waited for; he was called.
"""

from __future__ import annotations

from datetime import timedelta

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.due import due
from engine.core.ids import Coin, base_of
from engine.core.model import Side, VenuePicture
from engine.core.money import ZERO
from engine.core.on_orders import LISTED_LATE, NOT_FOUND_PATIENCE, ask, pursue_order, trouble
from engine.core.orders import Order, OrderStatus
from engine.core.reconcile import ShortfallGone, balances_off

TOLD_BY_THEN = timedelta(minutes=3)
"""What an order sold before it was forgotten stands in the list of executions after this long."""


def not_found(draft: Draft, order: Order | None, picture: VenuePicture) -> None:
    """One that a whole picture did not find. Asked for again, at once if it is unknown: a picture proves that the venue
    answers, which the last question may not have."""
    if order is None:
        return
    works = order.status is OrderStatus.WORKING
    if works and not order.cancel_wanted and _is_missed(draft, order):
        _cancel(draft, order)
    elif works and _is_gone(draft, order, picture) and _traded_nothing(draft, order, picture):
        _end(draft, order)
    elif order.status is OrderStatus.UNKNOWN or due(draft.at, order.ask_after):
        ask(draft, order)


def _is_gone(draft: Draft, order: Order, picture: VenuePicture) -> bool:
    """By the time that has passed since its cancel, or sooner by what it no longer holds."""
    return _is_lost(draft, order) or (order.cancel_wanted and _holds_nothing(draft, order, picture))


def _holds_nothing(draft: Draft, order: Order, picture: VenuePicture) -> bool:
    """Its name is not known, the list lacks it, its cancel was answered, and the coins that it would hold are free:
    each of these answers would have to be wrong. So a stop that the venue forgot (restarted, expired) is put back
    within seconds of being missed (S14)."""
    if order.side is not Side.SELL or not picture.stops_lock or not order.cancel_refusals:
        return False
    coin = base_of(order.symbol)
    there = next((one for one in picture.balances if one.coin == coin), None)
    if there is None or not there.told:
        return False
    others = sum(
        (one.remaining for one in draft.state.orders.values() if one is not order and _sells(one, coin)), ZERO
    )
    return there.used < others + order.remaining


def _sells(order: Order, coin: Coin) -> bool:
    return order.side is Side.SELL and base_of(order.symbol) == coin and not order.status.ended


def _is_missed(draft: Draft, order: Order) -> bool:
    """Not for the first time, and too old to be listed late."""
    again = order.attempts > 0 and due(draft.at, order.ask_after)
    if order.ask_after is not None and draft.at - order.ask_after > LISTED_LATE:
        return False  # that it was missed hours ago, and found since, does not count
    return again and draft.at - order.created_at >= NOT_FOUND_PATIENCE


def _cancel(draft: Draft, order: Order) -> None:
    words = "it worked, and the venue does not know it any more: it is cancelled, to be sure"
    trouble(draft, f.Trouble.ORDER_UNCERTAIN, order.client_order_id, words)
    draft.emit(f.CancelIntended(draft.at, order.client_order_id, "the venue does not know it any more"))


def _is_lost(draft: Draft, order: Order) -> bool:
    """Asked for again after its cancel, and never seen since: an answer that it works takes the cancel back."""
    since = order.cancel_since
    return since is not None and order.attempts >= 2 and draft.at - since >= NOT_FOUND_PATIENCE


def _traded_nothing(draft: Draft, order: Order, picture: VenuePicture) -> bool:
    """Had it traded, the account would not have exactly our coins; where the owner has coins of his own, which hide
    what it sold (A2), its money would be in the account and not in our books."""
    if picture.held_before not in (None, draft.state.holdings):
        return False
    coin = base_of(order.symbol)
    if any(not one.told and one.coin in (coin, draft.state.quote) for one in picture.balances):
        return False  # a row that could not be read is no proof of anything
    theirs = sum((one.total for one in picture.balances if one.coin == coin), ZERO)
    ours = draft.state.holdings.get(coin, ZERO)
    if theirs == ours:
        return True  # a deposit of money meanwhile proves nothing against it
    off = balances_off(draft.state, picture.balances, picture.open_orders)
    return all(isinstance(one, ShortfallGone) for one in off) or (
        theirs > ours and _no_execution_tells(draft, order, picture)
    )


def _no_execution_tells(draft: Draft, order: Order, picture: VenuePicture) -> bool:
    """Where the owner has such coins, too, and moves money meanwhile, neither coins nor money prove it: then
    the venue's executions do, once they would be listed. Without that nothing would ever be known again, and the
    position stay bare for as long as he does not look."""
    since = order.cancel_since
    if since is None or draft.at - since < TOLD_BY_THEN:
        return False
    return not any(
        fill.symbol == order.symbol
        and fill.side is order.side
        and fill.at >= order.created_at
        and (fill.symbol, fill.id) not in draft.state.seen_fills
        and (fill.symbol, fill.id) not in draft.state.outside_sales
        for fill in picture.fills
    )


def _end(draft: Draft, order: Order) -> None:
    words = "the venue does not know it any more"
    name = order.client_order_id
    draft.emit(f.OrderEnded(draft.at, name, OrderStatus.CANCELLED, order.filled, words))
    pursue_order(draft, name)
