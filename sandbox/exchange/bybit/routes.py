"""The table of Bybit's endpoints, and how each is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from sandbox.exchange.bybit import public, trading, wallet
from sandbox.exchange.bybit.auth import check
from sandbox.exchange.bybit.errors import BybitError, error, from_refusal, from_rule
from sandbox.exchange.bybit.params import Params
from sandbox.exchange.bybit.user_stream import PATH, BybitUserStream
from sandbox.exchange.http_faults import Done
from sandbox.exchange.matching.model import Refusal
from sandbox.exchange.rest import DEFAULT_REQUESTS_PER_MINUTE, Desk, Json, Sent, handler
from sandbox.exchange.venue import Venue


@dataclass(frozen=True, slots=True)
class Endpoint:
    method: str
    path: str
    purpose: str
    signed: bool
    handler: Callable[[Desk, Params, str], Json]


ENDPOINTS = (
    Endpoint("GET", "/v5/market/time", "time", False, public.server_time),
    Endpoint("GET", "/v5/market/instruments-info", "markets", False, public.instruments),
    Endpoint("GET", "/v5/market/tickers", "ticker", False, public.tickers),
    Endpoint("GET", "/v5/market/kline", "candles", False, public.klines),
    Endpoint("GET", "/v5/market/orderbook", "book", False, public.book),
    Endpoint("GET", "/v5/market/recent-trade", "trades", False, public.trades),
    Endpoint("GET", "/v5/user/query-api", "rights", True, wallet.key_rights),
    Endpoint("GET", "/v5/account/info", "rights", True, wallet.account_info),
    Endpoint("GET", "/v5/account/wallet-balance", "balance", True, wallet.balance),
    Endpoint("GET", "/v5/asset/transfer/query-account-coins-balance", "elsewhere", True, wallet.funding),
    Endpoint("GET", "/v5/earn/position", "elsewhere", True, wallet.earn),
    Endpoint("GET", "/v5/account/fee-rate", "fees", True, wallet.fee_rates),
    Endpoint("GET", "/v5/asset/coin/query-info", "coins", True, wallet.coins),
    Endpoint("POST", "/v5/order/create", "place", True, trading.place),
    Endpoint("POST", "/v5/order/cancel", "cancel", True, trading.cancel),
    Endpoint("POST", "/v5/order/cancel-all", "cancel-all", True, trading.cancel_all),
    Endpoint("GET", "/v5/order/realtime", "open", True, trading.open_orders),
    Endpoint("GET", "/v5/order/history", "history", True, trading.history),
    Endpoint("GET", "/v5/execution/list", "fills", True, trading.executions),
)


def add_routes(app: web.Application, venue: Venue, per_minute: int = DEFAULT_REQUESTS_PER_MINUTE) -> None:
    desk = Desk(venue, per_minute)
    for endpoint in ENDPOINTS:
        target = f"{endpoint.method} {endpoint.path}"
        handle = handler(
            venue,
            target,
            endpoint.purpose,
            partial(_run, desk, endpoint),
            lambda rule: _refusal(desk, from_rule(rule)),
        )
        app.router.add_route(endpoint.method, endpoint.path, handle)
    BybitUserStream(desk).add_to(app, PATH)


def _run(desk: Desk, endpoint: Endpoint, sent: Sent) -> Done:
    try:
        if not desk.budget.spend():
            raise error(10006)
        account = check(desk.venue, sent) if endpoint.signed else ""
        result = endpoint.handler(desk, Params.of(sent), account)
    except Refusal as refusal:
        return Done(_refusal(desk, from_refusal(refusal)), accepted=False)
    except BybitError as problem:
        return Done(_refusal(desk, problem), accepted=False)
    return Done(_envelope(desk, 0, "OK", result), accepted=True)


def _refusal(desk: Desk, problem: BybitError) -> web.Response:
    return _envelope(desk, problem.code, problem.text, {}, problem.status)


def _envelope(desk: Desk, code: int, text: str, result: Json, status: int = 200) -> web.Response:
    body = {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": desk.now()}
    return web.json_response(body, status=status)
