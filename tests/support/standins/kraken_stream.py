"""Kraken's executions channel: https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/executions"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import EventKind, Order, OrderEvent, Status, Trade
from sandbox.exchange.rest import Json
from sandbox.exchange.venue import Venue
from tests.support.standins.common import Speech, Streams
from tests.support.standins.kraken_rest import KrakenRest, order_id, order_word, trade_id

_STATUS = {
    Status.NEW: "new",
    Status.PARTIALLY_FILLED: "partially_filled",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
}


class KrakenStreams(Streams):
    """Numbers are JSON numbers. The end of an order tells little more than its number."""

    path = "/v2"

    def __init__(self, venue: Venue, rest: KrakenRest) -> None:
        super().__init__(venue)
        self._rest = rest

    def welcome(self, connection: Connection, request: web.Request) -> None:
        connection.reply({"channel": "status", "type": "update", "data": [{"system": "online"}]})

    def obey(self, connection: Connection, request: web.Request, text: str) -> None:
        asked = json.loads(text)
        if asked["method"] == "ping":
            self.pong(connection, {"method": "pong", "req_id": asked.get("req_id")})
            return
        account = self._rest.tokens.get(asked["params"].get("token", ""))
        if account is None:
            self._no(connection, asked, "EAuth:Invalid token")
            return
        answer = {"channel": "executions", "snap_orders": True, "snap_trades": False}
        connection.reply(
            {"method": "subscribe", "success": True, "req_id": asked["req_id"], "result": answer}
        )
        working = self.venue.matching.open_orders(account)
        rows = [{**_order(order), "exec_type": _STATUS[order.status]} for order in working]
        connection.reply({"channel": "executions", "type": "snapshot", "data": rows, "sequence": 1})
        self.listening[connection] = account

    def refuse(self, connection: Connection, text: str, rule: Rule) -> None:
        self._no(connection, json.loads(text), rule.text or "ESession:Invalid session")

    def _no(self, connection: Connection, asked: Json, error: str) -> None:
        connection.reply(
            {"method": asked["method"], "success": False, "error": error, "req_id": asked["req_id"]}
        )

    def events(self, event: OrderEvent) -> Sequence[tuple[str, str]]:
        rows = _rows(event)
        return [
            ("executions", json.dumps({"channel": "executions", "type": "update", "data": [row]}))
            for row in rows
        ]


def _rows(event: OrderEvent) -> list[Json]:
    order, at = event.order, {"timestamp": _time(event.time_ms)}
    if event.kind is EventKind.TRADE and event.trade is not None:
        traded = {**_identity(order), **_execution(event.trade), **at, "order_status": "partially_filled"}
        return [traded] if order.is_open else [traded, {**_ended(order), **at, "exec_type": "filled"}]
    if event.kind is EventKind.NEW and order.stop_price and order.working:
        return [{"order_id": order_id(order.id), "exec_type": "status", "order_status": "new", **at}]
    if event.kind is EventKind.NEW:
        whole = {**_order(order), **at}
        return [
            {**whole, "exec_type": "pending_new", "order_status": "pending_new"},
            {"order_id": order_id(order.id), "exec_type": "new", "order_status": "new", **at},
        ]
    return [{**_ended(order), **at, "exec_type": _STATUS[order.status], "reason": "User requested"}]


def _identity(order: Order) -> Json:
    return {
        "order_id": order_id(order.id),
        "cl_ord_id": order.client_id,
        "symbol": order.pair.name,
        "side": order.side.lower(),
    }


def _order(order: Order) -> Json:
    return {
        **_identity(order),
        "order_type": order_word(order),
        "order_qty": _number(order.quantity),
        "limit_price": _number(order.price),
        "cum_qty": _number(order.filled),
        "cum_cost": _number(order.filled_quote),
        "order_status": _STATUS[order.status],
        "time_in_force": "GTC",
        "timestamp": _time(order.updated_ms),
    }


def _ended(order: Order) -> Json:
    """Without its name and its instrument, as ccxt's own example of a cancelled one."""
    return {
        "order_id": order_id(order.id),
        "order_status": _STATUS[order.status],
        "order_userref": 0,
        "cum_qty": _number(order.filled),
        "cum_cost": _number(order.filled_quote),
        "fee_usd_equiv": 0,
    }


def _execution(trade: Trade) -> Json:
    return {
        "exec_type": "trade",
        "exec_id": trade_id(trade),
        "trade_id": trade.id,
        "order_type": "market",
        "last_qty": _number(trade.quantity),
        "last_price": _number(trade.price),
        "liquidity_ind": "m" if trade.maker else "t",
        "cost": _number(trade.cost),
        "fees": [{"asset": trade.fee_coin, "qty": _number(trade.fee)}],
        "fee_usd_equiv": 0.1,
    }


def _number(value: Decimal) -> float:
    return float(value)


def _time(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def kraken(venue: Venue) -> tuple[Speech, Any]:
    rest = KrakenRest()
    return rest, KrakenStreams(venue, rest)
