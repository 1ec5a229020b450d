"""When a waiting notice is sent, how loudly, and together with which others (DESIGN §4).

Steps of an order (sent, accepted, part filled) are silent: they wait a moment for the next one, which takes their
place, and their message is edited no faster than a person reads. Whatever rings goes at once and alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.config_types import QuietHours
from engine.core.notices import SAID_BY, Weight
from storage.outbox import Waiting, WaitingState

BURST = 5
"""Messages at once before one a second is kept to."""
MERGE_FROM = 6
"""This many notices of trading waiting at once become one message."""
MOST_MERGED = 25
"""Results in one message: each has its line."""
LATE = timedelta(seconds=30)
STEP_WAITS = timedelta(seconds=2)
"""An order at market is filled and protected within this time: its entry is one message then."""
EDIT_WAITS = timedelta(seconds=3)
"""Between two edits of one message, so that a hundred part fills in a minute are not a hundred edits."""
FLAPPING, FLAPS_WITHIN = 3, timedelta(minutes=15)
"""A trouble that began this often within that time comes and goes: it rings no more, its message counts on."""
_SILENT_KINDS = frozenset({"stop_moved", "stopped", "trouble_over"})
"""Among them that a trouble is over: what rang was the alarm, and nothing is to be done any more."""
ELSEWHERE_WITHIN = timedelta(seconds=60)
"""What befalls several connections at one venue, word for word, within this time rings for the first of them."""
_CAUSE = ("trouble", "subject", "detail", "venue", "mode")
"""What has to be the same for that. Two venues that answer alike are two causes, and an alarm of the live account is
never silent because a paper one was told of."""


class Pace:
    """At most one message a second in a chat, with short bursts; by this process's own clock."""

    def __init__(
        self, rate: float = 1.0, burst: int = BURST, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._level, self._at = float(burst), now()

    def wait(self) -> float:
        """Seconds until the next one may go, which is counted as gone then."""
        now = self._now()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        self._level -= 1
        return max(-self._level / self._rate, 0.0)


class Flaps:
    """How often each trouble rang of late; forgotten with the process, so that a restart rings rather than not."""

    def __init__(self) -> None:
        self._rang: dict[str, deque[datetime]] = {}
        self._causes: dict[tuple[object, ...], tuple[str, datetime]] = {}

    def rings_anew(self, one: Waiting, now: datetime) -> bool:
        """Whether a new episode began after the last one rang, and is not one of very many: an edit makes no sound, so
        the second outage of a night would pass unheard. Edits move `sent_at`: an episode that began as one of many and
        goes on would never ring by it."""
        episode, heard = episode_of(one), self._last_rang(one) or one.sent_at
        return episode is not None and heard is not None and episode > heard and not self.flaps(one, now)

    def _last_rang(self, one: Waiting) -> datetime | None:
        rang = self._rang.get(one.key)
        return rang[-1] if rang else None

    def flaps(self, one: Waiting, now: datetime) -> bool:
        if one.weight >= Weight.CRITICAL:
            return False  # such as a refused key, which halts: no halt is only an edit
        rang = self._rang.get(one.key)
        return rang is not None and len(rang) == FLAPPING and now - rang[0] <= FLAPS_WITHIN

    def rang(self, one: Waiting, now: datetime) -> None:
        """It was told by a message of its own."""
        if one.key and episode_of(one) is not None:
            self._rang.setdefault(one.key, deque(maxlen=FLAPPING)).append(now)
            self._forget(now)

    def rang_elsewhere(self, one: Waiting, now: datetime) -> bool:
        """Whether the very same was heard of another connection a moment ago: the venue, its rules or our disk are
        one cause, however many accounts they concern. Remembers it where not."""
        if one.kind != "trouble" or one.weight >= Weight.CRITICAL:
            return False
        cause = tuple(one.data.get(name) for name in _CAUSE)
        book, at = self._causes.get(cause, (one.book, now))
        if book != one.book and now - at <= ELSEWHERE_WITHIN:
            return True
        self._causes = {
            key: heard for key, heard in self._causes.items() if now - heard[1] <= ELSEWHERE_WITHIN
        }
        self._causes[cause] = (one.book, now)
        return False

    def _forget(self, now: datetime) -> None:
        """Subjects come and go with the config and with orders: only what rang of late is kept, and a while longer for
        what is only edited since."""
        old = [key for key, rang in self._rang.items() if now - rang[-1] > 2 * FLAPS_WITHIN]
        for key in old:
            del self._rang[key]


def episode_of(one: Waiting) -> datetime | None:
    """When that which is told of began (or ended) the last time; None for what has no episodes."""
    told = one.data.get("episode")
    return datetime.fromisoformat(told) if isinstance(told, str) else None


class Quiet:
    """The owner's quiet hours, by the wall clock of his zone."""

    def __init__(self, hours: QuietHours | None, zone: str) -> None:
        self._hours, self._zone = hours, ZoneInfo(zone)

    def now(self, moment: datetime) -> bool:
        return self._hours is not None and self._hours.covers(moment.astimezone(self._zone).time())


def is_silent(one: Waiting, quiet: bool) -> bool:
    """Fills make no sound, but a stop that sells does; risk always does, whatever the hour."""
    if one.weight >= Weight.RISK:
        return False
    return quiet or _is_step(one) or one.kind in _SILENT_KINDS or one.weight <= Weight.INFO


def is_said(one: Waiting) -> bool:
    """Whether something else tells the owner of it: a second message would only be noise."""
    return bool(one.data.get(SAID_BY))


def _is_step(one: Waiting) -> bool:
    return one.weight == Weight.STEP and one.data.get("purpose") != "stop"


def wait_of(one: Waiting, now: datetime) -> timedelta:
    """How long it is still held back for what may take its place. Nothing that rings is."""
    if one.weight > Weight.TRADE:
        return timedelta(0)
    if one.state is WaitingState.CHANGED and one.message_id is not None and one.sent_at is not None:
        ready, longest = one.sent_at + EDIT_WAITS, EDIT_WAITS
    elif _is_step(one):
        ready, longest = one.at + STEP_WAITS, STEP_WAITS
    else:
        return timedelta(0)
    # A clock that was set back must not hold a message for hours.
    left = ready - now
    return left if timedelta(0) < left <= longest else timedelta(0)


def together(due: Sequence[Waiting], now: datetime) -> Sequence[Waiting]:
    """The most important one; or, when many of trading wait, all of its sort: steps with steps, and results with
    results once they are late, since a result rings by itself when it is news."""
    first = due[0]
    alike = [one for one in due if _may_merge(one) and _is_step(one) == _is_step(first)]
    late = now - first.at > LATE
    enough = late or (_is_step(first) and len(alike) >= 2 * MERGE_FROM)
    return alike[:MOST_MERGED] if _may_merge(first) and len(alike) >= MERGE_FROM and enough else [first]


def _may_merge(one: Waiting) -> bool:
    """What Telegram refused once goes alone: it must not take others with it."""
    return one.weight <= Weight.TRADE and one.state is WaitingState.NEW and not one.attempts


def in_order(group: Sequence[Waiting], waiting: Sequence[Waiting]) -> Sequence[Waiting]:
    """A result weighs more than its entry's steps, and those are held back for a moment: of a trade of two seconds
    the end would be told before the beginning. So what its thread still has to tell goes first."""
    result = group[0]
    if len(group) > 1 or result.weight != Weight.TRADE or not result.thread:
        return group
    before = [one for one in waiting if one.thread == result.thread and one.id < result.id and _is_step(one)]
    return before[:1] or group
