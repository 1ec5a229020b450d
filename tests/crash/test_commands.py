"""A share of `python -m tests.crash commands` and `halting`: laws 8 and 9 at the real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.commands import survive_commands
from tests.crash.halting import FLOODED, LOCKED_SHORTLY, STUCK, Trouble, halt_under
from tests.support.processes import start_fresh

GENEROUS = 4.0
"""Seconds: the law says one, which the command that prints the figures holds it to; other tests run beside this one."""


async def test_t20_law_9_killed_around_commands(tmp_path: Path) -> None:
    tally = await survive_commands(tmp_path, 5, 7, start_fresh)
    assert tally.sent == 5
    assert (tally.lost, tally.twice, tally.unanswered) == ([], [], [])


@pytest.mark.parametrize("trouble", [LOCKED_SHORTLY, FLOODED, STUCK], ids=["locked", "flooded", "stuck"])
async def test_t21_t22_law_8_a_halt_waits_for_nothing(tmp_path: Path, trouble: Trouble) -> None:
    assert await halt_under(tmp_path, trouble) < GENEROUS
