"""What a person is told of a strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of a strategy, as its pydantic model describes it, for the chat."""

    name: str
    type: str
    default: str
    bounds: str
    description: str


@dataclass(frozen=True, slots=True)
class StrategyInfo:
    name: str
    title: str
    summary: str
    parameters: Sequence[ParameterInfo]
