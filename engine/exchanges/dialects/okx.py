"""OKX spot. Sources: https://www.okx.com/docs-v5/en and ccxt 4.5.90's okx.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest
from engine.exchanges import key_rights
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects import earn
from engine.exchanges.dialects.base import NEWEST, AccountMode, Hear, Page, Raw, Span
from engine.exchanges.dialects.two_kinds import TwoKinds
from engine.exchanges.dialects.watching import Watching, Yes
from engine.exchanges.key_rights import KeyRights


class Okx(TwoKinds):
    """Answers to placing and cancelling are ids only. A stop is an 'algo order' of its own kind and name; once
    triggered it becomes another order, which carries the algo order's name as algoClOrdId. Market buys are by base
    quantity, since ccxt's `tgtCcy` is base_ccy."""

    # 60 requests in 2 seconds for each endpoint and account; here for all that we use together, of which one question
    # takes two or three: https://www.okx.com/docs-v5/en/#overview-rate-limits
    allowance = Allowance(150, 2.0)
    # `brokerId` None: else ccxt gives an algo order a random name.
    options = MappingProxyType({"createOrder": "privatePostTradeOrder", "brokerId": None})
    earn = staticmethod(earn.on_okx)
    streams = True
    stops_lock = False  # Algo orders freeze nothing until they are triggered, as far as the docs tell.
    # fills-history: three months back, at most 100, newest first:
    # https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-transaction-details-last-3-months
    trades_page = 100
    trades_reach = timedelta(days=90)

    def _params(self, request: OrderRequest) -> dict[str, Any]:
        """An algo order's name is algoClOrdId, where ccxt would send clOrdId; and tdMode cash is a spot order without
        any borrowing, where ccxt would send cross:
        https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-post-place-algo-order"""
        if request.stop_price is None:
            return super()._params(request)
        return {
            "algoClOrdId": request.client_order_id,
            "stopLossPrice": f"{request.stop_price:f}",
            "tdMode": "cash",
        }

    async def _find_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        found: Raw = await client.fetch_order(None, symbol, {"clientOrderId": order, "trigger": stop})
        became = found["info"].get("ordId") if stop else None
        if found.get("status") == "closed" and became:
            found = await client.fetch_order(became, symbol)
        return found

    async def _cancel_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        if not stop:
            answer: Raw = await client.cancel_order(None, symbol, {"clientOrderId": order})
            return answer
        answers: list[Raw] = await client.cancel_orders(
            [], symbol, {"clientOrderId": [order], "trigger": True}
        )
        return answers[0]

    async def open_orders(self, client: Any, symbol: Symbol | None) -> list[Raw]:
        waiting = await client.fetch_open_orders(
            symbol, None, None, {"trigger": True, "ordType": "conditional"}
        )
        return [*await client.fetch_open_orders(symbol), *waiting]

    def name_in_order(self, order: Raw) -> str:
        return str(order.get("clientOrderId") or order["info"].get("algoClOrdId") or "")

    async def trades(self, client: Any, symbol: Symbol | None, span: Span = NEWEST) -> Page:
        """ccxt leaves out the limit where there is a beginning."""
        more = {"limit": str(self.trades_page), **span.more}
        return await super().trades(client, symbol, replace(span, more=more))

    def _page(self, rows: list[Raw]) -> Page:
        return super()._page([_at_fill_time(raw) for raw in rows])

    def _after(self, rows: list[Raw]) -> Mapping[str, Any]:
        """`after` is a billId, and tells of those before it."""
        return {"after": str(min(int(raw["info"]["billId"]) for raw in rows))}

    def number_in_trades(self, order: Raw) -> str:
        """ordId: what ccxt calls the id of a triggered stop's order is the stop's own number, the algoId."""
        return str(order["info"]["ordId"])

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """clOrdId; empty in the executions of a triggered stop, whose order has to be asked for, but in the stream it
        tells algoClOrdId."""
        return trade["info"].get("clOrdId") or trade["info"].get("algoClOrdId") or None

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """The channel `orders` on the private address and `orders-algo`, of waiting stops, on the business one, each
        with a login and an answer of its own, for which ccxt does not wait:
        https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel
        https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-ws-algo-orders-channel

        A stop that is `effective` has become another order, which `orders` tells of.
        """

        def told(_connection: object, message: Raw) -> None:
            for row in message["data"]:
                if row["state"] not in ("effective", "partially_effective"):
                    hear(client.parse_order(row), _execution(client, row))

        yes = Yes(2)
        client.handle_orders = told
        client.handle_subscription_status = lambda _connection, message: yes.said(message["arg"]["channel"])
        watching.begin(client.watch_orders(None, None, None, {"type": "spot"}))
        watching.begin(client.watch_orders(None, None, None, {"type": "spot", "trigger": True}))
        await watching.until(yes.to_all())

    async def rights(self, client: Any) -> KeyRights | None:
        """`perm` of https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration"""
        return key_rights.of_okx((await client.privateGetAccountConfig())["data"][0])

    async def account_mode(self, client: Any) -> AccountMode | None:
        """`acctLv`, `autoLoan` and `enableSpotBorrow` of
        https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration

        `posMode` (hedge or net) is of futures and swaps only.
        """
        return _mode((await client.privateGetAccountConfig())["data"][0])


_CASH_MODES = {"1": "spot mode", "2": "futures mode"}
_MARGIN_MODES = {"3": "multi-currency margin mode", "4": "portfolio margin mode"}
_SETTINGS = "in OKX's trading settings, under account mode"


def _mode(told: Raw) -> AccountMode:
    """Our orders say tdMode cash, which the modes with one margin for all coins refuse with 51000
    (https://github.com/ccxt/ccxt/pull/14922); in the others only borrowing that is switched off lends nothing:
    https://www.okx.com/help/introduction-to-the-platforms-collateralized-borrowing-limit-mechanism"""
    level = str(told.get("acctLv"))
    if level in _MARGIN_MODES:
        return AccountMode(
            False, f"{_MARGIN_MODES[level]} refuses orders without borrowing: choose spot mode {_SETTINGS}"
        )
    if level not in _CASH_MODES:
        return AccountMode(False, f"account mode {level} is not known here: choose spot mode {_SETTINGS}")
    lends = [name for name in ("autoLoan", "enableSpotBorrow") if str(told.get(name)).lower() == "true"]
    if lends:
        words = f"{_CASH_MODES[level]} with borrowing on ({', '.join(lends)}): switch it off {_SETTINGS}"
        return AccountMode(False, words)
    return AccountMode(True, f"{_CASH_MODES[level]}, borrowing is off")


def _execution(client: Any, row: Raw) -> Raw | None:
    """The fill by which an order changed, as `fetch_my_trades` would tell it: ccxt's own reading of it takes the fee
    for a rebate."""
    if not row.get("tradeId") or Decimal(row.get("fillSz") or 0) == 0:
        return None
    fill = {**row, "fee": row["fillFee"], "feeCcy": row["fillFeeCcy"], "ts": row["fillTime"]}
    trade: Raw = client.parse_trade(fill)
    return trade


def _at_fill_time(trade: Raw) -> Raw:
    """`ts` is when the record was made, by which pages are asked for; the fill itself was at `fillTime`, which is all
    that the stream tells: https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-transaction-details-last-3-months"""
    filled_at = trade["info"].get("fillTime")
    return {**trade, "lastUpdateTimestamp": int(filled_at)} if filled_at else trade
