"""Play one day and say what came of it."""

from __future__ import annotations

import gc
import hashlib
from dataclasses import dataclass

from loguru import logger

from engine.core import facts as f
from engine.core.ids import BookId, book_id
from engine.core.model import Mode
from engine.core.money import ZERO, Quote
from sandbox.simulation.judge import Broken
from sandbox.simulation.loop import START, StuckError, VirtualLoop
from sandbox.simulation.script import Day
from sandbox.simulation.world import Parts, World

LOGGING = ("engine", "bot")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one day came to. `digest`, if it was asked for, is a hash of every fact and every event at the
    venue: the day's history."""

    seed: int
    broken: Broken | None
    faults: int
    felt: int
    orders: int
    fills: int
    crashes: int
    facts: int
    digest: str


def play(day: Day, parts: Parts, hashed: bool = False) -> Outcome:
    """One day in virtual time. The desk's own log is off: it tells of nothing but the faults."""
    for room in LOGGING:
        logger.disable(room)
    gc.disable()  # a day leaves little behind, and looking for it takes a fifth of the time
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_play(day, parts, loop, hashed))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        for room in LOGGING:
            logger.enable(room)
        gc.enable()


async def _play(day: Day, parts: Parts, loop: VirtualLoop, hashed: bool) -> Outcome:
    world = World(day, parts, loop)
    await _open_book(world)
    await world.play()
    return Outcome(
        day.seed,
        world.oracle.judge.broken,
        len(day.faults),
        world.weather.felt_count,
        len(world.oracle.orders.sent),
        len(world.venue.fills),
        world.crashes,
        len(world.oracle.facts),
        _digest(world) if hashed else "",
    )


async def _open_book(world: World) -> None:
    """A book's nonce is drawn at random when it is opened: this one was opened before the day, from the seed."""
    settings = world.settings
    nonce = hashlib.sha256(f"nonce {world.day.seed}".encode()).hexdigest()[:8]
    opened = f.BookOpened(START, settings.connection, Mode.LIVE, nonce, settings.quote, Quote(ZERO))
    paused = f.StateChanged(START, settings.initial_state, "config")
    book: BookId = book_id(settings.connection, Mode.LIVE)
    await world.journal.append(book, 0, [opened, paused])
    world.oracle.written([opened, paused], [])


def _digest(world: World) -> str:
    digest = hashlib.sha256()
    for one in (*world.oracle.facts, *world.venue.events):
        digest.update(repr(one).encode())
    return digest.hexdigest()


__all__ = ["Outcome", "Parts", "StuckError", "play"]
