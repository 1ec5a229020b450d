"""The simulated venue: one account over the pure matching. It knows everything and forgets nothing: it is the truth
that the desk's books are held against."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.core.errors import Rejected, RuleRejected
from engine.core.ids import ClientOrderId, Coin, FillId, Symbol, VenueOrderId, is_ours
from engine.core.model import Balance, Fee, Fill, OrderReport, OrderRequest, OrderType, VenueStatus
from engine.core.model import Side as OurSide
from engine.core.money import ZERO, Price, Quantity
from sandbox.exchange.matching.engine import Matching
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import (
    EventKind,
    Order,
    OrderEvent,
    Pair,
    Reason,
    Refusal,
    Side,
    Status,
    Trade,
)
from sandbox.exchange.matching.model import OrderRequest as VenueRequest
from sandbox.exchange.matching.model import OrderType as VenueType
from sandbox.simulation.loop import START
from sandbox.simulation.market import pair_id, pairs

ACCOUNT = "account"
COARSER = ("tick", "step", "min_quantity", "min_notional")
_STATUS = {
    Status.NEW: VenueStatus.OPEN,
    Status.PARTIALLY_FILLED: VenueStatus.OPEN,
    Status.FILLED: VenueStatus.FILLED,
    Status.CANCELED: VenueStatus.CANCELLED,
    Status.EXPIRED: VenueStatus.EXPIRED,
}
_TYPES = {
    OrderType.MARKET: VenueType.MARKET,
    OrderType.LIMIT: VenueType.LIMIT,
    OrderType.STOP: VenueType.STOP_LOSS,
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an order; `fill` when it was an execution. `told`: the stream may tell of it."""

    at: float
    kind: EventKind
    report: OrderReport
    fill: Fill | None
    told: bool = True


