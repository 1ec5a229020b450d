"""The websocket API at `/ws-api/v3`: the requests of REST by name, and the user's own events.

Source: Binance Spot API documentation, "WebSocket API" and "User Data Streams".
"""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

from aiohttp import web

from sandbox.exchange.binance import user_events
from sandbox.exchange.binance.auth import check_signed, websocket_text
from sandbox.exchange.binance.connection import Connection
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import BinanceError
from sandbox.exchange.binance.params import Params
from sandbox.exchange.binance.rest import run, strike_after, suffer
from sandbox.exchange.binance.routes import METHODS
from sandbox.exchange.faults import Action, Point, Rule
from sandbox.exchange.matching.model import OrderEvent

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
        struck = None if rule is None else await suffer(self._desk, request, rule)
        if struck is not None:
            return struck
        connection = Connection(request, self._desk.venue.faults)
        socket = await connection.prepare()
        self._subscriptions[connection] = {}
        writer = asyncio.create_task(connection.write(), name="sandbox user stream writer")
        try:
            while (message := await connection.next_request()) is not None:
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
        target = f"ws-api {message.get('method')}"
        before = self._desk.venue.faults.strike(target, Point.BEFORE_ACCEPT)
        if before is not None and not await self._goes_on(connection, message, before):
            return
        try:
            result = self._result(connection, message)
        except BinanceError as error:
            connection.reply({"id": message.get("id"), "status": error.status, "error": error.body()})
            return
        after = strike_after(self._desk, target, result)
        if after is None or await self._goes_on(connection, message, after):
            connection.reply({"id": message.get("id"), "status": 200, "result": result})

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
        """Do what the rule says; True if the request goes on after it."""
        match rule.action:
            case Action.DELAY:
                await asyncio.sleep(rule.seconds)
                return True
            case Action.HANG:
                await self._desk.venue.faults.until_lifted()
            case Action.DROP:
                connection.abort()
            case Action.STATUS:
                error = {"code": rule.code or -1000, "msg": rule.text}
                connection.reply({"id": message.get("id"), "status": rule.status, "error": error})
            case Action.GARBAGE:
                connection.reply("upstream is resting")
            case Action.SILENCE:
                pass
        return False


def _as_text(params: Any) -> dict[str, str]:
    """Parameters as REST would send them; numbers and booleans come as JSON here."""
    if not isinstance(params, dict):
        raise BinanceError(-1135, "Invalid 'params' in JSON request; expected an object.")
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in params.items()
        if value is not None
    }
