"""All connections and venues of the desk: start, steer, stop. It is what the phone's side talks to (engine.desk)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from engine.clock import Clock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.ids import ConnectionId, Symbol
from engine.core.model import Candle, Mode
from engine.desk import Answer, CheckItem, ConnectionView, Health, StrategyInfo
from engine.going_live import CheckKey, checklist
from engine.ports import ModeStore, unread_of
from engine.safer_now import SaferNow
from engine.switching import Switching
from engine.timeframes import next_close
from engine.venue_room import VenueRoom


class Coordinator:
    """Implements engine.desk.Desk. `rooms` hold their connections; each connection is in exactly one."""

    def __init__(
        self,
        rooms: Sequence[VenueRoom],
        describe: Callable[[], Sequence[StrategyInfo]],
        clock: Clock,
        modes: ModeStore,
        check_key: CheckKey,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """`release` is called at the end: it lets go of what the desk does not hold itself."""
        self._rooms: Mapping[ConnectionId, VenueRoom] = {
            one.settings.connection: room for room in rooms for one in room.connections
        }
        self._connections: Mapping[ConnectionId, Connection] = {
            one.settings.connection: one for room in rooms for one in room.connections
        }
        self.rooms = rooms
        self._describe = describe
        self._clock = clock
        self._check_key = check_key
        self._switching = Switching(self._connections, modes, clock)
        self._safer = SaferNow()
        self._release = release

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def start(self, clean: bool) -> None:
        """Restore every book, then begin. `clean`: whether the last process left in good order. A connection that
        was on its way back to paper goes on with it."""
        for name, connection in self._connections.items():
            connection.set_mode(await self._switching.mode_at_start(name))
            await connection.start(clean)
            self._switching.begin(name)
        for room in self.rooms:
            room.start()

    async def stop(self, seconds: float) -> bool:
        """Gates first, then settle, all at once and within `seconds`; whether nothing was left under way.

        A switch under way ends first: it would begin again what was stopped.
        """
        until = self._clock.monotonic() + seconds
        self._safer.close()
        for one in self._connections.values():
            one.runner.close_gate()  # all of them before anything is waited for
        await self._switching.end(seconds)
        left = max(until - self._clock.monotonic(), 0.0)
        settled = await asyncio.gather(*(one.stop(left) for one in self._connections.values()))
        await asyncio.gather(*(room.stop() for room in self.rooms))
        self._release()
        return all(settled)

    # ── what the scheduler calls ──────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Once a second."""
        for connection in self._connections.values():
            connection.runner.put(i.TimerTicked(self._clock.now()))
        self._switching.tick()

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
            one.account,
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
            one.unread_rows + unread_of(room.market),
        )

    def _next_cycle(self, room: VenueRoom) -> datetime | None:
        now = self._clock.now()
        return min((next_close(now, one) for one in room.cycle.timeframes), default=None)

    async def send(self, connection: ConnectionId, command: i.Command) -> Answer:
        if self._switching.leaving_live(connection) and isinstance(command, i.Resume):
            return Answer(f"{connection} is on its way back to paper: it can be resumed there")
        return await self._connections[connection].ask(command)

    def stop_entries(self, connection: ConnectionId, command: i.Command) -> asyncio.Task[Answer]:
        return self._safer.begin(self._connections[connection], command)

    def hold_entries(self, reason: str) -> None:
        for one in self._connections.values():
            one.hold.put_on(reason)

    def release_entries(self, reason: str) -> None:
        for one in self._connections.values():
            one.hold.take_off(reason)

    async def candles(
        self, connection: ConnectionId, symbol: Symbol, timeframe: int, limit: int
    ) -> Sequence[Candle]:
        return await self._rooms[connection].market.candles(symbol, timeframe, limit=limit, running=True)

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
        return await self._switching.go_live(connection)

    async def go_paper(self, connection: ConnectionId) -> Answer:
        return await self._switching.go_paper(connection)

    def leaving_live(self, connection: ConnectionId) -> bool:
        return self._switching.leaving_live(connection)