class Venue:
    """`now` tells virtual seconds; `tell` hears every event as it happens, the owner's own among them."""

    def __init__(
        self,
        fees: FeePolicy,
        balances: Mapping[str, Decimal],
        now: Callable[[], float],
        tell: Callable[[Event], None],
    ) -> None:
        self.matching = Matching(pairs(), fees, listener=self._heard)
        self.account = self.matching.open_account(ACCOUNT, balances)
        self.events: list[Event] = []
        self.fills: list[Fill] = []
        self._fills_in: defaultdict[Symbol, list[Fill]] = defaultdict(list)
        self._reports: dict[ClientOrderId, OrderReport] = {}
        self._open_reports: dict[Symbol, tuple[int, list[OrderReport]]] = {}
        self._balances: list[Balance] = []
        self._balances_at = -1
        self.accepted_at: dict[ClientOrderId, float] = {}
        self.ours: defaultdict[Coin, Decimal] = defaultdict(Decimal)
        """What our orders brought in, less what they took out and paid in fees, by coin, from the first order on."""
        self.flows: defaultdict[Coin, Decimal] = defaultdict(Decimal)
        """What came and went by anything but our orders."""
        self.elsewhere: defaultdict[Coin, Decimal] = defaultdict(Decimal)
        """What the owner keeps of each coin in another account of his."""
        self.least: dict[Symbol, Pair] = {Symbol(pair.name): pair for pair in pairs()}
        """The coarsest rules that there were so far."""
        self.rules_changed: set[Symbol] = set()
        self.finest = {symbol: pair.step for symbol, pair in self.least.items()}
        """The finest step of quantity that there was so far."""
        self._forgotten: dict[ClientOrderId, Order] = {}
        self._silent = False
        self._symbols = {pair.id: Symbol(pair.name) for pair in pairs()}
        self._ids: dict[ClientOrderId, int] = {}
        self._fills_of: defaultdict[ClientOrderId, list[Fill]] = defaultdict(list)
        self._now = now
        self._tell = tell

    # ── what a client may do ──────────────────────────────────────────────────────────────

    def submit(self, request: OrderRequest, thin: bool = False) -> OrderReport:
        """Take an order and fill what can be filled. Raises Rejected. In a `thin` market an order at market takes the
        first level only; the rest works on at that price until somebody comes."""
        if request.client_order_id in self._ids:
            raise Rejected("duplicate client order id", "DUPLICATE")
        try:
            self.matching.place(ACCOUNT, self._thin(request) if thin else _request(request), self._ms)
        except Refusal as refusal:
            kind = RuleRejected if refusal.reason is Reason.FILTER else Rejected
            raise kind(str(refusal), refusal.reason.name) from refusal
        return self._known(request.client_order_id)

    def cancel(self, client_order_id: ClientOrderId) -> OrderReport:
        """End a working order. Raises Rejected."""
        if client_order_id not in self._ids or client_order_id in self._forgotten:
            raise Rejected("unknown order", "UNKNOWN_ORDER")
        try:
            self.matching.cancel(self.order(client_order_id), self._ms)
        except Refusal as refusal:
            raise Rejected(str(refusal), refusal.reason.name) from refusal
        return self._known(client_order_id)

    def report(self, client_order_id: ClientOrderId) -> OrderReport | None:
        """An order with all its executions; None if it never arrived."""
        there = client_order_id in self._ids and client_order_id not in self._forgotten
        return self._known(client_order_id) if there else None

    def open_reports(self, symbol: Symbol) -> list[OrderReport]:
        """What works in an instrument, oldest first, without executions. Every change of an order is an event."""
        seen = self._open_reports.get(symbol)
        if seen is None or seen[0] != len(self.events):
            found = self.matching.open_orders(ACCOUNT, pair_id(symbol))
            seen = self._open_reports[symbol] = len(self.events), [self._report(order, ()) for order in found]
        return list(seen[1])

    def fills_since(self, symbol: Symbol, since: datetime) -> tuple[Fill, ...]:
        """The executions in an instrument, oldest first."""
        found = self._fills_in[symbol]
        return tuple(found[bisect_left(found, since, key=_when) :])

    def balances(self) -> list[Balance]:
        """A new list; made anew only when something moved."""
        if self._balances_at != self.account.changes:
            self._balances_at = self.account.changes
            self._balances = [Balance(Coin(coin), free, used) for coin, free, used in self.account.snapshot()]
        return list(self._balances)

    # ── the truth ─────────────────────────────────────────────────────────────────────────

    def order(self, client_order_id: ClientOrderId) -> Order:
        """The matching's own order, or as it was when it was forgotten; KeyError if it never arrived."""
        if client_order_id in self._forgotten:
            return self._forgotten[client_order_id]
        number = self._ids[client_order_id]
        return self.matching._orders[number]  # its `find` searches them all

    def knows(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._ids

    def is_forgotten(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._forgotten

    def total(self, coin: Coin) -> Decimal:
        """In all accounts of the owner's."""
        return self.account.free(coin) + self.account.locked(coin) + self.elsewhere[coin]

    def rules(self, symbol: Symbol) -> Pair:
        """As they are now."""
        return self.matching.pair(pair_id(symbol))

    def our_open(self, symbol: Symbol) -> list[Order]:
        """Working orders with our mark."""
        found = self.matching.open_orders(ACCOUNT, pair_id(symbol))
        return [order for order in found if is_ours(order.client_id)]

    def price(self, symbol: Symbol) -> Price:
        return Price(self.matching.book(pair_id(symbol)).last)

    # ── what happens by itself ────────────────────────────────────────────────────────────

    def move(self, symbol: Symbol, price: Price, volume: Decimal) -> None:
        self.matching.step(pair_id(symbol), price, volume, self._ms)

    def flow(self, coin: Coin, amount: Decimal) -> None:
        """Money comes or goes; never more than is free."""
        amount = max(amount, -self.account.free(coin))
        self.account.set_free(coin, self.account.free(coin) + amount)
        self.flows[coin] += amount

    def move_away(self, coin: Coin, amount: Decimal) -> Decimal:
        """To another account of the same owner, or back from there; never more than is free. What was moved."""
        amount = max(min(amount, self.account.free(coin)), -self.elsewhere[coin])
        self.account.set_free(coin, self.account.free(coin) - amount)
        self.elsewhere[coin] += amount
        return amount

    def set_rules(self, symbol: Symbol, changes: Mapping[str, Any]) -> None:
        """Other steps and limits; what works stays as it is."""
        now, was = self.matching.set_rules(pair_id(symbol), changes), self.least[symbol]
        coarser = {name: max(getattr(now, name), getattr(was, name)) for name in COARSER}
        self.least[symbol] = replace(was, **coarser)
        self.rules_changed.add(symbol)
        self.finest[symbol] = min(self.finest[symbol], now.step)

    def lose(self, order: Order, forgotten: bool) -> None:
        """Without a word on the stream. `forgotten`: nobody there knows any more that there was such an order."""
        name = ClientOrderId(order.client_id)
        if not forgotten:
            self._silent = True
            self.matching.cancel(order, self._ms)
            self._silent = False
            return
        self.matching.forget(order)
        self._forgotten[name] = replace(order, status=Status.CANCELED, locked=ZERO)
        self._open_reports.clear()

    # ── inside ────────────────────────────────────────────────────────────────────────────

    @property
    def _ms(self) -> int:
        return round(self._now() * 1000)

    def _thin(self, request: OrderRequest) -> VenueRequest:
        plain = _request(request)
        if request.type is not OrderType.MARKET:
            return plain
        book = self.matching.book(plain.pair_id)
        best = book.ask if plain.side is Side.BUY else book.bid
        tick = self.matching.pair(plain.pair_id).tick
        # What stands in the book may be of a finer tick than the venue has by now.
        over = best % tick
        price = best - over if plain.side is Side.SELL or not over else best - over + tick
        return replace(plain, type=VenueType.LIMIT, price=price)

    def _heard(self, event: OrderEvent) -> None:
        order = event.order
        name = ClientOrderId(order.client_id)
        if name not in self._ids:
            self._ids[name] = order.id
            self.accepted_at[name] = self._now()
        self._reports.pop(name, None)
        fill = self._booked(event.trade) if event.trade else None
        report = self._report(order, (fill,) if fill else ())
        happened = Event(self._now(), event.kind, report, fill, not self._silent)
        self.events.append(happened)
        self._tell(happened)

    def _booked(self, trade: Trade) -> Fill:
        fill = Fill(
            FillId(str(trade.id)),
            ClientOrderId(trade.client_id),
            self._symbols[trade.pair.id],
            OurSide.BUY if trade.side is Side.BUY else OurSide.SELL,
            Quantity(trade.quantity),
            Price(trade.price),
            (Fee(trade.fee, Coin(trade.fee_coin)),) if trade.fee else (),
            self._at(trade.time_ms),
        )
        self.fills.append(fill)
        self._fills_in[fill.symbol].append(fill)
        self._fills_of[fill.client_order_id].append(fill)
        book = self.ours if is_ours(fill.client_order_id) else self.flows
        sign = 1 if trade.side is Side.BUY else -1
        book[Coin(trade.pair.base)] += sign * trade.quantity
        book[Coin(trade.pair.quote)] -= sign * trade.cost
        book[Coin(trade.fee_coin)] -= trade.fee
        return fill

    def _known(self, client_order_id: ClientOrderId) -> OrderReport:
        report = self._reports.get(client_order_id)
        if report is None:
            fills = tuple(self._fills_of[client_order_id])
            report = self._reports[client_order_id] = self._report(self.order(client_order_id), fills)
        return report

    def _report(self, order: Order, fills: tuple[Fill, ...]) -> OrderReport:
        return OrderReport(
            ClientOrderId(order.client_id),
            VenueOrderId(str(order.id)),
            self._symbols[order.pair.id],
            _STATUS[order.status],
            Quantity(order.filled),
            self._at(order.updated_ms),
            fills,
            "",
            OurSide.BUY if order.side is Side.BUY else OurSide.SELL,
            Quantity(order.quantity),
        )

    def _at(self, ms: int) -> datetime:
        return START + timedelta(milliseconds=ms)


def _when(fill: Fill) -> datetime:
    return fill.at


def _request(request: OrderRequest) -> VenueRequest:
    return VenueRequest(
        pair_id(request.symbol),
        Side.BUY if request.side is OurSide.BUY else Side.SELL,
        _TYPES[request.type],
        request.client_order_id,
        request.quantity,
        None,
        request.price,
        request.stop_price,
    )


__all__ = ["ACCOUNT", "ZERO", "Event", "Venue"]
