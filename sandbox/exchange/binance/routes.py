"""The one table of REST endpoints: method, path, weight, who may ask, and what answers.

Weights are those of the Binance Spot API documentation, of 2025, for one symbol.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sandbox.exchange.binance import public, trading, wallet
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.params import Params

Handler = Callable[[Desk, Params, str], Any]


class Access(Enum):
    OPEN = auto()
    SIGNED = auto()


@dataclass(frozen=True, slots=True)
class Endpoint:
    method: str
    path: str
    weight: int
    access: Access
    handler: Handler
    purpose: str
    """What fault rules may call it in every dialect."""


def _open(path: str, weight: int, handler: Handler, purpose: str = "") -> Endpoint:
    return Endpoint("GET", path, weight, Access.OPEN, handler, purpose)


def _signed(method: str, path: str, weight: int, handler: Handler, purpose: str = "") -> Endpoint:
    return Endpoint(method, path, weight, Access.SIGNED, handler, purpose)


ENDPOINTS = (
    _open("/api/v3/ping", 1, public.ping),
    _open("/api/v3/time", 1, public.server_time, "time"),
    _open("/api/v3/exchangeInfo", 20, public.exchange_info, "markets"),
    _open("/api/v3/klines", 2, public.klines, "candles"),
    _open("/api/v3/ticker/24hr", 2, public.ticker_day, "ticker"),
    _open("/api/v3/ticker/price", 2, public.ticker_price, "ticker"),
    _open("/api/v3/ticker/bookTicker", 2, public.ticker_book, "ticker"),
    _open("/api/v3/depth", 5, public.depth, "book"),
    _open("/api/v3/trades", 25, public.trades),
    _open("/api/v3/aggTrades", 4, public.aggregate_trades),
    _signed("GET", "/api/v3/account", 20, wallet.account, "balance"),
    _signed("GET", "/api/v3/account/commission", 20, wallet.commission),
    _signed("POST", "/api/v3/order", 1, trading.place, "place"),
    _signed("GET", "/api/v3/order", 4, trading.ask, "ask"),
    _signed("DELETE", "/api/v3/order", 1, trading.cancel, "cancel"),
    _signed("POST", "/api/v3/order/test", 1, trading.test),
    _signed("GET", "/api/v3/openOrders", 6, trading.open_orders, "open"),
    _signed("DELETE", "/api/v3/openOrders", 1, trading.cancel_all, "cancel-all"),
    _signed("GET", "/api/v3/allOrders", 20, trading.all_orders, "history"),
    _signed("GET", "/api/v3/myTrades", 20, trading.my_trades, "fills"),
    _open("/sapi/v1/system/status", 1, wallet.system_status),
    _signed("GET", "/sapi/v1/asset/tradeFee", 1, wallet.trade_fee),
    _signed("POST", "/sapi/v1/asset/get-funding-asset", 1, wallet.funding, "elsewhere"),
    _signed("GET", "/sapi/v1/simple-earn/flexible/position", 150, wallet.earn, "elsewhere"),
    _signed("GET", "/sapi/v1/simple-earn/locked/position", 150, wallet.earn_locked, "elsewhere"),
    _signed("GET", "/sapi/v1/account/apiRestrictions", 1, wallet.key_rights, "rights"),
    _signed("GET", "/sapi/v1/capital/config/getall", 10, wallet.coins, "coins"),
    _signed("GET", "/sapi/v1/margin/allPairs", 1, wallet.nothing),
    _signed("GET", "/sapi/v1/margin/isolated/allPairs", 10, wallet.nothing),
    _open("/fapi/v1/exchangeInfo", 1, wallet.no_symbols),
    _open("/dapi/v1/exchangeInfo", 1, wallet.no_symbols),
    _open("/eapi/v1/exchangeInfo", 1, wallet.no_symbols),
)

METHODS: dict[str, Endpoint] = {
    # the websocket API's name -> the REST endpoint that it equals
    name: next(end for end in ENDPOINTS if (end.method, end.path) == (method, path))
    for name, (method, path) in {
        "ping": ("GET", "/api/v3/ping"),
        "time": ("GET", "/api/v3/time"),
        "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
        "klines": ("GET", "/api/v3/klines"),
        "depth": ("GET", "/api/v3/depth"),
        "ticker.price": ("GET", "/api/v3/ticker/price"),
        "ticker.book": ("GET", "/api/v3/ticker/bookTicker"),
        "ticker.24hr": ("GET", "/api/v3/ticker/24hr"),
        "account.status": ("GET", "/api/v3/account"),
        "order.place": ("POST", "/api/v3/order"),
        "order.test": ("POST", "/api/v3/order/test"),
        "order.status": ("GET", "/api/v3/order"),
        "order.cancel": ("DELETE", "/api/v3/order"),
        "openOrders.status": ("GET", "/api/v3/openOrders"),
        "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
        "allOrders": ("GET", "/api/v3/allOrders"),
        "myTrades": ("GET", "/api/v3/myTrades"),
    }.items()
}
