"""The parameters of one Bot API call, however they came: address, form, multipart or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.telegram.errors import bad_request
from sandbox.telegram.model import Json


@dataclass
class Upload:
    """A file that came with the call."""

    name: str
    mime_type: str
    data: bytes


@dataclass
class Parameters:
    """Reads one parameter at a time with the Bot API's own loose typing (all may be strings)."""

    fields: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The parameter as text, '' when it is missing."""
        value = self.fields.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The parameter as a whole number, `default` when it is missing or unreadable."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Whether the parameter says yes."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def parsed(self, name: str, what: str) -> Any:
        """The parameter read as JSON, or None when it is missing; raises `ApiError` when it is none."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(f"can't parse {what} JSON object") from error

    def items(self, name: str, what: str) -> list[Any]:
        """A JSON list, empty when it is missing."""
        value = self.parsed(name, what)
        if value is None:
            return []
        if not isinstance(value, list):
            raise bad_request(f"can't parse {what}: Expected an Array")
        return value

    def objects(self, name: str, what: str) -> list[Json]:
        """A JSON list of objects."""
        found = self.items(name, what)
        if not all(isinstance(item, dict) for item in found):
            raise bad_request(f"can't parse {what}: expected an Object")
        return found

    def identifiers(self, name: str, what: str) -> list[int]:
        """A JSON list of whole numbers."""
        try:
            return [int(item) for item in self.items(name, what)]
        except (TypeError, ValueError) as error:
            raise bad_request(f"can't parse {what}: expected a Number") from error

    def mapping(self, name: str, what: str) -> Json | None:
        """A JSON object, or None when it is missing."""
        value = self.parsed(name, what)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"object expected as {what}")
        return value


async def read_parameters(request: web.Request) -> Parameters:
    """All parameters of `request`; raises `ApiError` 400 when the body is not what its type says."""
    parameters = Parameters(dict(request.query))
    if request.method != "POST":
        return parameters
    if request.content_type == "application/json":
        parameters.fields.update(await _json_body(request))
    elif request.content_type in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                parameters.uploads[name] = Upload(value.filename, value.content_type, value.file.read())
            else:
                parameters.fields[name] = value if isinstance(value, str) else bytes(value).decode()
    return parameters


async def _json_body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(body, dict):
        raise bad_request("JSON object expected")
    return body
