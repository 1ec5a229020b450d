"""The HTTP side of the Bot API: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

from __future__ import annotations

import asyncio
import json
import re

from aiohttp import web

from sandbox.telegram.calls import CallLog, CallRecord
from sandbox.telegram.errors import ApiError, too_many_requests
from sandbox.telegram.faults import Fault, FaultBox
from sandbox.telegram.limits import Limits
from sandbox.telegram.methods import Call, Method, find_method
from sandbox.telegram.model import Json
from sandbox.telegram.parameters import read_parameters
from sandbox.telegram.world import World

_TOKEN = re.compile(r"\d+:[\w-]+")
_SERVER_TROUBLE = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class BotApi:
    """Answers a bot's calls as the real server would, with the faults and limits that are switched on."""

    def __init__(self, world: World, limits: Limits) -> None:
        self.world = world
        self.limits = limits
        self.faults = FaultBox()
        self.calls = CallLog()

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        return [
            web.route("*", "/bot{token}/{method}", self._on_call),
            web.get("/file/bot{token}/{path:.+}", self._on_download),
        ]

    async def _on_call(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_token(request.match_info["token"])
            found = find_method(request.match_info["method"])
            if found is None:
                raise ApiError(404, "Not Found: method not found")
            parameters = await read_parameters(request)
        except ApiError as error:
            return _refused(error)
        name, method = found
        record = self.calls.begin(
            self.world.clock.now(),
            name,
            dict(parameters.fields),
            [upload.name for upload in parameters.uploads.values()],
        )
        return await self._answer(request, method, Call(self.world, parameters, name), record)

    async def _answer(
        self, request: web.Request, method: Method, call: Call, record: CallRecord
    ) -> web.StreamResponse:
        fault = self.faults.strike(call.method)
        try:
            if fault is not None and (spoiled := await self._spoil(request, fault)) is not None:
                record.error_code, record.error = spoiled.status, fault.kind
                return spoiled
            self.limits.check(call.method, call.parameters.text("chat_id"))
            result = await method(call)
        except ApiError as error:
            record.error_code, record.error = error.code, error.description
            return _refused(error)
        if fault is not None and fault.kind == "drop_answer":
            record.error = fault.kind
            return _cut(request)
        if fault is not None and fault.kind == "spoil":
            return web.Response(text=_spoiled(result), content_type="application/json")
        return web.json_response({"ok": True, "result": result})

    async def _spoil(self, request: web.Request, fault: Fault) -> web.Response | None:
        """What the call meets instead of its answer; None when it goes on (late, or to be dropped afterwards)."""
        match fault.kind:
            case "too_many_requests":
                raise too_many_requests(fault.retry_after or max(1, round(fault.left())))
            case "server_error":
                raise ApiError(fault.status, _SERVER_TROUBLE.get(fault.status, "Internal Server Error"))
            case "hang":
                await self.faults.hang(fault.left())
                return _cut(request)
            case "refuse":
                return _cut(request)
            case "echo":
                raise ApiError(400, f"Bad Request: {fault.text} {request.method} {request.path_qs}")
            case "garbage":
                return web.Response(
                    text="<html><body>Bad Gateway</body></html>", content_type="text/html", status=502
                )
            case "delay":
                await asyncio.sleep(fault.delay)
            case "drop_answer" | "spoil":
                pass
        return None

    async def _on_download(self, request: web.Request) -> web.Response:
        try:
            self._check_token(request.match_info["token"])
            stored = self.world.files.at_path(request.match_info["path"])
            if stored is None:
                raise ApiError(404, "Not Found")
        except ApiError as error:
            return _refused(error)
        return web.Response(
            body=self.world.files.read(stored), content_type=stored.mime_type or "application/octet-stream"
        )

    def _check_token(self, token: str) -> None:
        """404 for what can't be a token, 401 for one that is unknown or was revoked."""
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if token != self.world.memory.token or self.world.memory.token_revoked:
            raise ApiError(401, "Unauthorized")


def _refused(error: ApiError) -> web.Response:
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return web.json_response(body, status=error.code)


def _spoiled(result: object) -> str:
    """The first name of the first person in it is cut off within its escape, as a bug on the way would do it."""
    text = json.dumps({"ok": True, "result": result})
    before, name, after = text.partition('"first_name": "')
    return before + name + "\\ud83" + after.partition('"')[2]


def _cut(request: web.Request) -> web.Response:
    """Break the connection: the caller learns nothing."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
