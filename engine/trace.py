"""What the logs say of inputs and facts: a short line each, and the id that ties those of one matter together.

The id is the client order id wherever an order is concerned: from the signal that led to it, over its fills, to the
message about it (whose thread is the same id). Otherwise it is the command's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum

from engine.core import inputs as i
from engine.core.fact import Fact
from engine.core.facts import AnyFact, OrderIntended

CORRELATION: ContextVar[str] = ContextVar("correlation", default="")
"""The id of what is being worked on, which the logs add to each line, also to those of tasks begun meanwhile."""
_SHORT = (
    "client_order_id",
    "symbol",
    "side",
    "type",
    "purpose",
    "quantity",
    "price",
    "stop_price",
    "id",
    "fees",
)
"""What is shown of a value inside a fact, such as an order or a fill."""


def correlation_of(input: i.Input, facts: Iterable[AnyFact] = ()) -> str:
    """The id of the matter that an input and the facts it led to belong to; empty where there is none."""
    told = getattr(input, "report", None) or getattr(input, "fill", None) or input
    if client_order_id := getattr(told, "client_order_id", None):
        return str(client_order_id)
    intended = next((one.order.client_order_id for one in facts if isinstance(one, OrderIntended)), None)
    if intended is not None:
        return intended
    return str(input.id) if isinstance(input, i.Command) else ""


def line_of(fact: Fact) -> str:
    """`StopMoved position_id=p3 stop=101.5 by=trailing`."""
    shown = (
        f"{one.name}={_short(getattr(fact, one.name))}"
        for one in fields(fact)
        if one.name != "at" and getattr(fact, one.name) not in (None, "", ())
    )
    return " ".join([type(fact).__name__, *shown])


def _short(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_short(one) for one in value) + "]"
    if is_dataclass(value):
        held = {one.name for one in fields(value)}
        names = [name for name in _SHORT if name in held] or [one.name for one in fields(value)]
        return "(" + " ".join(_short(getattr(value, name)) for name in names) + ")"
    return str(value)
