"""Bybit spot, unified accounts only. Sources: https://bybit-exchange.github.io/docs/v5 and ccxt 4.5.90's bybit.py."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.base import Raw
from engine.exchanges.dialects.two_kinds import TwoKinds


class Bybit(TwoKinds):
    """Answers to placing and cancelling are ids only. `stopLossPrice` becomes a spot order with orderFilter tpslOrder,
    which holds the coins while it waits, as a stop has to (https://bybit-exchange.github.io/docs/v5/order/create-order);
    a market buy is by base quantity with marketUnit baseCoin (ccxt `create_order_request`)."""

    # 600 requests in 5 seconds from one address: https://bybit-exchange.github.io/docs/v5/rate-limit
    allowance = Allowance(600, 5.0)
    # Otherwise ccxt asks what kind of account it is, before the first order.
    options = MappingProxyType({"enableUnifiedMargin": False, "enableUnifiedAccount": True})
    # At most 100, seven days between startTime and endTime, the last seven days without, newest first:
    # https://bybit-exchange.github.io/docs/v5/order/execution
    trades_page = 100
    trades_window = timedelta(days=7)
    trades_reach = timedelta(days=7)
    trades_newest_first = True

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

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """orderLinkId is in every execution, empty for orders without one."""
        name = trade["info"].get("orderLinkId")
        return None if name is None else str(name)

    async def rights(self, client: Any) -> dict[str, bool] | None:
        """https://bybit-exchange.github.io/docs/v5/user/apikey-info"""
        told = (await client.privateGetV5UserQueryApi())["result"]
        may = told["permissions"]
        return {
            "trade": "SpotTrade" in may["Spot"] and str(told.get("readOnly")) == "0",
            "withdraw": "Withdraw" in may["Wallet"],
        }
