"""Loads strategy files. Someone else's file may hold anything, so whatever it does wrong becomes a sentence."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from engine.strategies.base import Parameters, Strategy

OWN_PACKAGE = "pocketdesk_own_strategies"


@dataclass(slots=True)
class Found:
    """What a folder holds."""

    strategies: list[tuple[Path, Strategy[Any]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def load_own(folder: Path, leave_out: frozenset[str]) -> Found:
    """The strategies that come with the program, imported as the modules of this package that they are."""
    paths = (path for path in _files(folder) if path.stem not in leave_out)
    return _load(paths, lambda path: importlib.import_module(f"engine.strategies.{path.stem}"))


def own_files(folder: Path) -> list[Path] | None:
    """The owner's strategy files; None where there is no such folder."""
    return _files(folder) if folder.is_dir() else None


def load_file(path: Path) -> tuple[Strategy[Any] | None, str]:
    """The strategy of one file of the owner's, or a sentence on what is wrong with it. Only in a worker."""
    found = _load([path], _import_file)
    return (found.strategies[0][1], "") if found.strategies else (None, found.problems[0])


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _load(paths: Iterable[Path], load: Callable[[Path], ModuleType]) -> Found:
    found = Found()
    for path in paths:
        try:
            found.strategies.append((path, _strategy_in(load(path))))
        except (Exception, SystemExit) as error:  # the owner's code may raise anything; he is told
            found.problems.append(_sentence(path, error))
    return found


def _import_file(path: Path) -> ModuleType:
    """Import one file under a name of its own, so that it can't shadow a module of ours or of a library."""
    name = f"{OWN_PACKAGE}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it can't be read as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks up the annotations of a model there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _strategy_in(module: ModuleType) -> Strategy[Any]:
    """The one strategy that a file defines; raises ValueError or TypeError with a sentence otherwise."""
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise ValueError(f"it must define exactly one class derived from Strategy, not {len(classes)}")
    kind = classes[0]
    _check_attributes(kind)
    strategy: Strategy[Any] = kind()  # raises TypeError naming a method that is missing
    _check_defaults(strategy)
    return strategy


def _check_attributes(kind: type[Strategy[Any]]) -> None:
    for name in ("name", "title", "summary"):
        value = getattr(kind, name, None)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"class {kind.__name__} needs the text `{name}`")
    if not kind.name.isidentifier():
        raise ValueError(f"its name {kind.name!r} must be made of letters, digits and _ only")
    model = getattr(kind, "parameters", None)
    if not (inspect.isclass(model) and issubclass(model, Parameters)):
        raise ValueError(f"class {kind.__name__} needs `parameters`: a class derived from Parameters")


def _check_defaults(strategy: Strategy[Any]) -> None:
    try:
        strategy.warm_up(strategy.parameters())
    except ValidationError as error:
        raise ValueError(f"its parameters need sound defaults: {error}") from error


def _sentence(path: Path, error: BaseException) -> str:
    return f"{path}{_line(path, error)}: {type(error).__name__}: {error}; mend the file or take it out of the folder"


def _line(path: Path, error: BaseException) -> str:
    """`, line 7`: the last line of this very file that took part."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f", line {error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f", line {lines[-1]}" if lines else ""
