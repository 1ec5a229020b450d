"""For hours, not for every day: `python -m tests.crash matrix --rounds 50` and `python -m tests.crash settling`.

Prints a line for each life and the longest and the 99th percentile of what was measured; ends with 1 if anything was
wrong or took too long.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from loguru import logger

from tests.crash.bad_strategies import KINDS, hold_out
from tests.crash.commands import Tally, survive_commands
from tests.crash.halting import LIMIT, TROUBLES, halt_under
from tests.crash.matrix import survive
from tests.crash.points import POINTS
from tests.crash.secrets_everywhere import search
from tests.crash.settling import settle_times
from tests.support.live_desk import WITHIN, live_desk
from tests.support.processes import Start, fork_server, start_fresh

SHORTEST, LONGEST = 1.0, 180.0
"""Seconds between which outages last, unless told otherwise."""
BEGAN = time.monotonic()
FRESH_AT_ONCE = 3
"""More new interpreters would only wait for each other's imports, and a start is part of the 30 s."""
KILLS_IN_A_LIFE = 10
A_LIFE = 5
"""Outages that one process lives through."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def share(times: Sequence[float], part: float) -> float:
    """The value that `part` of them do not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def verdict(what: str, times: Sequence[float], failures: int) -> bool:
    """The line that is quoted; whether it is good enough."""
    if not times:
        say(f"{what}: {failures} failed, none succeeded")
        return False
    most, high, middle = max(times), share(times, 0.99), share(times, 0.5)
    say(
        f"{what}: {len(times) + failures} times, {failures} failed; seconds until the truth was restored:"
        f" median {middle:.1f}, 99th percentile {high:.1f}, most {most:.1f} (must be {WITHIN:g})"
    )
    spent = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    say(
        f"{time.monotonic() - BEGAN:.0f} s in all, {spent / (len(times) + failures):.2f} s of processor time each"
    )
    return failures == 0 and high <= WITHIN


async def run_all(
    lives: Iterable[Callable[[Path], Awaitable[list[float]]]], at_once: int
) -> tuple[list[float], int]:
    """All lives, so many beside each other; their times, and how many failed."""
    times: list[float] = []
    failed = 0
    gate = asyncio.Semaphore(at_once)

    async def one(live: Callable[[Path], Awaitable[list[float]]]) -> None:
        nonlocal failed
        async with gate:
            with tempfile.TemporaryDirectory(prefix="pocketdesk-") as folder:
                try:
                    times.extend(await live(Path(folder)))
                except AssertionError as error:
                    failed += 1
                    say(f"FAILED {error}")

    await asyncio.gather(*(one(live) for live in lives))
    return times, failed


def matrix(options: argparse.Namespace) -> bool:
    """Every point, so many times over."""
    return verdict("crash matrix", *asyncio.run(_matrix(options)))


async def _matrix(options: argparse.Namespace) -> tuple[list[float], int]:
    """First the rounds in which each process is a new interpreter, as in life, then those of forked ones."""

    def life(number: int, start: Start) -> Callable[[Path], Awaitable[list[float]]]:
        async def live(folder: Path) -> list[float]:
            try:
                took = await survive(number, folder, start)
            except AssertionError as error:
                raise AssertionError(f"at point {number} ({POINTS[number].title}): {error}") from None
            say(f"point {number:2} {took:5.1f} s  {POINTS[number].title}")
            if took > WITHIN:
                raise AssertionError(f"point {number} took {took:.1f} s")
            return [took]

        return live

    chosen = options.points or list(POINTS)
    lives = [life(one, start_fresh) for _ in range(options.fresh) for one in chosen]
    times, failed = await run_all(lives, min(options.at_once, FRESH_AT_ONCE))
    async with fork_server() as forked:
        lives = [life(one, forked) for _ in range(options.rounds - options.fresh) for one in chosen]
        more, failed_too = await run_all(lives, options.at_once)
    return times + more, failed + failed_too


