"""BingX spot. Sources: https://bingx-api.github.io/docs-v3 and ccxt 4.5.90's bingx.py. Tried on the wire only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest, OrderType
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.base import Dialect, Raw

_TYPES = {OrderType.MARKET: "MARKET", OrderType.LIMIT: "LIMIT", OrderType.STOP: "TAKE_STOP_MARKET"}


class Bingx(Dialect):
    """A market buy is by base quantity; a resting stop is TAKE_STOP_MARKET, which is what ccxt makes of
    `stopLossPrice`. The name is newClientOrderId in placing and clientOrderID elsewhere."""

    # Five orders a second, ten questions: https://bingx-api.github.io/docs-v3/#/en/Quick%20Start/Basic%20Info
    allowance = Allowance(100, 10.0)
    # myTrades: at most 1000; the last day without times, seven days at most:
    # https://bingx-api.github.io/docs-v3/#/en/Spot/Trades%20Endpoints/Query%20transaction%20details
    trades_page = 1000
    trades_window = timedelta(days=7)
    trades_reach = timedelta(days=1)

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
        return placed

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """Past ccxt's `fetch_order`, which sends an empty orderId along."""
        market = client.market(symbol)
        answer = await client.spotV1PrivateGetTradeQuery({"symbol": market["id"], "clientOrderID": order})
        found: Raw = client.parse_order(answer["data"], market)
        return found

    async def trades_of(self, client: Any, order: Raw, symbol: Symbol) -> list[Raw]:
        return list(await client.fetch_my_trades(symbol, None, None, {"orderId": order["id"]}))
