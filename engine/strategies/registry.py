"""Finds strategies: ours in this package, the owner's in a folder of his own; one file each, found by being there.

A file that can't be used is told of in one sentence that names file, line and what to mend; the rest go on (law 16).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.clock import SystemClock
from engine.core.errors import Denied
from engine.core.settings import Preset
from engine.strategies.base import Parameters, Strategy
from engine.strategies.bound import BoundPreset, bind
from engine.strategies.describe import describe
from engine.strategies.files import Found, load_own, own_files
from engine.strategies.info import StrategyInfo
from engine.strategies.own import LOADS_WITHIN, OwnStrategy, StrategyFailed, begin, introduced
from engine.strategies.wording import nearest, problems_of

OURS = Path(__file__).parent
NOT_STRATEGIES = frozenset(
    {"base", "bound", "describe", "files", "info", "own", "own_worker", "registry", "wording"}
)


class Registry:
    """All strategies that can be used. `problems` are sentences for the owner, one for each file that can't."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: the owner's own strategies; each `*.py` in it that does not begin with `_` is one."""
        self._strategies: dict[str, Strategy[Any]] = {}
        self._files: dict[str, Path] = {}
        self.problems: list[str] = []
        self._take_in(load_own(OURS, NOT_STRATEGIES))
        if folder is not None:
            self._take_in(_load_owners(folder))

    @property
    def strategies(self) -> Mapping[str, Strategy[Any]]:
        return self._strategies

    def describe(self) -> tuple[StrategyInfo, ...]:
        """Every strategy with its parameters, for the chat and the documentation, by name."""
        found = (self._strategies[name] for name in sorted(self._strategies))
        return tuple(one.told if isinstance(one, OwnStrategy) else describe(one) for one in found)

    def find(self, name: str) -> Strategy[Any]:
        """Raises Denied with the nearest name there is."""
        if name in self._strategies:
            return self._strategies[name]
        raise Denied(f"there is no strategy {name!r}{nearest(name, list(self._strategies))}")

    def parameters(self, name: str, values: Mapping[str, object]) -> Parameters:
        """The checked parameters of a strategy. Raises Denied with a sentence on every value that is wrong."""
        strategy = self.find(name)
        if isinstance(strategy, OwnStrategy):
            return strategy.checked(values)[0]
        model: type[Parameters] = strategy.parameters
        try:
            return model.model_validate(dict(values))
        except ValidationError as error:
            raise Denied(f"strategy {name}: {problems_of(error, model)}") from error

    def bind(self, preset: Preset) -> BoundPreset:
        """A preset ready for the cycle. Raises Denied naming the preset and what is wrong with it."""
        try:
            strategy = self.find(preset.strategy)
            if isinstance(strategy, OwnStrategy):
                own, need = strategy.checked(preset.parameters)
                return bind(preset, strategy, own, need)
            parameters = self.parameters(preset.strategy, preset.parameters)
        except Denied as error:
            raise Denied(f"preset {preset.id}: {error}") from error
        return bind(preset, strategy, parameters, strategy.warm_up(parameters))

    def close(self, unused_by: Collection[str] | None = None) -> None:
        """End the processes of the owner's strategies: all, or those that none of these names uses."""
        for name, one in self._strategies.items():
            if isinstance(one, OwnStrategy) and (unused_by is None or name not in unused_by):
                one.close()

    def _take_in(self, found: Found) -> None:
        self.problems += found.problems
        for path, strategy in found.strategies:
            other = self._files.get(strategy.name)
            if other is None:
                self._strategies[strategy.name] = strategy
                self._files[strategy.name] = path
            else:
                if isinstance(strategy, OwnStrategy):
                    strategy.close()
                self.problems.append(
                    f"{path}: the name {strategy.name!r} is taken by {other}; give this strategy another name"
                )


def _load_owners(folder: Path) -> Found:
    """Each file in a process of its own, all at once: one that hangs while it is loaded holds up no other. A folder
    that is not there is a problem, not an error."""
    files, found = own_files(folder), Found()
    if files is None:
        found.problems.append(
            f"{folder}: there is no such folder; make it, or name another one for your strategies"
        )
        return found
    begun = [(path, begin(path)) for path in files]
    clock = SystemClock()
    until = clock.monotonic() + LOADS_WITHIN
    for path, worker in begun:
        try:
            found.strategies.append((path, introduced(path, worker, max(until - clock.monotonic(), 0.05))))
        except StrategyFailed as failed:
            found.problems.append(str(failed))
    return found
