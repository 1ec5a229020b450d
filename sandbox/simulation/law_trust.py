"""Laws 5, 15 and 17: what one answer may not do. What was refused is not bought again, nothing is written off or
cancelled for balances alone, and nothing follows from a row that nobody could read."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from decimal import Decimal

from engine.core import facts as f
from engine.core.ids import Coin, PositionId, Symbol, base_of
from engine.core.ledger import Phase, Position
from engine.core.model import Balance, OrderRequest
from engine.core.money import ZERO, Price
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.state import TraderState
from sandbox.simulation.judge import Judge
from sandbox.simulation.law_books import BookLaws
from sandbox.simulation.market import QUOTE
from sandbox.simulation.script import Kind
from sandbox.simulation.venue import Venue
from sandbox.simulation.weather import Weather

SERIOUS = 2
"""Refusals of a position's stop in a row after which only the owner lets anything be bought there."""
BY_ITSELF = 31.0
"""Seconds within which a stop that is taken after all lifts that again; and one until we look."""
MISFITS = ("filter", "a number does not fit")
MOST_MISFITS = 5
"""Refusals of a stop or an exit for a step or a limit, some 50 s, in which the rules are read again."""
LATELY = 120.0
"""Seconds in which a list that lacked an order may still be the reason for its cancel."""
BLIND = 15.0
"""Seconds after which it is known that a reconciliation fails."""
_RISEN = ("it had been given up", "it had ended in our books")


