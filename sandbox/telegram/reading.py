"""How the control API reads a request and words a refusal."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from sandbox.telegram.errors import ApiError, bad_request

_Body = TypeVar("_Body", bound=BaseModel)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def read_body(request: web.Request, model: type[_Body]) -> _Body:
    """The request's JSON as `model`; raises `ApiError` with a sentence that says what is wrong."""
    try:
        return model.model_validate_json(await request.read() or b"{}")
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors())
        raise bad_request(wrong) from error


def with_sentence(handler: _Handler) -> _Handler:
    """Turns a refusal into a JSON answer with its sentence under `detail`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return web.json_response(
                {"detail": error.description.removeprefix("Bad Request: ")}, status=error.code
            )

    return handle


def number(request: web.Request, name: str, default: int) -> int:
    """A whole number of the query; raises `ApiError` with a sentence when it is none."""
    return int(seconds(request, name, default))


def seconds(request: web.Request, name: str, default: float) -> float:
    """Seconds (or any number) of the query; raises `ApiError` with a sentence when it is none."""
    given = request.query.get(name) or str(default)
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise bad_request(f"{name} must be a number, not '{given}'")
    return value
