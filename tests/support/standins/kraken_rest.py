"""Kraken's spot REST API as https://docs.kraken.com/api-reference documents it, over the sandbox's matching."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox.exchange.matching.model import (
    CONDITIONAL,
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

PAGE = 50
IDS = {"BTC": "XXBT", "USD": "ZUSD"}
"""Kraken's own names of coins, where they are not the usual ones."""
ALTNAMES = {"BTC": "XBT"}
_TYPES = {"market": OrderType.MARKET, "limit": OrderType.LIMIT, "stop-loss": OrderType.STOP_LOSS}
_WORDS = {kind: word for word, kind in _TYPES.items()}
_STATUS = {
    Status.NEW: "open",
    Status.PARTIALLY_FILLED: "open",
    Status.FILLED: "closed",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
}
_REASONS = {
    Reason.UNKNOWN_SYMBOL: "EQuery:Unknown asset pair",
    Reason.MARKET_CLOSED: "EService:Market in cancel_only mode",
    Reason.INSUFFICIENT_BALANCE: "EOrder:Insufficient funds",
    # How this one is worded is not documented: the adapter may not rely on it.
    Reason.DUPLICATE_CLIENT_ID: "EOrder:cl_ord_id of another open order",
    Reason.WOULD_TRIGGER: "EOrder:Invalid price",
    Reason.UNKNOWN_ORDER: "EOrder:Unknown order",
}
_FILTERS = {"NOTIONAL": "EOrder:Cost minimum not met", "PRICE_FILTER": "EOrder:Tick size check failed"}


def altname(pair: Pair) -> str:
    return f"{ALTNAMES.get(pair.base, pair.base)}{pair.quote}"


def order_id(number: int) -> str:
    return f"OSTAND-{number:05d}-INVENU"


def trade_id(trade: Trade) -> str:
    """Unique over all pairs."""
    return f"T{trade.pair.base:X<5}-{trade.id:05d}-INVENU"


def order_word(order: Order) -> str:
    return _WORDS[order.type]


KEY_INFO = {"permissions": ["query-funds", "modify-trades", "close-trades"], "ip_allowlist": []}
"""Trades on spot, and from everywhere."""


