"""Two hundred days with faults, in parts so that every core has some to play; and the simulation itself."""

from __future__ import annotations

import pytest

from bot.simulate import PARTS
from sandbox.simulation.many import explain
from sandbox.simulation.play import play
from sandbox.simulation.script import FEWEST, Day, Fault, Kind, day_of
from sandbox.simulation.shrink import shrink

DAYS, SHARES = 200, 20


@pytest.mark.parametrize("part", range(SHARES))
def test_no_law_is_broken_on(part: int) -> None:
    for seed in range(part, DAYS, SHARES):
        outcome = play(day_of(seed), PARTS)
        assert outcome.broken is None, explain(outcome, PARTS)


@pytest.mark.parametrize("seed", [3, 14])
def test_the_same_seed_gives_the_same_history(seed: int) -> None:
    first, second = (play(day_of(seed), PARTS, hashed=True) for _ in range(2))
    assert first == second
    assert first.digest != play(day_of(seed + 1), PARTS, hashed=True).digest


def test_a_day_is_full_of_faults_of_every_kind() -> None:
    days = [day_of(seed) for seed in range(DAYS)]
    assert min(len(day.faults) for day in days) >= FEWEST
    assert {fault.kind for day in days for fault in day.faults} == set(Kind)


def test_a_failing_day_is_shrunk_to_the_faults_that_it_takes() -> None:
    day = day_of(1)
    guilty = {day.faults[3].index, day.faults[17].index}

    def fails(tried: Day) -> bool:
        return guilty <= {one.index for one in tried.faults}

    assert {one.index for one in shrink(day, fails).faults} == guilty


def test_a_fault_that_is_left_out_leaves_the_others_as_they_were() -> None:
    day = day_of(5)
    kept: tuple[Fault, ...] = day.faults[2:4]
    assert day.only([one.index for one in kept]).faults == kept
