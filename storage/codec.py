"""Facts and snapshots as JSON text, and back again exactly.

Decimals travel as strings with every digit, times as ISO 8601 in UTC, enums by value. A fact is stored as
(kind, version, body); what an older version wrote is lifted by `UPCASTERS` before it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from engine.core.errors import Corrupt
from engine.core.facts import AnyFact

Body = dict[str, Any]
Upcast = Callable[[Body], Body]
KINDS: Mapping[str, type[AnyFact]] = {kind.__name__: kind for kind in get_args(AnyFact)}
UPCASTERS: dict[tuple[str, int], Upcast] = {}
"""(kind, version) -> what makes of such a body one of the next version. Steps are taken one after another."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    # Built at first use of each kind: all of them at once would cost start-up time.
    return TypeAdapter(KINDS[kind])


def encode(fact: AnyFact) -> str:
    """The fact's body. Raises Corrupt for one that could not be read again, such as a NaN or a naive time."""
    if fact.at.utcoffset() != timedelta(0):
        raise Corrupt(f"a {type(fact).__name__} can't be written down: its time {fact.at} is not in UTC")
    adapter = _adapter(type(fact).__name__)
    try:
        body = adapter.dump_json(fact, warnings="error")
        if adapter.validate_json(body) != fact:
            raise Corrupt(f"a {type(fact).__name__} can't be written down exactly: {fact}")
    except (ValidationError, PydanticSerializationError, TypeError) as error:
        raise Corrupt(f"a {type(fact).__name__} can't be written down: {_first_line(error)}") from error
    return body.decode()


def decode(kind: str, version: int, body: str) -> AnyFact:
    """The fact of a stored row. Raises Corrupt naming the kind and version that this program can't read."""
    fact_type = KINDS.get(kind)
    if fact_type is None:
        raise Corrupt(f"the journal holds a fact of unknown kind {kind!r}: a newer Pocketdesk wrote it")
    try:
        fact: AnyFact = _adapter(kind).validate_json(_lift(fact_type, version, body))
    except ValueError as error:
        reason = _first_line(error)
        raise Corrupt(
            f"the journal holds a {kind} (version {version}) that can't be read: {reason}"
        ) from error
    return fact


def _lift(kind: type[AnyFact], version: int, body: str) -> str:
    if version == kind.VERSION:
        return body
    value: Body = json.loads(body)
    for step in range(version, kind.VERSION):
        upcast = UPCASTERS.get((kind.__name__, step))
        if upcast is None:
            raise Corrupt(f"the journal holds a {kind.__name__} of version {step}, and nothing can lift it")
        value = upcast(value)
    if version > kind.VERSION:
        raise Corrupt(
            f"the journal holds a {kind.__name__} of version {version}; this program knows up to {kind.VERSION}"
        )
    return json.dumps(value)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).partition("\n")[0]
