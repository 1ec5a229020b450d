"""All connections and venues of the desk: start, steer, stop. It is what the phone's side talks to (engine.desk)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from loguru import logger

from engine.clock import Clock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.errors import StorageTrouble
from engine.core.ids import CommandId, ConnectionId, Symbol
from engine.core.model import Candle, Mode
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
        self._switching: dict[ConnectionId, asyncio.Task[None]] = {}

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def start(self, clean: bool) -> None:
        """Restore every book, then begin. `clean`: whether the last process left in good order. A connection that
        was on its way back to paper goes on with it."""
        for name, connection in self._connections.items():
            connection.set_mode(await self._modes.mode(name))
            if await self._modes.leaves_live(name):
                self._leaving_live.add(name)
            await connection.start(clean)
        for room in self.rooms:
            room.start()

    async def stop(self, seconds: float) -> bool:
        """Gates first, then settle, all at once and within `seconds`; whether nothing was left under way."""
        settled = await asyncio.gather(*(one.stop(seconds) for one in self._connections.values()))
        await asyncio.gather(*(room.stop() for room in self.rooms))
        return all(settled)

    # ── what the scheduler calls ──────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Once a second."""
        for connection in self._connections.values():
            connection.runner.put(i.TimerTicked(self._clock.now()))
        for name in list(self._leaving_live):
            self._switch_if_flat(name)

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
        if one.runner.state.positions or one.runner.state.orders:
            return Answer(
                "a paper position was opened meanwhile: close it first; the paper book is paused now"
            )
        if not await self._switch(connection, Mode.LIVE):
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
        if not self._is_live(connection):
            return Answer()
        answer = await self._pause(connection)
        if not self._is_live(connection):
            return Answer()  # an earlier tap was carried out meanwhile
        if connection not in self._leaving_live:
            # Once: what is stored by now may be the paper of a switch under way, and must not become live again.
            await self._modes.keep_mode(connection, Mode.LIVE, leaving=True)
            self._leaving_live.add(connection)
        self._switch_if_flat(connection)
        return answer

    def _is_live(self, connection: ConnectionId) -> bool:
        return self._connections[connection].settings.mode is Mode.LIVE

    def leaving_live(self, connection: ConnectionId) -> bool:
        return connection in self._leaving_live

    def _switch_if_flat(self, name: ConnectionId) -> None:
        """Once nothing is open any more; what is under way still belongs to the live book."""
        if name in self._switching or not self._connections[name].is_flat:
            return
        task = asyncio.get_running_loop().create_task(self._leave_live(name))
        self._switching[name] = task
        task.add_done_callback(lambda _: self._switching.pop(name, None))

    async def _leave_live(self, name: ConnectionId) -> None:
        """The wish is kept until it is done: what did not work is tried again at the next tick."""
        try:
            if await self._switch(name, Mode.PAPER):
                self._leaving_live.discard(name)
        except StorageTrouble as error:
            logger.error("{} can't be switched to paper yet: {}", name, error)

    async def _switch(self, name: ConnectionId, mode: Mode) -> bool:
        """Whether it was done. The mode is stored first, so that a crash in between starts in the mode that was
        asked for; it is taken back where something was opened in that moment."""
        before = self._connections[name].settings.mode
        await self._modes.keep_mode(name, mode)
        if await self._connections[name].switch(mode, SWITCH_SECONDS):
            return True
        await self._modes.keep_mode(name, before, leaving=name in self._leaving_live)
        return False
