"""BingX's private stream: https://bingx-api.github.io/docs-v3/#/en/Spot/Websocket%20Account%20Data"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import EventKind, OrderEvent
from sandbox.exchange.rest import Json
from sandbox.exchange.venue import Venue
from tests.support.standins.bingx_rest import BingxRest, order_number, order_status, order_type, pair_id
from tests.support.standins.common import Speech, Streams

TOPIC = "spot.executionReport"


class Zipped(Connection):
    """Everything is sent compressed."""

    async def write(self) -> None:
        while True:
            text = await self._queue.get()
            if self._socket.closed:
                return
            await self._socket.send_bytes(gzip.compress(text.encode()))


class BingxStreams(Streams):
    """A report tells the order's number, not its name; `q` and `p` are the order's, `l` and `L` the execution's."""

    path = "/market"

    def __init__(self, venue: Venue, rest: BingxRest) -> None:
        super().__init__(venue)
        self._rest = rest
        self.pongs: list[str] = []

    def connection(self, request: web.Request) -> Connection:
        return Zipped(request, self.venue.faults)

    def welcome(self, connection: Connection, request: web.Request) -> None:
        connection.reply({"ping": "5963ba3db76049b2870f9a686b2ebaac", "time": "2023-10-02T18:51:55.089+0800"})

    def obey(self, connection: Connection, request: web.Request, text: str) -> None:
        asked = json.loads(text)
        if "pong" in asked:
            self.pongs.append(asked["pong"])
            return
        account = self._rest.keys.get(request.query.get("listenKey", ""))
        if account is None:
            connection.reply({"id": asked["id"], "code": 100401, "msg": "AUTHENTICATION_FAIL"})
            return
        connection.reply({"id": asked["id"], "code": 0, "msg": "SUCCESS", "dataType": "", "data": None})
        if asked["dataType"] == TOPIC:
            self.listening[connection] = account

    def refuse(self, connection: Connection, text: str, rule: Rule) -> None:
        said = {"id": json.loads(text)["id"], "code": int(rule.code or 100403), "msg": rule.text or "refused"}
        connection.reply(said)

    def is_request(self, text: str) -> bool:
        return "reqType" in text

    def events(self, event: OrderEvent) -> Sequence[tuple[str, str]]:
        return [("executionReport", json.dumps({"code": 0, "dataType": TOPIC, "data": _report(event)}))]


def _report(event: OrderEvent) -> Json:
    order, trade = event.order, event.trade
    kind = "CANCELED" if event.kind is EventKind.EXPIRED else str(event.kind)
    return {
        "e": "executionReport",
        "E": event.time_ms,
        "s": pair_id(order.pair),
        "S": str(order.side),
        "o": order_type(order),
        "q": float(order.quantity),
        "p": float(order.price),
        "x": kind,
        "X": order_status(order),
        "i": order_number(order.id),
        "l": float(trade.quantity) if trade else 0,
        "z": float(order.filled),
        "L": float(trade.price) if trade else 0,
        "n": -float(trade.fee) if trade else 0,
        "N": trade.fee_coin if trade else "",
        "T": event.time_ms if trade else 0,
        "t": trade.id if trade else 0,
        "O": order.created_ms,
        "Z": float(order.filled_quote),
        "Y": float(trade.cost) if trade else 0,
        "Q": 0,
        "m": trade.maker if trade else False,
    }


def bingx(venue: Venue) -> tuple[Speech, Any]:
    rest = BingxRest()
    return rest, BingxStreams(venue, rest)
