"""Killed around a command, again and again: nothing that was sent is lost, nothing is done twice, all is answered.

Each life sends one command and is killed a random few milliseconds later: before it was read, while it is stored, while
it acts, while it answers. In half of them another process holds the database's write lock meanwhile. The next start has
to make it right without a hand.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from engine.core.facts import CommandDone
from engine.core.ids import BookId
from tests.support.live_truth import read_facts
from tests.support.processes import Start
from tests.support.whole_desk import WholeDesk, eventually, whole_desk

COMMANDS = ("/pause", "/halt", "/positions", "/reconcile main", "/risk")
ACTS = ("/pause", "/halt")
WITHIN = 30.0
LOCKED_FOR = 0.6


@dataclass
class Tally:
    """What became of all commands."""

    sent: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.twice or self.unanswered)


async def survive_commands(folder: Path, times: int, seed: int, start: Start) -> Tally:
    """So many lives of one desk."""
    chance, tally = random.Random(seed), Tally()
    async with whole_desk(folder, start=start) as desk:
        bot = await desk.paired()
        await bot.kill()
        for _ in range(times):
            await _one(desk, chance, tally)
    return tally


async def _one(desk: WholeDesk, chance: random.Random, tally: Tally) -> None:
    bot = await desk.run()
    await _listening(desk)
    command = chance.choice(COMMANDS)
    number = desk.telegram.world.updates.pending.next_id
    locked = chance.random() < 0.5
    async with _lock(desk.database, locked):
        await desk.phone.send(command)
        tally.sent += 1
        await asyncio.sleep(chance.uniform(0, 0.05))
        await bot.kill()
    after = await desk.run()
    await _settled(desk, number, tally, command)
    await after.kill()


async def _listening(desk: WholeDesk) -> None:
    """The process polls: what is sent from here on reaches it."""

    async def look() -> bool:
        return desk.telegram.world.updates._poller is not None

    await eventually(look, "a poll", WITHIN, pause=0.01)


async def _settled(desk: WholeDesk, number: int, tally: Tally, command: str) -> None:
    what = f"{command} ({number})"

    async def answered() -> bool:
        return _answer(desk.database, number) is not None

    try:
        await eventually(answered, f"an answer to {what}", WITHIN)
    except AssertionError:
        tally.unanswered.append(what)
    if command in ACTS:
        done = [
            one
            for one in read_facts(desk.database, BookId("main.paper"))
            if isinstance(one, CommandDone) and one.command_id == f"tg:{number}"
        ]
        if not done:
            tally.lost.append(what)
        elif len(done) > 1:
            tally.twice.append(what)


def _answer(database: Path, number: int) -> str | None:
    """What is stored of the update: None while nothing became of it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        row = connection.execute(
            "select answer from updates where update_id = ? and done_at is not null", (number,)
        ).fetchone()
    return row[0] if row else None


@asynccontextmanager
async def _lock(database: Path, locked: bool) -> AsyncIterator[None]:
    """Another process's transaction, as a backup tool's or a browser's."""
    if not locked:
        yield
        return
    with closing(sqlite3.connect(database, timeout=5, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        try:
            yield
        finally:
            await asyncio.sleep(0)
            connection.execute("rollback")
