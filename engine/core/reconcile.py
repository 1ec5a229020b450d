"""Our books held against the venue's: (state, picture) -> an ordered plan of repair.

Fills first, since they explain most differences; then the states of orders; then what the venue does not know; then
what is foreign; balances last, and only when all is quiet. The owner's own orders and coins are never touched: only
orders with our mark are looked at, and only a coin that holds *less* than our positions is a difference (law 4, A2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from engine.core.ids import ClientOrderId, Coin, FillId, Symbol, base_of, is_ours
from engine.core.model import Balance, Direction, Fill, OrderReport, OrderType, Side, VenuePicture
from engine.core.money import ZERO, Quantity
from engine.core.orders import Order, OrderStatus
from engine.core.state import TraderState

QUOTE_NOISE = Decimal("0.00000001")
"""Differences of the quote coin below this are rounding, not money that came or went."""


@dataclass(frozen=True, slots=True)
class BookFill:
    """An execution that we missed."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class TakeReport:
    """The venue knows more of one of our orders than we do."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class AskAgain:
    """One of our orders is in neither list: it may have ended, or be listed late.

    It is asked for, never dropped (A10).
    """

    client_order_id: ClientOrderId


@dataclass(frozen=True, slots=True)
class TellForeign:
    """An order with our mark that is not in our books."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The account is said to hold less of a coin than our positions. `locked` is what orders of ours hold of it there,
    as the venue's own list of orders says: more than `theirs` contradicts it (A12)."""

    coin: Coin
    ours: Quantity
    theirs: Quantity
    locked: Quantity = Quantity(ZERO)

    @property
    def contradicted(self) -> bool:
        return self.locked > self.theirs


@dataclass(frozen=True, slots=True)
class ShortfallGone:
    coin: Coin


@dataclass(frozen=True, slots=True)
class QuoteFlow:
    """Quote money came or went that no fill explains."""

    amount: Decimal


Repair = BookFill | TakeReport | AskAgain | TellForeign | Shortfall | ShortfallGone | QuoteFlow


def plan(state: TraderState, picture: VenuePicture) -> list[Repair]:
    """What has to be put right, in this order. Nothing when both books agree."""
    repairs: list[Repair] = [*_fills(state, picture), *_reports(state, picture)]
    repairs += _missing(state, picture)
    judged = not repairs and is_quiet(state) and picture.held_before in (None, state.holdings)
    repairs += _foreign(state, picture)  # in no book of ours, so it hides nothing in the balances
    if judged:
        repairs += balances_off(state, picture.balances, _ours(state, picture), picture.stops_lock)
    return repairs


def _fills(state: TraderState, picture: VenuePicture) -> Iterator[BookFill]:
    """Each once, whether it stands in the list of fills, beside its order, or in both."""
    told: set[tuple[Symbol, FillId]] = set()
    beside = (fill for report in (*picture.orders, *picture.open_orders) for fill in report.fills)
    for fill in (*picture.fills, *beside):
        key = (fill.symbol, fill.id)
        if key not in state.seen_fills and key not in told and state.order(fill.client_order_id) is not None:
            told.add(key)
            yield BookFill(fill)


def _reports(state: TraderState, picture: VenuePicture) -> Iterator[TakeReport]:
    for report in _ours(state, picture):
        order = state.order(report.client_order_id)
        if order is not None and _tells_more(order, report):
            yield TakeReport(report)


def _ours(state: TraderState, picture: VenuePicture) -> Iterable[OrderReport]:
    """The newest report of each of our orders: asked one by one counts before the list."""
    listed = {one.client_order_id: one for one in picture.open_orders if state.order(one.client_order_id)}
    asked = {one.client_order_id: one for one in picture.orders}
    return (listed | asked).values()


def _tells_more(order: Order, report: OrderReport) -> bool:
    """Of an order that ended only this: that it had been given up and works after all (O22)."""
    if order.status.ended:
        return order.status is OrderStatus.NEVER_ARRIVED and not report.status.ended
    return report.status.ended or order.status is not OrderStatus.WORKING or report.filled > order.filled


