"""How each kind of setting is written, read and explained.

Every kind refuses what pydantic would let pass (`nan`, `"on"`, `true` for a number: G2), and says what is allowed
in words that fit after the key and its value. Numbers arrive as Decimal: the file is read without floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PERCENT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,9})?)\s*%\s*")
_DURATION = re.compile(r"(?:\d{1,6}[smhdw]\s*)+")
_DURATION_PART = re.compile(r"(\d{1,6})([smhdw])")
_TIMEFRAME = re.compile(r"([1-9]\d{0,3})([smhd])")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Kind:
    """One way of writing a value: `read` raises ValueError with `allowed` in it; `allowed` also goes to the docs."""

    allowed: str
    read: Callable[[object], object]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


@dataclass(frozen=True)
class QuietHours:
    """A daily stretch, which may pass midnight: [begin, end) on the wall clock of the owner's time zone."""

    begin: time
    end: time

    def covers(self, moment: time) -> bool:
        """Whether a wall-clock time lies within."""
        if self.begin <= self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


class PathKind(Kind):
    """A path; one that is not absolute counts from the folder of the config file."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read_in_folder)

    def _read_in_folder(self, value: object, info: core_schema.ValidationInfo) -> Path:
        folder = (info.context or {}).get("folder", Path())
        return Path(folder, Path(str(self.read(value))).expanduser()).resolve()


def _read_path(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError(f"must be {PATH.allowed}")
    return value


PATH = PathKind("a path, absolute or counted from the folder of the config file", _read_path)


def _number_of(value: object, allowed: str) -> Decimal:
    number = Decimal("nan")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"must be {allowed}")
    return number


def _within(number: Decimal, low: Decimal, high: Decimal, allowed: str) -> Decimal:
    if not low <= number <= high:
        raise ValueError(f"must be {allowed}")
    return number


def number(low: str, high: str) -> Kind:
    """A finite number from `low` to `high`."""
    allowed = f"a number from {low} to {high}"

    def read(value: object) -> Decimal:
        return _within(_number_of(value, allowed), Decimal(low), Decimal(high), allowed)

    return Kind(allowed, read)


def or_off(kind: Kind) -> Kind:
    """The same, or the word "off" for nothing at all: TOML has no null."""

    def read(value: object) -> object:
        try:
            return None if value == "off" else kind.read(value)
        except ValueError as error:
            raise ValueError(f'{error}, or "off"') from None

    return Kind(f'{kind.allowed}, or "off"', read)


def whole(low: int, high: int) -> Kind:
    """A whole number from `low` to `high`."""
    allowed = f"a whole number from {low} to {high}"

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be {allowed}")
        return value

    return Kind(allowed, read)


def share_of(low: str, high: str) -> Kind:
    """A share of one, bounds given in percent; written as 0.02 or as "2%"."""
    floor, ceiling = Decimal(low) / 100, Decimal(high) / 100
    allowed = f'{low} % to {high} %, written like 0.02 or "2%"'

    def read(value: object) -> Decimal:
        if isinstance(value, str):
            found = _PERCENT.fullmatch(value)
            if found is None:
                raise ValueError(f"must be {allowed}")
            value = Decimal(found.group(1)) / 100
        return _within(_number_of(value, allowed), floor, ceiling, allowed)

    return Kind(allowed, read)


def duration_seconds(text: str) -> int:
    """Seconds of "90s", "4h" or "1h30m"; raises ValueError for anything else."""
    if not _DURATION.fullmatch(text):
        raise ValueError("not a duration")
    return sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(text))


def duration(low: str, high: str) -> Kind:
    """A stretch of time with its unit, from `low` to `high`."""
    allowed = f'a duration from {low} to {high}, written like "90s" or "1h30m"'
    floor, ceiling = duration_seconds(low), duration_seconds(high)

    def read(value: object) -> timedelta:
        try:
            seconds = duration_seconds(value) if isinstance(value, str) else -1
        except ValueError:
            seconds = -1
        if not floor <= seconds <= ceiling:
            raise ValueError(f"must be {allowed}")
        return timedelta(seconds=seconds)

    return Kind(allowed, read)


def _read_timeframe(value: object) -> int:
    found = _TIMEFRAME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be {TIMEFRAME.allowed}")
    seconds = int(found.group(1)) * _UNITS[found.group(2)]
    if seconds > _UNITS["d"]:
        raise ValueError(f"must be {TIMEFRAME.allowed}")
    return seconds


TIMEFRAME = Kind('a timeframe up to one day, written like "5m", "1h" or "1d"', _read_timeframe)
"""Seconds of one candle."""


def pattern(expression: str, allowed: str) -> Kind:
    """Text that matches `expression` as a whole."""
    compiled = re.compile(expression)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(f"must be {allowed}")
        return value

    return Kind(allowed, read)


def choice(*words: str) -> Kind:
    """One of a few words."""
    allowed = "one of " + ", ".join(words)

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"must be {allowed}")
        return value

    return Kind(allowed, read)


def _read_switch(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("must be true or false, without quotes")


SWITCH = Kind("true or false", _read_switch)


def _read_quiet_hours(value: object) -> QuietHours:
    found = _QUIET.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be {QUIET_HOURS.allowed}")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    return QuietHours(time(begin_hour, begin_minute), time(end_hour, end_minute))


QUIET_HOURS = Kind('a daily stretch, written like "22:00-07:00"', _read_quiet_hours)


def _read_zone(value: object) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(value).key if isinstance(value, str) else _no_zone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _no_zone()


def _no_zone() -> str:
    raise ValueError(f"must be {ZONE.allowed}")


ZONE = Kind('a time zone of the IANA list, such as "UTC" or "Europe/Madrid"', _read_zone)


def text(longest: int) -> Kind:
    """Any text of one line."""
    allowed = f"text of 1 to {longest} characters"

    def read(value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or "\n" in value:
            raise ValueError(f"must be {allowed}")
        return value.strip()

    return Kind(allowed, read)


def address(*schemes: str) -> Kind:
    """A web address without a query; a slash at its end is taken off."""
    allowed = "an address that begins with " + " or ".join(f"{scheme}://" for scheme in schemes)
    shape = re.compile(rf"(?:{'|'.join(schemes)})://[A-Za-z0-9.\-\[\]:]+(?:/[^\s?#]*)?")

    def read(value: object) -> str:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise ValueError(f"must be {allowed}")
        return value.rstrip("/")

    return Kind(allowed, read)
