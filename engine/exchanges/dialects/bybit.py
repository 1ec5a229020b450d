"""Bybit spot, unified accounts only. Sources: https://bybit-exchange.github.io/docs/v5 and ccxt 4.5.90's bybit.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.exchanges import key_rights
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects import earn
from engine.exchanges.dialects.base import AccountMode, Hear, Page, Raw
from engine.exchanges.dialects.two_kinds import TwoKinds
from engine.exchanges.dialects.watching import Watching, Yes
from engine.exchanges.key_rights import KeyRights


class Bybit(TwoKinds):
    """Answers to placing and cancelling are ids only. `stopLossPrice` becomes a spot order with orderFilter tpslOrder,
    which holds the coins while it waits, as a stop has to (https://bybit-exchange.github.io/docs/v5/order/create-order);
    a market buy is by base quantity with marketUnit baseCoin (ccxt `create_order_request`)."""

    # 600 requests in 5 seconds from one address: https://bybit-exchange.github.io/docs/v5/rate-limit
    allowance = Allowance(600, 5.0)
    # Otherwise ccxt asks what kind of account it is, before the first order.
    options = MappingProxyType({"enableUnifiedMargin": False, "enableUnifiedAccount": True})
    earn = staticmethod(earn.on_bybit)
    streams = True
    # At most 100, seven days between startTime and endTime, the last seven days without, newest first:
    # https://bybit-exchange.github.io/docs/v5/order/execution
    trades_page = 100
    trades_window = timedelta(days=7)
    trades_reach = timedelta(days=7)

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """Of both kinds at once: realtime tells open and lately ended orders, history those before
        (https://bybit-exchange.github.io/docs/v5/order/open-order). An empty list is Bybit's 'knows none'."""
        return await self._named(client, symbol, {"orderLinkId": order})

    async def find_by_venue_id(self, client: Any, order: str, symbol: Symbol) -> Raw | None:
        return await self._named(client, symbol, {"orderId": order})

    async def _named(self, client: Any, symbol: Symbol, named: dict[str, str]) -> Raw | None:
        for ask in (client.fetch_open_orders, client.fetch_canceled_and_closed_orders):
            found: list[Raw] = await ask(symbol, None, None, named)
            if found:
                return found[0]
        return None

    async def _cancel_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        """orderFilter has to name the kind: https://bybit-exchange.github.io/docs/v5/order/cancel-order"""
        kind = "tpslOrder" if stop else "Order"
        answer: Raw = await client.cancel_order(None, symbol, {"orderLinkId": order, "orderFilter": kind})
        return answer

    def _page(self, rows: list[Raw]) -> Page:
        """The cursor says whether there is more, and not how full a page is: it may be shorter than was asked for."""
        return Page([_with_fee_coin(raw) for raw in rows], self._after(rows))

    def _after(self, rows: list[Raw]) -> Mapping[str, Any] | None:
        """ccxt puts `nextPageCursor` into the first row of the answer (`add_pagination_cursor_to_result`), and then
        sorts them. It is empty behind the last page."""
        told = (raw["info"].get("nextPageCursor") for raw in rows)
        cursor = next((one for one in told if one), None)
        return {"cursor": cursor} if cursor else None

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """orderLinkId is in every execution, empty for orders without one."""
        name = trade["info"].get("orderLinkId")
        return None if name is None else str(name)

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """`order` and `execution` on one connection, each with an answer of its own, for which ccxt does not wait.

        Both tell of all products of the account; only spot is ours:
        https://bybit-exchange.github.io/docs/v5/websocket/private/order
        """

        def told_orders(_connection: object, message: Raw) -> None:
            for row in _spot(message):
                hear(client.parse_order(row), None)

        def told_executions(_connection: object, message: Raw) -> None:
            for row in _spot(message):
                if row["execType"] == "Trade":
                    hear(None, _with_fee_coin(client.parse_trade(row)))

        yes = Yes(2)
        client.handle_order, client.handle_my_trades = told_orders, told_executions
        client.handle_subscription_status = lambda _connection, message: yes.said(message["req_id"])
        watching.begin(client.watch_orders())
        watching.begin(client.watch_my_trades())
        await watching.until(yes.to_all())

    async def rights(self, client: Any) -> KeyRights | None:
        """https://bybit-exchange.github.io/docs/v5/user/apikey-info"""
        return key_rights.of_bybit((await client.privateGetV5UserQueryApi())["result"])

    async def account_mode(self, client: Any) -> AccountMode | None:
        """Only unified accounts, statuses 3 to 6, trade spot as we speak of it: a classic one would take the quantity
        of a market buy for an amount of the quote coin. https://bybit-exchange.github.io/docs/v5/acct-mode

        Its `marginMode` is of no matter: an order without isLeverage is a spot order, which borrows nothing:
        https://bybit-exchange.github.io/docs/v5/order/create-order
        """
        status = (await client.privateGetV5AccountInfo())["result"].get("unifiedMarginStatus")
        if str(status) in _UNIFIED:
            return AccountMode(True, "unified account, orders borrow nothing")
        return AccountMode(
            False,
            f"not a unified account (status {status}): upgrade it at Bybit to a unified trading account",
        )


_UNIFIED = ("3", "4", "5", "6")


def _spot(message: Raw) -> list[Raw]:
    return [row for row in message["data"] if row["category"] == "spot"]


def _with_fee_coin(trade: Raw) -> Raw:
    """The coin that Bybit names: feeCurrency in answers, feeCoin in the stream. ccxt reads only the latter and takes
    the coin that was received for the other, which is wrong for a fee in a third one:
    https://bybit-exchange.github.io/docs/v5/order/execution"""
    coin = trade["info"].get("feeCoin") or trade["info"].get("feeCurrency")
    if not coin or not trade.get("fee"):
        return trade
    fee = {**trade["fee"], "currency": coin}
    return {**trade, "fee": fee, "fees": [fee]}
