"""A trader's state as JSON text, and back again exactly.

JSON knows only text as keys, so a dict whose keys are tuples travels as a list of pairs. The shape of the state is
part of a snapshot's version, and so is FOLD: after any change of its fields, or of what `evolve` makes of a fact,
older snapshots are passed over and the facts are folded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, make_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from engine.core.errors import Corrupt
from engine.core.state import TraderState

FOLD = 5
"""What `evolve` makes of facts. Raise it when it makes something else of one that may be in a journal already, a
mended mistake included; tests/architecture/test_fold.py notices."""


def encode_state(state: TraderState) -> str:
    """Raises Corrupt for a state that could not be read again."""
    values = {field.name: getattr(state, field.name) for field in fields(state)}
    for name in _pair_fields():
        values[name] = list(values[name].items())
    adapter, kept = _adapter()
    try:
        return adapter.dump_json(kept(**values), warnings="error").decode()
    except PydanticSerializationError as error:
        raise Corrupt(f"the trader's state can't be written down: {error}") from error


def decode_state(body: str) -> TraderState:
    """Raises Corrupt when the text is not a state."""
    adapter, _ = _adapter()
    try:
        kept = adapter.validate_json(body)
    except ValidationError as error:
        raise Corrupt(f"a snapshot can't be read: {error.errors(include_url=False)[0]['msg']}") from error
    values = {field.name: getattr(kept, field.name) for field in fields(TraderState)}
    for name in _pair_fields():
        values[name] = dict(values[name])
    return TraderState(**values)


@cache
def state_version() -> str:
    """A digest of the state's shape and of the fold that made it."""
    shape = "\n".join((*shape_of_state(), f"fold {FOLD}"))
    return hashlib.sha256(shape.encode()).hexdigest()[:16]


def shape_of_state() -> Iterator[str]:
    """Every field that can be in a state, as `Class.field: type`."""
    return _shape(TraderState, set())


def _shape(kind: Any, seen: set[Any]) -> Iterator[str]:
    if is_dataclass(kind) and isinstance(kind, type) and kind not in seen:
        seen.add(kind)
        for name, hint in get_type_hints(kind).items():
            yield f"{kind.__name__}.{name}: {hint}"
            yield from _shape(hint, seen)
    for argument in get_args(kind):
        yield from _shape(argument, seen)


@cache
def _pair_fields() -> tuple[str, ...]:
    return tuple(name for name, hint in get_type_hints(TraderState).items() if _has_tuple_keys(hint))


def _has_tuple_keys(hint: Any) -> bool:
    return get_origin(hint) is dict and get_origin(get_args(hint)[0]) is tuple


@cache
def _adapter() -> tuple[TypeAdapter[Any], type[Any]]:
    hints = get_type_hints(TraderState)
    kept = make_dataclass("KeptState", [(name, _as_pairs(hint)) for name, hint in hints.items()], slots=True)
    return TypeAdapter(kept), kept


def _as_pairs(hint: Any) -> Any:
    if not _has_tuple_keys(hint):
        return hint
    return list[tuple.__class_getitem__(get_args(hint))]  # type: ignore[misc]
