"""How many days it takes to catch each planted mistake, all of them or those with a word in their name:

python -m tests.simulation.hunt 1000 [WORD…]
"""

from __future__ import annotations

import sys
import time

import pytest

from bot.simulate import PARTS
from sandbox.simulation.judge import Broken
from sandbox.simulation.play import play
from sandbox.simulation.script import day_of
from tests.simulation.bugs import FIRST, Bug
from tests.simulation.bugs_of_trust import BUGS


def caught(most: int, first: int = FIRST) -> tuple[Broken | None, int]:
    """By which law, and how many days it took; the mistake is planted already."""
    for count in range(most):
        broken = play(day_of(first + count), PARTS).broken
        if broken is not None:
            return broken, count + 1
    return None, most


def hunt(planted: Bug, most: int) -> bool:
    """Plant it, play days from the first, and say what came of it."""
    began = time.process_time()
    with pytest.MonkeyPatch.context() as patch:
        planted.plant(patch)
        broken, days = caught(most)
    seconds = time.process_time() - began
    sys.stdout.write(f"{planted.name}: {days} days, {seconds:.0f} s: {broken or 'not caught'}\n")
    sys.stdout.flush()
    return broken is not None


def main() -> int:
    most, *words = sys.argv[1:]
    wanted = [one for one in BUGS if not words or any(word in one.name for word in words)]
    missed = [one.name for one in wanted if not hunt(one, int(most))]
    sys.stdout.write(f"{len(wanted) - len(missed)} of {len(wanted)} caught\n")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
