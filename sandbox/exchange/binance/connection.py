"""One websocket client: a bounded queue and one writer, so that a slow reader never holds up the market."""

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web
from loguru import logger

from sandbox.exchange.faults import Action, Faults, Point, Rule

_QUEUED = 5_000
_HEARTBEAT_S = 20.0


class Connection:
    """`send` never waits; a client that falls `_QUEUED` messages behind is cut off, as on the real venue."""

    def __init__(self, request: web.Request, faults: Faults) -> None:
        self._request = request
        self._faults = faults
        self._socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=1 << 20)
        self._queue: asyncio.Queue[str] = asyncio.Queue(_QUEUED)
        self._held: list[str] = []

    async def prepare(self) -> web.WebSocketResponse:
        await self._socket.prepare(self._request)
        return self._socket

    async def next_request(self) -> dict[str, Any] | None:
        """The next JSON object that the client sent, or None at the end of the connection."""
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.TEXT:
                return None
            try:
                parsed = json.loads(message.data)
            except ValueError:
                parsed = None
            if isinstance(parsed, dict):
                return parsed
            self.reply({"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}})

    async def write(self) -> None:
        """Send what is queued until the connection ends."""
        while True:
            text = await self._queue.get()
            try:
                await self._socket.send_str(text)
            except ConnectionError as problem:
                logger.debug("a stream client is gone: {}", problem)
                return

    def reply(self, body: Any) -> None:
        """Queue an answer to a request; faults on streams do not touch it."""
        self._put(json.dumps(body))

    def push(self, target: str, text: str) -> None:
        """Queue an event, unless a fault on `target` loses, holds up or spoils it."""
        rule = self._faults.strike(target, Point.BEFORE_ACCEPT)
        if rule is not None and rule.action is Action.REORDER:
            self._held.append(text)
            return
        if rule is None:
            self._put(text)
        else:
            self._spoil(rule, text)
        held, self._held = self._held, []
        for late in held:
            self._put(late)

    def _spoil(self, rule: Rule, text: str) -> None:
        match rule.action:
            case Action.DELAY:
                asyncio.get_running_loop().call_later(rule.seconds, self._put, text)
            case Action.GARBAGE:
                self._put("<html>upstream is resting</html>")
            case Action.TRUNCATED:
                self._put(text[: len(text) // 2])
            case Action.DUPLICATE | Action.REPEAT:
                self._put(text)
                self._put(text)
            case Action.DROP | Action.CUT:
                self.abort()
            case _:
                logger.debug("a stream message is lost to a fault: {}", text)

    def abort(self) -> None:
        """Cut the connection without a closing handshake."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def _put(self, text: str) -> None:
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            logger.warning("a stream client reads too slowly and is cut off")
            self.abort()