def _missing(state: TraderState, picture: VenuePicture) -> Iterator[AskAgain]:
    for client_order_id in picture.missing:
        order = state.orders.get(client_order_id)
        if order is not None and order.status is not OrderStatus.INTENDED:
            yield AskAgain(client_order_id)


def _foreign(state: TraderState, picture: VenuePicture) -> Iterator[TellForeign]:
    for report in picture.open_orders:
        known = report.client_order_id in state.foreign or state.order(report.client_order_id) is not None
        if is_ours(report.client_order_id) and not known:
            yield TellForeign(report)


def is_quiet(state: TraderState) -> bool:
    """Nothing under way that could move a balance between two questions. What rests is quiet, a stop or an adopted
    limit order: it may do so for weeks, and what it fills the picture shows."""
    return all(
        order.status is OrderStatus.WORKING and order.type is not OrderType.MARKET and not order.cancel_wanted
        for order in state.orders.values()
    )


def balances_off(
    state: TraderState,
    balances: Iterable[Balance],
    reports: Iterable[OrderReport] = (),
    stops_lock: bool = True,
) -> Iterator[Repair]:
    """What the account's coins and money say against our books; to be judged only while nothing moves. `reports` are
    our orders as the venue tells them: balances that lack what those hold are contradicted by the venue itself. Nothing
    else of an answer that is in doubt is believed, its money neither: it may be what the owner got for the coins that
    are missing (law 17)."""
    balances = tuple(balances)
    totals = {balance.coin: balance.total for balance in balances}
    untold = {balance.coin for balance in balances if not balance.told}
    locks = locked(state, reports, stops_lock)
    sound = True
    for coin, ours in held(state).items():
        theirs = totals.get(coin, ZERO)
        if coin in untold:
            continue
        if theirs < ours:
            short = Shortfall(coin, ours, Quantity(theirs), locks.get(coin, Quantity(ZERO)))
            known = state.shortfalls.get(coin)
            unproven = known is None or known.doubt.is_open
            sound = sound and not (short.contradicted or unproven)
            yield short
        elif coin in state.shortfalls:
            yield ShortfallGone(coin)
    for coin in state.shortfalls:
        if coin not in held(state):
            yield ShortfallGone(coin)
    flow = totals.get(state.quote, ZERO) - state.holdings.get(state.quote, ZERO)
    if sound and state.quote not in untold and abs(flow) > QUOTE_NOISE:
        yield QuoteFlow(flow)


def locked(state: TraderState, reports: Iterable[OrderReport], stops_lock: bool) -> dict[Coin, Quantity]:
    """What of each coin our orders to sell hold at the venue, as it says itself."""
    found: dict[Coin, Quantity] = {}
    for report in reports:
        order = state.orders.get(report.client_order_id)
        if order is None or order.side is not Side.SELL or report.status.ended:
            continue
        if order.type is OrderType.STOP and not stops_lock:
            continue
        rest = (report.quantity or order.quantity) - report.filled
        coin = base_of(order.symbol)
        found[coin] = Quantity(found.get(coin, ZERO) + max(rest, ZERO))
    return found


def unasked(state: TraderState, picture: VenuePicture) -> set[Coin]:
    """The coins of orders that were not asked for by name, such as in an instrument that the venue does not list for a
    while: what is missing of them may have been sold by those orders. That they are listed as open proves nothing: a
    list may be late."""
    told = {one.client_order_id for one in picture.orders} | {*picture.missing}
    return {base_of(order.symbol) for name, order in state.orders.items() if name not in told}


def held(state: TraderState) -> dict[Coin, Quantity]:
    """What our long positions hold of each coin, dust of closed ones left out: we ask no more of the account."""
    sums: dict[Coin, Quantity] = {}
    for position in state.positions.values():
        if position.direction is Direction.LONG and position.quantity > ZERO:
            coin = base_of(position.symbol)
            sums[coin] = Quantity(sums.get(coin, ZERO) + position.quantity)
    return sums
