"""A script of the venue's day: what is done to it through the back door, and when. TOML or JSON.

seed = 7                 # of faults with a probability

[[step]]
at = 2.5                 # seconds after the venue begins to listen; 0 unless set
do = "faults"            # a verb of /control; the rest is its body
target = "place"
point = "after-accept"
action = "drop"
times = 1
"""

import asyncio
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from sandbox.exchange.backdoor import Backdoor
from sandbox.exchange.bodies import Body, decimal, rule_of, text, whole
from sandbox.exchange.matching.model import Refusal
from sandbox.exchange.venue import Venue


@dataclass(frozen=True, slots=True)
class Step:
    """`at` is in seconds after the venue has begun to listen."""

    at: float
    verb: str
    body: Body


@dataclass(frozen=True, slots=True)
class Script:
    """Steps in order of time."""

    steps: tuple[Step, ...] = ()
    seed: int | None = None

    async def play(self, venue: Venue) -> None:
        """Do each step at its time. One that the venue refuses is logged, and the next ones go on."""
        door = Backdoor(venue)
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self.seed is not None:
            door.do("seed", {"seed": self.seed})
        for step in self.steps:
            await asyncio.sleep(max(0.0, began + step.at - loop.time()))
            try:
                door.do(step.verb, step.body)
            except (ValueError, Refusal) as problem:
                logger.error("script: {} at {:g} s was refused: {}", step.verb, step.at, problem)


def read_script(path: Path, venue: Venue) -> Script:
    """The script in `path`; ValueError with a sentence and the number of the step for anything that is wrong.

    Times, verbs and faults are checked here; what depends on the state of the venue (an order to cancel) only when
    its time has come.
    """
    parsed = _parse(path)
    unknown = sorted(parsed.keys() - {"seed", "step"})
    steps = parsed.get("step", [])
    if unknown or not isinstance(steps, list):
        wrong = ", ".join(unknown) or repr(steps)
        raise ValueError(f"{path}: a script has “seed” and a list “step”, not {wrong}")
    verbs = Backdoor(venue).verbs
    found = []
    for number, raw in enumerate(steps, start=1):
        try:
            found.append(_step(raw, list(verbs)))
        except ValueError as problem:
            raise ValueError(f"{path}: step {number}: {problem}") from None
    seed = whole(parsed, "seed") if "seed" in parsed else None
    return Script(tuple(sorted(found, key=lambda step: step.at)), seed)


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise ValueError(f"{path} cannot be read: {problem.strerror}") from problem
    try:
        parsed = json.loads(content) if path.suffix == ".json" else tomllib.loads(content)
    except ValueError as problem:
        raise ValueError(f"{path} is neither TOML nor (by the name .json) JSON: {problem}") from None
    match parsed:
        case dict():
            return parsed
    raise ValueError(f"{path}: a script is an object with a list “step”")


def _step(raw: Any, verbs: list[str]) -> Step:
    match raw:
        case dict():
            return _read_step(raw, verbs)
    raise ValueError(f"a step is an object, not {raw!r}")


def _read_step(raw: Body, verbs: list[str]) -> Step:
    at, verb = float(decimal(raw, "at")) if "at" in raw else 0.0, text(raw, "do")
    if at < 0:
        raise ValueError("“at” can't be before the start")
    if verb not in verbs:
        raise ValueError(f"“{verb}” is nothing that can be done; there is {', '.join(verbs)}")
    body = {name: value for name, value in raw.items() if name not in ("at", "do")}
    if verb == "faults":
        rule_of(body)
    return Step(at, verb, body)
