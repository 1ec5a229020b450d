"""When candles open and close. A timeframe is a whole number of seconds; candles lie on a grid from the epoch.

Weeks are counted from a Monday, as every venue does, while the epoch was a Thursday.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

WEEK = 604_800
_FIRST_MONDAY = 345_600
_UNITS = ((WEEK, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def name_of(timeframe: int) -> str:
    """The usual name of a timeframe in seconds: `300` is `5m`."""
    if timeframe < 1:
        raise ValueError(f"{timeframe} is not a number of seconds above zero")
    seconds, letter = next(unit for unit in _UNITS if timeframe % unit[0] == 0)
    return f"{timeframe // seconds}{letter}"


def epoch(moment: datetime) -> int:
    """Whole seconds since the epoch, rounded down. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return int(moment.timestamp() // 1)


def moment_of(seconds: int) -> datetime:
    """The aware UTC time of an epoch second."""
    return datetime.fromtimestamp(seconds, UTC)


def floor_epoch(seconds: int, timeframe: int) -> int:
    """The last point of the grid at or before `seconds`."""
    offset = _FIRST_MONDAY if timeframe % WEEK == 0 else 0
    return seconds - (seconds - offset) % timeframe


def last_close(moment: datetime, timeframe: int) -> datetime:
    """The newest close at or before `moment`."""
    return moment_of(floor_epoch(epoch(moment), timeframe))


def next_close(moment: datetime, timeframe: int) -> datetime:
    """The first close after `moment`: when the cycle of this timeframe is due."""
    return last_close(moment, timeframe) + timedelta(seconds=timeframe)
