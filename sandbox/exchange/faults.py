"""Faults on demand: one list of rules that every request and every stream message is held against.

A rule names what it strikes (`target`, a pattern), when (`point`), what happens (`action`), how often and how likely.
Targets are `GET /api/v3/klines` for REST or, in every dialect alike, what the request is for: `place`, `cancel`,
`ask`, `open`, `history`, `fills`, `balance`, `markets`, `ticker`, `candles`, `time` …; `connect /ws` for opening a
websocket, `ws-api order.place` for the websocket API, `ws subscribe` (or `sign-in`, `subscribe`, `ping`, `connect`)
for the private websockets of Bybit and OKX, `stream btcusdt@kline_1s` for market streams and `user executionReport`,
`user order` … for the user stream. `*` and `?` match as in file names.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import count

from loguru import logger
from pydantic import ConfigDict


class Point(StrEnum):
    BEFORE_ACCEPT = "before-accept"
    """Nothing has happened yet and, unless it is only delayed, nothing will."""
    AFTER_ACCEPT = "after-accept"
    """The venue did what was asked; only the answer suffers."""
    AFTER_FILL = "after-fill"
    """Like after-accept, for a request by which an order was filled at once, at least in part."""


class Action(StrEnum):
    STATUS = "status"
    """Answer with `status`, or with the venue's own error `code`."""
    ECHO = "echo"
    """As `status`, with the whole request repeated in the answer: address, headers and body."""
    DROP = "drop"
    """Cut the connection without an answer; on a stream, close it."""
    DELAY = "delay"
    """Go on after `seconds`: late, and later than what comes after it."""
    HANG = "hang"
    """Never answer, until the client gives up, the rule is lifted or, if set, `seconds` are over."""
    GARBAGE = "garbage"
    """Answer 200 with something that is not JSON."""
    TRUNCATED = "truncated"
    """Answer 200 with the first half of the JSON, as if it were all."""
    CUT = "cut"
    """Begin the answer, then cut the connection in the middle of it."""
    DUPLICATE = "duplicate"
    """The request arrives twice. Before acceptance the client sees the second answer, after it the first.
    On a stream, the message comes twice."""
    REPEAT = "repeat"
    """The request is executed once, its answer is sent twice."""
    SILENCE = "silence"
    """Streams: the message is lost, the connection stays. Requests: as `drop`."""
    REORDER = "reorder"
    """Streams only: the message comes after the one that follows it."""


@dataclass(slots=True)
class Rule:
    """`times` is how many strikes are left, None for no end; `skip` is how many matches pass unharmed first;
    `for_seconds` is how long the rule is in force; `probability` is the chance of each strike."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    target: str
    action: Action
    point: Point = Point.BEFORE_ACCEPT
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    for_seconds: float | None = None
    status: int | None = None
    code: int | str | None = None
    text: str | None = None
    retry_after: int | None = None
    seconds: float = 0.0
    id: int = field(default=0)
    struck: int = 0


class Faults:
    """The rules in force. The first that matches, and is not spared by chance, strikes.

    `seed` is that of the chance; `now` is a clock in seconds that never goes back.
    """

    def __init__(self, seed: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        self._rules: dict[int, Rule] = {}
        self._ends: dict[int, float] = {}
        self._ids = count(1)
        self._lifted = asyncio.Event()
        self._closed = asyncio.Event()
        self._now = now
        self._chance = random.Random(seed)

    @property
    def rules(self) -> list[Rule]:
        return list(self._rules.values())

    def reseed(self, seed: int) -> None:
        """Begin the chance anew: the same seed, rules and requests give the same strikes."""
        self._chance.seed(seed)

    def add(self, rule: Rule) -> Rule:
        rule.id = next(self._ids)
        self._rules[rule.id] = rule
        if rule.for_seconds is not None:
            self._ends[rule.id] = self._now() + rule.for_seconds
        return rule

    def remove(self, rule_id: int) -> bool:
        self._wake_hanging()
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        self._rules.clear()
        self._wake_hanging()

    def strike(self, target: str, point: Point, purpose: str = "") -> Rule | None:
        """The rule that hits `target`, or what it is for, at `point`, counted as used; None if there is none."""
        for rule in self._rules.values():
            if rule.point is point and self._in_force(rule) and _matches(rule, target, purpose):
                if rule.skip > 0:
                    rule.skip -= 1
                elif rule.probability >= 1 or self._chance.random() < rule.probability:
                    return _used(rule, target)
        return None

    def close(self) -> None:
        """The venue ends: nothing hangs or waits any longer."""
        self._closed.set()
        self.clear()

    async def pause(self, seconds: float) -> bool:
        """Wait so long; True if the venue ended meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                return await self._closed.wait()
        except TimeoutError:
            return False

    async def until_lifted(self, seconds: float = 0.0) -> None:
        """Wait until some rule is removed, or for so many seconds if there are any: what hangs is let go then."""
        try:
            async with asyncio.timeout(seconds or None):
                await self._lifted.wait()
        except TimeoutError:
            logger.debug("a fault lets go what it held for {} s", seconds)

    def _in_force(self, rule: Rule) -> bool:
        return rule.times != 0 and self._now() < self._ends.get(rule.id, float("inf"))

    def _wake_hanging(self) -> None:
        self._lifted.set()
        self._lifted = asyncio.Event()


def _matches(rule: Rule, target: str, purpose: str) -> bool:
    return fnmatchcase(target, rule.target) or (purpose != "" and fnmatchcase(purpose, rule.target))


def _used(rule: Rule, target: str) -> Rule:
    rule.struck += 1
    if rule.times is not None:
        rule.times -= 1
    logger.debug("fault {} strikes {}: {} {}", rule.id, target, rule.point, rule.action)
    return rule
