"""KuCoin spot. Sources: https://www.kucoin.com/docs-new and ccxt 4.5.90's kucoin.py. Tried on the wire only."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.base import Raw
from engine.exchanges.dialects.two_kinds import OrderNotFound, TwoKinds


class Kucoin(TwoKinds):
    """Answers to placing and cancelling are ids only. A resting stop is a 'stop order' of its own kind
    (https://www.kucoin.com/docs-new/rest/spot-trading/orders/add-stop-order), a market buy is by base quantity
    (`size`). The order's name is clientOid; the key has a passphrase."""

    # 4000 weight in 30 seconds for spot, of the lowest tier: https://www.kucoin.com/docs-new/rate-limit
    allowance = Allowance(1000, 30.0)
    # Otherwise ccxt asks what kind of account it is before the first order; `hf` are the present order endpoints.
    options = MappingProxyType({"uta": False, "hf": True})
    # At most 100, seven days between startAt and endAt, the last seven without:
    # https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-trade-history
    trades_page = 100
    trades_window = timedelta(days=7)
    trades_reach = timedelta(days=7)
    trades_newest_first = True

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """A stop that was triggered is a plain order. 'order not exist' comes with several codes, which ccxt reads by
        their text; an answer without an order says the same."""
        for stop in (False, True):
            try:
                found = await self._find_kind(client, order, symbol, stop)
            except OrderNotFound:
                continue
            if found.get("id"):
                return found
        return None

    async def _find_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        found: Raw = await client.fetch_order(None, symbol, {"clientOrderId": order, "trigger": stop})
        return found

    async def _cancel_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        answer: Raw = await client.cancel_order(None, symbol, {"clientOrderId": order, "trigger": stop})
        return answer

    async def open_orders(self, client: Any, symbol: Symbol) -> list[Raw]:
        waiting = await client.fetch_open_orders(symbol, None, None, {"trigger": True})
        return [*await client.fetch_open_orders(symbol), *waiting]
