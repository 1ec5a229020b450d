"""Kraken's counter: what may leave never passes what the venue takes, and orders are not counted with questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import ManualClock, SystemClock
from engine.core.errors import Unavailable
from engine.exchanges.budget import Budget
from engine.exchanges.client import Gate
from engine.exchanges.dialects.kraken import Kraken

NOW = datetime(2024, 3, 1, tzinfo=UTC)
ASK, HISTORY, PLACE = (
    f"http://venue/0/private/{name}" for name in ("BalanceEx", "TradesHistory", "AddOrder")
)
COSTS = {ASK: 1, HISTORY: 2}
MOST, FALLS = 15, 0.33
"""The counter of the lowest tier and its fall in a second: https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits"""


def asked_as_often_as_allowed(
    budget: Budget, clock: ManualClock, urls: list[str], seconds: int
) -> list[float]:
    """The venue's own counter after each question, asked as soon as it may be."""
    counter, counters = 0.0, []
    for _ in range(seconds):
        for url in urls:
            while budget.left >= COSTS[url]:
                budget.sent(url)
                counter += COSTS[url]
                counters.append(counter)
        clock.advance(timedelta(seconds=1))
        counter = max(counter - FALLS, 0)
    return counters


@pytest.mark.parametrize("urls", [[ASK], [HISTORY], [HISTORY, ASK]])
def test_m11_kraken_no_burst_and_no_steady_reading_passes_its_counter(urls: list[str]) -> None:
    clock = ManualClock(NOW)
    counters = asked_as_often_as_allowed(Budget(Kraken.allowance, clock), clock, urls, seconds=300)
    assert max(counters) <= MOST
    assert len(counters) * COSTS[urls[0]] >= 100, "about 114 are allowed in five minutes"


def test_kraken_orders_cost_nothing_of_what_may_be_asked() -> None:
    budget = Budget(Kraken.allowance, ManualClock(NOW))
    budget.sent(PLACE)
    assert budget.left == MOST
    budget.spend(MOST)
    budget.check_order(urgent=False)
    with pytest.raises(Unavailable):
        budget.check(urgent=False)


def test_a_counter_that_falls_lets_the_next_question_leave_within_seconds() -> None:
    budget = Budget(Kraken.allowance, ManualClock(NOW))
    while not budget.wait:
        budget.sent(ASK)
    assert budget.left == 3
    assert budget.wait == pytest.approx(1 / FALLS)


async def test_a_question_too_many_waits_until_it_fits() -> None:
    budget = Budget(replace(Kraken.allowance, seconds=0.9), SystemClock())
    budget.spend(5)
    budget.spend(MOST - 5)
    await budget.room(HISTORY)
    assert budget.left >= 2


def test_a_limit_of_questions_holds_back_questions_only() -> None:
    clock = ManualClock(NOW)
    gate, limit = Gate(clock), Unavailable("Too much.", retry_after=5)
    gate.learn(limit, questions_only=True)
    gate.check(apart=True)
    with pytest.raises(Unavailable, match="left alone for 5 s"):
        gate.check()
    gate.learn(limit)
    with pytest.raises(Unavailable, match="left alone"):
        gate.check(apart=True)
