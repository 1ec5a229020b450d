"""Simulated days of the whole desk, with faults; each seed is one day and is the same each time."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from sandbox.simulation.many import Summary, explain, play_all
from sandbox.simulation.play import Parts, play
from sandbox.simulation.script import day_of

TELL_EVERY = 1000
"""Days between two lines of what has come of it so far."""
TELL_AT_MOST = 5
"""Failing days that are shrunk and told in full; the rest are counted."""


def run(options: argparse.Namespace, parts: Parts, say: Callable[[str], None]) -> int:
    """`seeds`, `first`, `seed`, `only` and `jobs`; 1 if a law was broken.

    Raises ValueError for options that make no sense.
    """
    if options.seeds < 1 or options.jobs < 1:
        raise ValueError("--seeds and --jobs begin at 1")
    if options.seed is not None:
        return _one(options, parts, say)
    summary = Summary()
    seeds = range(options.first, options.first + options.seeds)
    for outcome, seconds in play_all(seeds, parts, options.jobs):
        summary.add(outcome, seconds)
        if outcome.broken is not None and len(summary.broken) <= TELL_AT_MOST:
            say(explain(outcome, parts))
        if summary.days % TELL_EVERY == 0 and summary.days < options.seeds:
            say(f"so far: {summary}")
    say(str(summary))
    return int(bool(summary.broken))


def _one(options: argparse.Namespace, parts: Parts, say: Callable[[str], None]) -> int:
    day = day_of(options.seed)
    if options.only is not None:
        day = day.only(_numbers(options.only))
    for fault in day.faults:
        say(str(fault))
    outcome = play(day, parts, hashed=True)
    say(f"{outcome.orders} orders, {outcome.fills} fills, {outcome.crashes} crashes, {outcome.facts} facts")
    say(f"history {outcome.digest}")
    say(f"broken: {outcome.broken}" if outcome.broken else "no law was broken")
    return int(outcome.broken is not None)


def _numbers(text: str) -> list[int]:
    if text == "none":
        return []
    try:
        return [int(one) for one in text.split(",")]
    except ValueError:
        raise ValueError(f"--only takes numbers such as 1,4,7 or `none`, not {text!r}") from None
