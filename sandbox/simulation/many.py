"""Many days at once, one core each: what they came to, in one line, and how to see a failing one again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from sandbox.simulation.play import Outcome, Parts, play
from sandbox.simulation.script import Day, day_of
from sandbox.simulation.shrink import shrink


@dataclass(slots=True)
class Summary:
    """Sums over all days; `core_seconds` is the time that the cores worked on them."""

    days: int = 0
    faults: int = 0
    orders: int = 0
    fills: int = 0
    crashes: int = 0
    core_seconds: float = 0.0
    broken: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome, seconds: float) -> None:
        self.days += 1
        self.faults += outcome.faults
        self.orders += outcome.orders
        self.fills += outcome.fills
        self.crashes += outcome.crashes
        self.core_seconds += seconds
        if outcome.broken is not None:
            self.broken.append(outcome)

    def __str__(self) -> str:
        speed = self.days / self.core_seconds if self.core_seconds else 0.0
        return (
            f"{self.days} days, {self.faults} faults, {self.crashes} crashes, {self.orders} orders, "
            f"{self.fills} fills: {len(self.broken)} broken laws; {speed:.1f} days per second on one core"
        )


def play_seed(parts: Parts, seed: int) -> tuple[Outcome, float]:
    """One day, and the processor seconds that it took."""
    began = time.process_time()
    return play(day_of(seed), parts), time.process_time() - began


def play_all(seeds: Iterable[int], parts: Parts, jobs: int = 1) -> Iterator[tuple[Outcome, float]]:
    """Every seed once, on `jobs` cores."""
    play_one = partial(play_seed, parts)
    if jobs <= 1:
        yield from map(play_one, seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(play_one, seeds, chunksize=10)


def explain(outcome: Outcome, parts: Parts) -> str:
    """Which law, by how few faults, and the command that plays it again."""
    broken = outcome.broken
    law = broken.law if broken is not None else None

    def fails(day: Day) -> bool:
        again = play(day, parts).broken
        return again is not None and again.law == law

    small = shrink(day_of(outcome.seed), fails)
    only = ",".join(str(one.index) for one in small.faults) or "none"
    return "\n".join(
        (
            f"seed {outcome.seed} broke {broken}",
            *(f"    {fault}" for fault in small.faults),
            f"  again: pocketdesk simulate --seed {outcome.seed}",
            f"  with only the faults that it takes: pocketdesk simulate --seed {outcome.seed} --only {only}",
        )
    )
