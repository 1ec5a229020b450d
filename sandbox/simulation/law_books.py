"""Laws 3, 4 and 13: each fill once, exact sums, and what our books hold is what the venue holds for us."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.core import facts as f
from engine.core.ids import ClientOrderId, Coin, PositionId, base_of
from engine.core.model import Fill, Side
from engine.core.money import ZERO
from engine.core.orders import Order
from engine.core.state import TraderState
from sandbox.simulation.judge import Judge
from sandbox.simulation.market import PRICES, QUOTE, TRADED
from sandbox.simulation.venue import Event, Venue

PENNY = Decimal("1e-22")
"""Divisions are rounded at 28 digits; all else is exact."""


@dataclass(slots=True)
class Tally:
    """A position, counted by other means than the ledger's: `cash` is what came in less what went out."""

    bought: Decimal = ZERO
    paid: Decimal = ZERO
    cash: Decimal = ZERO
    base: Decimal = ZERO


class BookLaws:
    """`taken`: coins of ours that the owner sold by hand."""

    def __init__(self, judge: Judge, venue: Venue) -> None:
        self.taken: defaultdict[Coin, Decimal] = defaultdict(Decimal)
        self.dust: defaultdict[Coin, Decimal] = defaultdict(Decimal)
        self._booked: set[tuple[str, str]] = set()
        self._true: dict[tuple[str, str], Fill] = {}
        self._tallies: defaultdict[PositionId, Tally] = defaultdict(Tally)
        self.intended: Mapping[ClientOrderId, Order] = {}
        self._judge = judge
        self._venue = venue

    # ── the venue's side ──────────────────────────────────────────────────────────────────

    def happened(self, event: Event, ours: bool) -> None:
        """An execution. Whatever is sold by hand is the owner's own as long as he has some."""
        fill = event.fill
        if fill is None:
            return
        self._true[(fill.symbol, fill.id)] = fill
        coin = base_of(fill.symbol)
        if ours:
            words = f"{-self.held(coin)} {coin} of the owner's own were sold"
            self._judge.expect(self.held(coin) >= ZERO, 4, words)
        elif fill.side is Side.SELL:
            self.taken[coin] += max(self.held(coin) - self._venue.total(coin), ZERO)

    def held(self, coin: Coin) -> Decimal:
        """What the venue holds for us."""
        return self._venue.ours[coin] - self.taken[coin]

    # ── the desk's side ───────────────────────────────────────────────────────────────────

    def look(self, fact: f.AnyFact, before: TraderState) -> None:
        if isinstance(fact, f.FillBooked):
            self._fill(fact)
        elif isinstance(fact, f.PositionReduced):
            tally = self._tallies[fact.position_id]
            tally.cash += fact.quantity * fact.price - fact.fee
            tally.base -= fact.quantity
        elif isinstance(fact, f.PositionClosed):
            self._closed(fact)

    def _fill(self, fact: f.FillBooked) -> None:
        fill, key = fact.fill, (fact.fill.symbol, fact.fill.id)
        self._judge.expect(key not in self._booked, 3, f"fill {key} was counted twice")
        self._booked.add(key)
        self._judge.expect(self._true.get(key) == fill, 3, f"fill {key} is booked unlike the venue has it")
        tally, sign = self._tallies[fact.position_id], 1 if fill.side is Side.BUY else -1
        base_fee = sum((fee.amount for fee in fill.fees if fee.coin == base_of(fill.symbol)), ZERO)
        on_top = fact.fee_value - base_fee * fill.price
        self._fee(fact, base_fee)
        tally.base += sign * fill.quantity - base_fee
        tally.cash -= sign * fill.value + on_top
        if fill.side is Side.BUY:
            tally.bought += fill.quantity - base_fee
            tally.paid += fill.value + on_top

    def _fee(self, fact: f.FillBooked, base_fee: Decimal) -> None:
        """Fees of the two coins of the pair have one exact worth."""
        quote_fee = sum((fee.amount for fee in fact.fill.fees if fee.coin == QUOTE), ZERO)
        least = base_fee * fact.fill.price + quote_fee
        self._judge.expect(fact.fee_value >= least, 3, f"{fact.fee_value} booked for fees worth {least}")

    def _closed(self, fact: f.PositionClosed) -> None:
        tally = self._tallies.pop(fact.position_id)
        left = tally.paid * (tally.base / tally.bought) if tally.bought else ZERO
        profit = tally.cash + left
        same = abs(profit - fact.profit) <= PENNY * max(abs(tally.paid), Decimal(1))
        self._judge.expect(same, 13, f"{fact.position_id} is told to have earned {fact.profit}, not {profit}")
        self._judge.expect(
            fact.dust == tally.base, 3, f"{fact.dust} left over of {fact.position_id}, not {tally.base}"
        )
        rules = self._venue.least[fact.symbol]
        sellable = fact.dust // rules.step * rules.step
        enough = sellable >= rules.min_quantity and sellable * PRICES[fact.symbol] > 2 * rules.min_notional
        self._judge.expect(not enough, 3, f"{fact.dust} {rules.base} were left as dust and could be sold")
        self.dust[base_of(fact.symbol)] += fact.dust

    # ── both ──────────────────────────────────────────────────────────────────────────────

    def compare(self, state: TraderState, when: str) -> None:
        """All is quiet: the books equal the venue's, to the last digit.

        Dust that the owner sold by hand stays in the desk's account: it asks for no more than its positions hold.
        """
        for symbol in TRADED:
            coin = base_of(symbol)
            mine = sum((one.quantity for one in state.positions.values() if one.symbol == symbol), ZERO)
            held = self.held(coin)
            gone = mine + self.dust[coin] - held
            if not ZERO <= gone <= min(self.dust[coin], self.taken[coin]):
                self._same(mine + self.dust[coin], held, f"{coin} in positions and dust", when)
            self._same(state.holdings.get(coin, ZERO), held + gone, f"{coin} in the account", when)
        for coin in (Coin("BNB"),):
            self._same(state.holdings.get(coin, ZERO), self._venue.ours[coin], f"{coin} in the account", when)
        self._same(state.holdings.get(QUOTE, ZERO), self._venue.total(QUOTE), "quote money", when)

    def ends(self) -> None:
        """At the end of the day every execution of an order that we intended is in our books."""
        missing = [
            key
            for key, fill in self._true.items()
            if key not in self._booked and fill.client_order_id in self.intended
        ]
        self._judge.expect(not missing, 3, f"fills are in no book: {missing[:3]}")

    def _same(self, ours: Decimal, theirs: Decimal, what: str, when: str) -> None:
        if ours != theirs:
            self._judge.blame(3, f"{when} our books have {ours} {what}, the venue {theirs}")
