"""KuCoin's private topics: https://www.kucoin.com/docs-new/3470074w0 (orders) and 3470139w0 (stops)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import UNPRICED, EventKind, OrderEvent, Status
from sandbox.exchange.rest import Json, plain
from sandbox.exchange.venue import Venue
from tests.support.standins.common import Speech, Streams
from tests.support.standins.kucoin_rest import KucoinRest, is_stop, order_id, pair_id

ORDERS, STOPS = "/spotMarket/tradeOrders", "/spotMarket/advancedOrders"


class KucoinStreams(Streams):
    """A match tells no fee, a stop tells no name."""

    path = "/endpoint"

    def __init__(self, venue: Venue, rest: KucoinRest) -> None:
        super().__init__(venue)
        self._rest = rest

    def welcome(self, connection: Connection, request: web.Request) -> None:
        connection.reply({"id": request.query.get("connectId"), "type": "welcome"})

    def obey(self, connection: Connection, request: web.Request, text: str) -> None:
        asked = json.loads(text)
        if asked["type"] == "ping":
            self.pong(connection, {"id": asked["id"], "type": "pong"})
            return
        account = self._rest.tokens.get(request.query.get("token", ""))
        if account is None or asked.get("privateChannel") is not True:
            self._no(connection, asked, "401", "token is invalid")
            return
        connection.reply({"id": asked["id"], "type": "ack"})
        self.listening[connection] = account

    def refuse(self, connection: Connection, text: str, rule: Rule) -> None:
        self._no(connection, json.loads(text), str(rule.code or 406), rule.text or "topic is refused")

    def _no(self, connection: Connection, asked: Json, code: str, why: str) -> None:
        connection.reply({"id": asked["id"], "type": "error", "code": code, "data": why})

    def events(self, event: OrderEvent) -> Sequence[tuple[str, str]]:
        order = event.order
        if is_stop(order):
            kind = "open" if event.kind is EventKind.NEW else "cancel"
            return [("stopOrder", _message(STOPS, "stopOrder", _stop_row(event, kind)))]
        told: list[tuple[str, str]] = []
        if event.kind is EventKind.NEW and order.stop_price:
            told.append(("stopOrder", _message(STOPS, "stopOrder", _stop_row(event, "triggered"))))
        return told + [
            ("orderChange", _message(ORDERS, "orderChange", {**_row(event), **what})) for what in _what(event)
        ]


def _what(event: OrderEvent) -> list[Json]:
    """A market order is never in the book, so nothing is told when it comes in."""
    order, trade = event.order, event.trade
    if trade is not None:
        matched = {
            "type": "match",
            "status": "open" if trade.maker else "match",
            "liquidity": "maker" if trade.maker else "taker",
            "feeType": "makerFee" if trade.maker else "takerFee",
            "matchPrice": plain(trade.price),
            "matchSize": plain(trade.quantity),
            "tradeId": str(trade.id),
        }
        ended = [{"type": "filled", "status": "done"}] if order.status is Status.FILLED else []
        return [matched, *ended]
    if event.kind is EventKind.NEW:
        return [] if order.type in UNPRICED else [{"type": "open", "status": "open"}]
    return [{"type": "canceled", "status": "done"}]


def _row(event: OrderEvent) -> Json:
    order = event.order
    return {
        "symbol": pair_id(order.pair),
        "orderType": "market" if order.type in UNPRICED else "limit",
        "side": order.side.lower(),
        "orderId": order_id(order),
        "clientOid": order.client_id,
        "orderTime": order.created_ms,
        "size": plain(order.quantity),
        "filledSize": plain(order.filled),
        "remainSize": plain(order.remaining) if order.is_open else "0",
        "price": plain(order.price),
        "ts": event.time_ms * 1_000_000,
    }


def _stop_row(event: OrderEvent, kind: str) -> Json:
    order = event.order
    triggered = {"triggerSuccess": True} if kind == "triggered" else {}
    return {
        "createdAt": order.created_ms,
        "orderId": f"vs{order.id:022x}",
        "orderPrice": "0",
        "orderType": "stop",
        "side": order.side.lower(),
        "size": plain(order.quantity),
        "stop": "loss",
        "stopPrice": plain(order.stop_price),
        "symbol": pair_id(order.pair),
        "tradeType": "TRADE",
        "ts": event.time_ms * 1_000_000,
        "type": kind,
        **triggered,
    }


def _message(topic: str, subject: str, data: Json) -> str:
    whole = {"type": "message", "topic": topic, "subject": subject, "channelType": "private", "data": data}
    return json.dumps(whole)


def kucoin(venue: Venue) -> tuple[Speech, Any]:
    rest = KucoinRest()
    return rest, KucoinStreams(venue, rest)
