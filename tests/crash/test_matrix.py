"""The crash matrix: killed at every numbered point of an order's life, the desk finds the truth by itself (P1).

Each point once; `make torture` goes through all of them many times (`python -m tests.crash`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.crash.matrix import survive
from tests.crash.points import POINTS
from tests.support.live_desk import WITHIN


@pytest.mark.parametrize("number", POINTS, ids=lambda number: f"{number}")
async def test_killed_at_a_point_the_truth_is_restored_within_30_s(number: int, tmp_path: Path) -> None:
    took = await survive(number, tmp_path)
    sys.stdout.write(f"\npoint {number:2} {took:5.1f} s  {POINTS[number].title}\n")
    assert took <= WITHIN
