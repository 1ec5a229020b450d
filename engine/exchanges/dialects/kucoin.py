"""KuCoin spot. Sources: https://www.kucoin.com/docs-new and ccxt 4.5.90's kucoin.py and pro/kucoin.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from engine.core.errors import Rejected
from engine.core.ids import ClientOrderId, Symbol, is_ours
from engine.core.model import OrderRequest
from engine.exchanges import key_rights, lean
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects import earn
from engine.exchanges.dialects.base import NEWEST, Hear, Page, Raw, Span
from engine.exchanges.dialects.one_by_one import Numbers, OneByOne
from engine.exchanges.dialects.two_kinds import MOST, OrderNotFound, TwoKinds
from engine.exchanges.dialects.watching import Watching, Yes
from engine.exchanges.key_rights import KeyRights

PAGE = 100
LOOK_AFTER = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each look for an execution that the stream told of and the history does not have yet."""

_ccxt = lean.errors()


class Kucoin(TwoKinds):
    """Answers to placing and cancelling are ids only. A resting stop is a 'stop order' of its own kind
    (https://www.kucoin.com/docs-new/rest/spot-trading/orders/add-stop-order), a market buy is by base quantity
    (`size`). The order's name is clientOid; the key has a passphrase."""

    # 4000 weight in 30 seconds for spot, of the lowest tier: https://www.kucoin.com/docs-new/rate-limit
    allowance = Allowance(1000, 30.0)
    # Otherwise ccxt asks what kind of account it is before the first order; `hf` are the present order endpoints.
    options = MappingProxyType({"uta": False, "hf": True})
    earn = staticmethod(earn.on_kucoin)
    streams = True
    account_types = ("main",)
    stops_lock = False  # Stop orders freeze nothing until they are triggered, as far as the docs tell.
    # At most 100 and unasked 20, newest first, seven days between startAt and endAt, the last seven without; where an
    # order is asked for, all else is passed over:
    # https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-trade-history
    trades_page = PAGE
    trades_window = timedelta(days=7)
    trades_reach = timedelta(days=7)

    def __init__(self) -> None:
        super().__init__()
        self._numbers = Numbers()
        self._gone: dict[ClientOrderId, Raw] = {}

    async def place(self, client: Any, request: OrderRequest) -> Raw:
        placed = await super().place(client, request)
        self._numbers.note(placed["id"], request.client_order_id)
        return placed

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """A stop becomes a plain order when it is triggered, which may be just between two questions: so plain orders
        are asked for once more before it is none. One that was cancelled is told of no more, only NEW and TRIGGERED:
        https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-stop-order-by-clientoid"""
        for stop in (False, True, False):
            found = await self._known(client, order, symbol, stop)
            if found is not None:
                return found
        return self._gone.get(order)

    async def _known(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw | None:
        """'order not exist' comes with several codes, which ccxt reads by their text; an answer without an order says
        the same, and so does a stop that is one no more."""
        try:
            found = await self._find_kind(client, order, symbol, stop)
        except OrderNotFound:
            return None
        if not found.get("id") or (stop and found["info"].get("status") == "TRIGGERED"):
            return None
        return found

    async def find_by_venue_id(self, client: Any, order: str, symbol: Symbol) -> Raw | None:
        try:
            return await super().find_by_venue_id(client, order, symbol)
        except OrderNotFound:
            return None

    async def _find_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        found: Raw = await client.fetch_order(None, symbol, {"clientOrderId": order, "trigger": stop})
        return found

    async def cancel(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw:
        """Neither kind of that name works: KuCoin's code for it, 400100, stands for much else, but not its text."""
        try:
            return await super().cancel(client, order, symbol)
        except OrderNotFound:
            raise Rejected("KuCoin knows no working order of this name.", "ORDER_NOT_EXIST") from None

    async def _cancel_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        """A stop's cancelledOrderId is KuCoin's last word of it, and is remembered for those who ask later."""
        answer: Raw = await client.cancel_order(None, symbol, {"clientOrderId": order, "trigger": stop})
        if not stop:
            return answer
        self._gone[order] = {**answer, "clientOrderId": order, "status": "canceled", "filled": "0"}
        if len(self._gone) > MOST:
            del self._gone[next(iter(self._gone))]
        return self._gone[order]

    async def open_orders(self, client: Any, symbol: Symbol | None) -> list[Raw]:
        waiting = await client.fetch_open_orders(symbol, None, None, {"trigger": True})
        for stop in waiting:
            self._numbers.note(stop["id"], stop.get("clientOrderId"))
        return [*await client.fetch_open_orders(symbol), *waiting]

    async def trades(self, client: Any, symbol: Symbol | None, span: Span = NEWEST) -> Page:
        """Past ccxt's `fetch_my_trades`, which drops the answer's `lastId`, by which the next page is asked for."""
        market = client.market(symbol)
        times = {"startAt": span.since_ms, "endAt": span.until_ms}
        asked = {name: at for name, at in times.items() if at is not None}
        answer = await client.privateGetHfFills(
            {"symbol": market["id"], "limit": self.trades_page, **asked, **span.more}
        )
        told = answer["data"]
        full = self._is_full(told["items"])
        return Page(client.parse_trades(told["items"], market), {"lastId": told["lastId"]} if full else None)

    def _after(self, rows: list[Raw]) -> Mapping[str, Any]:
        """Of one order only: that there is more, since it can't be asked for by itself."""
        return {"lastId": rows[0]["info"]["id"]}

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """Only where the stream told of it."""
        name = trade["info"].get("clientOid")
        return None if name is None else str(name)

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """The topics tradeOrders and advancedOrders (of waiting stops) on one connection, with a token from
        bullet-private: https://www.kucoin.com/docs-new/3470074w0 and 3470139w0. ccxt does not wait for the answers."""
        yes = Yes(2)
        events = Events(client, hear, self._numbers)
        queue = OneByOne(events.read)
        client.handle_order = queue.told
        client.handle_subscription_status = lambda _connection, message: yes.said(message["id"])
        client.handle_error_message = _refused
        client.open()  # or ccxt has no loop yet in which to ask for the token
        watching.begin(queue.read_on())
        watching.begin(client.watch_orders())
        watching.begin(client.watch_orders(None, None, None, {"trigger": True}))
        await watching.until(yes.to_all())

    async def key_info(self, client: Any) -> KeyRights | None:
        return key_rights.of_kucoin((await client.privateGetUserApiKey())["data"])


def _refused(connection: Any, message: Raw) -> bool:
    """Ends the stream, where ccxt would go on without the topic."""
    connection.reject(_ccxt.ExchangeError(str(message.get("data"))))
    return False


class Events:
    """Reads both topics. A match tells no fee, so the execution is taken from the history, which is also how it is
    told to those who ask; a stop tells no name, so its number is asked for."""

    def __init__(self, client: Any, hear: Hear, numbers: Numbers) -> None:
        self._client = client
        self._hear = hear
        self._numbers = numbers

    async def read(self, message: Mapping[str, Any]) -> None:
        row = message["data"]
        if message["subject"] == "stopOrder":
            await self._stop(row)
            return
        order = self._order(row)
        if row.get("type") == "match" and is_ours(order.get("clientOrderId")):
            self._hear(None, await self._execution(row["tradeId"], order))
        self._hear(order, None)

    async def _stop(self, row: Raw) -> None:
        """One that is triggered becomes another order of the same name, of which the other topic tells."""
        if row["type"] == "triggered" and row.get("triggerSuccess") is not False:
            return
        order = self._order(row)
        self._hear({**order, "clientOrderId": await self._name(order), "filled": "0"}, None)

    async def _name(self, order: Raw) -> str:
        """Raises OrderNotFound for one that ended and was never told of: everything has to be asked for then."""
        known = self._numbers.name_of(order["id"])
        if known is not None:
            return known
        found = await self._client.fetch_order(order["id"], order["symbol"], {"trigger": True})
        self._numbers.note(order["id"], found.get("clientOrderId"))
        return str(found.get("clientOrderId") or "")

    def _order(self, row: Raw) -> Raw:
        """`orderTime` is in milliseconds or in nanoseconds, `ts` always in the latter. `done` is the end whatever the
        type says: an `update` may end it, too."""
        parsed: dict[str, Any] = self._client.parse_ws_order(row)
        if row.get("status") == "done" and parsed["status"] not in ("closed", "canceled"):
            parsed["status"] = "canceled"
        return {**parsed, "timestamp": int(row["ts"]) // 1_000_000}

    async def _execution(self, number: object, order: Raw) -> Raw:
        for wait in LOOK_AFTER:
            await asyncio.sleep(wait)
            trades: list[Raw] = await self._client.fetch_order_trades(
                order["id"], order["symbol"], None, PAGE
            )
            found = next((one for one in trades if str(one["id"]) == str(number)), None)
            if found is not None:
                return {**found, "info": {**found["info"], "clientOid": order.get("clientOrderId")}}
        raise LookupError(f"KuCoin's history does not have execution {number}")
