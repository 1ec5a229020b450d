"""Each planted mistake is caught by the simulation, and soon. `-s` tells by which law and how many seeds it took."""

from __future__ import annotations

import sys

import pytest

from bot.simulate import PARTS
from sandbox.simulation.judge import Broken
from sandbox.simulation.play import play
from sandbox.simulation.script import day_of
from tests.simulation.bugs import FIRST, Bug
from tests.simulation.bugs_of_trust import BUGS


@pytest.mark.parametrize("planted", BUGS, ids=lambda one: one.name)
def test_the_simulation_catches(planted: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.plant(monkeypatch)
    broken, seeds = _caught(planted.within)
    assert broken is not None, f"{planted.name} was not caught within {planted.within} seeds"
    sys.stdout.write(f"{planted.name}: {seeds} seeds, {broken}\n")


def test_there_are_at_least_fifty() -> None:
    assert len({one.name for one in BUGS}) == len(BUGS) > 50


def _caught(within: int) -> tuple[Broken | None, int]:
    for count in range(within):
        broken = play(day_of(FIRST + count), PARTS).broken
        if broken is not None:
            return broken, count + 1
    return None, within
