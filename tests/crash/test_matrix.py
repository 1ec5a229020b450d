"""The crash matrix: killed at every numbered point of an order's life, the desk finds the truth by itself (P1).

Each point once; `make torture` goes through all of them many times (`python -m tests.crash matrix`), in its first round
with a new interpreter for each process. Lives mostly wait, so a few of them go on beside each other.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.crash.matrix import survive
from tests.crash.points import POINTS
from tests.support.live_desk import WITHIN
from tests.support.processes import Start, fork_server

BATCHES = 8
"""Neighbours are alike and take as long as each other: each batch has a few of every kind."""
AT_ONCE = 2
"""More would only wait for each other's start-up, and it is part of the 30 s."""


async def _life(number: int, folder: Path, start: Start, gate: asyncio.Semaphore) -> str:
    """Empty, or what was wrong."""
    folder.mkdir()
    try:
        async with gate:
            took = await survive(number, folder, start)
    except AssertionError as error:
        return f"point {number} ({POINTS[number].title}): {error}"
    sys.stdout.write(f"\npoint {number:2} {took:5.1f} s  {POINTS[number].title}")
    return "" if took <= WITHIN else f"point {number} ({POINTS[number].title}) took {took:.1f} s"


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_killed_at_each_point_the_truth_is_restored_within_30_s(batch: int, tmp_path: Path) -> None:
    numbers = list(POINTS)[batch::BATCHES]
    gate = asyncio.Semaphore(AT_ONCE)
    async with fork_server() as start:
        found = await asyncio.gather(*(_life(one, tmp_path / str(one), start, gate) for one in numbers))
    assert not (wrong := [one for one in found if one]), "\n\n".join(wrong)
