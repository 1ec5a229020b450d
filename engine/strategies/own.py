"""A strategy of the owner's as the desk sees it: described by its own process, and asked there (law 16).

It can't hold up the loop, end the desk or reach a key. When its process hangs, ends or answers nonsense it is killed,
and the strategy is left alone for a while, ever longer; the sentence says what it did. What it merely raises is told,
and it is asked again at the next close.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from engine.clock import SystemClock
from engine.core.errors import Denied
from engine.core.model import Action, Direction
from engine.series import Candles
from engine.strategies.base import Decision, Parameters, Strategy, View
from engine.strategies.info import ParameterInfo, StrategyInfo
from engine.workers.process import Worker, WorkerFailed

MODULE = "engine.strategies.own_worker"
LOADS_WITHIN = 8.0
"""Seconds for all files of a folder together."""
ANSWERS_WITHIN = 3.0
BINDS_WITHIN = 3.0
COOL_DOWNS = (60.0, 300.0, 1800.0)
"""Seconds that a strategy is left alone after it failed so often; the last one repeats."""


class StrategyFailed(Exception):
    """It raised, hung, ended or answered nonsense: a sentence for the owner."""


class OwnParameters(Parameters):
    """As the config has them, and as its own model took them in its own process."""

    model_config = ConfigDict(extra="allow", strict=False)


class OwnStrategy(Strategy[OwnParameters]):
    """`told` is what its process said of it."""

    parameters = OwnParameters

    def __init__(
        self, path: Path, told: StrategyInfo, timeframes: tuple[int, int], worker: Worker | None
    ) -> None:
        self.path = path
        self.told = told
        self.name, self.title, self.summary = told.name, told.title, told.summary
        self.timeframes = timeframes
        self.worker = worker
        self.now: Callable[[], float] = SystemClock().monotonic
        self.failures = 0
        self.until = 0.0
        self.last = ""

    def checked(self, values: Mapping[str, object]) -> tuple[OwnParameters, int]:
        """The parameters, and how many candles a decision takes with them. Raises Denied with a sentence. At a start:
        without an event loop."""
        if self.worker is None:
            raise Denied(f"strategy {self.name}: {self.last}")
        try:
            said, _ = self.worker.ask_now({"do": "bind", "values": dict(values)}, BINDS_WITHIN)
        except WorkerFailed as error:
            self._left_alone(str(error))
            raise Denied(f"strategy {self.name} ({self.path.name}): {error}") from None
        if "denied" in said or "error" in said:
            raise Denied(f"strategy {self.name}: {said.get('denied') or said['error']}")
        need = said.get("need")
        if not isinstance(need, int):
            raise Denied(f"strategy {self.name}: its warm_up() gave no whole number")
        return OwnParameters.model_validate(dict(values)), need

    def warm_up(self, parameters: OwnParameters) -> int:
        raise NotImplementedError("asked for with the parameters: `checked`")

    def decide(self, view: View, parameters: OwnParameters) -> Decision | None:
        raise NotImplementedError("asked in its own process: `ask`")

    async def ask(self, view: View, parameters: OwnParameters) -> Decision | None:
        """Its decision. Raises StrategyFailed with a sentence."""
        words = {
            "do": "decide",
            "values": parameters.model_dump(),
            "close_at": view.close_at.isoformat(),
            "frames": [[one.timeframe, len(one)] for one in view.frames],
        }
        blob = b"".join(
            _bytes_of(one) for one in view.frames
        )  # before anything is waited for: the arrays slide
        worker = await self._running()
        try:
            said, _ = await worker.ask(words, blob, ANSWERS_WITHIN)
        except WorkerFailed as error:
            self._left_alone(str(error))
            raise StrategyFailed(self.last) from None
        if problem := said.get("error") or said.get("denied"):
            raise StrategyFailed(str(problem)[:500])
        return _decision(said.get("decision"))

    async def _running(self) -> Worker:
        """Raises StrategyFailed while it is left alone."""
        if self.worker is not None:
            return self.worker
        if self.now() < self.until:
            raise StrategyFailed(self.last)
        worker = Worker(MODULE, [str(self.path)])
        try:
            said, _ = await worker.hear(LOADS_WITHIN)
        except WorkerFailed as error:
            self._left_alone(str(error))
            raise StrategyFailed(self.last) from None
        if "problem" in said:
            worker.kill()
            self._left_alone(str(said["problem"]))
            raise StrategyFailed(self.last)
        self.worker = worker
        return worker

    def _left_alone(self, what: str) -> None:
        self.worker = None
        self.failures += 1
        pause = COOL_DOWNS[min(self.failures, len(COOL_DOWNS)) - 1]
        self.until = self.now() + pause
        self.last = f"{self.path.name}: {what}; it is suspended and tried again in {pause / 60:.0f} min: mend the file"

    def close(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.kill()


def begin(path: Path) -> Worker:
    return Worker(MODULE, [str(path)])


def introduced(path: Path, worker: Worker, seconds: float) -> OwnStrategy:
    """What its process says of it. Raises StrategyFailed naming the file; the process is gone then."""
    try:
        said, _ = worker.hear_now(seconds)
    except WorkerFailed as error:
        raise StrategyFailed(
            f"{path}: {error} while it was loaded; mend the file or take it out of the folder"
        ) from None
    try:
        if "problem" in said:
            raise StrategyFailed(str(said["problem"])[:1000])
        return _from(path, worker, said)
    except (StrategyFailed, KeyError, TypeError, ValueError) as error:
        worker.kill()
        words = (
            str(error)
            if isinstance(error, StrategyFailed)
            else f"{path}: it does not describe itself: {error!r}"
        )
        raise StrategyFailed(words) from None


def _from(path: Path, worker: Worker, said: Mapping[str, Any]) -> OwnStrategy:
    parameters = tuple(ParameterInfo(*(str(part) for part in one)) for one in said["parameters"])
    told = StrategyInfo(str(said["name"]), str(said["title"]), str(said["summary"]), parameters)
    least, most = (int(one) for one in said["timeframes"])
    return OwnStrategy(path, told, (least, most), worker)


def _bytes_of(candles: Candles) -> bytes:
    columns = (candles.times, candles.open, candles.high, candles.low, candles.close, candles.volume)
    return b"".join(column.tobytes() for column in columns)


def _decision(said: object) -> Decision | None:
    """Raises StrategyFailed for what makes no sense, whatever it is."""
    if said is None:
        return None
    try:
        assert isinstance(said, dict)
        return Decision(
            Action(said["action"]),
            str(said["reason"]),
            _distance(said["stop_distance"]),
            _distance(said["take_profit_distance"]),
            Direction(said["direction"]),
        )
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise StrategyFailed(f"its decision makes no sense: {error}") from None


def _distance(said: object) -> float | None:
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or not (math.isfinite(said) and said > 0):
        raise ValueError(f"a distance of {said}, it must be above zero")
    return float(said)
