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

    async def next_text(self) -> str | None:
        """What the client sent next, or None at the end of the connection."""
        message = await self._socket.receive()
        return str(message.data) if message.type is WSMsgType.TEXT else None

    async def next_request(self, complaint: Any) -> dict[str, Any] | None:
        """The next JSON object, or None at the end; `complaint` is the answer to all else."""
        while (text := await self.next_text()) is not None:
            parsed = as_object(text)
            if parsed is not None:
                return parsed
            self.reply(complaint)
        return None

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
        self.say(json.dumps(body))

    def say(self, text: str) -> None:
        """Queue an answer that is no JSON."""
        self._put(text)

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


def as_object(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is, None if it is none."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
