"""KuCoin's spot REST API as https://www.kucoin.com/docs-new documents it, over the sandbox's matching.

Stops have numbers of their own, and are told of only while they wait or since they were triggered.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox.exchange.matching.model import (
    UNPRICED,
    Order,
    OrderRequest,
    OrderType,
    Pair,
    Reason,
    Refusal,
    Side,
    Status,
    Trade,
)
from sandbox.exchange.rest import Desk, Json, Sent, plain
from tests.support.standins.common import Call, Endpoint, Says, Speech

PING_INTERVAL_MS = 18_000
_WINDOW_MS = 5_000
_NOT_THERE = Says("400100", "order not exist.")
_NOT_WORKING = Says("400100", "order_not_exist_or_not_allow_to_cancel")
_REASONS = {
    Reason.UNKNOWN_SYMBOL: Says("900001", "symbol not exists"),
    Reason.MARKET_CLOSED: Says("400600", "The trading pair is suspended."),
    Reason.INSUFFICIENT_BALANCE: Says("200004", "Balance insufficient!"),
    Reason.DUPLICATE_CLIENT_ID: Says("400100", "validation.createOrder.clientOidDuplicated"),
    Reason.WOULD_TRIGGER: Says("300000", "The stop price is reached already."),
    Reason.FILTER: Says("300000", "The order funds should more then 5 USDT."),
    Reason.UNKNOWN_ORDER: _NOT_THERE,
}


def pair_id(pair: Pair) -> str:
    return f"{pair.base}-{pair.quote}"


def is_stop(order: Order) -> bool:
    """Whether it still waits to be triggered, or was ended while it did."""
    return not order.working


def order_id(order: Order) -> str:
    """24 hexadecimal digits; `vs…` for a stop."""
    return f"vs{order.id:022x}" if is_stop(order) else f"{order.id:024x}"


KEY_INFO = {"permission": "General,Spot", "ipWhitelist": ""}
"""Trades on spot, and from everywhere."""


class KucoinRest(Speech):
    """HTTP 200 whatever happens, with a code of success of its own."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        client, stop = "/api/v1/hf/orders/client-order/{clientOid}", "/api/v1/stop-order"
        self.endpoints: Sequence[Endpoint] = [
            Endpoint("GET", "/api/v1/timestamp", "time", lambda call: call.desk.now(), signed=False),
            Endpoint("GET", "/api/v2/symbols", "markets", self._symbols, signed=False),
            Endpoint("GET", "/api/v1/symbols", "markets", self._symbols, signed=False),
            Endpoint("GET", "/api/v3/margin/symbols", "margin", lambda _call: {"items": []}),
            Endpoint("GET", "/api/v1/isolated/symbols", "margin", lambda _call: []),
            Endpoint("POST", "/api/v1/hf/orders", "place", self._place),
            Endpoint("POST", stop, "place", self._place),
            Endpoint("GET", client, "ask", self._by_name),
            Endpoint("DELETE", client, "cancel", self._cancel),
            Endpoint("GET", "/api/v1/hf/orders/active", "open", self._active),
            Endpoint("GET", "/api/v1/hf/orders/{orderId}", "ask", self._by_number),
            Endpoint("GET", stop, "open", self._waiting),
            Endpoint("GET", f"{stop}/queryOrderByClientOid", "ask", self._stop_by_name),
            Endpoint("DELETE", f"{stop}/cancelOrderByClientOid", "cancel", self._cancel_stop),
            Endpoint("GET", f"{stop}/{{orderId}}", "ask", self._stop_by_number),
            Endpoint("GET", "/api/v1/hf/fills", "fills", self._fills),
            Endpoint("GET", "/api/v1/accounts", "balance", self._accounts),
            Endpoint("GET", "/api/v1/earn/hold-assets", "elsewhere", self._put_to_work),
            Endpoint("POST", "/api/v1/bullet-private", "token", self._bullet),
            Endpoint("GET", "/api/v1/user/api-key", "rights", lambda _call: KEY_INFO),
        ]

    # ── how it speaks ─────────────────────────────────────────────────────────────────────

    def account(self, desk: Desk, sent: Sent) -> str:
        """https://www.kucoin.com/docs-new/authentication"""
        key, stamp = sent.headers.get("KC-API-KEY", ""), sent.headers.get("KC-API-TIMESTAMP", "")
        if key not in desk.venue.secrets:
            raise Says("400003", "KC-API-KEY not exists")
        if not stamp.isdigit() or abs(int(stamp) - desk.now()) > _WINDOW_MS:
            raise Says("400002", "KC-API-TIMESTAMP Invalid -- Time differs from server time")
        target = sent.path + (f"?{sent.query}" if sent.query else "")
        secret = desk.venue.secrets[key]
        if _signed(secret, stamp + sent.method + target + sent.body) != sent.headers.get("KC-API-SIGN"):
            raise Says("400005", "Invalid KC-API-SIGN")
        if _signed(secret, desk.venue.passphrases[key]) != sent.headers.get("KC-API-PASSPHRASE"):
            raise Says("400004", "Invalid KC-API-PASSPHRASE")
        return key

    def answer(self, desk: Desk, result: Any) -> web.Response:
        return web.json_response({"code": "200000", "data": result})

    def refusal(self, problem: Says) -> web.Response:
        return web.json_response({"code": problem.code, "msg": problem.text}, status=problem.status)

    def said(self, refusal: Refusal) -> Says:
        return _REASONS[refusal.reason]

    # ── the market ────────────────────────────────────────────────────────────────────────

    def _symbols(self, call: Call) -> list[Json]:
        return [_symbol(pair) for pair in call.desk.pairs()]

    def _bullet(self, call: Call) -> Json:
        token = f"token-{call.venue.next_name()}"
        self.tokens[token] = call.account
        server = {
            "endpoint": f"ws://{call.sent.headers['Host']}/endpoint",
            "encrypt": False,
            "protocol": "websocket",
            "pingInterval": PING_INTERVAL_MS,
            "pingTimeout": 10_000,
        }
        return {"token": token, "instanceServers": [server]}

    # ── orders ────────────────────────────────────────────────────────────────────────────

    def _place(self, call: Call) -> Json:
        order = call.venue.matching.place(call.account, self._request(call), call.desk.now())[0].order
        return {"orderId": order_id(order), "clientOid": order.client_id}

    def _request(self, call: Call) -> OrderRequest:
        stop = call.decimal("stopPrice")
        limit = call.params["type"] == "limit"
        kind = OrderType.STOP_LOSS if stop else OrderType.LIMIT if limit else OrderType.MARKET
        if stop is not None and "stop-order" not in call.sent.path:
            raise Says("400100", "stopPrice")
        return OrderRequest(
            pair_id=_pair(call).id,
            side=Side(call.params["side"].upper()),
            type=kind,
            client_id=call.params["clientOid"],
            quantity=call.decimal("size"),
            price=call.decimal("price") if limit else None,
            stop_price=stop,
        )

    def _found(self, call: Call, stop: bool) -> list[Order]:
        return [order for order in reversed(call.orders(_pair(call))) if is_stop(order) is stop]

    def _by_name(self, call: Call) -> Json:
        found = [one for one in self._found(call, False) if one.client_id == call.last_of_path]
        if not found:
            raise _NOT_THERE
        return _order(call, found[0])

    def _by_number(self, call: Call) -> Json:
        found = [one for one in self._found(call, False) if order_id(one) == call.last_of_path]
        if not found:
            raise _NOT_THERE
        return _order(call, found[0])

    def _active(self, call: Call) -> list[Json]:
        return [_order(call, order) for order in self._found(call, False) if order.is_open]

    def _cancel(self, call: Call) -> Json:
        for order in self._found(call, False):
            if order.client_id == call.last_of_path and order.is_open:
                call.venue.matching.cancel(order, call.desk.now())
                return {"clientOid": order.client_id}
        raise _NOT_WORKING

    # ── stops ─────────────────────────────────────────────────────────────────────────────

    def _stop_by_name(self, call: Call) -> list[Json]:
        waiting = [one for one in self._found(call, True) if one.is_open]
        return [_stop(one) for one in waiting if one.client_id == call.params["clientOid"]]

    def _stop_by_number(self, call: Call) -> Json:
        for order in call.orders():
            if is_stop(order) and order.is_open and order_id(order) == call.last_of_path:
                return _stop(order)
        raise _NOT_THERE

    def _waiting(self, call: Call) -> Json:
        rows = [_stop(order) for order in self._found(call, True) if order.is_open]
        return {"currentPage": 1, "pageSize": 50, "totalNum": len(rows), "totalPage": 1, "items": rows}

    def _cancel_stop(self, call: Call) -> Json:
        for order in call.orders():
            if is_stop(order) and order.is_open and order.client_id == call.params["clientOid"]:
                call.venue.matching.cancel(order, call.desk.now())
                return {"cancelledOrderId": order_id(order), "clientOid": order.client_id}
        raise _NOT_THERE

    # ── executions and balances ───────────────────────────────────────────────────────────

    def _fills(self, call: Call) -> Json:
        """Newest first; seven days between startAt and endAt; `lastId` is the last one of the page before, and it
        says nothing where one order is asked for."""
        wanted, pair = call.params.get("orderId"), _pair(call)
        start, end = call.number("startAt") or 0, call.number("endAt") or 2**60
        before = None if wanted else call.number("lastId")
        orders = {order.id: order for order in call.orders(pair)}
        rows = [
            _fill(trade, orders[trade.order_id])
            for trade in reversed(call.trades())
            if trade.pair.id == pair.id
            and start <= trade.time_ms <= end
            and wanted in (None, order_id(orders[trade.order_id]))
            and (before is None or 1_000_000 + trade.id < before)
        ]
        page = rows[: call.number("limit") or 20]
        return {"items": page, "lastId": page[-1]["id"] if page else 0}

    def _put_to_work(self, call: Call) -> Json:
        held = call.venue.wallet(call.account, "earn")
        return {"items": [{"currency": coin, "holdAmount": plain(amount)} for coin, amount in held.items()]}

    def _accounts(self, call: Call) -> list[Json]:
        held = call.venue.matching.accounts[call.account].snapshot()
        if call.params["type"] == "main":
            funding = call.venue.wallet(call.account, "funding")
            held = tuple((coin, amount, amount * 0) for coin, amount in funding.items())
        return [
            {
                "id": str(number),
                "currency": coin,
                "type": call.params["type"],
                "balance": plain(free + locked),
                "available": plain(free),
                "holds": plain(locked),
            }
            for number, (coin, free, locked) in enumerate(held)
        ]


