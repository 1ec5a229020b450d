"""The venue's back door, for tests and demos: look at everything, move prices and balances, order faults.

JSON in, JSON out, under `/control`; see the README of this folder. Bad input is a 400 with a sentence.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from sandbox.exchange.binance.render import my_trade as render_trade
from sandbox.exchange.binance.render import num, order
from sandbox.exchange.faults import Rule
from sandbox.exchange.market.pairs import split_name
from sandbox.exchange.matching.model import Order, Refusal, Trade
from sandbox.exchange.venue import Venue

_RULES = TypeAdapter(Rule)

Answer = Callable[[web.Request], Awaitable[web.Response]]


def add_routes(app: web.Application, venue: Venue) -> None:
    control = Control(venue)
    for method, path, handler in (
        ("GET", "/control/state", control.state),
        ("POST", "/control/balance", control.set_balance),
        ("POST", "/control/price", control.move_price),
        ("POST", "/control/market", control.market),
        ("POST", "/control/clock", control.set_clock),
        ("POST", "/control/cancel", control.cancel),
        ("GET", "/control/faults", control.faults),
        ("POST", "/control/faults", control.add_fault),
        ("DELETE", "/control/faults", control.clear_faults),
        ("DELETE", "/control/faults/{id}", control.remove_fault),
    ):
        app.router.add_route(method, path, _plain(handler))


class Control:
    """One method per endpoint; each takes the request's JSON object (empty for GET) and returns what to answer."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def state(self, request: web.Request) -> Any:
        """Everything at the venue. Orders are listed with their account, newest last."""
        matching = self._venue.matching
        return {
            "time": self._venue.clock.now_ms(),
            "moving": self._venue.feed.moving,
            "prices": {pair.name: num(matching.book(pair.id).last) for pair in matching.pairs.values()},
            "accounts": {
                name: {
                    coin: {"free": num(free), "locked": num(locked)}
                    for coin, free, locked in account.snapshot()
                }
                for name, account in matching.accounts.items()
            },
            "orders": [_order(one) for one in matching.orders()],
            "trades": [_trade(one) for one in matching.trades()],
        }

    async def set_balance(self, request: web.Request) -> Any:
        body = await _body(request)
        account = str(body.get("account") or next(iter(self._venue.matching.accounts)))
        if account not in self._venue.matching.accounts:
            raise ValueError(f"there is no account “{account}”")
        coin, free = str(_need(body, "coin")), _decimal(body, "free")
        self._venue.set_balance(account, coin, free)
        return {"account": account, "coin": coin, "free": num(free)}

    async def move_price(self, request: web.Request) -> Any:
        """{"instrument", "percent"} for a jump, or {"instrument", "price"}; the market goes on from there."""
        body = await _body(request)
        pair_id = _pair_id(body)
        last = self._venue.matching.book(pair_id).last
        factor = 1 + _decimal(body, "percent") / 100 if "percent" in body else _decimal(body, "price") / last
        self._venue.push_price(pair_id, factor)
        return {"instrument": body["instrument"], "price": num(self._venue.matching.book(pair_id).last)}

    async def market(self, request: web.Request) -> Any:
        """{"moving": false} lets all prices stand still; {"instrument", "trading": false} halts one instrument."""
        body = await _body(request)
        if "moving" in body:
            self._venue.feed.move(_switch(body, "moving"))
        if "trading" in body:
            self._venue.matching.set_trading(_pair_id(body), _switch(body, "trading"))
        halted = [pair.name for pair in self._venue.matching.pairs.values() if not pair.trading]
        return {"moving": self._venue.feed.moving, "halted": halted}

    async def set_clock(self, request: web.Request) -> Any:
        offset = int(_decimal(await _body(request), "offset_ms"))
        self._venue.clock.offset_ms = offset
        return {"offset_ms": offset}

    async def cancel(self, request: web.Request) -> Any:
        """Cancel from outside, as the owner would on the venue's own page: {"order_id"}."""
        order_id = int(_decimal(await _body(request), "order_id"))
        found = [one for one in self._venue.matching.open_orders() if one.id == order_id]
        if not found:
            raise ValueError(f"there is no open order {order_id}")
        return _order(
            self._venue.matching.cancel(found[0], self._venue.clock.now_ms(), "web_control")[0].order
        )

    async def faults(self, request: web.Request) -> Any:
        return [asdict(rule) for rule in self._venue.faults.rules]

    async def add_fault(self, request: web.Request) -> Any:
        return asdict(self._venue.faults.add(_rule(await _body(request))))

    async def clear_faults(self, request: web.Request) -> Any:
        self._venue.faults.clear()
        return []

    async def remove_fault(self, request: web.Request) -> Any:
        number = request.match_info["id"]
        if not number.isdigit() or not self._venue.faults.remove(int(number)):
            raise ValueError(f"there is no fault {number}")
        return [asdict(rule) for rule in self._venue.faults.rules]


def _plain(handler: Callable[[web.Request], Awaitable[Any]]) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response(await handler(request))
        except (ValueError, Refusal) as problem:
            return web.json_response({"error": str(problem)}, status=400)

    return answer


async def _body(request: web.Request) -> dict[str, Any]:
    match await request.json():
        case dict() as body:
            return body
    raise ValueError("send a JSON object")


def _need(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise ValueError(f"“{name}” is missing")
    return body[name]


def _decimal(body: dict[str, Any], name: str) -> Decimal:
    try:
        value = Decimal(str(_need(body, name)))
    except InvalidOperation:
        raise ValueError(f"“{name}” must be a number, not {body[name]!r}") from None
    if not value.is_finite():
        raise ValueError(f"“{name}” must be a finite number")
    return value


def _switch(body: dict[str, Any], name: str) -> bool:
    match body[name]:
        case bool() as value:
            return value
    raise ValueError(f"“{name}” must be true or false, not {body[name]!r}")


def _pair_id(body: dict[str, Any]) -> str:
    return "".join(split_name(str(_need(body, "instrument"))))


def _rule(body: dict[str, Any]) -> Rule:
    try:
        rule = _RULES.validate_python(body)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise ValueError(f"a fault's “{'.'.join(map(str, first['loc']))}”: {first['msg']}") from None
    if not 400 <= rule.status <= 599:
        raise ValueError("“status” must be an HTTP status from 400 to 599")
    return rule


def _order(one: Order) -> dict[str, Any]:
    return {"account": one.account, **order(one)}


def _trade(one: Trade) -> dict[str, Any]:
    return {"account": one.account, "clientOrderId": one.client_id, **render_trade(one)}
