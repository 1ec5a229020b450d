"""REST over aiohttp: each request passes the faults, the weight limit and the key check before it is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.exchange.binance.auth import check_signed, split_signature
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import BinanceError, from_refusal
from sandbox.exchange.binance.limits import TooMany
from sandbox.exchange.binance.params import Params
from sandbox.exchange.binance.routes import ENDPOINTS, Access, Endpoint
from sandbox.exchange.faults import Action, Point, Rule
from sandbox.exchange.matching.model import Refusal

_KEY_HEADER = "X-MBX-APIKEY"


def add_routes(app: web.Application, desk: Desk) -> None:
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, _handler(desk, endpoint))


def _handler(desk: Desk, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    target = f"{endpoint.method} {endpoint.path}"

    async def handle(request: web.Request) -> web.StreamResponse:
        before = desk.venue.faults.strike(target, Point.BEFORE_ACCEPT)
        if before is not None:
            struck = await suffer(desk, request, before)
            if struck is not None:
                return struck
        try:
            answer = await _answer(desk, endpoint, request)
        except BinanceError as error:
            return _respond(desk, error.body(), error.status, _retry_after(error))
        after = strike_after(desk, target, answer)
        struck = None if after is None else await suffer(desk, request, after)
        return struck or _respond(desk, answer)

    return handle


async def _answer(desk: Desk, endpoint: Endpoint, request: web.Request) -> Any:
    query = request.rel_url.raw_query_string
    sent = query + (await request.text() if request.can_read_body else "")
    desk.limits.spend(endpoint.weight)
    signed_text, signature = split_signature(sent)
    params = Params(dict(parse_qsl(signed_text, keep_blank_values=True)))
    key = request.headers.get(_KEY_HEADER)
    return run(desk, endpoint, params, key, signed_text, signature)


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


def strike_after(desk: Desk, target: str, answer: Any) -> Rule | None:
    """The rule for what was just done, if there is one."""
    filled = isinstance(answer, dict) and Decimal(answer.get("executedQty", 0)) > 0
    rule = desk.venue.faults.strike(target, Point.AFTER_FILL) if filled else None
    return rule or desk.venue.faults.strike(target, Point.AFTER_ACCEPT)


async def suffer(desk: Desk, request: web.Request, rule: Rule) -> web.StreamResponse | None:
    """Do what the rule says to this request; None means that it goes on."""
    match rule.action:
        case Action.DELAY:
            await asyncio.sleep(rule.seconds)
            return None
        case Action.HANG:
            await desk.venue.faults.until_lifted()
            return _cut(request)
        case Action.DROP | Action.SILENCE:
            return _cut(request)
        case Action.GARBAGE:
            return web.Response(text="<html>upstream is resting</html>", content_type="text/html")
        case Action.STATUS if rule.code is not None:
            return _respond(desk, {"code": rule.code, "msg": rule.text}, rule.status)
        case Action.STATUS:
            return web.Response(text=rule.text, status=rule.status)


def _cut(request: web.Request) -> web.Response:
    """End the connection without a word; what is returned here no longer reaches anyone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _respond(
    desk: Desk, body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    used = str(desk.limits.used)
    weights = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
    return web.json_response(body, status=status, headers={**weights, **(headers or {})})


def _retry_after(error: BinanceError) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
