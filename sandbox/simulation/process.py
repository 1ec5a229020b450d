"""One life of the process: the real Connection on the shared journal and venue, until it dies or is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from engine.connection import Connection
from engine.core.errors import StorageTrouble
from engine.core.facts import AnyFact, EquityMarked, Reconciled
from engine.core.ids import BookId, Symbol
from engine.core.notices import Notice
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.ports import Exchange, Journal, Recorded
from sandbox.simulation.access import Access
from sandbox.simulation.chat import BUSY, Chat
from sandbox.simulation.script import Kind
from sandbox.simulation.stream import Stream

if TYPE_CHECKING:
    from sandbox.simulation.world import World

WRITING = 0.003
"""Seconds that a write to disk takes."""


class Life:
    """`dead` from the moment of a crash: what is still in memory then reaches nobody."""

    def __init__(self, world: World, settings: TraderSettings, clean: bool, number: int) -> None:
        self.world = world
        self.dead = False
        self.up = False
        self.written = 0
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clean = clean
        random = Random(f"life {world.day.seed} {number}")
        self.stream = Stream(world.weather, random, world.clock, world.day.apart)
        self.access = Access(self, self.stream, random)
        self.connection = Connection(settings, self._exchange, Desk(self), world.clock, _Nobody())
        self.connection.want_rules = self._want_rules
        self._random = random
        self._reading = False
        self.chat = Chat(self, world.make_ears)

    def _exchange(self, settings: TraderSettings) -> Exchange:
        return self.access

    async def begin(self) -> None:
        """Restore the books and take up work; one that can't write down its first fact ends at once."""
        try:
            await self.connection.start(self._clean)
        except StorageTrouble:
            await self.die()
        self.world.oracle.restored(self.connection.runner.state)
        self.connection.see_instruments(self.world.instruments())
        self.world.weather.feel()
        self.up = True
        self.world.oracle.commands.began(self.world.now)
        await self.chat.begin()

    async def die(self) -> None:
        """Now, and at once: whoever calls this never goes on."""
        self.end()
        await asyncio.get_running_loop().create_future()

    def end(self) -> None:
        self.dead = True
        self.up = False
        if not self.died.done():
            self.died.set_result(None)

    async def alive(self) -> None:
        """Goes on only in a process that lives."""
        if self.dead:
            await asyncio.get_running_loop().create_future()

    async def may_write(self) -> None:
        """Before the database is asked for anything. Raises StorageTrouble."""
        await self.alive()
        weather = self.world.weather
        if weather.on(Kind.STORAGE_FAILS):
            raise StorageTrouble("the disk is full, for the simulation")
        if weather.on(Kind.DATABASE_LOCKED):
            await asyncio.sleep(BUSY)
            await self.alive()
            if weather.on(Kind.DATABASE_LOCKED):
                raise StorageTrouble("another process holds the database")

    async def written_down(self) -> None:
        """It takes a moment."""
        await asyncio.sleep(WRITING)
        await self.alive()

    def see_price(self, symbol: Symbol) -> None:
        if self.up and (ticker := self.access.lies.ticker(self.world.ticker(symbol))) is not None:
            self.connection.see_price(ticker)

    def _want_rules(self) -> None:
        """They are read again, as soon as the venue can be asked."""
        if not self._reading:
            self._reading = True
            self.world.later(self._random.uniform(0.2, 2), self._read_rules)

    def _read_rules(self) -> None:
        if self.dead:
            return
        if not self.up or self.world.weather.on(Kind.UNREACHABLE) or self.access.lies.is_in_between():
            self.world.later(5, self._read_rules)
            return
        self._reading = False
        self.world.tell_instruments()


class Desk:
    """engine.ports.Journal as one process has it: it may fail, and the process may die on both sides of a write."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._world = life.world
        self._journal: Journal = life.world.journal

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        """See engine.ports.Journal.append."""
        weather, life = self._world.weather, self._life
        await life.may_write()
        if weather.strikes(Kind.CRASH_BEFORE_APPEND):
            await life.die()
        if not life.up and weather.strikes(Kind.CRASH_WHILE_OPENING):
            await life.die()
        number = await self._journal.append(book, after, facts, notices)
        self._world.oracle.written(facts, notices)
        if any(not isinstance(fact, EquityMarked | Reconciled) for fact in facts):
            self._world.kick()
        if weather.strikes(Kind.CRASH_AFTER_APPEND):
            await life.die()
        await life.written_down()
        life.written = number
        return number

    async def read(self, book: BookId, after: int = 0) -> list[Recorded]:
        """See engine.ports.Journal.read."""
        return await self._journal.read(book, after)

    async def snapshot(self, book: BookId, number: int, state: TraderState) -> None:
        """See engine.ports.Journal.snapshot."""
        await self._journal.snapshot(book, number, state)

    async def latest(self, book: BookId) -> tuple[int, TraderState] | None:
        """See engine.ports.Journal.latest."""
        return await self._journal.latest(book)

    async def tell(self, notices: Sequence[Notice]) -> None:
        """See engine.ports.Journal.tell."""
        await self._life.alive()
        await self._journal.tell(notices)
        self._world.oracle.told(notices)


class _Nobody:
    def wake(self) -> None:
        """Nobody is sent anything here; what is stored is looked at."""
