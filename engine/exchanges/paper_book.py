"""A venue that fills orders on live prices, without any I/O and without a clock.

The same input always gives the same result, so paper trading, back-tests and simulations share it. Orders are
matched in the order in which they came. What a price's volume does not allow waits for the next prices.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from engine.core.errors import Corrupt, Rejected
from engine.core.ids import ClientOrderId, Coin, Symbol
from engine.core.model import (
    Balance,
    Fill,
    Instrument,
    OrderReport,
    OrderRequest,
    OrderType,
    Side,
    Ticker,
    VenueStatus,
)
from engine.core.money import ZERO, Price, Quantity, floor_to, is_sound
from engine.core.orders import Order, OrderStatus
from engine.exchanges.paper_account import PaperAccount
from engine.exchanges.paper_fees import fee_share_on_buy, take_fee
from engine.exchanges.paper_market import PaperMarket
from engine.exchanges.paper_orders import PaperOrder
from engine.exchanges.paper_rules import PaperRules, check_filters

KEPT_ENDED = 2000
"""Ended orders that can still be asked for; older ones are forgotten, as at every venue."""


class PaperBook:
    """One paper account and its orders."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        balances: Iterable[Balance] = (),
        rules: PaperRules | None = None,
    ) -> None:
        self._rules = rules or PaperRules()
        self._instruments: dict[Symbol, Instrument] = {}
        self._markets: dict[Symbol, PaperMarket] = {}
        self._working: dict[ClientOrderId, PaperOrder] = {}
        self._ended: OrderedDict[ClientOrderId, PaperOrder] = OrderedDict()
        self._account = PaperAccount(balances)
        self.list_instruments(instruments)

    # ── what the outside tells ────────────────────────────────────────────────────────────

    def list_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Take over what the venue lists now; orders that work already keep the steps they came with."""
        self._instruments.update((instrument.symbol, instrument) for instrument in instruments)

    def restore(self, balances: Iterable[Balance], open_orders: Iterable[Order]) -> None:
        """Become what the account was before a restart, by the trader's own books.

        Only orders that were WORKING come back. One that was merely intended, or whose outcome is unknown, never
        arrived as far as this venue knows, and `order` says so. One in an instrument that is not listed any more
        stays, unfilled, until it is cancelled. `balances` count by their totals; orders lock their part anew.
        """
        self._account = PaperAccount(balances)
        self._working.clear()
        self._ended.clear()
        for order in open_orders:
            if order.status is OrderStatus.WORKING:
                restored = self._restored(order)
                self._working[order.client_order_id] = restored
                self._relock(restored)

    def _restored(self, order: Order) -> PaperOrder:
        instrument = self._instruments.get(order.symbol) or _gone(order.symbol)
        return PaperOrder(
            order.request(),
            instrument,
            order.filled,
            triggered=order.type is OrderType.STOP and order.filled > ZERO,
            resting=order.type is OrderType.LIMIT,
        )

    def on_price(self, ticker: Ticker, at: datetime | None = None) -> list[OrderReport]:
        """Match everything in this instrument; one report for each order to which something happened.

        `at` is when the price came, by the clock that also times orders; the ticker's own time if left out.
        Raises Corrupt for a price that is not sound: nothing was matched then.
        """
        if not is_sound(ticker.last):
            raise Corrupt(f"{ticker.symbol}: {ticker.last} is no price.")
        instrument = self._instruments.get(ticker.symbol)
        if instrument is None:
            return []
        at = at or ticker.at
        self._markets[ticker.symbol] = PaperMarket(instrument, ticker, self._rules, at)
        reports = []
        for order in [order for order in self._working.values() if order.request.symbol == ticker.symbol]:
            fills = self._match(order, at)
            if fills or order.status.ended:
                reports.append(order.report(at, fills))
        return reports

    # ── what the account's owner asks ─────────────────────────────────────────────────────

    def submit(self, request: OrderRequest, at: datetime) -> OrderReport:
        """Accept, and fill at once what the newest price allows. Raises Rejected with a venue's code."""
        order = PaperOrder(request, self._check(request))
        self._check_balance(order)
        self._working[request.client_order_id] = order
        self._relock(order)
        market = self._markets.get(request.symbol)
        fills = self._match(order, at) if market is not None and market.is_fresh(at) else ()
        return order.report(at, fills)

    def cancel(self, client_order_id: ClientOrderId, at: datetime) -> OrderReport:
        """End a working order; what was filled stays filled. Raises Rejected if no such order works."""
        order = self._working.get(client_order_id)
        if order is None:
            raise Rejected("Unknown order sent.", "UNKNOWN_ORDER")
        self._finish(order, VenueStatus.CANCELLED, "")
        return order.report(at, ())

    def order(self, client_order_id: ClientOrderId, at: datetime) -> OrderReport | None:
        """The order with all its fills since this book began, or None if it never arrived."""
        order = self._working.get(client_order_id) or self._ended.get(client_order_id)
        return order.report(at, tuple(order.fills)) if order else None

    def open_orders(self, symbol: Symbol, at: datetime) -> list[OrderReport]:
        """Working orders in `symbol`, oldest first."""
        orders = [order for order in self._working.values() if order.request.symbol == symbol]
        return [order.report(at, tuple(order.fills)) for order in orders]

    def fills(self, symbol: Symbol, since: datetime) -> list[Fill]:
        """Executions in `symbol` at or after `since`, oldest first."""
        orders = [*self._ended.values(), *self._working.values()]
        found = [
            fill for order in orders for fill in order.fills if fill.symbol == symbol and fill.at >= since
        ]
        return sorted(found, key=lambda fill: fill.at)

    def balances(self) -> list[Balance]:
        return self._account.balances()

    # ── refusing ──────────────────────────────────────────────────────────────────────────

    def _check(self, request: OrderRequest) -> Instrument:
        instrument = self._instruments.get(request.symbol)
        if instrument is None:
            raise Rejected(f"Invalid symbol: {request.symbol}.", "INVALID_SYMBOL")
        if request.client_order_id in self._working or request.client_order_id in self._ended:
            raise Rejected("Duplicate order sent.", "DUPLICATE_ORDER")
        market = self._markets.get(request.symbol)
        check_filters(request, instrument, market.touch(request.side) if market else None)
        if request.stop_price is not None and market and market.triggers(request.side, request.stop_price):
            raise Rejected("Stop price would trigger immediately.", "WOULD_TRIGGER")
        if request.type is OrderType.MARKET and request.side is Side.BUY and market is None:
            raise Rejected(f"No price of {request.symbol} is known yet.", "NO_PRICE")
        return instrument

    def _check_balance(self, order: PaperOrder) -> None:
        needed, free = self._needed(order), self._account.free(order.locked_coin)
        if needed > free:
            raise Rejected(
                f"Account has insufficient balance for requested action: {needed.normalize():f} "
                f"{order.locked_coin} needed, {free.normalize():f} free.",
                "INSUFFICIENT_BALANCE",
            )

    # ── matching ──────────────────────────────────────────────────────────────────────────

    def _match(self, order: PaperOrder, at: datetime) -> tuple[Fill, ...]:
        """Fill what the newest price allows, and end the order if nothing more can come of it."""
        market = self._markets[order.request.symbol]
        stop = order.request.stop_price
        if order.waits_for_trigger and stop is not None:
            order.triggered = market.triggers(order.request.side, stop)
        quantity = market.fillable(order.remaining)
        price = _fill_price(order, market, quantity)
        fills: tuple[Fill, ...] = ()
        if price is not None and quantity:
            fills = self._execute(order, market, self._affordable(order, quantity, price), price, at)
        order.resting = order.limit is not None
        return fills

    def _execute(
        self, order: PaperOrder, market: PaperMarket, quantity: Quantity, price: Price, at: datetime
    ) -> tuple[Fill, ...]:
        if not quantity:
            self._finish(order, VenueStatus.EXPIRED, "The balance does not cover the rest of the order.")
            return ()
        market.take(quantity)
        self._unlock(order)
        fill = self._settle(order, quantity, price, at)
        if order.status.ended:
            self._finish(order, order.status, order.reason)
        else:
            self._relock(order)
        return (fill,)

    def _settle(self, order: PaperOrder, quantity: Quantity, price: Price, at: datetime) -> Fill:
        """Move the coins, take the fee."""
        instrument, value = order.instrument, quantity * price
        if order.request.side is Side.BUY:
            self._account.pay(instrument.quote, value)
            self._account.receive(instrument.base, quantity)
        else:
            self._account.pay(instrument.base, quantity)
            self._account.receive(instrument.quote, value)
        prices = {symbol: market.ticker.last for symbol, market in self._markets.items()}
        fee = take_fee(self._account, self._rules, order, quantity, price, prices)
        return order.add(quantity, price, fee, at)

    def _affordable(self, order: PaperOrder, quantity: Quantity, price: Price) -> Quantity:
        """What of `quantity` the free balance and the order's own lock pay for, in whole lots."""
        held = self._account.free(order.locked_coin) + order.locked
        unit = price * fee_share_on_buy(self._rules, order) if order.request.side is Side.BUY else Decimal(1)
        return min(quantity, Quantity(floor_to(held / unit, order.instrument.lot)))

    # ── what orders hold ──────────────────────────────────────────────────────────────────

    def _needed(self, order: PaperOrder) -> Decimal:
        """How much of its coin a working order keeps for what is not filled yet."""
        if order.request.side is Side.SELL:
            return order.remaining
        price = order.limit
        if price is None and order.waits_for_trigger:
            price = order.request.stop_price
        market = self._markets.get(order.request.symbol)
        if price is None and market is not None:
            price = market.market_price(Side.BUY, order.remaining)
        if price is None:
            return ZERO  # the rest of a market buy, restored: its first price tells what it needs
        return order.remaining * price * fee_share_on_buy(self._rules, order)

    def _relock(self, order: PaperOrder) -> None:
        """Lock for the rest of it; less if the account holds less, and then its last part may not be filled."""
        self._unlock(order)
        order.locked = min(self._needed(order), self._account.free(order.locked_coin))
        self._account.lock(order.locked_coin, order.locked)

    def _unlock(self, order: PaperOrder) -> None:
        self._account.unlock(order.locked_coin, order.locked)
        order.locked = ZERO

    def _finish(self, order: PaperOrder, status: VenueStatus, reason: str) -> None:
        self._unlock(order)
        order.end(status, reason)
        del self._working[order.request.client_order_id]
        self._ended[order.request.client_order_id] = order
        while len(self._ended) > KEPT_ENDED:
            self._ended.popitem(last=False)


def _gone(symbol: Symbol) -> Instrument:
    """Stands for an instrument that is not listed any more, so that an order in it can still be told of."""
    base, _, quote = symbol.partition("/")
    return Instrument(symbol, Coin(base), Coin(quote), ZERO, ZERO, active=False)


def _fill_price(order: PaperOrder, market: PaperMarket, quantity: Quantity) -> Price | None:
    """At what price it would fill now, or None if this price does not reach it.

    A limit order that rests is filled at its own limit; one that crosses as it comes pays like a market order,
    though never past its limit.
    """
    side, limit = order.request.side, order.limit
    if order.waits_for_trigger:
        return None
    if limit is None:
        return market.market_price(side, quantity)
    if not market.crosses(side, limit):
        return None
    if order.resting:
        return limit
    price = market.market_price(side, quantity)
    return min(price, limit) if side is Side.BUY else max(price, limit)
