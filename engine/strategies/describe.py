"""A strategy's parameters in words: told once in its pydantic model, shown in the chat and in the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.strategies.base import Strategy
from engine.strategies.info import ParameterInfo, StrategyInfo

_TYPES = {int: "whole number", float: "number", bool: "yes or no", str: "text"}
_MARKED = re.compile(r"(<!-- parameters: (\w+) -->).*?(<!-- end -->)", re.DOTALL)
_BOUNDS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def describe(strategy: Strategy[Any]) -> StrategyInfo:
    """All that a person needs to choose and set it."""
    fields = strategy.parameters.model_fields
    return StrategyInfo(
        strategy.name,
        strategy.title,
        strategy.summary,
        tuple(_parameter(name, field) for name, field in fields.items()),
    )


def table(info: StrategyInfo) -> str:
    """The parameters as a Markdown table."""
    rows = ["| parameter | type | default | bounds | what it is |", "|---|---|---|---|---|"]
    for one in info.parameters:
        cells = (f"`{one.name}`", one.type, one.default, one.bounds, one.description)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def with_tables(text: str, infos: Iterable[StrategyInfo]) -> str:
    """A Markdown text with each `<!-- parameters: NAME -->` … `<!-- end -->` filled with that strategy's table.

    Raises KeyError for a name that is no strategy.
    """
    tables = {info.name: table(info) for info in infos}
    return _MARKED.sub(lambda found: f"{found[1]}\n\n{tables[found[2]]}\n\n{found[3]}", text)


def _parameter(name: str, field: FieldInfo) -> ParameterInfo:
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    kind = "choice" if choices else _TYPES.get(field.annotation, "value")  # type: ignore[arg-type]
    bounds = ", ".join(str(choice) for choice in choices) or _bounds(field)
    return ParameterInfo(name, kind, str(field.default), bounds, field.description or "")


def _bounds(field: FieldInfo) -> str:
    found = []
    for attribute, sign in _BOUNDS:
        for rule in field.metadata:
            value = getattr(rule, attribute, None)
            if value is not None:
                found.append(f"{sign} {value}")
    return ", ".join(found)
