"""A failing day with as few faults as it takes: first halves are left out, then single faults (Zeller and Hildebrandt,
Simplifying and isolating failure-inducing input, 2002)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.simulation.script import Day


def shrink(day: Day, fails: Callable[[Day], bool], most: int = 200) -> Day:
    """The smallest day found within `most` plays that still fails; `day` itself must fail."""
    kept = [one.index for one in day.faults]
    size = max(len(kept) // 2, 1)
    plays = 0
    while kept and plays < most:
        without = [
            kept[:start] + kept[start + size :]
            for start in range(0, len(kept), size)
            if len(kept) > size or size == 1
        ]
        for smaller in without:
            plays += 1
            if fails(day.only(smaller)):
                kept = smaller
                break
            if plays >= most:
                break
        else:
            if size == 1:
                break
            size //= 2
            continue
        size = min(size, max(len(kept) // 2, 1))
    return day.only(kept)
