"""A short look at the account: enough to see whether it has to be asked for everything.

A whole picture costs some two requests for each instrument and one for each order. A glance costs one, and one more
for each instrument in which something of ours works: often enough to keep law 3, and venues with narrow limits bear it.
What it can't see is an order of our mark in an instrument without any of our own, and moves that cancel out to the last
digit: the whole picture, taken every few minutes, shows those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.core.ids import ClientOrderId, Coin, Symbol, is_ours
from engine.core.model import Balance, OrderReport
from engine.core.money import ZERO
from engine.core.orders import OrderStatus
from engine.core.reconcile import balances_off
from engine.core.state import TraderState


@dataclass(frozen=True, slots=True)
class Glance:
    """The whole account's balances, and what is open in the instruments of our orders."""

    balances: tuple[Balance, ...]
    open_orders: tuple[OrderReport, ...]


@dataclass(frozen=True, slots=True)
class Calm:
    """A glance that showed nothing new, and the books that it was held against."""

    state: TraderState
    glance: Glance

    def still_holds(self, state: TraderState, glance: Glance) -> bool:
        """Whether all is as it was then: the short way for nearly every glance of a day, since the frozen values in
        these dicts are the very same ones."""
        then = self.state
        return (
            glance == self.glance
            and state.orders == then.orders
            and state.positions == then.positions
            and state.holdings == then.holdings
            and state.foreign == then.foreign
            and state.shortfalls == then.shortfalls
        )


def beyond(holdings: Mapping[Coin, Decimal], balances: Iterable[Balance]) -> dict[Coin, Decimal]:
    """What the account has of each coin beyond our books, negative where it has less. It stays as it is for as long as
    everything that moves is in our books: trades of ours change both sides alike."""
    apart = {one.coin: one.total - holdings.get(one.coin, ZERO) for one in balances}
    apart |= {coin: -amount for coin, amount in holdings.items() if coin not in apart}
    return {coin: amount for coin, amount in apart.items() if amount}


def shows_nothing_new(
    state: TraderState, glance: Glance, before: Mapping[Coin, Decimal], left_out: Collection[Symbol] = ()
) -> bool:
    """Whether the account still is what our books say; `before` is what was beyond them at the last whole picture,
    `left_out` what could not be asked about, since the venue does not list it (M7).
    False as well while an outcome is unknown or a cancel is under way: those are asked for one by one."""
    orders = state.orders.values()
    if any(one.status is not OrderStatus.WORKING or one.cancel_wanted for one in orders):
        return False
    told = {
        one.client_order_id: one.filled
        for one in glance.open_orders
        if one.client_order_id in state.orders or _is_new(state, one.client_order_id)
    }
    works = {one.client_order_id: one.filled for one in orders if one.symbol not in left_out}
    if told != works or beyond(state.holdings, glance.balances) != before:
        return False
    # What the last whole picture did not judge, because something was under way, must not pass for agreement.
    return not any(balances_off(state, glance.balances, glance.open_orders))


def _is_new(state: TraderState, name: ClientOrderId) -> bool:
    """Of an order that is not among those under way. Not one that the owner decided about, nor one that ended in our
    books and is listed still: venues list late, and of one that stays listed the next whole picture asks. One that was
    never to be found is news: it is there after all (O22)."""
    ended = state.settled_orders.get(name)
    if ended is not None:
        return ended.status is OrderStatus.NEVER_ARRIVED
    return is_ours(name) and name not in state.foreign