def settling(options: argparse.Namespace) -> bool:
    """Outages of random length; the seed makes them the same again."""
    chance = random.Random(options.seed)

    def life(outages: Sequence[float]) -> Callable[[Path], Awaitable[list[float]]]:
        async def live(folder: Path) -> list[float]:
            async with live_desk(folder) as desk:
                times = await settle_times(desk, await desk.whole.run(), outages)
            for outage, took in zip(outages, times, strict=True):
                say(
                    f"unknown outcome, venue away for {outage:4.1f} s: settled {took:5.1f} s after its return"
                )
            return times

        return live

    count = -(-options.times // A_LIFE)
    lengths = [chance.uniform(options.shortest, options.longest) for _ in range(count * A_LIFE)]
    lives = [life(lengths[first : first + A_LIFE]) for first in range(0, len(lengths), A_LIFE)]
    return verdict("unknown outcomes", *asyncio.run(run_all(lives, options.at_once)))


def commands(options: argparse.Namespace) -> bool:
    """Kills around commands, in lives of a few each."""
    tallies: list[Tally] = []

    def life(number: int, count: int, start: Start) -> Callable[[Path], Awaitable[list[float]]]:
        async def live(folder: Path) -> list[float]:
            tally = await survive_commands(folder, count, options.seed + number, start)
            tallies.append(tally)
            say(
                f"{sum(one.sent for one in tallies)} commands, {sum(not one.good for one in tallies)} lives went wrong"
            )
            return [0.0]

        return live

    async def work() -> int:
        shares = [KILLS_IN_A_LIFE] * (options.times // KILLS_IN_A_LIFE)
        async with fork_server() as forked:
            lives = [life(number, count, forked) for number, count in enumerate(shares)]
            return (await run_all(lives, options.at_once))[1]

    failed = asyncio.run(work())
    lost, twice, unanswered = (
        [what for one in tallies for what in getattr(one, kind)] for kind in ("lost", "twice", "unanswered")
    )
    say(
        f"kills around commands: {sum(one.sent for one in tallies)}; lost {len(lost)}, twice {len(twice)},"
        f" unanswered {len(unanswered)} (must be 0 each); {failed} lives broke off {lost + twice + unanswered}"
    )
    return not (lost or twice or unanswered or failed)


def halting(options: argparse.Namespace) -> bool:
    """From /halt to the last order to buy at the venue, under each trouble."""
    good, halt = True, not options.without
    for name, trouble in TROUBLES.items():
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="pocketdesk-") as folder:
            after = asyncio.run(halt_under(Path(folder), trouble, halt=halt))
        words = "no order to buy after it" if after < 0 else f"the last order to buy after {after:.2f} s"
        bound = f"must be within {LIMIT:g} s" if halt else "there must be one later"
        say(f"{'/halt' if halt else 'no /halt'} with {name}: {words} ({bound})")
        good = good and (after <= LIMIT) is halt
    return good


def strategies(options: argparse.Namespace) -> bool:
    """Each kind of bad strategy in a process of its own desk, one by one."""
    good = 0
    for kind in KINDS:
        with tempfile.TemporaryDirectory(prefix="pocketdesk-") as folder:
            try:
                seen = asyncio.run(hold_out(Path(folder), [kind]))
            except AssertionError as error:
                say(f"{kind}: FAILED {str(error)[:300]}")
                continue
        held = kind in seen.told and seen.halt_seconds < 3
        good += held
        say(
            f"{kind}: told {kind in seen.told}, /halt answered after {seen.halt_seconds:.2f} s, position closed"
        )
    say(f"bad strategies: protection goes on, {good} of {len(KINDS)}")
    return good == len(KINDS)


def secrets(options: argparse.Namespace) -> bool:
    """A row for each planted secret in each place."""
    with tempfile.TemporaryDirectory(prefix="pocketdesk-") as folder:
        rows = asyncio.run(search(Path(folder)))
    for secret, place, found in rows:
        say(f"{secret:<18} {place:<26} found {found} times")
    total = sum(found for _, _, found in rows)
    names, places = {row[0] for row in rows}, {row[1] for row in rows}
    say(f"planted secrets: {len(names)} in {len(places)} places, found {total} times")
    return total == 0


def _point(text: str) -> int:
    """By hand: with `choices`, argparse refuses the empty list that `nargs="*"` leaves."""
    if not text.isdigit() or int(text) not in POINTS:
        raise argparse.ArgumentTypeError(f"points are {min(POINTS)} to {max(POINTS)}, not {text}")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    commands_ = parser.add_subparsers(required=True)
    lives = commands_.add_parser("matrix", help="kill the bot at every point")
    lives.add_argument("--rounds", type=int, default=50)
    lives.add_argument("--fresh", type=int, default=1, help="rounds with new interpreters, among all")
    lives.add_argument("--at-once", type=int, default=12)
    lives.add_argument("points", type=_point, nargs="*", help="only these")
    lives.set_defaults(work=matrix)
    outages = commands_.add_parser("settling", help="how long an outcome stays unknown")
    outages.add_argument("--times", type=int, default=50)
    outages.add_argument("--at-once", type=int, default=10)
    outages.add_argument("--shortest", type=float, default=SHORTEST, help="seconds of an outage, at least")
    outages.add_argument("--longest", type=float, default=LONGEST, help="seconds of an outage, at most")
    outages.add_argument("--seed", type=int, default=1)
    outages.set_defaults(work=settling)
    kills = commands_.add_parser("commands", help="kill the bot around commands")
    kills.add_argument("--times", type=int, default=500)
    kills.add_argument("--at-once", type=int, default=6)
    kills.add_argument("--seed", type=int, default=1)
    kills.set_defaults(work=commands)
    halts = commands_.add_parser("halting", help="how soon a halt stops entries, whatever is in its way")
    halts.add_argument("--only", default="", help="troubles with these words in their name")
    halts.add_argument("--without", action="store_true", help="no halt, to see that it would have entered")
    halts.set_defaults(work=halting)
    foreign = commands_.add_parser("strategies", help="bad strategies of the owner's, one by one")
    foreign.set_defaults(work=strategies)
    planted = commands_.add_parser("secrets", help="ten secrets in every place that can repeat them")
    planted.set_defaults(work=secrets)
    options = parser.parse_args()
    logger.remove()
    return 0 if options.work(options) else 1


if __name__ == "__main__":
    sys.exit(main())
