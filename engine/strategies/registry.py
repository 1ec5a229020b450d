"""Finds strategies: ours in this package, the owner's in a folder of his own; one file each, found by being there.

A file that can't be used is told of in one sentence that names file, line and what to mend; the rest go on (law 16).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.core.errors import Denied
from engine.core.settings import Preset
from engine.desk import StrategyInfo
from engine.strategies.base import Parameters, Strategy
from engine.strategies.bound import BoundPreset, bind
from engine.strategies.describe import describe
from engine.strategies.files import Found, load_folder, load_own

OURS = Path(__file__).parent
NOT_STRATEGIES = frozenset({"base", "bound", "describe", "files", "registry"})


class Registry:
    """All strategies that can be used. `problems` are sentences for the owner, one for each file that can't."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: the owner's own strategies; each `*.py` in it that does not begin with `_` is one."""
        self._strategies: dict[str, Strategy[Any]] = {}
        self._files: dict[str, Path] = {}
        self.problems: list[str] = []
        self._take_in(load_own(OURS, NOT_STRATEGIES))
        if folder is not None:
            self._take_in(load_folder(folder))

    @property
    def strategies(self) -> Mapping[str, Strategy[Any]]:
        return self._strategies

    def describe(self) -> tuple[StrategyInfo, ...]:
        """Every strategy with its parameters, for the chat and the documentation, by name."""
        return tuple(describe(self._strategies[name]) for name in sorted(self._strategies))

    def find(self, name: str) -> Strategy[Any]:
        """Raises Denied with the nearest name there is."""
        if name in self._strategies:
            return self._strategies[name]
        raise Denied(f"there is no strategy {name!r}{_nearest(name, list(self._strategies))}")

    def parameters(self, name: str, values: Mapping[str, object]) -> Parameters:
        """The checked parameters of a strategy. Raises Denied with a sentence on every value that is wrong."""
        model: type[Parameters] = self.find(name).parameters
        try:
            return model.model_validate(dict(values))
        except ValidationError as error:
            raise Denied(f"strategy {name}: {_sentence(error, model)}") from error

    def bind(self, preset: Preset) -> BoundPreset:
        """A preset ready for the cycle. Raises Denied naming the preset and what is wrong with it."""
        try:
            strategy = self.find(preset.strategy)
            parameters = self.parameters(preset.strategy, preset.parameters)
        except Denied as error:
            raise Denied(f"preset {preset.id}: {error}") from error
        return bind(preset, strategy, parameters)

    def _take_in(self, found: Found) -> None:
        self.problems += found.problems
        for path, strategy in found.strategies:
            other = self._files.get(strategy.name)
            if other is None:
                self._strategies[strategy.name] = strategy
                self._files[strategy.name] = path
            else:
                self.problems.append(
                    f"{path}: the name {strategy.name!r} is taken by {other}; give this strategy another name"
                )


def _nearest(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(sorted(names))}"


def _sentence(error: ValidationError, model: type[Parameters]) -> str:
    parts = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            parts.append(f"it has no parameter {where!r}{_nearest(where, list(model.model_fields))}")
        elif where:
            parts.append(f"{where}: {problem['msg']}, not {problem['input']!r}")
        else:
            parts.append(problem["msg"].removeprefix("Value error, "))
    return "; ".join(parts)
