"""Between paper and live: which mode each connection is in, what is stored of it, and the way from one to the other.

No open live book may be left to nobody, whenever the process ends and whatever could not be stored (law 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from loguru import logger

from engine import leaving_live
from engine.books import is_open
from engine.clock import Clock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.errors import Corrupt, StorageTrouble
from engine.core.ids import CommandId, ConnectionId
from engine.core.model import Mode, State
from engine.core.notices import Notice
from engine.desk import Answer
from engine.ports import ModeStore

SWITCH_SECONDS = 10.0
"""How long what is under way may take to settle before a switch of modes."""


class Switching:
    """One switch of a connection at a time. A wish to leave live is kept until nothing is open, over any restart."""

    def __init__(
        self, connections: Mapping[ConnectionId, Connection], modes: ModeStore, clock: Clock
    ) -> None:
        self._connections = connections
        self._modes = modes
        self._clock = clock
        self._leaving_live: set[ConnectionId] = set()
        self._unsure: set[ConnectionId] = set()
        """What is stored of their mode may not be what they are in: it is stored again."""
        self._storing = asyncio.Lock()
        """Held while a mode is stored with the wish to leave it: neither must be older than the other."""
        self._under_way: dict[ConnectionId, asyncio.Task[Any]] = {}
        self._stopping = False

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def mode_at_start(self, name: ConnectionId) -> Mode:
        """As stored, but live where that book is open. Raises StorageTrouble."""
        if await self._modes.mode(name) is Mode.PAPER:
            await self._lead_what_is_open(name)
        if await self._modes.leaves_live(name):
            self._leaving_live.add(name)
        return await self._modes.mode(name)

    async def _lead_what_is_open(self, name: ConnectionId) -> None:
        """Paper is stored, and the live book is open: nobody would lead it, not even to its exits (law 5). It goes on
        live and paused, as one that is on its way back to paper; raises StorageTrouble where that can't be stored."""
        now = self._clock.now()
        try:
            state = await self._connections[name].live_book()
        except Corrupt as error:
            logger.error("{}", error)
            await self._modes.keep_mode(
                name, Mode.PAPER, False, [leaving_live.unreadable(name, now, str(error))]
            )
            return
        if is_open(state):
            await self._modes.keep_mode(name, Mode.LIVE, True, [leaving_live.kept_live(name, now, state)])

    def begin(self, name: ConnectionId) -> None:
        """Once it has started: what is on its way back to paper enters nothing more."""
        if name in self._leaving_live and self._connections[name].runner.state.state is State.RUNNING:
            self._track(name, self._pause_at_start(name))

    async def _pause_at_start(self, name: ConnectionId) -> None:
        """It is the first that its runner hears of, also where the runner can't begin yet."""
        try:
            await self._pause(name)
        except StorageTrouble as error:
            logger.warning("{} is not paused yet: {}", name, error)

    def tick(self) -> None:
        """Once a second."""
        for name in self._leaving_live | self._unsure:
            self._look_after(name)

    async def end(self, seconds: float) -> None:
        """Begin nothing more, and wait for what is under way: it would begin again what is stopped then."""
        self._stopping = True
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=seconds)

    # ── what the owner asks for ───────────────────────────────────────────────────────────

    async def go_live(self, connection: ConnectionId) -> Answer:
        """Once all was checked that must be true before. Raises StorageTrouble: then it goes on on paper, paused."""
        await self._pause(connection)
        if self._stopping:
            return Answer("the desk is being stopped: nothing goes live now")
        if self._is_live(connection) or connection in self._under_way:
            return Answer(f"{connection} is being switched already")
        if not self._connections[connection].is_flat:
            return Answer(
                "a paper position was opened meanwhile: close it first; the paper book is paused now"
            )
        # A task of its own: whoever waits may be cancelled, and a switch must not end half-way.
        if not await asyncio.shield(self._track(connection, self._switch(connection, Mode.LIVE))):
            return Answer("a paper position was opened meanwhile: close it first")
        return Answer()

    async def _pause(self, connection: ConnectionId) -> Answer:
        now = self._clock.now()
        command = i.Pause(now, CommandId(f"switch.{now.isoformat()}"), "owner")
        return await self._connections[connection].runner.ask(command)

    async def go_paper(self, connection: ConnectionId) -> Answer:
        """One tap and idempotent (law 8). Positions on the live book stay protected until they are closed.

        Paused at once; the wish is on disk before it is answered, so that no restart forgets it. Raises StorageTrouble
        where that could not be.
        """
        if connection in self._under_way and not self._is_live(connection):
            await asyncio.wait([self._under_way[connection]])  # it is going live, and must come back
        if not self._is_live(connection):
            return Answer()
        answer = await self._pause(connection)
        if self._connections[connection].barred:
            return answer  # nothing is at work there, and nothing is to be wished for
        if not self._is_live(connection):
            return Answer()  # an earlier tap was carried out meanwhile
        async with self._storing:
            if self._is_live(connection) and connection not in self._leaving_live:
                # Once: what is stored by now may be the paper of a switch under way, and must not become live again.
                await self._leave(connection)
        self._look_after(connection, at_once=True)
        return answer

    async def _leave(self, connection: ConnectionId) -> None:
        """Wanted before it is stored: nobody may resume while a slow database takes its time."""
        self._leaving_live.add(connection)
        try:
            await self._keep(connection, Mode.LIVE, leaving=True)
        except BaseException:
            self._leaving_live.discard(connection)
            raise

    def _is_live(self, connection: ConnectionId) -> bool:
        return self._connections[connection].settings.mode is Mode.LIVE

    def leaving_live(self, connection: ConnectionId) -> bool:
        return connection in self._leaving_live

    # ── how it is done ────────────────────────────────────────────────────────────────────

    def _look_after(self, name: ConnectionId, at_once: bool = False) -> None:
        """Store what is not stored for certain; to paper once nothing is open any more: what is under way still
        belongs to the live book. `at_once`: the owner has just asked, and sees it on his screen."""
        ready = name in self._leaving_live and self._connections[name].is_flat
        if not self._stopping and name not in self._under_way and (ready or name in self._unsure):
            self._track(name, self._settle_mode(name, at_once))

    def _track(self, name: ConnectionId, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """One at a time for each connection: two switches at once would begin it twice."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._under_way.pop(name, None))
        return task

    async def _settle_mode(self, name: ConnectionId, at_once: bool) -> None:
        """The wish is kept until it is done: what did not work is tried again at the next tick."""
        try:
            async with self._storing:
                if name in self._unsure:
                    mode = self._connections[name].settings.mode
                    await self._keep(name, mode, leaving=name in self._leaving_live)
            if name in self._leaving_live and self._connections[name].is_flat:
                told = [] if at_once else [leaving_live.on_paper(name, self._clock.now())]
                if await self._switch(name, Mode.PAPER, told):
                    self._leaving_live.discard(name)
        except StorageTrouble as error:
            logger.error("the mode of {} can't be stored yet: {}", name, error)

    async def _switch(self, name: ConnectionId, mode: Mode, told: Sequence[Notice] = ()) -> bool:
        """Whether it was done; where something was opened meanwhile it goes on as it was.

        Stored when nothing is at work and nothing is open, before anything is at work in the new mode: whenever the
        process ends, the next one leaves no open book to nobody, and nothing has to be taken back.
        """
        one = self._connections[name]
        after = one.settings.mode
        await one.stop(SWITCH_SECONDS)
        try:
            # What is on disk counts where the live book is left: a stop that took too long leaves more than memory has.
            if one.is_flat and not (after is Mode.LIVE and is_open(await one.live_book())):
                await self._keep(name, mode, told=told)
                after = mode
        finally:
            await one.go_on(after)
        return after is mode

    async def _keep(
        self, name: ConnectionId, mode: Mode, leaving: bool = False, told: Sequence[Notice] = ()
    ) -> None:
        """Where it fails it may have been stored all the same: a database can be lost at the commit."""
        try:
            await self._modes.keep_mode(name, mode, leaving, told)
        except StorageTrouble:
            self._unsure.add(name)
            raise
        self._unsure.discard(name)
