"""The websocket API at `/ws-api/v3`: the requests of REST by name, and the user's own events.

Source: Binance Spot API documentation, "WebSocket API" and "User Data Streams".
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from aiohttp import web
from loguru import logger

from sandbox.exchange.binance import user_events
from sandbox.exchange.binance.auth import check_signed, websocket_text
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import UNREADABLE, BinanceError, from_rule
from sandbox.exchange.binance.params import Params
from sandbox.exchange.binance.rest import run
from sandbox.exchange.binance.routes import METHODS
from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Action, Point, Rule
from sandbox.exchange.http_faults import strike_after, suffer
from sandbox.exchange.matching.model import OrderEvent
from sandbox.exchange.ws_faults import goes_on

_SUBSCRIBE = "userDataStream.subscribe.signature"
_UNSUBSCRIBE = "userDataStream.unsubscribe"


def add_routes(app: web.Application, desk: Desk) -> None:
    api = WebsocketApi(desk)
    desk.venue.order_listeners.append(api.on_order_event)
    desk.venue.balance_listeners.append(api.on_balance)
    app.router.add_get("/ws-api/v3", api.serve)
    app.on_shutdown.append(api.close)


class WebsocketApi:
    """Connections, and which accounts each of them listens to."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._subscriptions: dict[Connection, dict[int, str]] = {}
        self._ids = count()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        rule = self._desk.venue.faults.strike(f"connect {request.path}", Point.BEFORE_ACCEPT)
        struck = None if rule is None else await suffer(self._desk.venue, request, rule)
        if struck is not None:
            return struck
        connection = Connection(request, self._desk.venue.faults)
        socket = await connection.prepare()
        self._subscriptions[connection] = {}
        writer = asyncio.create_task(connection.write(), name="sandbox user stream writer")
        try:
            while (message := await connection.next_request(UNREADABLE)) is not None:
                await self._obey(connection, message)
        finally:
            del self._subscriptions[connection]
            writer.cancel()
        return socket

    async def close(self, _app: web.Application) -> None:
        for connection in list(self._subscriptions):
            connection.abort()

    def on_order_event(self, event: OrderEvent) -> None:
        now = self._desk.venue.clock.now_ms()
        self._tell(event.order.account, user_events.execution_report(event, now))
        self._tell(event.order.account, user_events.account_position(event.balances, event.time_ms, now))

    def on_balance(self, account: str, coin: str, change: Decimal) -> None:
        now = self._desk.venue.clock.now_ms()
        self._tell(account, user_events.balance_update(coin, change, now))
        held = self._desk.venue.matching.accounts[account].snapshot([coin])
        self._tell(account, user_events.account_position(held, now, now))

    def _tell(self, account: str, event: dict[str, Any]) -> None:
        for connection, number in self._listening(account):
            text = json.dumps({"subscriptionId": number, "event": event})
            connection.push(f"user {event['e']}", text)

    def _listening(self, account: str) -> Iterator[tuple[Connection, int]]:
        for connection, subscribed in list(self._subscriptions.items()):
            yield from ((connection, number) for number, name in subscribed.items() if name == account)

    async def _obey(self, connection: Connection, message: dict[str, Any]) -> None:
        venue, target, purpose = self._desk.venue, f"ws-api {message.get('method')}", _purpose(message)
        before = venue.faults.strike(target, Point.BEFORE_ACCEPT, purpose)
        if before is not None and not await self._goes_on(connection, message, before):
            return
        fills_before = venue.matching.fill_count
        try:
            if before is not None and before.action is Action.DUPLICATE:
                self._again(connection, message)
            result = self._result(connection, message)
        except BinanceError as error:
            connection.reply({"id": message.get("id"), "status": error.status, "error": error.body()})
            return
        filled = venue.matching.fill_count > fills_before
        after = strike_after(venue, target, filled, purpose)
        if after is not None and not await self._goes_on(connection, message, after):
            return
        if after is not None and after.action is Action.DUPLICATE:
            self._again(connection, message)
        connection.reply({"id": message.get("id"), "status": 200, "result": result})

    def _again(self, connection: Connection, message: dict[str, Any]) -> None:
        """The same request arrives once more, and nobody hears its answer."""
        try:
            self._result(connection, message)
        except BinanceError as error:
            logger.debug("a doubled request is refused: {}", error)

    def _result(self, connection: Connection, message: dict[str, Any]) -> Any:
        method, sent = message.get("method"), _as_text(message.get("params") or {})
        params = Params(sent)
        if method == _SUBSCRIBE:
            account = check_signed(
                self._desk.venue, sent.get("apiKey"), websocket_text(sent), sent.get("signature"), params
            )
            number = next(self._ids)
            self._subscriptions[connection][number] = account
            return {"subscriptionId": number}
        if method == _UNSUBSCRIBE:
            self._unsubscribe(connection, params)
            return {}
        endpoint = METHODS.get(str(method))
        if endpoint is None:
            raise BinanceError(-1000, f"Unknown method '{method}'.")
        self._desk.limits.spend(endpoint.weight)
        return run(
            self._desk, endpoint, params, sent.get("apiKey"), websocket_text(sent), sent.get("signature")
        )

    def _unsubscribe(self, connection: Connection, params: Params) -> None:
        number = params.integer("subscriptionId")
        if number is None:
            self._subscriptions[connection].clear()
        else:
            self._subscriptions[connection].pop(number, None)

    async def _goes_on(self, connection: Connection, message: dict[str, Any], rule: Rule) -> bool:
        def refuse(rule: Rule) -> None:
            error = from_rule(replace(rule, code=rule.code or -1000))
            connection.reply({"id": message.get("id"), "status": error.status, "error": error.body()})

        return await goes_on(self._desk.venue.faults, connection, rule, refuse)


def _purpose(message: dict[str, Any]) -> str:
    endpoint = METHODS.get(str(message.get("method")))
    return endpoint.purpose if endpoint else ""


def _as_text(params: Any) -> dict[str, str]:
    """Parameters as REST would send them; numbers and booleans come as JSON here."""
    if not isinstance(params, dict):
        raise BinanceError(-1135, "Invalid 'params' in JSON request; expected an object.")
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in params.items()
        if value is not None
    }
