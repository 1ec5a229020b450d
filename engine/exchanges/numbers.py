"""The edge where ccxt's numbers become exact: floats cross here and nowhere else (law 13, FAILURES M9).

A float is written out in its shortest form first, which is the decimal text that the venue sent, for the up to
fifteen significant digits that venues send.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from engine.core.errors import Corrupt
from engine.core.money import ZERO

MOST_DIGITS = 40
"""Of a number, before or behind its point: no market has more, and sums of two such numbers' products stay exact
(engine/core/money.py)."""
_EARLIEST_MS, _LATEST_MS = 1_230_768_000_000, 4_102_444_800_000
"""2009 to 2100 in milliseconds: a time outside is no market's."""


def number(value: object, what: str) -> Decimal:
    """A finite number of any sign. Raises Corrupt, naming `what`, for anything else, True and None included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Corrupt(f"{what} is no number: {value!r}.")
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise Corrupt(f"{what} is no number: {value!r}.") from None
    if not exact.is_finite():
        raise Corrupt(f"{what} is not finite: {value!r}.")
    if _is_endless(exact):
        raise Corrupt(f"{what} has more than {MOST_DIGITS} digits.")
    return exact


def _is_endless(exact: Decimal) -> bool:
    _, digits, exponent = exact.as_tuple()
    return len(digits) > MOST_DIGITS or not -MOST_DIGITS <= int(exponent) <= MOST_DIGITS


def not_negative(value: object, what: str) -> Decimal:
    """Zero or more: a volume, a fee's rate, a balance."""
    exact = number(value, what)
    if exact < ZERO:
        raise Corrupt(f"{what} is below zero: {value!r}.")
    return exact


def positive(value: object, what: str) -> Decimal:
    """Above zero: a price, a quantity, a step."""
    exact = number(value, what)
    if exact <= ZERO:
        raise Corrupt(f"{what} is not above zero: {value!r}.")
    return exact


def positive_or_none(value: object, what: str) -> Decimal | None:
    """Like `positive`, but None and zero, which venues use for 'there is none', are None."""
    if value is None or number(value, what) == ZERO:
        return None
    return positive(value, what)


def moment(milliseconds: object, what: str) -> datetime:
    """Milliseconds since 1970 as an aware UTC datetime."""
    exact = number(milliseconds, what)
    if not _EARLIEST_MS <= exact <= _LATEST_MS:
        raise Corrupt(f"{what} is no time of a market: {milliseconds!r}.")
    return datetime.fromtimestamp(int(exact) / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """The way back: what ccxt wants for `since`."""
    return round(at.timestamp() * 1000)
