"""The venue's back door over HTTP, for tests and demos: look at everything, move prices and balances, order faults.

JSON in, JSON out, under `/control`; see the README of this folder. Bad input is a 400 with a sentence.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.exchange import snapshot
from sandbox.exchange.backdoor import Backdoor
from sandbox.exchange.bodies import Body
from sandbox.exchange.matching.model import Refusal
from sandbox.exchange.venue import Venue

Answer = Callable[[web.Request], Awaitable[web.Response]]


def add_routes(app: web.Application, venue: Venue) -> None:
    control = Control(venue)
    for method, path, handler in (
        ("GET", "/control/state", control.state),
        ("GET", "/control/faults", control.faults),
        ("DELETE", "/control/faults", control.clear_faults),
        ("DELETE", "/control/faults/{id}", control.remove_fault),
        ("POST", "/control/{verb}", control.do),
    ):
        app.router.add_route(method, path, _plain(handler))


class Control:
    """One method per kind of request; each returns what to answer."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._door = Backdoor(venue)

    async def state(self, request: web.Request) -> Any:
        return snapshot.state(self._venue)

    async def do(self, request: web.Request) -> Any:
        return self._door.do(request.match_info["verb"], await _body(request))

    async def faults(self, request: web.Request) -> Any:
        return [asdict(rule) for rule in self._venue.faults.rules]

    async def clear_faults(self, request: web.Request) -> Any:
        return self._door.clear_faults({})

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


async def _body(request: web.Request) -> Body:
    match await request.json():
        case dict() as body:
            return body
    raise ValueError("send a JSON object")
