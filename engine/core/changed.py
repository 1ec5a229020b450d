"""A frozen value with some of its fields changed. The books change by it with every fill, so it is quick: half the time
of `dataclasses.replace`, which looks at each field's definition anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

Value = TypeVar("Value")


def changed(value: Value, **changes: Any) -> Value:
    """A new value; `value` stays as it is. For dataclasses that take all their fields at once, in their order.

    Raises KeyError for a field that there is not.
    """
    kind: Any = type(value)
    read, places = _shape(kind)
    parts = list(read(value))
    for name, part in changes.items():
        parts[places[name]] = part
    made: Value = kind(*parts)
    return made


@cache
def _shape(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]:
    names = [one.name for one in fields(kind)]
    return attrgetter(*names), {name: place for place, name in enumerate(names)}
