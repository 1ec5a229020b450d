"""Each planted mistake is caught by the simulation, and soon. `-s` tells by which law and how many seeds it took."""

from __future__ import annotations

import sys

import pytest

from tests.simulation.bugs import Bug
from tests.simulation.bugs_of_trust import BUGS
from tests.simulation.hunt import caught


@pytest.mark.parametrize("planted", BUGS, ids=lambda one: one.name)
def test_the_simulation_catches(planted: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.plant(monkeypatch)
    broken, seeds = caught(planted.within, planted.first)
    assert broken is not None, f"{planted.name} was not caught within {planted.within} seeds"
    sys.stdout.write(f"{planted.name}: {seeds} seeds, {broken}\n")


def test_there_are_at_least_fifty() -> None:
    assert len({one.name for one in BUGS}) == len(BUGS) > 50
