"""Whether an answer is the venue's at all, looked at before ccxt reads it (A16, law 15).

A login page, a proxy or another program may answer in the venue's place, with status 200 and JSON of its own. ccxt
finds nothing in it, and nothing is what it tells: no balance, no order, no instrument. Each venue puts its answers in
an envelope of its own, or has a shape for each question; what has neither says nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from engine.core.errors import Corrupt
from engine.exchanges.named import names_each_coin

Fetch = Callable[..., Awaitable[Any]]


def checked(venue: str, fetch: Fetch) -> Fetch:
    """ccxt's `fetch`, which raises Corrupt for what `venue` (ccxt's id) would never answer."""
    is_its_own = _ENVELOPES[venue]

    async def fetch_checked(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        answer = await fetch(url, method, headers, body)
        if answer in ("", None) and _says_nothing(venue, url, method):
            return {}
        if not isinstance(answer, dict | list):
            # ccxt takes a text for an answer, too.
            raise Corrupt("the venue's answer is not JSON.")
        if not is_its_own(urlsplit(url).path, method, answer):
            raise Corrupt("what answered is not the venue: its answers have another form.")
        if not _is_refusal(answer) and not names_each_coin(urlsplit(url).path, answer):
            raise Corrupt("a balance says not even of which coin it is.")
        return answer

    return fetch_checked


def _says_nothing(venue: str, url: str, method: str) -> bool:
    """BingX answers the renewal of a user stream's key with a status alone:
    https://bingx-api.github.io/docs/spot/other-interface.html"""
    return venue == "bingx" and method in ("PUT", "DELETE") and "/userDataStream" in url


def _is_refusal(answer: Any) -> bool:
    """The venue's own code for anything but success, which ccxt makes an error of."""
    if not isinstance(answer, dict):
        return False
    code = answer.get("retCode", answer.get("code", "0"))
    return str(code) not in ("0", "200000")


def _okx(_path: str, _method: str, answer: Any) -> bool:
    """https://www.okx.com/docs-v5/en/#overview-rest-authentication-making-requests: `code`, a text, `data`, a list."""
    told = isinstance(answer, dict) and isinstance(answer.get("code"), str)
    return told and (isinstance(answer.get("data"), list) or _is_refusal(answer))


def _kucoin(_path: str, _method: str, answer: Any) -> bool:
    """https://www.kucoin.com/docs-new/rate-limit: `code`, a text, in each answer, and `data` where it is 200000."""
    told = isinstance(answer, dict) and isinstance(answer.get("code"), str)
    return told and ("data" in answer or answer["code"] != "200000")


def _bybit(path: str, method: str, answer: Any) -> bool:
    """https://bybit-exchange.github.io/docs/v5/guide#response-format; lists are in `result.list`."""
    if not isinstance(answer, dict) or "retCode" not in answer:
        return False
    listed = method == "GET" and path.endswith(_BYBIT_LISTS) and not _is_refusal(answer)
    return not listed or isinstance((answer.get("result") or {}).get("list"), list)


_BYBIT_LISTS = ("/v5/order/realtime", "/v5/order/history", "/v5/execution/list", "/v5/account/wallet-balance")


def _kraken(_path: str, _method: str, answer: Any) -> bool:
    """https://docs.kraken.com/api/docs/guides/spot-rest-intro: `error`, a list, and `result` unless there is one."""
    told = isinstance(answer, dict) and isinstance(answer.get("error"), list)
    return told and bool(answer["error"] or "result" in answer)


def _bingx(path: str, method: str, answer: Any) -> bool:
    """https://bingx-api.github.io/docs: `code` in each answer, and `data` where a question is answered; only the keys
    of user streams (POST, PUT) and what a key may do come bare."""
    if not isinstance(answer, dict):
        return False
    if method != "GET" or path.endswith("/apiPermissions"):
        return True
    return "code" in answer and (_is_refusal(answer) or answer.get("data") is not None)


def _binance(path: str, _method: str, answer: Any) -> bool:
    """No envelope, but a shape for each question:
    https://developers.binance.com/docs/binance-spot-api-docs/rest-api"""
    fits = _BINANCE_SHAPES.get(path.rpartition("/")[2])
    return fits is None or fits(answer)


def _rows(*names: str) -> Callable[[Any], bool]:
    """A list of objects that have these; a row that is none is set aside later (M12)."""
    return lambda answer: (
        isinstance(answer, list) and (not answer or any(_has(row, *names) for row in answer))
    )


def _has(answer: Any, *names: str) -> bool:
    return isinstance(answer, dict) and all(name in answer for name in names)


_BINANCE_SHAPES: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "account": lambda answer: _has(answer, "balances") and isinstance(answer["balances"], list),
        "exchangeInfo": lambda answer: _has(answer, "symbols") and isinstance(answer["symbols"], list),
        "time": lambda answer: _has(answer, "serverTime"),
        "klines": lambda answer: (
            isinstance(answer, list) and (not answer or any(isinstance(row, list) for row in answer))
        ),
        "openOrders": _rows("orderId"),
        "allOrders": _rows("orderId"),
        "myTrades": _rows("orderId", "price"),
        "order": lambda answer: _has(answer, "symbol"),
        "get-funding-asset": _rows("asset"),
    }
)
_ENVELOPES: Mapping[str, Callable[[str, str, Any], bool]] = MappingProxyType(
    {
        "binance": _binance,
        "bybit": _bybit,
        "okx": _okx,
        "kraken": _kraken,
        "kucoin": _kucoin,
        "bingx": _bingx,
    }
)
