"""BingX spot. Sources: https://bingx-api.github.io/docs-v3 and ccxt 4.5.90's bingx.py and pro/bingx.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.core.errors import Corrupt, Rejected
from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest, OrderType
from engine.exchanges import key_rights, lean
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.base import NEWEST, Dialect, Hear, Page, Raw, Span
from engine.exchanges.dialects.one_by_one import Numbers, OneByOne
from engine.exchanges.dialects.watching import Watching, Yes
from engine.exchanges.key_rights import KeyRights

_TYPES = {OrderType.MARKET: "MARKET", OrderType.LIMIT: "LIMIT", OrderType.STOP: "TAKE_STOP_MARKET"}
RENEW_EVERY = 1800.0
"""Seconds between renewals of the listen key, which is good for an hour."""
REACH_MS = round((timedelta(days=7) - timedelta(minutes=1)).total_seconds() * 1000)
NOT_THERE = "order not exist"

_ccxt = lean.errors()


class Bingx(Dialect):
    """A market buy is by base quantity; a resting stop is TAKE_STOP_MARKET, which is what ccxt makes of
    `stopLossPrice`. The name is newClientOrderId in placing and clientOrderID elsewhere.

    Of a name BingX knows for two hours only, and its lists of orders do not tell it
    (https://bingx-api.github.io/docs-v3/#/en/Spot/Trades%20Endpoints/Query%20Order%20details); by its number an order
    is known for good, with its name. So the numbers are remembered, and asked about where they are not.
    """

    # Five orders a second, ten questions: https://bingx-api.github.io/docs-v3/#/en/Quick%20Start/Basic%20Info
    allowance = Allowance(100, 10.0)
    streams = True
    stops_lock = False  # Not told by the docs.
    # myTrades: oldest first, seven days at most. Which of the last day a full page without times holds is not said, so
    # times are always sent. At most 1000 says the table of parameters and 500 the text above it: a page of 500 must
    # not look like the last one.
    # https://bingx-api.github.io/docs-v3/#/en/Spot/Trades%20Endpoints/Query%20transaction%20details
    trades_page = 500
    trades_window = timedelta(days=7)
    trades_reach = timedelta(0)

    def __init__(self) -> None:
        self._numbers = Numbers()

    async def place(self, client: Any, request: OrderRequest) -> Raw:
        """Past ccxt's `create_order`, which sends quantities through float: 0.00001 would leave as 1e-05."""
        market = client.market(request.symbol)
        sent = {
            "symbol": market["id"],
            "type": _TYPES[request.type],
            "side": request.side.value.upper(),
            "quantity": f"{request.quantity:f}",
            "newClientOrderId": request.client_order_id,
        }
        if request.price is not None:
            sent["price"] = f"{request.price:f}"
        if request.stop_price is not None:
            sent["stopPrice"] = f"{request.stop_price:f}"
        answer = await client.spotV1PrivatePostTradeOrder(sent)
        placed: Raw = client.parse_order(answer["data"], market)
        self._numbers.note(placed["id"], request.client_order_id)
        return placed

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """By its number where we know it, else by its name, else among what works: two hours later a stop still
        rests, and BingX says that it knows none of that name."""
        number = self._numbers.number_of(order)
        named = {"clientOrderID": order} if number is None else {"orderId": number}
        found = await self._query(client, symbol, named)
        return found or await self._working(client, order, symbol)

    async def find_by_venue_id(self, client: Any, order: str, symbol: Symbol) -> Raw | None:
        return await self._query(client, symbol, {"orderId": order})

    async def _query(self, client: Any, symbol: Symbol, named: Mapping[str, str]) -> Raw | None:
        """Past ccxt's `fetch_order`, which sends an empty orderId along. That there is no such order may be said with
        the code for wrong parameters, too: then the text decides."""
        market = client.market(symbol)
        try:
            answer = await client.spotV1PrivateGetTradeQuery({"symbol": market["id"], **named})
        except _ccxt.OrderNotFound:
            return None
        except _ccxt.BadRequest as error:
            if NOT_THERE not in str(error):
                raise
            return None
        found: Raw = client.parse_order(answer["data"], market)
        self._numbers.note(found["id"], found.get("clientOrderId"))
        return found

    async def _working(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        working = await self.open_orders(client, symbol)
        return next((raw for raw in working if raw.get("clientOrderId") == order), None)

    async def open_orders(self, client: Any, symbol: Symbol | None) -> list[Raw]:
        """With their names, which are asked for once. What has ended since it was listed is left out."""
        named: list[Raw] = []
        for raw in await client.fetch_open_orders(symbol):
            if not raw.get("id"):
                raise Corrupt("BingX lists an order without a number.")
            name = raw.get("clientOrderId") or self._numbers.name_of(raw["id"])
            if name is None:
                found = await self.find_by_venue_id(client, raw["id"], raw["symbol"])
                if found is None:
                    continue
                name = found.get("clientOrderId")
            named.append({**raw, "clientOrderId": name})
        return named

    async def cancel(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw:
        """What BingX says of an order that does not work, 100400, it says of much else: so it is looked for."""
        number = self._numbers.number_of(order)
        named = {"clientOrderId": order} if number is None else {}
        try:
            answer: Raw = await client.cancel_order(number, symbol, named)
        except (_ccxt.BadRequest, _ccxt.OrderNotFound):
            working = await self._working(client, order, symbol)
            if working is None:
                raise Rejected("BingX knows no working order of this name.", "ORDER_NOT_EXIST") from None
            answer = await client.cancel_order(working["id"], symbol)
        return answer

    async def trades_of(self, client: Any, order: Raw, symbol: Symbol) -> Page:
        """Without a beginning only the last day is looked through, and a stop may have rested longer."""
        since = max(int(order.get("timestamp") or 0), _earliest(client))
        named = {"orderId": order["id"]}
        return self._page(list(await client.fetch_my_trades(symbol, since, self.trades_page, named)))

    async def trades(self, client: Any, symbol: Symbol | None, span: Span = NEWEST) -> Page:
        """What is older than seven days is told no more: orders of ours that were open then are asked for by
        themselves, and the balances are compared."""
        earliest = _earliest(client)
        if span.until_ms is not None and span.until_ms <= earliest:
            return Page([])
        since = None if span.since_ms is None else max(span.since_ms, earliest)
        return await super().trades(client, symbol, Span(span.more.get("startTime", since), span.until_ms))

    def _after(self, rows: list[Raw]) -> Mapping[str, Any]:
        """`fromId` may not be what it says where times are sent, too. The last moment is asked for again, since
        several executions may share it."""
        return {"startTime": max(int(raw["timestamp"]) for raw in rows)}

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """Only where the stream's order was found out."""
        name = trade["info"].get("clientOrderID")
        return None if name is None else str(name)

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """The topic spot.executionReport on an address with a listen key:
        https://bingx-api.github.io/docs-v3/#/en/Spot/Websocket%20Account%20Data

        BingX sends a ping of its own every few seconds: each shows that the connection lives, whether or not it
        answers to ours. The listen key is renewed by us, since ccxt's way outlives the connection and tells nobody
        when it fails.
        """
        yes = Yes(1)

        def answered(connection: Any, message: Raw) -> None:
            if str(message.get("code")) == "0":
                yes.said(message.get("id"))
            else:
                connection.reject(_ccxt.ExchangeError(str(message.get("msg"))))

        answer_ping = client.pong

        async def pong(connection: Any, message: object) -> None:
            connection.lastPong = client.milliseconds()
            await answer_ping(connection, message)

        queue = OneByOne(Reports(client, hear, self._numbers, self.find_by_venue_id).read)
        client.pong = pong
        client.delay = lambda *_arguments: None
        client.handle_order = queue.told
        client.handle_my_trades = lambda _connection, _message: None
        client.handle_subscription_status = answered
        watching.begin(queue.read_on())
        watching.begin(client.watch_orders(None, None, None, {"type": "spot"}))
        await watching.until(yes.to_all())
        watching.begin(_renewed(client))

    async def key_info(self, client: Any) -> KeyRights | None:
        told = await client.accountV1PrivateGetAccountApiPermissions()
        return key_rights.of_bingx(told.get("data") or told)  # documented without an envelope


def _earliest(client: Any) -> int:
    """From when on executions are told, in milliseconds, with a minute to spare."""
    earliest: int = client.milliseconds() - REACH_MS
    return earliest


async def _renewed(client: Any) -> None:
    """For ever; a listen key that can't be renewed ends the stream, to be opened anew with another one."""
    while True:
        await asyncio.sleep(RENEW_EVERY)
        await client.userAuthPrivatePutUserDataStream({"listenKey": client.options["listenKey"]})


class Reports:
    """Reads executionReports."""

    def __init__(self, client: Any, hear: Hear, numbers: Numbers, find: Any) -> None:
        self._client = client
        self._hear = hear
        self._numbers = numbers
        self._find = find

    async def read(self, message: Mapping[str, Any]) -> None:
        """`q` and `p` are of the order, for which ccxt takes them in an execution as well: that is `l` and `L`."""
        client, row = self._client, message["data"]
        market = client.safe_market(row["s"], None, "-", "spot")
        named = {**row, "clientOrderID": await self._name(str(row["i"]), market["symbol"])}
        trade = None
        if row["x"] == "TRADE":
            trade = client.parse_trade({**named, "qty": row["l"], "price": row["L"]}, market)
        order = client.parse_order(named, market)
        status = "expired" if order["status"] == "EXPIRED" else order["status"]
        self._hear({**order, "status": status}, trade)

    async def _name(self, number: str, symbol: str) -> str:
        """Raises LookupError for an order that BingX tells of and does not know."""
        known = self._numbers.name_of(number)
        if known is None:
            if await self._find(self._client, number, symbol) is None:
                raise LookupError(f"BingX does not know its own order {number}")
            known = self._numbers.name_of(number)
        return known or ""
