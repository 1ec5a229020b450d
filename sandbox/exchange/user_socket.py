"""What the private websockets of Bybit and OKX share: who signed in on which connection, to what he listens, and the
faults on requests (`ws subscribe` …) and on events (`user order` …)."""

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import count

from aiohttp import web

from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Action, Point, Rule
from sandbox.exchange.http_faults import suffer
from sandbox.exchange.matching.model import OrderEvent
from sandbox.exchange.rest import Desk, Json
from sandbox.exchange.ws_faults import goes_on

PURPOSES = {"auth": "sign-in", "login": "sign-in", "subscribe": "subscribe", "ping": "ping"}
"""What a request is for, by its `op`: rules may call it so in both dialects."""


@dataclass(slots=True)
class Session:
    """One connection: its number, the account that signed in on it, and the topics it listens to, each with what the
    dialect wants to remember of it."""

    number: str
    account: str = ""
    topics: dict[str, Json] = field(default_factory=dict)


class UserSocket(ABC):
    """One address, such as /v5/private."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sessions: dict[Connection, Session] = {}
        self._numbers = count(1)

    @abstractmethod
    def op_of(self, text: str) -> str:
        """What a request wants; empty if it can't be read."""

    @abstractmethod
    def obey(self, session: Session, text: str) -> list[str]:
        """Do it; the answers."""

    @abstractmethod
    def refusal(self, session: Session, text: str, rule: Rule) -> str:
        """The error that a fault orders."""

    @abstractmethod
    def on_order_event(self, event: OrderEvent) -> None:
        """Tell those who listen."""

    def add_to(self, app: web.Application, path: str) -> None:
        self._desk.venue.order_listeners.append(self.on_order_event)
        app.router.add_get(path, self.serve)
        app.on_shutdown.append(self.close)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        rule = self._desk.venue.faults.strike(f"connect {request.path}", Point.BEFORE_ACCEPT, "connect")
        struck = None if rule is None else await suffer(self._desk.venue, request, rule)
        if struck is not None:
            return struck
        connection = Connection(request, self._desk.venue.faults)
        socket = await connection.prepare()
        self._sessions[connection] = Session(f"connection-{next(self._numbers)}")
        writer = asyncio.create_task(connection.write(), name="sandbox user stream writer")
        try:
            while (text := await connection.next_text()) is not None:
                await self._take(connection, text)
        finally:
            del self._sessions[connection]
            writer.cancel()
        return socket

    async def close(self, _app: web.Application) -> None:
        for connection in list(self._sessions):
            connection.abort()

    def listening(self, account: str, topic: str) -> list[tuple[Connection, Session]]:
        return [
            (connection, session)
            for connection, session in self._sessions.items()
            if session.account == account and topic in session.topics
        ]

    def tell(self, connection: Connection, topic: str, body: Json) -> None:
        connection.push(f"user {topic}", json.dumps(body))

    async def _take(self, connection: Connection, text: str) -> None:
        """One request, as the faults let it."""
        session, op = self._sessions[connection], self.op_of(text)
        faults, target, purpose = self._desk.venue.faults, f"ws {op}", PURPOSES.get(op, "")

        def refuse(rule: Rule) -> None:
            connection.say(self.refusal(session, text, rule))

        before = faults.strike(target, Point.BEFORE_ACCEPT, purpose)
        if before is not None and not await goes_on(faults, connection, before, refuse):
            return
        if before is not None and before.action is Action.DUPLICATE:
            self.obey(session, text)
        answers = self.obey(session, text)
        after = faults.strike(target, Point.AFTER_ACCEPT, purpose)
        if after is not None and not await goes_on(faults, connection, after, refuse):
            return
        twice = any(rule is not None and rule.action is Action.REPEAT for rule in (before, after))
        for answer in answers * (2 if twice else 1):
            connection.say(answer)
