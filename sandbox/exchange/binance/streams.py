"""Market streams: subscriptions of each connection, and what each tick of the market sends to whom.

Paths as on Binance: `/ws`, `/ws/<stream>`, `/stream?streams=a/b` (wrapped in {"stream", "data"}). ccxt.pro adds a
number to its address, which is taken for no stream; it also wants `/stream` in the address to know that this is
spot, so `/stream/ws` is served as `/ws` is.
"""

import asyncio
import json
import re
from collections import defaultdict
from typing import Any

from aiohttp import web

from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import UNREADABLE
from sandbox.exchange.binance.stream_events import StreamEvents
from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Point
from sandbox.exchange.http_faults import suffer
from sandbox.exchange.market.feed import Tick

_KINDS = re.compile(
    r"(trade|aggTrade|bookTicker|ticker|miniTicker|kline_[0-9]+[smhdw]|depth(@1000?ms)?|depth(5|10|20)(@1000?ms)?)"
)
_ALL_KINDS = ("!ticker@arr", "!miniTicker@arr")


def add_routes(app: web.Application, desk: Desk) -> None:
    streams = Streams(desk)
    desk.venue.tick_listeners.append(streams.on_tick)
    for path in ("/ws", "/ws/{names:.*}", "/stream/ws", "/stream/ws/{names:.*}"):
        app.router.add_get(path, streams.serve_raw)
    app.router.add_get("/stream", streams.serve_combined)
    app.on_shutdown.append(streams.close)


class Streams:
    """Who listens to what."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._events = StreamEvents(desk)
        self._ids = {pair_id.lower(): pair_id for pair_id in desk.venue.matching.pairs}
        self._listeners: dict[str, dict[str, dict[Connection, bool]]] = defaultdict(dict)
        """pair id ('' for streams of all pairs) -> stream kind -> connections, True for wrapped ones."""
        self._connections: set[Connection] = set()
        self._second = 0

    async def serve_raw(self, request: web.Request) -> web.StreamResponse:
        names = [name for name in request.match_info.get("names", "").split("/") if not name.isdigit()]
        return await self._serve(request, names, wrapped=False)

    async def serve_combined(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, request.query.get("streams", "").split("/"), wrapped=True)

    async def close(self, _app: web.Application) -> None:
        for connection in list(self._connections):
            connection.abort()

    def on_tick(self, tick: Tick) -> None:
        listeners = self._listeners.get(tick.pair_id)
        if listeners:
            for kind, data in self._events.of_tick(tick, list(listeners)):
                self._send(f"{tick.pair_id.lower()}@{kind}", listeners[kind], data)
        second = tick.time_ms // 1000
        if second != self._second and self._listeners.get(""):
            self._second = second
            for kind, connections in self._listeners[""].items():
                self._send(kind, connections, self._events.of_all(kind))

    async def _serve(self, request: web.Request, names: list[str], wrapped: bool) -> web.StreamResponse:
        rule = self._desk.venue.faults.strike(f"connect {request.path}", Point.BEFORE_ACCEPT)
        struck = None if rule is None else await suffer(self._desk.venue, request, rule)
        if struck is not None:
            return struck
        connection = Connection(request, self._desk.venue.faults)
        socket = await connection.prepare()
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write(), name="sandbox stream writer")
        mine: set[str] = set()
        try:
            self._subscribe(connection, mine, [name for name in names if name], wrapped)
            while (message := await connection.next_request(UNREADABLE)) is not None:
                connection.reply(self._obey(connection, mine, message, wrapped))
        finally:
            self._unsubscribe(connection, mine, list(mine))
            self._connections.discard(connection)
            writer.cancel()
        return socket

    def _obey(
        self, connection: Connection, mine: set[str], message: dict[str, Any], wrapped: bool
    ) -> dict[str, Any]:
        number, names = message.get("id"), message.get("params", [])
        match message.get("method"):
            case "SUBSCRIBE" if _are_names(names):
                unknown = self._subscribe(connection, mine, names, wrapped)
                if unknown:
                    return {
                        "error": {"code": 2, "msg": f"Invalid request: invalid stream {unknown[0]}"},
                        "id": number,
                    }
                return {"result": None, "id": number}
            case "UNSUBSCRIBE" if _are_names(names):
                self._unsubscribe(connection, mine, names)
                return {"result": None, "id": number}
            case "LIST_SUBSCRIPTIONS":
                return {"result": sorted(mine), "id": number}
        return {
            "error": {"code": 2, "msg": "Invalid request: unknown variant or missing field"},
            "id": number,
        }

    def _subscribe(
        self, connection: Connection, mine: set[str], names: list[str], wrapped: bool
    ) -> list[str]:
        """Subscribe to all of `names`, or, if some of them mean nothing here, to none and return those."""
        unknown = [name for name in names if self._split(name) is None]
        if unknown:
            return unknown
        for name in names:
            pair_id, kind = self._split(name) or ("", name)
            self._listeners[pair_id].setdefault(kind, {})[connection] = wrapped
            self._events.start(pair_id, kind)
            mine.add(name)
        return []

    def _unsubscribe(self, connection: Connection, mine: set[str], names: list[str]) -> None:
        for name in names:
            if name in mine:
                mine.discard(name)
                pair_id, kind = self._split(name) or ("", name)
                connections = self._listeners[pair_id][kind]
                connections.pop(connection, None)
                if not connections:
                    del self._listeners[pair_id][kind]

    def _split(self, name: str) -> tuple[str, str] | None:
        if name in _ALL_KINDS:
            return "", name
        symbol, _, kind = name.partition("@")
        pair_id = self._ids.get(symbol)
        return (pair_id, kind) if pair_id and _KINDS.fullmatch(kind) else None

    def _send(self, name: str, connections: dict[Connection, bool], data: Any) -> None:
        text = json.dumps(data)
        for connection, wrapped in list(connections.items()):
            connection.push(f"stream {name}", f'{{"stream":"{name}","data":{text}}}' if wrapped else text)


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)
