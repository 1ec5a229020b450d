"""Binance spot. Sources: https://developers.binance.com/docs/binance-spot-api-docs and ccxt 4.5.90's binance.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from engine.core.ids import Symbol
from engine.exchanges import key_rights
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects import earn
from engine.exchanges.dialects.base import NEWEST, Dialect, Hear, Page, Raw, Span
from engine.exchanges.dialects.watching import Watching
from engine.exchanges.key_rights import KeyRights


class Binance(Dialect):
    """`stopLossPrice` on a market order becomes STOP_LOSS, which rests and sells at market (ccxt
    `create_order_request`); fills come with the answer, since ccxt asks for newOrderRespType FULL."""

    # 6000 weight a minute for one address, told back in a header:
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
    allowance = Allowance(6000, 60.0, "x-mbx-used-weight-1m")
    # A market buy by base quantity: ccxt's `createOrder.quoteOrderQty` is only used with a price or a cost.
    # The open orders of one symbol cost 6; ccxt warns (by an error) when none is given, which we never do.
    options = MappingProxyType({"recvWindow": 5000})
    earn = staticmethod(earn.on_binance)
    streams = True
    # GET /api/v3/myTrades: at most 1000, 24 hours between startTime and endTime, the newest ones without times;
    # `fromId` is of the first one that is told, and may not come with times:
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints
    trades_page = 1000
    trades_window = timedelta(hours=24)

    async def find_by_venue_id(self, client: Any, order: str, symbol: Symbol) -> Raw | None:
        """Its numbers are digits: what else stands in an execution is no order of anybody's (M12)."""
        return await super().find_by_venue_id(client, order, symbol) if order.isdigit() else None

    async def trades_of(self, client: Any, order: Raw, symbol: Symbol) -> Page:
        named = {"orderId": order["id"]}
        return self._page(list(await client.fetch_my_trades(symbol, None, self.trades_page, named)))

    async def trades(self, client: Any, symbol: Symbol | None, span: Span = NEWEST) -> Page:
        """What follows a page is asked for by its number alone, so that it may go on behind the window."""
        if not span.more:
            return await super().trades(client, symbol, span)
        page = await super().trades(client, symbol, Span(more=span.more))
        behind = span.until_ms is not None and any(raw["timestamp"] > span.until_ms for raw in page.rows)
        return Page(page.rows) if behind else page

    def _after(self, rows: list[Raw]) -> Mapping[str, Any]:
        return {"fromId": str(max(int(raw["id"]) for raw in rows) + 1)}

    async def balances(self, client: Any) -> Raw:
        """Without the hundreds of coins of which there is nothing."""
        found: Raw = await client.fetch_balance({"omitZeroBalances": "true"})
        return found

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """Only in the stream's executionReport, where `c` is the order's own name:
        https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream#order-update"""
        name = trade["info"].get("c") if trade["info"].get("e") == "executionReport" else None
        return str(name) if name else None

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """`userDataStream.subscribe.signature` on the websocket API, whose answer is the yes.

        The events are taken before ccxt's own book-keeping of orders and balances, which ends its receive loop
        with a KeyError for a coin that is not among the loaded markets, such as BNB for fees. So what
        `watch_orders` waits for never comes; only the end of the connection does.
        """

        def told(_connection: object, message: Raw) -> None:
            trade = client.parse_ws_trade(message) if message.get("x") == "TRADE" else None
            hear(client.parse_ws_order(message), trade)

        client.handle_order_update = told
        client.handle_balance = lambda _connection, _message: None
        await client.authenticate({"type": "spot"})
        watching.begin(client.watch_orders())

    async def rights(self, client: Any) -> KeyRights | None:
        """https://developers.binance.com/docs/wallet/account/api-key-permission"""
        return key_rights.of_binance(await client.sapiGetAccountApiRestrictions())
