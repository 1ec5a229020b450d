"""Faults on demand: one list of rules that every request and every stream message is held against.

A rule names what it strikes (`target`, a pattern), when (`point`), what happens (`action`) and how often.
Targets are `GET /api/v3/klines` for REST, `connect /ws` for opening a websocket, `ws-api order.place` for the
websocket API, `stream btcusdt@kline_1s` for market streams and `user executionReport` for the user stream; `*` and
`?` match as in file names.
"""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import count

from pydantic import ConfigDict


class Point(StrEnum):
    BEFORE_ACCEPT = "before-accept"
    """Nothing has happened yet and, unless it is only delayed, nothing will."""
    AFTER_ACCEPT = "after-accept"
    """The venue did what was asked; only the answer suffers."""
    AFTER_FILL = "after-fill"
    """Like after-accept, for an order that was filled, at least in part, by the time of the answer."""


class Action(StrEnum):
    STATUS = "status"
    """Answer with `status`, and `code` and `text` if given."""
    DROP = "drop"
    """Cut the connection without an answer; on a stream, close it."""
    DELAY = "delay"
    """Go on after `seconds`."""
    HANG = "hang"
    """Never answer, until the client gives up or the venue ends."""
    GARBAGE = "garbage"
    """Answer 200 with something that is not JSON."""
    SILENCE = "silence"
    """Streams only: the message is lost, the connection stays."""


@dataclass(slots=True)
class Rule:
    """`times` is how many strikes are left, None for no end."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    target: str
    action: Action
    point: Point = Point.BEFORE_ACCEPT
    times: int | None = None
    status: int = 503
    code: int | None = None
    text: str = "Service Unavailable"
    seconds: float = 0.0
    id: int = field(default=0)
    struck: int = 0


class Faults:
    """The rules in force. The first that matches strikes."""

    def __init__(self) -> None:
        self._rules: dict[int, Rule] = {}
        self._ids = count(1)
        self._lifted = asyncio.Event()

    @property
    def rules(self) -> list[Rule]:
        return list(self._rules.values())

    def add(self, rule: Rule) -> Rule:
        rule.id = next(self._ids)
        self._rules[rule.id] = rule
        return rule

    def remove(self, rule_id: int) -> bool:
        self._wake_hanging()
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        self._rules.clear()
        self._wake_hanging()

    def strike(self, target: str, point: Point) -> Rule | None:
        """The rule that hits `target` at `point`, counted as used; None if there is none."""
        if not self._rules:
            return None
        for rule in self._rules.values():
            if rule.point is point and rule.times != 0 and fnmatchcase(target, rule.target):
                rule.struck += 1
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    async def until_lifted(self) -> None:
        """Wait until some rule is removed: a request that hangs is let go then."""
        await self._lifted.wait()

    def _wake_hanging(self) -> None:
        self._lifted.set()
        self._lifted = asyncio.Event()
