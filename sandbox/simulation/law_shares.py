"""Law 6, counted by other means than the desk's: what was lost is the product of what each stretch between two flows
earned, so that money which comes or goes can neither clear a breaker nor trip it."""

from __future__ import annotations

from decimal import Decimal

from engine.core import facts as f
from engine.core.money import ONE, ZERO
from sandbox.simulation.judge import Judge

ROUNDING = Decimal("1e-15")


class ShareLaws:
    """`_index`: what one unit of money of the book's begin would be worth now."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._equity = ZERO
        self._index = self._high = self._day = ONE

    def look(self, fact: f.AnyFact) -> None:
        if isinstance(fact, f.EquityMarked):
            self._index = self._at(fact.equity)
            self._high = max(self._high, self._index)
            self._equity = fact.equity if fact.equity > ZERO else self._equity
        elif isinstance(fact, f.DayBegan):
            self._day = self._at(fact.equity)
        elif isinstance(fact, f.BalanceFlowed):
            self._flows(fact.value)
        elif isinstance(fact, f.HaltLifted):
            self._high = self._day = self._index
        elif isinstance(fact, f.BreakerMoved):
            self._moves(fact)

    def _at(self, equity: Decimal) -> Decimal:
        """All money withdrawn is no loss."""
        known = self._equity > ZERO and equity > ZERO
        return self._index * equity / self._equity if known else self._index

    def _flows(self, value: Decimal) -> None:
        after = self._equity + value
        self._equity = max(after, ZERO)

    def _moves(self, fact: f.BreakerMoved) -> None:
        best = self._day if fact.breaker is f.Breaker.DAILY_LOSS else max(self._high, self._index)
        lost = max((best - self._index) / best, ZERO)
        words = f"{fact.breaker.value} is said to be {fact.figure:.6f}, it is {lost:.6f}"
        self._judge.expect(abs(lost - fact.figure) <= ROUNDING, 6, words)
