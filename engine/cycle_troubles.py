"""What is wrong after a run of the cycle, what no longer is, and under which name: one alert for one cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from engine.candle_keeper import Key, Refreshed
from engine.core.facts import Trouble
from engine.core.ids import PresetId
from engine.timeframes import name_of

LATE_CLOSES = 2
"""So many closes in a row must go by without a candle before it is told: one late candle is no news."""
NO_ENTRIES = "; no entries until the gap lies further back"
STORE = "candles"
"""Subject of the candle store's troubles."""

Name = tuple[Trouble, str]
"""A trouble and what it concerns: what an alert is counted by."""


class Found(NamedTuple):
    """A trouble as the trader is told of it. `subject`: an instrument with timeframe, a preset, or empty for all."""

    trouble: Trouble
    subject: str
    detail: str


class Troubles:
    """Remembers what was wrong, to see what has ended. A run judges only what it touched."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._ongoing: set[Name] = set()
        self._late: dict[Key, int] = {}

    def of_run(
        self,
        refreshed: Sequence[Refreshed],
        gaps: Collection[Key],
        failures: Mapping[PresetId, Sequence[str]],
        presets: Collection[PresetId],
    ) -> tuple[tuple[Found, ...], tuple[Name, ...]]:
        """All that is wrong in what this run touched, and what was and no longer is.

        `gaps`: series with a hole among the candles that are needed. `failures`: what went wrong per preset, of the
        `presets` that were asked.
        """
        now: dict[Name, str] = {}
        judged: set[Name] = set()
        self._judge_venue(refreshed, now, judged)
        self._judge_data(refreshed, gaps, now, judged)
        for preset in presets:
            judged.add((Trouble.STRATEGY_FAILED, preset))
            if preset in failures:
                now[Trouble.STRATEGY_FAILED, preset] = _first_of(failures[preset])
        recovered = tuple(sorted(name for name in self._ongoing & judged if name not in now))
        self._ongoing = (self._ongoing - judged) | now.keys()
        return tuple(Found(trouble, subject, detail) for (trouble, subject), detail in now.items()), recovered

    def _judge_venue(self, refreshed: Sequence[Refreshed], now: dict[Name, str], judged: set[Name]) -> None:
        asked = [one for one in refreshed if one.asked]
        failed = [one for one in asked if one.failed]
        if asked:
            judged.add((Trouble.VENUE_UNREACHABLE, ""))
        if failed and len(failed) == len(asked):
            now[Trouble.VENUE_UNREACHABLE, ""] = f"{self._venue}: {failed[0].failed}"
            return  # what each instrument lacks follows from that, and is not judged
        for one in asked:
            name = (Trouble.CYCLE_FAILED, subject_of(one.key))
            judged.add(name)
            why = one.failed or self._lateness(one)
            if why:
                now[name] = why

    def _lateness(self, one: Refreshed) -> str:
        """Why it is late, once it is worth telling."""
        count = 0 if one.complete else self._late.get(one.key, 0) + 1
        self._late[one.key] = count
        if count < LATE_CLOSES:
            return ""
        return f"{self._venue} has not published its newest candle, {count} closes in a row"

    def _judge_data(
        self, refreshed: Sequence[Refreshed], gaps: Collection[Key], now: dict[Name, str], judged: set[Name]
    ) -> None:
        for one in refreshed:
            name = (Trouble.DATA_UNSOUND, subject_of(one.key))
            judged.add(name)
            texts = [finding.text for finding in one.findings]
            if one.key in gaps:
                texts = [(texts or [f"{name[1]}: candles are missing"])[0] + NO_ENTRIES, *texts[1:]]
            if texts:
                now[name] = _first_of(texts)
            if one.asked:
                judged.add((Trouble.STORAGE, STORE))
            if one.storage:
                now[Trouble.STORAGE, STORE] = one.storage


def subject_of(key: Key) -> str:
    """`BTC/USDT 5m`."""
    return f"{key[0]} {name_of(key[1])}"


def _first_of(texts: Sequence[str]) -> str:
    more = len(texts) - 1
    return texts[0] + (f" (and {more} more)" if more else "")
