"""The matching engine: accounts, open orders and one book per pair, moved by `step`, `place` and `cancel`.

Pure and synchronous: time comes in as milliseconds, what happened comes out as `OrderEvent`s. The engine
holds no clock, does no I/O and draws no random numbers, so the same calls give the same history.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.core.changed import changed
from sandbox.exchange.matching import filters
from sandbox.exchange.matching.accounts import Account
from sandbox.exchange.matching.book import Book
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.fills import Fills
from sandbox.exchange.matching.holds import Holds
from sandbox.exchange.matching.model import (
    CONDITIONAL,
    UNPRICED,
    ZERO,
    EventKind,
    Order,
    OrderEvent,
    OrderRequest,
    OrderType,
    Pair,
    Reason,
    Refusal,
    Side,
    Status,
    TimeInForce,
    Trade,
)
from sandbox.exchange.matching.pricing import available, cost_of, is_due, quantity_of, reaches

DEFAULT_SPREAD = Decimal("0.0002")
KEPT_CLOSED_ORDERS = 100_000
"""How many ended orders are remembered; a real venue archives them after months."""


class Matching:
    """One venue's orders and money."""

    def __init__(
        self,
        pairs: Iterable[Pair],
        fees: FeePolicy | None = None,
        spread: Decimal = DEFAULT_SPREAD,
        listener: Callable[[OrderEvent], None] | None = None,
    ) -> None:
        """`spread` is ask minus bid as a fraction of the price; `listener` hears each event as it happens."""
        self._books = {pair.id: Book(pair, spread) for pair in pairs}
        self._pairs = {pair.id: pair for pair in pairs}
        self._delisted: dict[str, Pair] = {}
        self._accounts: dict[str, Account] = {}
        self._orders: dict[int, Order] = {}
        self._open: dict[str, dict[int, None]] = {pair.id: {} for pair in pairs}
        self._listener = listener
        self._fills = Fills(fees or FeePolicy(), self._price_of)
        self.holds = Holds()
        self._events: list[OrderEvent] = []
        self.last_order_id = 0
        self.settled: Callable[[list[OrderEvent]], None] | None = None
        """Hears what came of each call before its caller does; with nothing in it, when an order was forgotten."""

    # --- reading ---------------------------------------------------------------------------------------------

    @property
    def pairs(self) -> dict[str, Pair]:
        """By id, such as BTCUSDT."""
        return self._pairs

    @property
    def accounts(self) -> dict[str, Account]:
        return self._accounts

    @property
    def fees(self) -> FeePolicy:
        return self._fills.policy

    @fees.setter
    def fees(self, policy: FeePolicy) -> None:
        """Fills from now on pay by `policy`."""
        self._fills.policy = policy

    @property
    def fill_count(self) -> int:
        """How many fills there have been so far."""
        return len(self._fills.trades)

    def pair(self, pair_id: str) -> Pair:
        if pair_id not in self._pairs:
            raise Refusal(Reason.UNKNOWN_SYMBOL, pair_id)
        return self._pairs[pair_id]

    def book(self, pair_id: str) -> Book:
        return self._books[self.pair(pair_id).id]

    def orders(self, account: str | None = None, pair_id: str | None = None) -> list[Order]:
        """All orders remembered, oldest first."""
        return [
            order
            for order in self._orders.values()
            if account in (None, order.account) and pair_id in (None, order.pair.id)
        ]

    def open_orders(self, account: str | None = None, pair_id: str | None = None) -> list[Order]:
        pair_ids = self._open if pair_id is None else [self.pair(pair_id).id]
        found = (self._orders[order_id] for key in pair_ids for order_id in self._open[key])
        return sorted(
            (order for order in found if account in (None, order.account)), key=lambda order: order.id
        )

    def trades(self, account: str | None = None, pair_id: str | None = None) -> list[Trade]:
        """All fills of our clients, oldest first."""
        return [
            trade
            for trade in self._fills.trades
            if account in (None, trade.account) and pair_id in (None, trade.pair.id)
        ]

    def find(self, account: str, pair_id: str, order_id: int | None, client_id: str | None) -> Order:
        """One order by its id, or the newest with that client id; raises `Refusal(UNKNOWN_ORDER)`."""
        if order_id is not None:
            order = self._orders.get(order_id)
            if (
                order
                and order.account == account
                and order.pair.id == pair_id
                and client_id in (None, order.client_id)
            ):
                return order
        elif client_id is not None:
            for order in reversed(self._orders.values()):
                if order.client_id == client_id and order.account == account and order.pair.id == pair_id:
                    return order
        raise Refusal(Reason.UNKNOWN_ORDER, client_id or str(order_id))

    # --- changing --------------------------------------------------------------------------------------------

    def open_account(
        self, name: str, balances: Mapping[str, Decimal], locked: Mapping[str, Decimal] | None = None
    ) -> Account:
        self._accounts[name] = Account(name, balances, locked)
        return self._accounts[name]

    @property
    def last_trade_ids(self) -> dict[str, int]:
        """By pair."""
        return dict(self._fills.last_ids)

    def resume(
        self,
        orders: Iterable[Order],
        trades: Iterable[Trade],
        last_order_id: int,
        last_ids: Mapping[str, int],
    ) -> None:
        """Go on with what another engine of the same pairs had; the accounts are opened with what is locked."""
        self._orders = {one.id: changed(one, pair=self.pair(one.pair.id)) for one in orders}
        for one in self._orders.values():
            if one.is_open:
                self._open[one.pair.id][one.id] = None
        self._fills.trades.extend(trades)
        self._fills.last_ids.update(last_ids)
        self.last_order_id = last_order_id

    def next_trade_id(self, pair_id: str) -> int:
        """A fresh id in the pair's one sequence of trades, for trades of the rest of the market too."""
        return self._fills.next_id(pair_id)

    def set_trading(self, pair_id: str, trading: bool) -> None:
        """Halt or reopen an instrument: while halted, orders are refused and nothing matches."""
        self._pairs[pair_id] = changed(self.pair(pair_id), trading=trading)

    def delist(self, pair_id: str, time_ms: int) -> list[OrderEvent]:
        """Remove an instrument: its open orders are cancelled and nobody knows it any more."""
        for order in self.open_orders(pair_id=self.pair(pair_id).id):
            self._end(order, Status.CANCELED, EventKind.CANCELED, time_ms)
        self._delisted[pair_id] = self._pairs.pop(pair_id)
        return self._drain()

    def relist(self, pair_id: str) -> None:
        """Bring back what was delisted; `Refusal(UNKNOWN_SYMBOL)` if it was not."""
        if pair_id not in self._delisted:
            raise Refusal(Reason.UNKNOWN_SYMBOL, pair_id)
        self._pairs[pair_id] = self._delisted.pop(pair_id)

    def step(self, pair_id: str, price: Decimal, volume: Decimal, time_ms: int) -> list[OrderEvent]:
        """The market trades `volume` (base) at `price`: stops trigger, resting orders are filled.

        Raises ValueError for a price that is not a positive multiple of the tick, or a negative volume.
        """
        pair = self.pair(pair_id)
        if (
            not price.is_finite()
            or price <= 0
            or price % pair.tick != 0
            or not volume.is_finite()
            or volume < 0
        ):
            raise ValueError(f"{pair.name}: no market step at price {price}, volume {volume}")
        book = self._books[pair_id]
        book.draw(price, volume)
        if pair.trading:
            self._trigger(book, pair_id, time_ms)
            self._fill_resting(book, pair_id, time_ms)
            self._work_on_held(book, pair_id, time_ms)
        return self._drain()

    def place(self, account_name: str, request: OrderRequest, time_ms: int) -> list[OrderEvent]:
        """Accept an order (the first event is NEW) and fill what can be filled now; `Refusal` if it is declined."""
        self.check(account_name, request)
        account = self._accounts[account_name]
        book = self._books[request.pair_id]
        quantity = quantity_of(request, book)
        coin, amount = self._reservation(request, quantity, book)
        account.lock(coin, amount)
        order = self._accept(account_name, request, quantity, amount, time_ms)
        if order.working:
            self._work(order, book, time_ms)
        return self._drain()

    def check(self, account_name: str, request: OrderRequest) -> None:
        """Everything that `place` would refuse, except for the balance; changes nothing."""
        pair = self.pair(request.pair_id)
        book = self._books[pair.id]
        if not pair.trading:
            raise Refusal(Reason.MARKET_CLOSED, pair.name)
        if not book.has_price:
            raise Refusal(Reason.NO_PRICE, pair.name)
        filters.check(pair, request, book.last)
        filters.check_counts(self.open_orders(account_name, pair.id), request, pair)
        if request.type is OrderType.LIMIT_MAKER and book.crosses(request.side, request.price or ZERO):
            raise Refusal(Reason.WOULD_TAKE)
        if request.type in CONDITIONAL and is_due(
            request.type, request.side, request.stop_price or ZERO, book.last
        ):
            raise Refusal(Reason.WOULD_TRIGGER)

    def cancel(self, order: Order, time_ms: int, cancel_client_id: str = "") -> list[OrderEvent]:
        """End an open order and free what it had locked; `Refusal(UNKNOWN_ORDER)` if it is not open."""
        current = self._orders.get(order.id)
        if current is None or not current.is_open:
            raise Refusal(Reason.UNKNOWN_ORDER, str(order.id))
        marked = changed(current, cancel_client_id=cancel_client_id)
        self._end(marked, Status.CANCELED, EventKind.CANCELED, time_ms)
        return self._drain()

    def set_rules(self, pair_id: str, changes: Mapping[str, Any]) -> Pair:
        """Other steps and limits of a pair from now on; orders that work stay as they are."""
        self._pairs[pair_id] = changed(self.pair(pair_id), **changes)
        return self._pairs[pair_id]

    def forget(self, order: Order) -> None:
        """As after a restart of the venue: the order is not there any more, its coins are free, and nobody is told."""
        self._accounts[order.account].unlock(order.lock_coin, order.locked)
        self._open[order.pair.id].pop(order.id, None)
        del self._orders[order.id]
        if self.settled is not None:
            self.settled([])

    # --- inside ----------------------------------------------------------------------------------------------

    def _reservation(self, request: OrderRequest, quantity: Decimal, book: Book) -> tuple[str, Decimal]:
        """(coin, amount) to lock: for a market buy, what the ladder costs right now."""
        pair = self._pairs[request.pair_id]
        if request.side is Side.SELL:
            return pair.base, quantity
        if request.quote_quantity is not None:
            return pair.quote, request.quote_quantity
        if request.type is OrderType.MARKET:
            return pair.quote, cost_of(book, quantity)
        return pair.quote, quantity * (request.price or request.stop_price or ZERO)

    def _accept(
        self, account: str, request: OrderRequest, quantity: Decimal, locked: Decimal, time_ms: int
    ) -> Order:
        self.last_order_id += 1
        order = Order(
            id=self.last_order_id,
            account=account,
            pair=self._pairs[request.pair_id],
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            client_id=request.client_id,
            quantity=quantity,
            quote_quantity=request.quote_quantity or ZERO,
            price=request.price or ZERO,
            stop_price=request.stop_price or ZERO,
            created_ms=time_ms,
            updated_ms=time_ms,
            locked=locked,
            working=request.type not in CONDITIONAL,
        )
        self._open[order.pair.id][order.id] = None
        self._tell(EventKind.NEW, order, time_ms)
        self._forget_oldest()
        return order

    def _work(self, order: Order, book: Book, time_ms: int) -> None:
        """Take what the book offers, then let the rest stand or end it."""
        limit = None if order.type in UNPRICED else order.price
        fillable = min(available(book, order.side, limit), self.holds.room(order))
        if order.time_in_force is TimeInForce.FOK and fillable < order.quantity:
            self._end(order, Status.EXPIRED, EventKind.EXPIRED, time_ms)
            return
        account = self._accounts[order.account]
        for level in book.levels(order.side):
            if limit is not None and not reaches(order.side, limit, level.price):
                break
            quantity = min(self._fills.most(order, level.price), level.quantity)
            quantity = self.holds.limit(order, quantity)
            if quantity <= 0:
                break
            level.quantity -= quantity
            order = self._filled(*self._fills.fill(order, account, level.price, quantity, False, time_ms))
        ends_now = order.type in UNPRICED or order.time_in_force is not TimeInForce.GTC
        if order.is_open and ends_now and not self.holds.keeps_open(order):
            self._end(order, Status.EXPIRED, EventKind.EXPIRED, time_ms)

    def _trigger(self, book: Book, pair_id: str, time_ms: int) -> None:
        for order in self._open_in(pair_id):
            if not order.working and is_due(order.type, order.side, order.stop_price, book.last):
                awake = self._topped_up(changed(order, working=True, updated_ms=time_ms), book)
                self._tell(EventKind.NEW, awake, time_ms)
                self._work(awake, book, time_ms)

    def _work_on_held(self, book: Book, pair_id: str, time_ms: int) -> None:
        """Orders that a hold kept back, and that are released, take what the book offers."""
        for order in self.holds.take_waiting(self._open_in(pair_id)):
            self._work(self._topped_up(changed(order, updated_ms=time_ms), book), book, time_ms)

    def _topped_up(self, order: Order, book: Book) -> Order:
        return self._fills.top_up(order, self._accounts[order.account], book)

    def _fill_resting(self, book: Book, pair_id: str, time_ms: int) -> None:
        """Resting orders that the price has reached fill at their own price, best price first, while volume lasts."""
        resting = [
            order
            for order in self._open_in(pair_id)
            if order.working and order.type not in UNPRICED and order.updated_ms < time_ms
        ]
        resting.sort(key=lambda order: (-order.price if order.side is Side.BUY else order.price, order.id))
        for order in resting:
            if book.passing > 0 and reaches(order.side, order.price, book.last):
                passing = book.passing - book.passing % order.pair.step
                quantity = self.holds.limit(order, min(order.remaining, passing))
                if quantity > 0:
                    book.passing -= quantity
                    account = self._accounts[order.account]
                    self._filled(*self._fills.fill(order, account, order.price, quantity, True, time_ms))

    def _open_in(self, pair_id: str) -> list[Order]:
        return [self._orders[order_id] for order_id in list(self._open[pair_id])]

    def _filled(self, order: Order, trade: Trade) -> Order:
        if not order.is_open:
            order = self._close(order, order.status)
        self._tell(EventKind.TRADE, order, trade.time_ms, trade)
        return order

    def _end(self, order: Order, status: Status, kind: EventKind, time_ms: int) -> None:
        closed = self._close(changed(order, updated_ms=time_ms), status)
        self._tell(kind, closed, time_ms)

    def _close(self, order: Order, status: Status) -> Order:
        self._accounts[order.account].unlock(order.lock_coin, order.locked)
        closed = changed(order, status=status, locked=ZERO)
        self._orders[order.id] = closed
        self._open[order.pair.id].pop(order.id, None)
        return closed

    def _tell(self, kind: EventKind, order: Order, time_ms: int, trade: Trade | None = None) -> None:
        self._orders[order.id] = order
        coins = {order.pair.base, order.pair.quote} | ({trade.fee_coin} if trade else set())
        account = self._accounts[order.account]
        account.updated_ms = time_ms
        event = OrderEvent(kind, order, time_ms, trade, account.snapshot(sorted(coins)))
        self._events.append(event)
        if self._listener is not None:
            self._listener(event)

    def _drain(self) -> list[OrderEvent]:
        events, self._events = self._events, []
        if events and self.settled is not None:
            self.settled(events)
        return events

    def _forget_oldest(self) -> None:
        if len(self._orders) > KEPT_CLOSED_ORDERS:
            oldest = next(order for order in self._orders.values() if not order.is_open)
            del self._orders[oldest.id]

    def _price_of(self, coin: str, quote: str) -> Decimal | None:
        book = self._books.get(f"{coin}{quote}")
        return book.last if book is not None and book.has_price else None
