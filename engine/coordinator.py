"""All connections and venues of the desk: start, steer, stop. It is what the phone's side talks to (engine.desk)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from engine.clock import Clock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.ids import ConnectionId, Symbol
from engine.core.model import Candle
from engine.desk import Answer, ConnectionView, Health, StrategyInfo
from engine.timeframes import next_close
from engine.venue_room import VenueRoom


class Coordinator:
    """Implements engine.desk.Desk. `rooms` hold their connections; each connection is in exactly one."""

    def __init__(
        self, rooms: Sequence[VenueRoom], describe: Callable[[], Sequence[StrategyInfo]], clock: Clock
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

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def start(self, clean: bool) -> None:
        """Restore every book, then begin. `clean`: whether the last process left in good order."""
        for connection in self._connections.values():
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

    def mark_equity(self) -> None:
        """Every few seconds: breakers are checked, and a mark is written when it is due."""
        now = self._clock.now()
        for room in self.rooms:
            room.check_cycles(now)
        for connection in self._connections.values():
            connection.runner.put(i.EquityDue(now))

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
        return await self._connections[connection].runner.ask(command)

    async def candles(
        self, connection: ConnectionId, symbol: Symbol, timeframe: int, limit: int
    ) -> Sequence[Candle]:
        return await self._rooms[connection].market.candles(symbol, timeframe, limit=limit)

    def strategies(self) -> Sequence[StrategyInfo]:
        return self._describe()
