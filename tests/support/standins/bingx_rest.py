"""BingX's spot REST API as https://bingx-api.github.io/docs-v3 documents it, over the sandbox's matching.

A name is known for two hours only, and the lists of orders do not tell it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox.exchange.matching.model import (
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

NAMED_FOR_MS = 2 * 3600 * 1000
FIRST_ID = 1_700_000_000_000_000_000
"""Order numbers have 19 digits, more than a float holds."""
_WINDOW_MS = 5_000
_DAY_MS = 24 * 3600 * 1000
_TYPES = {"MARKET": OrderType.MARKET, "LIMIT": OrderType.LIMIT, "TAKE_STOP_MARKET": OrderType.STOP_LOSS}
_WORDS = {kind: word for word, kind in _TYPES.items()}
_STATUS = {Status.EXPIRED: "CANCELED", Status.NEW: "PENDING"}
_NOT_THERE = Says("109421", "order not exist")
_NOT_WORKING = Says(
    "100400", "the order you want to cancel is FILLED or CANCELLED already, or is not a valid order id"
)
_REASONS = {
    Reason.UNKNOWN_SYMBOL: Says("100490", "spot symbol is offline"),
    Reason.MARKET_CLOSED: Says("100490", "spot symbol is offline"),
    Reason.INSUFFICIENT_BALANCE: Says("100202", "Insufficient assets"),
    Reason.DUPLICATE_CLIENT_ID: Says("101481", "clientOrderID exists"),
    Reason.WOULD_TRIGGER: Says("80014", "stopPrice is reached already"),
    Reason.FILTER: Says("101400", "The minimum order amount is 5 USDT."),
    Reason.UNKNOWN_ORDER: _NOT_THERE,
}


def pair_id(pair: Pair) -> str:
    return f"{pair.base}-{pair.quote}"


def order_number(order_id: int) -> int:
    return FIRST_ID + order_id


def order_status(order: Order) -> str:
    return _STATUS.get(order.status, str(order.status))


def order_type(order: Order) -> str:
    return _WORDS[order.type]


KEY_INFO = {"permissions": [1, 2], "ipAddresses": []}
"""Trades on spot, and from everywhere."""


class BingxRest(Speech):
    """HTTP 200 whatever happens; everything is sent in the address."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        spot = "/openApi/spot/v1"
        self.endpoints: Sequence[Endpoint] = [
            Endpoint("GET", f"{spot}/common/symbols", "markets", self._symbols, signed=False),
            Endpoint("GET", "/openApi/swap/v2/quote/contracts", "swaps", lambda _call: [], signed=False),
            Endpoint("GET", "/openApi/cswap/v1/market/contracts", "swaps", lambda _call: [], signed=False),
            Endpoint("GET", "/openApi/swap/v2/server/time", "time", self._time, signed=False),
            Endpoint("POST", f"{spot}/trade/order", "place", self._place),
            Endpoint("POST", f"{spot}/trade/cancel", "cancel", self._cancel),
            Endpoint("GET", f"{spot}/trade/query", "ask", self._query),
            Endpoint("GET", f"{spot}/trade/openOrders", "open", self._open),
            Endpoint("GET", f"{spot}/trade/myTrades", "fills", self._fills),
            Endpoint("GET", f"{spot}/account/balance", "balance", self._balances),
            Endpoint("GET", "/openApi/fund/v1/account/balance", "elsewhere", self._funding),
            Endpoint("POST", "/openApi/user/auth/userDataStream", "token", self._listen_key),
            Endpoint("GET", "/openApi/v1/account/apiPermissions", "rights", lambda _call: KEY_INFO),
            Endpoint("PUT", "/openApi/user/auth/userDataStream", "renew", self._renew),
        ]

    # ── how it speaks ─────────────────────────────────────────────────────────────────────

    def account(self, desk: Desk, sent: Sent) -> str:
        """https://bingx-api.github.io/docs-v3/#/en/Quick%20Start/Signature%20Authentication"""
        key = sent.headers.get("X-BX-APIKEY", "")
        if key not in desk.venue.secrets:
            raise Says("100413", "Incorrect apiKey")
        text, _, signature = sent.query.rpartition("&signature=")
        expected = hmac.new(desk.venue.secrets[key].encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise Says("100001", "signature verification failed")
        if abs(int(self.params(sent)["timestamp"]) - desk.now()) > _WINDOW_MS:
            raise Says("100421", "Null timestamp or timestamp mismatch")
        return key

    def answer(self, desk: Desk, result: Any) -> web.Response:
        if result is None:
            return web.Response()
        if isinstance(result, dict) and "listenKey" in result:
            return web.json_response(result)
        return web.json_response({"code": 0, "msg": "", "debugMsg": "", "data": result})

    def refusal(self, problem: Says) -> web.Response:
        body = {"code": int(problem.code), "msg": problem.text, "debugMsg": ""}
        return web.json_response(body, status=problem.status)

    def said(self, refusal: Refusal) -> Says:
        return _REASONS[refusal.reason]

    # ── the market, and the key of the stream ─────────────────────────────────────────────

    def _time(self, call: Call) -> Json:
        return {"serverTime": call.desk.now()}

    def _symbols(self, call: Call) -> Json:
        return {"symbols": [_symbol(pair) for pair in call.desk.pairs()]}

    def _listen_key(self, call: Call) -> Json:
        key = f"listen-{call.venue.next_name()}"
        self.keys[key] = call.account
        return {"listenKey": key}

    def _renew(self, call: Call) -> None:
        """Answered with a status and no word: https://bingx-api.github.io/docs/spot/other-interface.html"""
        if call.params["listenKey"] not in self.keys:
            raise Says("100404", "listenKey not exist", 404)

    # ── orders ────────────────────────────────────────────────────────────────────────────

    def _place(self, call: Call) -> Json:
        order = call.venue.matching.place(call.account, self._request(call), call.desk.now())[0].order
        current = call.venue.matching.find(call.account, order.pair.id, order.id, None)
        return {**_listed(current), "transactTime": current.created_ms, "clientOrderID": current.client_id}

    def _request(self, call: Call) -> OrderRequest:
        kind = _TYPES.get(call.params["type"])
        if kind is None:
            raise Says("80014", "type")
        return OrderRequest(
            pair_id=_pair(call).id,
            side=Side(call.params["side"]),
            type=kind,
            client_id=call.params.get("newClientOrderId") or f"venue-{call.venue.next_name()}",
            quantity=call.decimal("quantity"),
            price=call.decimal("price"),
            stop_price=call.decimal("stopPrice"),
        )

    def _named(self, call: Call) -> Order | None:
        number, name = call.number("orderId"), call.params.get("clientOrderID")
        since = call.desk.now() - NAMED_FOR_MS
        for order in reversed(call.orders(_pair(call))):
            if number is not None and order_number(order.id) == number:
                return order
            if number is None and order.client_id == name and order.created_ms > since:
                return order
        return None

    def _query(self, call: Call) -> Json:
        order = self._named(call)
        if order is None:
            raise _NOT_THERE
        return {**_listed(order), "clientOrderID": order.client_id, "fee": "0", "feeAsset": order.pair.quote}

    def _cancel(self, call: Call) -> Json:
        order = self._named(call)
        if order is None or not order.is_open:
            raise _NOT_WORKING
        call.venue.matching.cancel(order, call.desk.now())
        current = call.venue.matching.find(call.account, order.pair.id, order.id, None)
        return {**_listed(current), "clientOrderID": current.client_id}

    def _open(self, call: Call) -> Json:
        return {"orders": [_listed(order) for order in call.orders(_pair(call)) if order.is_open]}

    # ── executions and balances ───────────────────────────────────────────────────────────

    def _fills(self, call: Call) -> Json:
        """Oldest first; of the last day without a beginning, and never older than seven days."""
        now, pair, wanted = call.desk.now(), _pair(call), call.number("orderId")
        start, end = call.number("startTime") or now - _DAY_MS, call.number("endTime") or now
        if start < now - 7 * _DAY_MS - _WINDOW_MS:
            raise Says("100400", "startTime must be within 7 days")
        rows = [
            _fill(trade)
            for trade in call.trades()
            if trade.pair.id == pair.id
            and start <= trade.time_ms <= end
            and wanted in (None, order_number(trade.order_id))
        ]
        return {"fills": rows[: call.number("limit") or 500]}

    def _funding(self, call: Call) -> Json:
        held = call.venue.wallet(call.account, "funding")
        return {
            "assets": [{"asset": coin, "free": plain(amount), "locked": "0"} for coin, amount in held.items()]
        }

    def _balances(self, call: Call) -> Json:
        held = call.venue.matching.accounts[call.account].snapshot()
        rows = [{"asset": coin, "free": plain(free), "locked": plain(locked)} for coin, free, locked in held]
        return {"balances": rows}


def _pair(call: Call) -> Pair:
    for pair in call.desk.pairs():
        if pair_id(pair) == call.params.get("symbol"):
            return pair
    raise Says("100490", "spot symbol is offline")


def _symbol(pair: Pair) -> Json:
    return {
        "symbol": pair_id(pair),
        "minQty": 0,
        "maxQty": 0,
        "minNotional": float(pair.min_notional),
        "maxNotional": float(pair.max_notional),
        "status": 1 if pair.trading else 25,
        "tickSize": float(pair.tick),
        "stepSize": float(pair.step),
        "apiStateSell": True,
        "apiStateBuy": True,
        "timeOnline": 0,
    }


def _listed(order: Order) -> Json:
    return {
        "symbol": pair_id(order.pair),
        "orderId": order_number(order.id),
        "price": plain(order.price),
        "stopPrice": plain(order.stop_price),
        "origQty": plain(order.quantity),
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.filled_quote),
        "status": order_status(order),
        "type": order_type(order),
        "side": str(order.side),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "origQuoteOrderQty": "0",
    }


def _fill(trade: Trade) -> Json:
    return {
        "symbol": pair_id(trade.pair),
        "id": trade.id,
        "orderId": order_number(trade.order_id),
        "price": plain(trade.price),
        "qty": plain(trade.quantity),
        "quoteQty": plain(trade.cost),
        "commission": -float(trade.fee),
        "commissionAsset": trade.fee_coin,
        "time": trade.time_ms,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.maker,
    }
