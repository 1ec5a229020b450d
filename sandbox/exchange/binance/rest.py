"""REST over aiohttp: each request passes the faults, the weight limit and the key check before it is answered."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.exchange.binance.auth import check_signed, split_signature
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import BinanceError, from_refusal, from_rule
from sandbox.exchange.binance.limits import TooMany
from sandbox.exchange.binance.params import Params
from sandbox.exchange.binance.routes import ENDPOINTS, Access, Endpoint
from sandbox.exchange.http_faults import Call, Done, answer
from sandbox.exchange.matching.model import Refusal

_KEY_HEADER = "X-MBX-APIKEY"


def add_routes(app: web.Application, desk: Desk) -> None:
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, _handler(desk, endpoint))


def _handler(desk: Desk, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    target = f"{endpoint.method} {endpoint.path}"

    async def handle(request: web.Request) -> web.StreamResponse:
        sent = request.rel_url.raw_query_string
        sent += await request.text() if request.can_read_body else ""
        key = request.headers.get(_KEY_HEADER)
        call = Call(
            request=request,
            target=target,
            purpose=endpoint.purpose,
            run=lambda: _run(desk, endpoint, sent, key),
            refuse=lambda rule: _refuse(desk, from_rule(rule)),
        )
        return await answer(desk.venue, call)

    return handle


def _run(desk: Desk, endpoint: Endpoint, sent: str, key: str | None) -> Done:
    try:
        desk.limits.spend(endpoint.weight)
        signed_text, signature = split_signature(sent)
        params = Params(dict(parse_qsl(signed_text, keep_blank_values=True)))
        return Done(_respond(desk, run(desk, endpoint, params, key, signed_text, signature)), accepted=True)
    except BinanceError as error:
        return Done(_refuse(desk, error), accepted=False)


def run(
    desk: Desk, endpoint: Endpoint, params: Params, key: str | None, signed_text: str, signature: str | None
) -> Any:
    """Check who asks and call the handler; every refusal becomes a `BinanceError`."""
    account = ""
    if endpoint.access is Access.SIGNED:
        account = check_signed(desk.venue, key, signed_text, signature, params)
    try:
        return endpoint.handler(desk, params, account)
    except Refusal as refusal:
        raise from_refusal(refusal) from None


def _refuse(desk: Desk, error: BinanceError) -> web.Response:
    return _respond(desk, error.body(), error.status, _retry_after(error))


def _respond(
    desk: Desk, body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    used = str(desk.limits.used)
    weights = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
    return web.json_response(body, status=status, headers={**weights, **(headers or {})})


def _retry_after(error: BinanceError) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
