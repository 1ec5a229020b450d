"""What the stand-ins for Kraken, KuCoin and BingX share: the sandbox's matching and faults behind another venue's API.

They are no product, so they know only what the live adapter asks for, in the shapes that each venue documents.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from json import loads
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Point, Rule
from sandbox.exchange.http_faults import Done, suffer
from sandbox.exchange.market.tape import Tape
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import Order, OrderEvent, Pair, Refusal, Trade
from sandbox.exchange.rest import Desk, Sent, handler
from sandbox.exchange.testing import RunningVenue
from sandbox.exchange.venue import Client, Venue
from sandbox.exchange.ws_faults import goes_on


class Says(Exception):
    """The venue's no: its own `code` and `text`, with HTTP `status`."""

    def __init__(self, code: str, text: str = "", status: int = 200) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text, self.status = code, text, status


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was understood; `account` is empty for a public one."""

    desk: Desk
    sent: Sent
    params: dict[str, str]
    account: str

    @property
    def venue(self) -> Venue:
        return self.desk.venue

    @property
    def last_of_path(self) -> str:
        return self.sent.path.rpartition("/")[2]

    def number(self, name: str) -> int | None:
        return int(self.params[name]) if self.params.get(name) else None

    def decimal(self, name: str) -> Decimal | None:
        return Decimal(self.params[name]) if self.params.get(name) else None

    def orders(self, pair: Pair | None = None) -> list[Order]:
        """All of this account, oldest first."""
        return self.venue.matching.orders(self.account, pair.id if pair else None)

    def trades(self, order: Order | None = None) -> list[Trade]:
        """All of this account, or of one order, oldest first."""
        found = self.desk.trades(self.account)
        return [trade for trade in found if order is None or trade.order_id == order.id]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`purpose` is what faults know it by; `path` may hold aiohttp's {names}."""

    method: str
    path: str
    purpose: str
    run: Callable[[Call], Any]
    signed: bool = True


class Speech:
    """How a venue is asked and how it answers."""

    endpoints: Sequence[Endpoint] = ()

    def params(self, sent: Sent) -> dict[str, str]:
        """From the query, and from a body of either kind."""
        body = sent.body.strip()
        read: Any = loads(body) if body.startswith("{") else dict(parse_qsl(body))
        return {**sent.query_params(), **{name: str(value) for name, value in read.items()}}

    def account(self, desk: Desk, sent: Sent) -> str:
        """Whose signature it is; raises Says."""
        raise NotImplementedError

    def answer(self, desk: Desk, result: Any) -> web.Response:
        raise NotImplementedError

    def refusal(self, problem: Says) -> web.Response:
        raise NotImplementedError

    def said(self, refusal: Refusal) -> Says:
        """The matching engine's no in this venue's words."""
        raise NotImplementedError


class Streams:
    """The user's own events over a websocket at `path`."""

    path = ""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.listening: dict[Connection, str] = {}
        venue.order_listeners.append(self._on_event)

    def connection(self, request: web.Request) -> Connection:
        return Connection(request, self.venue.faults)

    def welcome(self, connection: Connection, request: web.Request) -> None:
        """What is said at the beginning."""

    def obey(self, connection: Connection, request: web.Request, text: str) -> None:
        """What a client says; `self.listening[connection] = account` signs it in."""
        raise NotImplementedError

    def refuse(self, connection: Connection, text: str, rule: Rule) -> None:
        """A fault wants `text` to be refused."""
        raise NotImplementedError

    def events(self, event: OrderEvent) -> Sequence[tuple[str, str]]:
        """What is told of `event`: the kind that faults know it by, and the text."""
        raise NotImplementedError

    def is_request(self, text: str) -> bool:
        """Whether faults on `ws subscribe` may strike it: pings are none."""
        return "subscribe" in text or "sub" in text

    def pong(self, connection: Connection, answer: Any) -> None:
        """To a ping that is a message, unless a fault on `ping` loses it."""
        if self.venue.faults.strike("ping", Point.BEFORE_ACCEPT) is None:
            connection.reply(answer)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        rule = self.venue.faults.strike(f"connect {self.path}", Point.BEFORE_ACCEPT)
        struck = None if rule is None else await suffer(self.venue, request, rule)
        if struck is not None:
            return struck
        connection = self.connection(request)
        socket = await connection.prepare()
        self.welcome(connection, request)
        writer = asyncio.create_task(connection.write(), name="stand-in's stream writer")
        try:
            while (text := await connection.next_text()) is not None:
                if await self._goes_on(connection, text):
                    self.obey(connection, request, text)
        finally:
            self.listening.pop(connection, None)
            writer.cancel()
        return socket

    async def _goes_on(self, connection: Connection, text: str) -> bool:
        faults = self.venue.faults
        rule = faults.strike("ws subscribe", Point.BEFORE_ACCEPT) if self.is_request(text) else None
        if rule is None:
            return True
        return await goes_on(faults, connection, rule, partial(self.refuse, connection, text))

    def _on_event(self, event: OrderEvent) -> None:
        for kind, text in self.events(event):
            for connection, account in list(self.listening.items()):
                if account == event.order.account:
                    connection.push(f"user {kind}", text)


def add_routes(app: web.Application, desk: Desk, speech: Speech) -> None:
    for endpoint in speech.endpoints:
        target = f"{endpoint.method} {endpoint.path}"
        handle = handler(
            desk.venue,
            target,
            endpoint.purpose,
            partial(_run, desk, speech, endpoint),
            lambda rule: speech.refusal(
                Says(str(rule.code), rule.text or "An error on demand.", rule.status or 200)
            ),
        )
        app.router.add_route(endpoint.method, endpoint.path, handle)


def _run(desk: Desk, speech: Speech, endpoint: Endpoint, sent: Sent) -> Done:
    try:
        account = speech.account(desk, sent) if endpoint.signed else ""
        result = endpoint.run(Call(desk, sent, speech.params(sent), account))
    except Refusal as refusal:
        return Done(speech.refusal(speech.said(refusal)), accepted=False)
    except Says as problem:
        return Done(speech.refusal(problem), accepted=False)
    return Done(speech.answer(desk, result), accepted=True)


@asynccontextmanager
async def serving(
    make: Callable[[Venue], tuple[Speech, Streams]],
    markets: list[tuple[Pair, Tape]],
    clients: Sequence[Client],
    fees: FeePolicy,
) -> AsyncIterator[RunningVenue]:
    """A stand-in on a free port of loopback, its market at play, for as long as the context lasts."""
    venue = Venue(markets, clients, fees)
    speech, streams = make(venue)
    app = web.Application()
    add_routes(app, Desk(venue), speech)
    app.router.add_get(streams.path, streams.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    playing = asyncio.create_task(venue.run(), name="stand-in's market")
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield RunningVenue(venue, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        venue.faults.close()
        for connection in list(streams.listening):
            connection.abort()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await runner.cleanup()