class TrustLaws:
    """`before` is the desk's state as folded from the facts before the one that is looked at."""

    def __init__(self, judge: Judge, venue: Venue, weather: Weather, books: BookLaws) -> None:
        self._judge = judge
        self._venue = venue
        self._weather = weather
        self._books = books
        self._refused: defaultdict[PositionId, int] = defaultdict(int)
        self._misfits: defaultdict[tuple[PositionId, Purpose], int] = defaultdict(int)
        self._barred: dict[Symbol, float] = {}
        self._reduced: defaultdict[Coin, Decimal] = defaultdict(Decimal)
        self._just_lessened: PositionId | None = None
        self._told: deque[Decimal] = deque(maxlen=200)
        self._prices: defaultdict[Symbol, deque[Price]] = defaultdict(lambda: deque(maxlen=30))
        self._unasked_since: float | None = None
        self._unasked = 0
        self.allowed = 0
        """How often the owner has let an instrument be bought again."""

    # ── what the venue told ───────────────────────────────────────────────────────────────

    def told(self, balances: Iterable[Balance]) -> None:
        """What an answer said of the money, before a row of it was broken."""
        self._told.append(sum((one.total for one in balances if one.coin == QUOTE and one.told), ZERO))

    def priced(self, symbol: Symbol, price: Price) -> None:
        self._prices[symbol].append(price)

    def could_not_ask(self, now: float) -> None:
        """A question of a look at the account failed."""
        if self._unasked_since is None:
            self._unasked_since = now
        self._unasked += 1

    def asked_all(self) -> None:
        """A whole look at the account went well, or another process begins."""
        self._unasked_since, self._unasked = None, 0

    def leaves(self, request: OrderRequest, now: float) -> None:
        """An order leaves the process."""
        since = self._unasked_since
        blind = since is not None and self._unasked > 1 and now - since > BLIND
        slow = self._weather.lately(Kind.ANSWERS_SLOW, LATELY)
        self._judge.expect(
            request.reduces or slow or not blind, 17, "an entry while the account could not be asked about"
        )

    # ── what is decided ───────────────────────────────────────────────────────────────────

    def look(self, fact: f.AnyFact, before: TraderState, now: float) -> None:
        if isinstance(fact, f.OrderIntended):
            self._intended(fact.order, before)
        elif isinstance(fact, f.OrderEnded | f.OrderWorking):
            self._stop_told(fact, before, now)
        elif isinstance(fact, f.EntriesBarred):
            self._barred[fact.symbol] = now
        elif isinstance(fact, f.EntriesAllowed):
            self._allowed(fact, now)
        elif isinstance(fact, f.PositionReduced):
            self._just_lessened = fact.position_id
            self._lessened(base_of(before.positions[fact.position_id].symbol), fact.quantity)
        elif isinstance(fact, f.CancelIntended):
            self._cancelled(before.orders.get(fact.client_order_id), fact.reason, before)
        elif isinstance(fact, f.BalanceFlowed):
            said = before.holdings.get(fact.coin, ZERO) + fact.amount
            self._judge.expect(said in self._told, 15, f"{said} {fact.coin} in the books; no answer said so")
        elif isinstance(fact, f.TroubleBegan):
            key = fact.trouble is f.Trouble.KEY_REFUSED
            self._judge.expect(not key, 17, "the key is called refused, and the venue never said so")
        elif isinstance(fact, f.StopTouched | f.ExitWanted):
            self._priced(fact, before)

    def _intended(self, order: Order, before: TraderState) -> None:
        if order.purpose is not Purpose.ENTRY:
            return
        self._judge.expect(
            order.symbol not in self._barred, 5, f"{order.symbol} was bought after its stop was refused"
        )
        failing = (f.Trouble.RECONCILE_FAILED, "") in before.troubles
        self._judge.expect(not failing, 17, "an entry while the reconciliation fails")
        for position in before.positions_in.get(order.symbol, ()):
            self._judge.expect(
                not self._refused[position], 5, f"{order.symbol} was bought while a stop there is refused"
            )

    def _stop_told(self, fact: f.OrderEnded | f.OrderWorking, before: TraderState, now: float) -> None:
        order = before.orders.get(fact.client_order_id)
        if order is None or order.purpose is Purpose.ENTRY:
            return
        if isinstance(fact, f.OrderEnded) and fact.status is OrderStatus.REJECTED:
            self._old_rules(order, fact.reason)
        elif isinstance(fact, f.OrderWorking):
            self._misfits[order.position_id, order.purpose] = 0
        if order.purpose is not Purpose.STOP:
            return
        if isinstance(fact, f.OrderWorking):
            self._refused[order.position_id] = 0
        elif fact.status is OrderStatus.REJECTED and order.position_id in before.positions:
            self._refused[order.position_id] += 1
            if self._refused[order.position_id] >= SERIOUS:
                self._barred.setdefault(order.symbol, now)

    def _old_rules(self, order: Order, reason: str) -> None:
        """One that does not fit is sent anew by the rules that the venue has by now."""
        misfit = reason.startswith(MISFITS) and not reason.endswith("MAX_NUM_ALGO_ORDERS")
        self._misfits[order.position_id, order.purpose] += misfit
        often = self._misfits[order.position_id, order.purpose]
        self._judge.expect(
            often <= MOST_MISFITS, 18, f"the {order.purpose} was refused {often} times by rules: {reason}"
        )

    def _allowed(self, fact: f.EntriesAllowed, now: float) -> None:
        since = self._barred.pop(fact.symbol, None)
        if fact.by == "owner":
            self._judge.expect(self.allowed > 0, 5, "the owner is said to have let it be bought again")
        elif fact.by == "venue":
            soon = since is None or now - since <= BY_ITSELF
            self._judge.expect(soon, 5, f"{fact.symbol} may be bought again, and nobody had said so")
        else:
            sold = self._books.taken[base_of(fact.symbol)] > ZERO
            self._judge.expect(sold, 5, f"{fact.symbol} may be bought again by a sale that never was")

    def _lessened(self, coin: Coin, quantity: Decimal) -> None:
        self._reduced[coin] += quantity
        taken = self._books.taken[coin]
        self._judge.expect(
            self._reduced[coin] <= taken, 17, f"{self._reduced[coin]} {coin} written off, {taken} were sold"
        )

    def _cancelled(self, order: Order | None, reason: str, before: TraderState) -> None:
        """A stop that works is cancelled for what happens to its position, never for what balances say."""
        if order is None or order.purpose is not Purpose.STOP or reason in _RISEN:
            return
        position = before.positions.get(order.position_id)
        works = self._venue.knows(order.client_order_id) and self._venue.order(order.client_order_id).is_open
        if position is None or position.phase is Phase.LEAVING or not works:
            return
        lists = (Kind.LISTED_LATE, Kind.ROWS_BROKEN)
        missed = any(self._weather.lately(one, LATELY) for one in lists)
        lessened = reason == "the position was lessened" and self._just_lessened == position.id
        twin = sum(one.purpose is Purpose.STOP for one in before.orders_of(position.id)) > 1
        fits = missed or lessened or twin or self._differs(order, position)
        self._judge.expect(fits, 17, f"a stop that works was cancelled for nothing: {reason}")

    def _differs(self, order: Order, position: Position) -> bool:
        finest = self._venue.finest[order.symbol]
        short = position.quantity - order.remaining >= finest
        moved = order.symbol in self._venue.rules_changed or order.stop_price != position.stop
        return moved or order.remaining > position.quantity or short

    def _priced(self, fact: f.StopTouched | f.ExitWanted, before: TraderState) -> None:
        """Prices that were there."""
        position = before.positions[fact.position_id]
        prices = self._prices[position.symbol]
        reason = fact.reason if isinstance(fact, f.ExitWanted) else "stop loss"
        if reason == "stop loss" and position.stop is not None and prices:
            self._judge.expect(
                min(prices) <= position.stop, 15, "a stop was touched by a price that never was"
            )
        if reason == "take profit" and position.take_profit is not None and prices:
            reached = max(prices) >= position.take_profit
            self._judge.expect(reached, 15, "a profit was taken at a price that never was")