class KrakenRest(Speech):
    """HTTP 200 whatever happens; errors are words in a list."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self._nonces: dict[str, int] = {}
        self.endpoints: Sequence[Endpoint] = [
            Endpoint("GET", "/0/public/Time", "time", self._time, signed=False),
            Endpoint("GET", "/0/public/AssetPairs", "markets", self._pairs, signed=False),
            Endpoint("POST", "/0/private/AddOrder", "place", self._place),
            Endpoint("POST", "/0/private/CancelOrder", "cancel", self._cancel),
            Endpoint("POST", "/0/private/OpenOrders", "open", self._open),
            Endpoint("POST", "/0/private/ClosedOrders", "history", self._closed),
            Endpoint("POST", "/0/private/QueryOrders", "ask", self._query),
            Endpoint("POST", "/0/private/QueryTrades", "fills", self._query_trades),
            Endpoint("POST", "/0/private/TradesHistory", "fills", self._history),
            Endpoint("POST", "/0/private/BalanceEx", "balance", self._balances),
            Endpoint("POST", "/0/private/GetWebSocketsToken", "token", self._token),
            Endpoint("POST", "/0/private/GetApiKeyInfo", "rights", lambda _call: KEY_INFO),
        ]

    # ── how it speaks ─────────────────────────────────────────────────────────────────────

    def account(self, desk: Desk, sent: Sent) -> str:
        """https://docs.kraken.com/api/docs/guides/spot-rest-auth ; a nonce may come late by ten seconds, which is the
        nonce window that a key of a program with several connections needs."""
        key, nonce = sent.headers.get("API-Key", ""), self.params(sent).get("nonce", "")
        if key not in desk.venue.secrets:
            raise Says("EAPI:Invalid key")
        text = sent.path.encode() + hashlib.sha256((nonce + sent.body).encode()).digest()
        secret = base64.b64decode(desk.venue.secrets[key])
        expected = base64.b64encode(hmac.new(secret, text, hashlib.sha512).digest()).decode()
        if not hmac.compare_digest(expected, sent.headers.get("API-Sign", "")):
            raise Says("EAPI:Invalid signature")
        if int(nonce) < self._nonces.get(key, 0) - 10_000:
            raise Says("EAPI:Invalid nonce")
        self._nonces[key] = max(int(nonce), self._nonces.get(key, 0))
        return key

    def answer(self, desk: Desk, result: Any) -> web.Response:
        return web.json_response({"error": [], "result": result})

    def refusal(self, problem: Says) -> web.Response:
        return web.json_response({"error": [problem.code]}, status=problem.status)

    def said(self, refusal: Refusal) -> Says:
        if refusal.reason is Reason.FILTER:
            return Says(_FILTERS.get(refusal.detail, "EOrder:Order minimum not met"))
        return Says(_REASONS[refusal.reason])

    # ── the market ────────────────────────────────────────────────────────────────────────

    def _time(self, call: Call) -> Json:
        return {"unixtime": call.desk.now() // 1000, "rfc1123": ""}

    def _pairs(self, call: Call) -> Json:
        return {_pair_id(pair): _asset_pair(pair) for pair in call.desk.pairs()}

    def _token(self, call: Call) -> Json:
        token = f"token-{call.venue.next_name()}"
        self.tokens[token] = call.account
        return {"token": token, "expires": 900}

    # ── orders ────────────────────────────────────────────────────────────────────────────

    def _place(self, call: Call) -> Json:
        if call.params.get("oflags", "fciq") != "fciq":
            raise Says("EGeneral:Invalid arguments:oflags")
        order = call.venue.matching.place(call.account, self._request(call), call.desk.now())[0].order
        return {"descr": {"order": _sentence(order)}, "txid": [order_id(order.id)]}

    def _request(self, call: Call) -> OrderRequest:
        kind = _TYPES.get(call.params["ordertype"])
        name = call.params.get("cl_ord_id", "")
        if kind is None or len(name) > 18:
            raise Says("EGeneral:Invalid arguments")
        price = call.decimal("price")
        return OrderRequest(
            pair_id=_pair(call, call.params["pair"]).id,
            side=Side(call.params["type"].upper()),
            type=kind,
            client_id=name or f"venue-{call.venue.next_name()}",
            quantity=call.decimal("volume"),
            price=price if kind is OrderType.LIMIT else None,
            stop_price=price if kind in CONDITIONAL else None,
        )

    def _cancel(self, call: Call) -> Json:
        order = next((one for one in self._named(call) if one.is_open), None)
        if order is None:
            raise Says("EOrder:Unknown order")
        call.venue.matching.cancel(order, call.desk.now())
        return {"count": 1}

    def _named(self, call: Call) -> list[Order]:
        name, number = call.params.get("cl_ord_id"), call.params.get("txid")
        return [
            order
            for order in reversed(call.orders())
            if name in (None, order.client_id) and number in (None, order_id(order.id))
        ]

    def _open(self, call: Call) -> Json:
        return {"open": self._render(call, [order for order in self._named(call) if order.is_open])}

    def _closed(self, call: Call) -> Json:
        ended = [order for order in self._named(call) if not order.is_open]
        return {"closed": self._render(call, ended[:PAGE]), "count": len(ended)}

    def _query(self, call: Call) -> Json:
        found = self._named(call)
        if not found:
            raise Says("EOrder:Invalid order")
        return self._render(call, found)

    def _render(self, call: Call, orders: list[Order]) -> Json:
        return {order_id(order.id): _order(call, order) for order in orders}

    # ── executions and balances ───────────────────────────────────────────────────────────

    def _query_trades(self, call: Call) -> Json:
        wanted = call.params.get("txid", "").split(",")
        if wanted == [""] or len(wanted) > 20:
            raise Says("EGeneral:Invalid arguments")
        return {trade_id(one): _trade(call, one) for one in call.trades() if trade_id(one) in wanted}

    def _history(self, call: Call) -> Json:
        """Newest first, of all pairs together; `start` and `end` in seconds, between both excluded and included."""
        start, end = call.number("start") or 0, call.number("end") or 2**40
        found = [one for one in reversed(_told(call)) if start < one.time_ms / 1000 <= end]
        skip = call.number("ofs") or 0
        page = {trade_id(one): _trade(call, one) for one in found[skip : skip + PAGE]}
        return {"trades": page, "count": len(found)}

    def _balances(self, call: Call) -> Json:
        held = call.venue.matching.accounts[call.account].snapshot()
        bonded = call.venue.wallet(call.account, "earn")
        return {
            IDS.get(coin, coin): {"balance": plain(free + locked), "hold_trade": plain(locked)}
            for coin, free, locked in held
        } | {
            f"{IDS.get(coin, coin).removeprefix('X')}.B": {"balance": plain(amount), "hold_trade": "0"}
            for coin, amount in bonded.items()
        }


def _pair_id(pair: Pair) -> str:
    """XXBTZUSD, where orders and executions say XBTUSD; pairs of newer coins have one name for both."""
    return f"{IDS.get(pair.base, pair.base)}{IDS.get(pair.quote, pair.quote)}"


def _pair(call: Call, name: str) -> Pair:
    for pair in call.desk.pairs():
        if name in (_pair_id(pair), altname(pair)):
            return pair
    raise Says("EQuery:Unknown asset pair")


def _asset_pair(pair: Pair) -> Json:
    return {
        "altname": altname(pair),
        "wsname": f"{ALTNAMES.get(pair.base, pair.base)}/{pair.quote}",
        "aclass_base": "currency",
        "base": IDS.get(pair.base, pair.base),
        "aclass_quote": "currency",
        "quote": IDS.get(pair.quote, pair.quote),
        "lot": "unit",
        "pair_decimals": -int(pair.tick.as_tuple().exponent),
        "lot_decimals": -int(pair.step.as_tuple().exponent),
        "lot_multiplier": 1,
        "leverage_buy": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "ordermin": plain(pair.min_quantity),
        "costmin": plain(pair.min_notional),
        "tick_size": plain(pair.tick),
        "status": "online" if pair.trading else "cancel_only",
    }


def _sentence(order: Order) -> str:
    what = "stop loss" if order.stop_price else order_word(order)
    at = f" {order.price or order.stop_price}" if order.price or order.stop_price else ""
    return f"{order.side.lower()} {order.quantity:.8f} {altname(order.pair)} @ {what}{at}"


def _order(call: Call, order: Order) -> Json:
    trades = call.trades(order)
    average = order.filled_quote / order.filled if order.filled else order.filled
    ended = {} if order.is_open else {"closetm": order.updated_ms / 1000, "reason": None}
    listed = (
        {"trades": _ids(call, trades)} if call.params.get("trades", "").lower() == "true" and trades else {}
    )
    return {
        "refid": None,
        "userref": None,
        "cl_ord_id": order.client_id,
        "status": _STATUS[order.status],
        "opentm": order.created_ms / 1000,
        "starttm": 0,
        "expiretm": 0,
        "descr": {
            "pair": altname(order.pair),
            "type": order.side.lower(),
            "ordertype": order_word(order),
            "price": plain(order.price or order.stop_price),
            "price2": "0",
            "leverage": "none",
            "order": _sentence(order),
            "close": "",
        },
        "vol": f"{order.quantity:.8f}",
        "vol_exec": f"{order.filled:.8f}",
        "cost": plain(order.filled_quote),
        "fee": plain(sum((trade.fee for trade in trades), start=order.filled * 0)),
        "price": plain(average),
        "stopprice": plain(order.stop_price),
        "limitprice": "0.00000",
        "misc": "",
        "oflags": "fciq",
        **ended,
        **listed,
    }


def _ids(call: Call, trades: list[Trade]) -> list[str]:
    return [trade_id(one) for one in _consolidated(call, trades)]


def _told(call: Call) -> list[Trade]:
    return _consolidated(call, call.trades())


def _consolidated(call: Call, trades: list[Trade]) -> list[Trade]:
    """With `consolidate_taker`, which is the default, what one order took at one moment is told as one execution, by
    the id of the first: https://docs.kraken.com/api-reference/account-data/get-trades-history"""
    if call.params.get("consolidate_taker", "true").lower() == "false":
        return trades
    first: dict[object, Trade] = {}
    for trade in trades:
        first.setdefault(trade.id if trade.maker else (trade.order_id, trade.time_ms), trade)
    return list(first.values())


def _trade(call: Call, trade: Trade) -> Json:
    return {
        "ordertxid": order_id(trade.order_id),
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": altname(trade.pair),
        "time": trade.time_ms / 1000,
        "type": trade.side.lower(),
        "ordertype": "market",
        "price": plain(trade.price),
        "cost": plain(trade.cost),
        "fee": plain(trade.fee),
        "vol": f"{trade.quantity:.8f}",
        "margin": "0.00000",
        "misc": "",
        "trade_id": trade.id,
        "maker": trade.maker,
    }
