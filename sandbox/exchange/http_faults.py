"""Where faults meet requests: every REST request of every dialect goes through `answer`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from sandbox.exchange.faults import Action, Point, Rule
from sandbox.exchange.venue import Venue

Refuse = Callable[[Rule], web.Response]
"""Turns a rule with a `code` into the dialect's own error."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a request; `accepted` is False if the venue refused it."""

    response: web.Response
    accepted: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what rules know it by, how to execute it (nothing else may happen meanwhile), how to refuse it."""

    request: web.Request
    target: str
    purpose: str
    run: Callable[[], Done]
    refuse: Refuse


async def answer(venue: Venue, call: Call) -> web.StreamResponse:
    """Execute `call` as the rules in force let it."""
    before = venue.faults.strike(call.target, Point.BEFORE_ACCEPT, call.purpose)
    if before is not None:
        if before.action is Action.DUPLICATE:
            call.run()
        elif (struck := await suffer(venue, call.request, before, call.refuse)) is not None:
            return struck
    fills_before = venue.matching.fill_count
    done = call.run()
    if before is not None and before.action is Action.REPEAT:
        return TwiceResponse.of(done.response)
    if not done.accepted:
        return done.response
    filled = venue.matching.fill_count > fills_before
    after = strike_after(venue, call.target, filled, call.purpose)
    return done.response if after is None else await _suffer_after(venue, call, after, done.response)


def strike_after(venue: Venue, target: str, filled: bool, purpose: str = "") -> Rule | None:
    """The rule for what was just done, if there is one."""
    rule = venue.faults.strike(target, Point.AFTER_FILL, purpose) if filled else None
    return rule or venue.faults.strike(target, Point.AFTER_ACCEPT, purpose)


async def suffer(
    venue: Venue, request: web.Request, rule: Rule, refuse: Refuse | None = None
) -> web.StreamResponse | None:
    """Do what the rule says to a request of which nothing is known yet; None means that it goes on."""
    match rule.action:
        case Action.DELAY:
            return _abort(request) if await venue.faults.pause(rule.seconds) else None
        case Action.HANG:
            await venue.faults.until_lifted(rule.seconds)
            return _abort(request)
        case Action.DROP | Action.SILENCE:
            return _abort(request)
        case Action.GARBAGE:
            return web.Response(text="<html>upstream is resting</html>", content_type="text/html")
        case Action.TRUNCATED:
            return web.Response(text='{"code": ', content_type="application/json")
        case Action.CUT:
            return CutResponse(text='{"code": ', content_type="application/json")
        case Action.STATUS:
            return _refused(rule, refuse)
        case Action.ECHO:
            told = f"{rule.text or ''} {request.method} {request.path_qs} {dict(request.headers)}"
            return _refused(replace(rule, text=f"{told} {await request.text()}"), refuse)
        case Action.DUPLICATE | Action.REPEAT | Action.REORDER:
            return None


async def _suffer_after(venue: Venue, call: Call, rule: Rule, done: web.Response) -> web.StreamResponse:
    match rule.action:
        case Action.DUPLICATE:
            call.run()
            return done
        case Action.REPEAT:
            return TwiceResponse.of(done)
        case Action.TRUNCATED:
            return web.Response(text=_half(done), content_type="application/json")
        case Action.CUT:
            return CutResponse(text=done.text, content_type="application/json")
    return await suffer(venue, call.request, rule, call.refuse) or done


def _refused(rule: Rule, refuse: Refuse | None) -> web.Response:
    if rule.code is not None and refuse is not None:
        response = refuse(rule)
    else:
        response = web.Response(text=rule.text or "Service Unavailable", status=rule.status or 503)
    if rule.retry_after is not None:
        response.headers["Retry-After"] = str(rule.retry_after)
    return response


def _half(response: web.Response) -> str:
    text = response.text or ""
    return text[: len(text) // 2]


def _abort(request: web.Request) -> web.Response:
    """End the connection without a word; what is returned here no longer reaches anyone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


class CutResponse(web.Response):
    """Promises its whole length, sends half of it, and cuts the connection."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        writer = await super().prepare(request)
        if writer is not None and isinstance(self.body, bytes):
            await writer.write(self.body[: len(self.body) // 2])
            await writer.drain()
        if request.transport is not None:
            request.transport.close()
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing more is sent."""


class TwiceResponse(web.Response):
    """Sent twice on the same connection, as a broken proxy does: the second is answer to nothing."""

    @classmethod
    def of(cls, response: web.Response) -> "TwiceResponse":
        return cls(
            text=response.text,
            status=response.status,
            reason=response.reason,
            content_type=response.content_type,
        )

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._transport = request.transport
        return await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        body = self.body if isinstance(self.body, bytes) else b""
        head = f"HTTP/1.1 {self.status} {self.reason}\r\nContent-Type: {self.content_type}\r\n"
        if self._transport is not None:
            self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
