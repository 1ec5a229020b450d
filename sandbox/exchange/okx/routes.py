"""The table of OKX's endpoints, and how each is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from sandbox.exchange.http_faults import Done
from sandbox.exchange.matching.model import Refusal
from sandbox.exchange.okx import orders, public, queries, wallet
from sandbox.exchange.okx.auth import check
from sandbox.exchange.okx.errors import TEXTS, Declined, OkxError, code_of, from_rule
from sandbox.exchange.okx.params import Params, items
from sandbox.exchange.okx.user_stream import BUSINESS, PRIVATE, OkxUserStream
from sandbox.exchange.rest import DEFAULT_REQUESTS_PER_MINUTE, Desk, Json, Sent, handler
from sandbox.exchange.venue import Venue


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A question is answered by `ask`; a command is done by `act` for each order of its body."""

    method: str
    path: str
    purpose: str
    signed: bool
    ask: Callable[[Desk, Params, str], list[Any]] | None = None
    act: Callable[[Desk, Params, str], Json] | None = None


def _open(path: str, purpose: str, ask: Callable[[Desk, Params, str], list[Any]]) -> Endpoint:
    return Endpoint("GET", f"/api/v5/{path}", purpose, False, ask=ask)


def _signed(path: str, purpose: str, ask: Callable[[Desk, Params, str], list[Any]]) -> Endpoint:
    return Endpoint("GET", f"/api/v5/{path}", purpose, True, ask=ask)


def _command(path: str, purpose: str, act: Callable[[Desk, Params, str], Json]) -> Endpoint:
    return Endpoint("POST", f"/api/v5/{path}", purpose, True, act=act)


ENDPOINTS = (
    _open("public/time", "time", public.server_time),
    _open("public/instruments", "markets", public.instruments),
    _open("market/ticker", "ticker", public.ticker),
    _open("market/tickers", "ticker", public.tickers),
    _open("market/candles", "candles", public.candles),
    _open("market/history-candles", "candles", public.candles),
    _open("market/books", "book", public.book),
    _signed("account/balance", "balance", wallet.balance),
    _signed("account/config", "rights", wallet.config),
    _signed("asset/balances", "elsewhere", wallet.funding),
    _signed("finance/savings/balance", "elsewhere", wallet.earn),
    _signed("account/trade-fee", "fees", wallet.trade_fee),
    _signed("asset/currencies", "coins", wallet.coins),
    _command("trade/order", "place", orders.place),
    _command("trade/batch-orders", "place", orders.place),
    _command("trade/order-algo", "place", orders.place_algo),
    _command("trade/cancel-order", "cancel", orders.cancel),
    _command("trade/cancel-batch-orders", "cancel", orders.cancel),
    _command("trade/cancel-algos", "cancel", orders.cancel_algo),
    _signed("trade/order", "ask", queries.order),
    _signed("trade/order-algo", "ask", queries.algo),
    _signed("trade/orders-pending", "open", queries.pending),
    _signed("trade/orders-algo-pending", "open", queries.algos_pending),
    _signed("trade/orders-history", "history", queries.history),
    _signed("trade/orders-history-archive", "history", queries.history),
    _signed("trade/orders-algo-history", "history", queries.algos_history),
    _signed("trade/fills", "fills", queries.fills),
    _signed("trade/fills-history", "fills", queries.fills),
)


def add_routes(app: web.Application, venue: Venue, per_minute: int = DEFAULT_REQUESTS_PER_MINUTE) -> None:
    desk = Desk(venue, per_minute)
    for endpoint in ENDPOINTS:
        target = f"{endpoint.method} {endpoint.path}"
        run = partial(_run, desk, endpoint)
        handle = handler(venue, target, endpoint.purpose, run, lambda rule: _refusal(from_rule(rule)))
        app.router.add_route(endpoint.method, endpoint.path, handle)
    for path in (PRIVATE, BUSINESS):
        OkxUserStream(desk, path).add_to(app, path)


def _run(desk: Desk, endpoint: Endpoint, sent: Sent) -> Done:
    try:
        if not desk.budget.spend():
            raise OkxError("50011")
        account = check(desk.venue, sent) if endpoint.signed else ""
        if endpoint.act is not None:
            return _carry_out(desk, endpoint.act, items(sent), account)
        if endpoint.ask is not None:
            return Done(_envelope("0", "", endpoint.ask(desk, items(sent)[0], account)), accepted=True)
    except (OkxError, Declined) as problem:
        return Done(_refusal_of_question(problem), accepted=False)
    except Refusal as refusal:
        return Done(_refusal_of_question(OkxError(code_of(refusal))), accepted=False)
    raise AssertionError(f"{endpoint.path} neither asks nor acts")


def _carry_out(
    desk: Desk, act: Callable[[Desk, Params, str], Json], wanted: list[Params], account: str
) -> Done:
    """Each order for itself; code 1 if none was accepted, 2 if some were."""
    rows, accepted = [], 0
    for params in wanted:
        try:
            rows.append(act(desk, params, account) | {"sCode": "0", "sMsg": ""})
            accepted += 1
        except (Declined, OkxError) as problem:
            rows.append(_declined(problem, params))
        except Refusal as refusal:
            rows.append(_declined(Declined(code_of(refusal)), params))
    if accepted == 0:
        return Done(_envelope("1", TEXTS["1"][1], rows), accepted=False)
    return Done(_envelope("0" if accepted == len(wanted) else "2", "", rows), accepted=True)


def _declined(problem: Declined | OkxError, params: Params | None = None) -> Json:
    known = "" if params is None else params.get("clOrdId") or ""
    return {"ordId": "", "clOrdId": known, "tag": "", "sCode": problem.code, "sMsg": problem.text}


def _refusal(problem: OkxError | Declined) -> web.Response:
    if isinstance(problem, Declined):
        return _envelope("1", TEXTS["1"][1], [_declined(problem)])
    return _envelope(problem.code, problem.text, [], problem.status)


def _refusal_of_question(problem: OkxError | Declined) -> web.Response:
    """A question about an order that is unknown is refused as a whole."""
    return _refusal(OkxError(problem.code, problem.text) if isinstance(problem, Declined) else problem)


def _envelope(code: str, text: str, rows: list[Any], status: int = 200) -> web.Response:
    return web.json_response({"code": code, "msg": text, "data": rows}, status=status)
