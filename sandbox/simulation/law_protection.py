"""Law 5: what the venue holds for us is covered by a working stop, or is being sold, or the owner was called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from engine.core import facts as f
from engine.core.ids import Coin, Symbol
from engine.core.ledger import Phase
from engine.core.money import ZERO
from engine.core.notices import Notice, Weight
from engine.core.state import TraderState
from sandbox.exchange.matching.model import CONDITIONAL, Side
from sandbox.simulation.judge import Judge
from sandbox.simulation.law_books import BookLaws
from sandbox.simulation.market import TRADED
from sandbox.simulation.script import DAY
from sandbox.simulation.venue import Venue
from sandbox.simulation.weather import Weather

CALM = 6.0
"""Five seconds, and one until we look."""
FAULTY = 31.0
LOOKED = 1.5
"""Seconds by which a gap may be seen later than it began."""
BACK = 41.0
"""A stop that the venue has lost is missed at the next glance, and put back within 40 s; and one until we look."""
RINGS = 36.0
"""A refused stop is tried again at least this often."""
LEAVING = 120.0
"""Seconds of good weather within which a position that is being left, or of which the owner was told, must be safe."""


class ProtectionLaw:
    """Time counts from the later of two moments: when it was uncovered, and when the last fault ended."""

    def __init__(self, judge: Judge, venue: Venue, weather: Weather, books: BookLaws) -> None:
        self._judge = judge
        self._venue = venue
        self._weather = weather
        self._books = books
        self._since: dict[Symbol, float] = {}
        self._called = -1.0
        self._seen: tuple[object, ...] = ()
        self._bare: dict[Symbol, Decimal] = {}
        self._told_of: set[Symbol] = set()
        self._lost: dict[Symbol, float] = {}

    def lost(self, symbol: Symbol, now: float) -> None:
        """The venue has lost a stop there, and tells nobody."""
        self._lost[symbol] = now

    @property
    def uncovered(self) -> bool:
        return bool(self._since)

    def look(self, fact: f.AnyFact) -> None:
        if isinstance(fact, f.EntriesBarred) and "in one stop" in fact.reason:
            self._told_of.add(fact.symbol)

    def told(self, notices: Iterable[Notice], now: float) -> None:
        if any(one.weight >= Weight.RISK and one.kind != "order_unknown" for one in notices):
            self._called = now

    def watch(self, state: TraderState, now: float) -> None:
        seen = (len(self._venue.events), self._venue.account.changes, *state.positions)
        if seen != self._seen:
            self._seen = seen
            self._bare = {symbol: self._uncovered(symbol, state) for symbol in TRADED}
        for symbol, bare in self._bare.items():
            if bare <= ZERO:
                self._since.pop(symbol, None)
                continue
            since = self._since.setdefault(symbol, now)
            self._judge_gap(symbol, bare, since, now, state)

    def _judge_gap(self, symbol: Symbol, bare: Decimal, since: float, now: float, state: TraderState) -> None:
        if self._is_ringing(symbol, now, state):
            return
        ended = self._weather.calm_since
        clear = since - ended > 60
        allowed = CALM if clear else FAULTY
        leaving = any(one.symbol == symbol and one.phase is Phase.LEAVING for one in state.positions.values())
        if leaving or self._called >= since - LOOKED:
            allowed = LEAVING
        elif abs(self._lost.get(symbol, -DAY) - since) < CALM:
            allowed = BACK
        gone = now - max(since, ended, self._called)
        if gone > allowed:
            words = f"{bare} of {symbol} had no working stop for {gone:.0f} s, and the owner was not called"
            self._judge.blame(5, words)

    def _is_ringing(self, symbol: Symbol, now: float, state: TraderState) -> bool:
        """A stop there is refused again and again, and each time the owner is called."""
        its = (state.positions[one] for one in state.positions_in.get(symbol, ()))
        return now - self._called <= RINGS and any(one.stop_refusals for one in its)

    def _uncovered(self, symbol: Symbol, state: TraderState) -> Decimal:
        """What could be sold and is in no working order that sells it. Each position may keep a part of a lot."""
        rules = self._venue.least[symbol]
        coin = Coin(rules.base)
        here = self._venue.account.free(coin) + self._venue.account.locked(coin)
        held = min(self._books.held(coin) - self._books.dust[coin], here)
        if self._is_partly_covered(symbol):
            return ZERO
        selling = sum((one.remaining for one in self._venue.our_open(symbol) if one.side is Side.SELL), ZERO)
        parts = rules.step * len(state.positions_in.get(symbol, ()))
        bare = (held - selling - parts) // rules.step * rules.step
        worth = bare * self._venue.price(symbol)
        return bare if bare >= rules.min_quantity and worth > 2 * rules.min_notional else ZERO

    def _is_partly_covered(self, symbol: Symbol) -> bool:
        """The venue's cap has shrunk, so that one stop takes less than the position: the owner was told of that."""
        return symbol in self._told_of and any(
            one.type in CONDITIONAL for one in self._venue.our_open(symbol)
        )


__all__: Sequence[str] = ("ProtectionLaw",)
