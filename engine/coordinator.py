"""All connections and venues of the desk: start, steer, stop. It is what the phone's side talks to (engine.desk)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

from loguru import logger

from engine import leaving_live
from engine.books import is_open
from engine.clock import Clock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.errors import Corrupt, StorageTrouble
from engine.core.ids import CommandId, ConnectionId, Symbol
from engine.core.model import Candle, Mode, State
from engine.core.notices import Notice
from engine.desk import Answer, CheckItem, ConnectionView, Health, StrategyInfo
from engine.going_live import CheckKey, checklist
from engine.ports import ModeStore
from engine.timeframes import next_close
from engine.venue_room import VenueRoom

SWITCH_SECONDS = 10.0
"""How long what is under way may take to settle before a switch of modes."""


class Coordinator:
    """Implements engine.desk.Desk. `rooms` hold their connections; each connection is in exactly one."""

    def __init__(
        self,
        rooms: Sequence[VenueRoom],
        describe: Callable[[], Sequence[StrategyInfo]],
        clock: Clock,
        modes: ModeStore,
        check_key: CheckKey,
    ) -> None:
        self._rooms: Mapping[ConnectionId, VenueRoom] = {
            one.settings.connection: room for room in rooms for one in room.connections
        }
        self._connections: Mapping[ConnectionId, Connection] = {
            one.settings.connection: one for room in rooms for one in room.connections
        }
        self.rooms = rooms
        self._describe = describe
        self._clock = clock
        self._modes = modes
        self._check_key = check_key
        self._leaving_live: set[ConnectionId] = set()
        self._unsure: set[ConnectionId] = set()
        """What is stored of their mode may not be what they are in: it is stored again."""
        self._storing = asyncio.Lock()
        """Held while a mode is stored with the wish to leave it: neither must be older than the other."""
        self._switching: dict[ConnectionId, asyncio.Task[Any]] = {}
        self._stopping = False

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def start(self, clean: bool) -> None:
        """Restore every book, then begin. `clean`: whether the last process left in good order. A connection that
        was on its way back to paper goes on with it."""
        for name, connection in self._connections.items():
            if await self._modes.mode(name) is Mode.PAPER:
                await self._lead_what_is_open(name)
            connection.set_mode(await self._modes.mode(name))
            if await self._modes.leaves_live(name):
                self._leaving_live.add(name)
            await connection.start(clean)
            if name in self._leaving_live and connection.runner.state.state is State.RUNNING:
                self._track(name, self._pause_at_start(name))
        for room in self.rooms:
            room.start()

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

    async def _pause_at_start(self, name: ConnectionId) -> None:
        """It is the first that its runner hears of, also where the runner can't begin yet."""
        try:
            await self._pause(name)
        except StorageTrouble as error:
            logger.warning("{} is not paused yet: {}", name, error)

    async def stop(self, seconds: float) -> bool:
        """Gates first, then settle, all at once and within `seconds`; whether nothing was left under way.

        A switch under way ends first: it would begin again what was stopped.
        """
        self._stopping = True
        until = self._clock.monotonic() + seconds
        if self._switching:
            await asyncio.wait(self._switching.values(), timeout=seconds)
        left = max(until - self._clock.monotonic(), 0.0)
        settled = await asyncio.gather(*(one.stop(left) for one in self._connections.values()))
        await asyncio.gather(*(room.stop() for room in self.rooms))
        return all(settled)

    # ── what the scheduler calls ──────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Once a second."""
        for connection in self._connections.values():
            connection.runner.put(i.TimerTicked(self._clock.now()))
        for name in self._leaving_live | self._unsure:
            self._look_after(name)

    def mark_equity(self) -> None:
        """Every few seconds: breakers are checked, and a mark is written when it is due."""
        now = self._clock.now()
        for room in self.rooms:
            room.watch_prices()
            room.check_cycles(now)
        for connection in self._connections.values():
            connection.runner.put(i.EquityDue(now))

    def see_storage(self, trouble: str) -> None:
        """How the database and its disk do, in words; empty when all is well. In trouble nothing is entered (P4)."""
        for room in self.rooms:
            room.see_storage(trouble)

    # ── engine.desk.Desk ──────────────────────────────────────────────────────────────────

    def connections(self) -> Sequence[ConnectionId]:
        return tuple(self._connections)

    def view(self, connection: ConnectionId) -> ConnectionView:
        one = self._connections[connection]
        runner = one.runner
        return ConnectionView(
            runner.book,
            one.settings,
            runner.state,
            runner.market.prices,
            runner.market.instruments,
            self._health(one, self._rooms[connection]),
        )

    def _health(self, one: Connection, room: VenueRoom) -> Health:
        seen = one.runner.market.seen_at.values()
        return Health(
            one.working,
            room.feed.state(one.symbols()),
            max(seen, default=None),
            room.last_cycle_at,
            self._next_cycle(room),
            room.last_cycle_ms,
            one.restarts,
            one.runner.waiting,
        )

    def _next_cycle(self, room: VenueRoom) -> datetime | None:
        now = self._clock.now()
        return min((next_close(now, one) for one in room.cycle.timeframes), default=None)

    async def send(self, connection: ConnectionId, command: i.Command) -> Answer:
        if connection in self._leaving_live and isinstance(command, i.Resume):
            return Answer(f"{connection} is on its way back to paper: it can be resumed there")
        return await self._connections[connection].runner.ask(command)

    async def candles(
        self, connection: ConnectionId, symbol: Symbol, timeframe: int, limit: int
    ) -> Sequence[Candle]:
        return await self._rooms[connection].market.candles(symbol, timeframe, limit=limit)

    def strategies(self) -> Sequence[StrategyInfo]:
        return self._describe()

    # ── between paper and live ────────────────────────────────────────────────────────────

    async def reconcile(self, connection: ConnectionId) -> None:
        self._connections[connection].reconcile()

    async def checklist(self, connection: ConnectionId) -> Sequence[CheckItem]:
        room = self._rooms[connection]
        return await checklist(self._connections[connection], room.market, self._check_key, self._clock)

    async def go_live(self, connection: ConnectionId) -> Answer:
        one = self._connections[connection]
        if one.settings.mode is Mode.LIVE:
            return Answer(f"{connection} is live already")
        failed = [item for item in await self.checklist(connection) if not item.ok]
        if failed:
            return Answer("; ".join(item.detail for item in failed))
        await self._pause(connection)
        if self._stopping:
            return Answer("the desk is being stopped: nothing goes live now")
        if self._is_live(connection) or connection in self._switching:
            return Answer(f"{connection} is being switched already")
        if not one.is_flat:
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
        if connection in self._switching and not self._is_live(connection):
            await asyncio.wait([self._switching[connection]])  # it is going live, and must come back
        if not self._is_live(connection):
            return Answer()
        answer = await self._pause(connection)
        if not self._is_live(connection):
            return Answer()  # an earlier tap was carried out meanwhile
        async with self._storing:
            if self._is_live(connection) and connection not in self._leaving_live:
                # Once: what is stored by now may be the paper of a switch under way, and must not become live again.
                await self._keep(connection, Mode.LIVE, leaving=True)
                self._leaving_live.add(connection)
        self._look_after(connection, at_once=True)
        return answer

    def _is_live(self, connection: ConnectionId) -> bool:
        return self._connections[connection].settings.mode is Mode.LIVE

    def leaving_live(self, connection: ConnectionId) -> bool:
        return connection in self._leaving_live

    def _look_after(self, name: ConnectionId, at_once: bool = False) -> None:
        """Store what is not stored for certain; to paper once nothing is open any more: what is under way still
        belongs to the live book. `at_once`: the owner has just asked, and sees it on his screen."""
        ready = name in self._leaving_live and self._connections[name].is_flat
        if not self._stopping and name not in self._switching and (ready or name in self._unsure):
            self._track(name, self._settle_mode(name, at_once))

    def _track(self, name: ConnectionId, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """One at a time for each connection: two switches at once would begin it twice."""
        task = asyncio.get_running_loop().create_task(work)
        self._switching[name] = task
        task.add_done_callback(lambda _: self._switching.pop(name, None))
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
            if one.is_flat:
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