def _signed(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _pair(call: Call) -> Pair:
    for pair in call.desk.pairs():
        if pair_id(pair) == call.params.get("symbol"):
            return pair
    raise Says("900001", "symbol not exists")


def _symbol(pair: Pair) -> Json:
    return {
        "symbol": pair_id(pair),
        "name": pair_id(pair),
        "baseCurrency": pair.base,
        "quoteCurrency": pair.quote,
        "feeCurrency": pair.quote,
        "market": "USDS",
        "baseMinSize": plain(pair.min_quantity),
        "quoteMinSize": "0.1",
        "baseMaxSize": plain(pair.max_quantity),
        "quoteMaxSize": plain(pair.max_notional),
        "baseIncrement": plain(pair.step),
        "quoteIncrement": "0.000001",
        "priceIncrement": plain(pair.tick),
        "minFunds": plain(pair.min_notional),
        "isMarginEnabled": False,
        "enableTrading": pair.trading,
    }


def _order(call: Call, order: Order) -> Json:
    fees = [trade.fee for trade in call.trades(order)]
    cancelled = order.status in (Status.CANCELED, Status.EXPIRED)
    return {
        "id": order_id(order),
        "clientOid": order.client_id,
        "symbol": pair_id(order.pair),
        "opType": "DEAL",
        "type": "market" if order.type in UNPRICED else "limit",
        "side": order.side.lower(),
        "price": plain(order.price),
        "size": plain(order.quantity),
        "funds": "0",
        "dealSize": plain(order.filled),
        "dealFunds": plain(order.filled_quote),
        "remainSize": plain(order.remaining),
        "cancelledSize": plain(order.remaining) if cancelled else "0",
        "fee": plain(sum(fees, start=order.filled * 0)),
        "feeCurrency": order.pair.quote,
        "timeInForce": "GTC",
        "postOnly": False,
        "hidden": False,
        "iceberg": False,
        "visibleSize": "0",
        "cancelAfter": 0,
        "channel": "API",
        "cancelExist": cancelled,
        "tradeType": "TRADE",
        "inOrderBook": order.is_open,
        "active": order.is_open,
        "createdAt": order.created_ms,
        "lastUpdatedAt": order.updated_ms,
    }


def _stop(order: Order) -> Json:
    return {
        "id": order_id(order),
        "symbol": pair_id(order.pair),
        "userId": "1",
        "status": "NEW",
        "type": "market",
        "side": order.side.lower(),
        "price": None,
        "size": plain(order.quantity),
        "funds": None,
        "timeInForce": "GTC",
        "cancelAfter": -1,
        "postOnly": False,
        "channel": "API",
        "clientOid": order.client_id,
        "orderTime": order.created_ms * 1_000_000,
        "tradeType": "TRADE",
        "feeCurrency": order.pair.quote,
        "createdAt": order.created_ms,
        "stop": "loss",
        "stopTriggerTime": None,
        "stopPrice": plain(order.stop_price),
    }


def _fill(trade: Trade, order: Order) -> Json:
    return {
        "id": 1_000_000 + trade.id,
        "symbol": pair_id(trade.pair),
        "tradeId": trade.id,
        "orderId": order_id(order),
        "counterOrderId": "0",
        "side": trade.side.lower(),
        "liquidity": "maker" if trade.maker else "taker",
        "forceTaker": False,
        "price": plain(trade.price),
        "size": plain(trade.quantity),
        "funds": plain(trade.cost),
        "fee": plain(trade.fee),
        "feeRate": "0.001",
        "feeCurrency": trade.fee_coin,
        "stop": "",
        "tradeType": "TRADE",
        "type": "market",
        "createdAt": trade.time_ms,
    }
