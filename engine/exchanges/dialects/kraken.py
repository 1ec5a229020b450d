"""Kraken spot. Sources: https://docs.kraken.com/api-reference and ccxt 4.5.90's kraken.py. Tried on the wire only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.base import Dialect, Raw

PAGE = 50
"""Executions in one answer: https://docs.kraken.com/api-reference/account-data/get-trades-history"""
MOST_PAGES = 100


class Kraken(Dialect):
    """`stopLossPrice` becomes ordertype stop-loss; `triggerPrice` would be sent as a plain order (ccxt
    `order_request`). Market orders are by base quantity. The order's name is cl_ord_id, at most 18 characters."""

    # A counter of 15 that falls by a third each second, for the lowest tier; history costs 2. Orders have their own:
    # https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits
    allowance = Allowance(30, 45.0)
    # The history is of all pairs together, so a page of ours is not a page of Kraken's: `trades` turns them itself.
    trades_page = PAGE * MOST_PAGES
    trades_reach = timedelta(0)

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """ccxt's `fetch_order` sends our name as userref, which is a number; OpenOrders and ClosedOrders take
        cl_ord_id: https://docs.kraken.com/api-reference/account-data/get-open-orders"""
        for ask in (client.fetch_open_orders, client.fetch_closed_orders):
            found: list[Raw] = await ask(symbol, None, None, {"clientOrderId": order, "trades": True})
            for raw in found:
                if raw.get("clientOrderId") == order:
                    return raw
        return None

    def trades_in(self, order: Raw) -> list[Raw]:
        """Only their ids."""
        return []

    async def trades_of(self, client: Any, order: Raw, symbol: Symbol) -> list[Raw]:
        """By the ids that the order lists, which may have been asked for without them."""
        told = order["info"].get("trades")
        if not told:
            told = (await client.fetch_order(order["id"], symbol))["info"].get("trades") or []
        return list(await client.fetch_order_trades(order["id"], symbol, None, None, {"trades": told}))

    async def trades(
        self, client: Any, symbol: Symbol, since_ms: int | None, until_ms: int | None
    ) -> list[Raw]:
        if since_ms is None:
            return []
        found: list[Raw] = []
        for number in range(MOST_PAGES):
            until = {} if until_ms is None else {"until": until_ms}
            page = await client.fetch_my_trades(None, since_ms, None, {**until, "ofs": number * PAGE})
            found += [raw for raw in page if raw.get("symbol") == symbol]
            if len(page) < PAGE:
                break
        return found
