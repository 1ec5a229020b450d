"""The rules of faults on their own: order, counts, chance, time."""

from typing import Any

import pytest

from sandbox.exchange.bodies import rule_of
from sandbox.exchange.faults import Faults, Point, Rule

BEFORE = Point.BEFORE_ACCEPT


def rule(**parts: Any) -> Rule:
    return rule_of({"target": "place", "action": "drop", **parts})


def strikes(faults: Faults, count: int) -> list[bool]:
    return [faults.strike("POST /order", BEFORE, "place") is not None for _ in range(count)]


def test_a_rule_strikes_by_path_or_by_purpose_and_only_at_its_point() -> None:
    faults = Faults()
    faults.add(rule(point="after-accept"))
    assert faults.strike("POST /order", BEFORE, "place") is None
    assert faults.strike("POST /order", Point.AFTER_ACCEPT, "ask") is None
    assert faults.strike("POST /order", Point.AFTER_ACCEPT, "place") is not None
    faults.clear()
    faults.add(rule(target="POST *"))
    assert faults.strike("POST /order", BEFORE, "") is not None


def test_skip_and_times_pick_the_second_and_third_request() -> None:
    faults = Faults()
    faults.add(rule(skip=1, times=2))
    assert strikes(faults, 5) == [False, True, True, False, False]


def test_the_same_seed_strikes_the_same_requests() -> None:
    first, again, other = Faults(7), Faults(1), Faults(8)
    again.reseed(7)
    for faults in (first, again, other):
        faults.add(rule(probability=0.5))
    pattern = strikes(first, 60)
    assert pattern == strikes(again, 60)
    assert pattern != strikes(other, 60)
    assert 10 < sum(pattern) < 50


def test_a_rule_ends_when_its_time_is_over() -> None:
    now = [0.0]
    faults = Faults(now=lambda: now[0])
    faults.add(rule(for_seconds=5))
    assert strikes(faults, 2) == [True, True]
    now[0] = 5.0
    assert strikes(faults, 1) == [False]


def test_the_first_rule_counts_and_chance_lets_the_next_one_have_it() -> None:
    faults = Faults()
    first, second = faults.add(rule(times=1)), faults.add(rule())
    assert strikes(faults, 2) == [True, True]
    assert (first.struck, second.struck) == (1, 1)


async def test_what_hangs_ends_by_itself_when_it_has_a_time() -> None:
    await Faults().until_lifted(0.01)


async def test_nothing_waits_for_a_venue_that_has_ended() -> None:
    faults = Faults()
    assert not await faults.pause(0.01)
    faults.close()
    assert await faults.pause(60)


@pytest.mark.parametrize(
    "parts", [{"probability": 0}, {"seconds": -1}, {"skip": -1}, {"for_seconds": 0}, {"status": 200}]
)
def test_nonsense_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(parts))):
        rule(**parts)
