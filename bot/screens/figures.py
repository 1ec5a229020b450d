"""How numbers, times and shares are written: the only place that does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from engine.core.model import Instrument

MINUS = "−"
UP, DOWN, FLAT = "▲", "▼", "•"
NONE = "–"
_BIG = Decimal(10) ** 15
_LEAST = Decimal(10) ** -8
_MOST_DIGITS = 18
SIGNIFICANT = 6
"""Digits that an amount of a dear coin, or an average price, is told by."""
_MOST_PLACES = 12
_EXACT = 8
"""A price of so many digits is written as it is."""
_IN_CENTS = frozenset({"USD", "EUR", "GBP", "USDT", "USDC", "FDUSD", "TUSD", "DAI"})
"""Coins whose hundredth part is the smallest that anybody counts."""


def number(value: Decimal, places: int) -> str:
    """Grouped in thousands, with exactly `places` decimals; a typographic minus."""
    if not value.is_finite():
        return NONE
    if abs(value) >= _BIG:
        return f"{value:.3E}".replace("-", MINUS)
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.{places}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def places_for(value: Decimal, coin: str = "") -> int:
    """Decimals that tell an amount: cents for sums of ten or more, more for small ones, four digits for tiny ones;
    of money that is counted in cents no more than those, unless they would tell nothing."""
    if not value.is_finite():
        return 2
    size = abs(value)
    if size == 0 or size >= 10 or (coin in _IN_CENTS and size >= Decimal("0.1")):
        return 2
    digits = 2 if coin in _IN_CENTS else 4
    return min(2 if size >= 1 else digits - 1 - value.adjusted(), 10)


def money(value: Decimal, coin: str = "", *, unit: bool = True) -> str:
    """An amount of quote coin: `10,234.56 USDT`, `1.23456 BTC`, `0.0004 BTC`. `unit`: whether the coin is written,
    where a heading names it already; its digits are kept all the same."""
    if coin and coin not in _IN_CENTS:
        text = _trimmed(number(value, _digits(value)))
    else:
        text = number(value, places_for(value, coin))
    return f"{text} {coin}" if coin and unit else text


def _digits(value: Decimal) -> int:
    """Decimals for six digits that tell: a thousandth of a bitcoin is money."""
    if not value.is_finite() or not value:
        return 2
    return min(max(SIGNIFICANT - 1 - value.adjusted(), 2), _MOST_PLACES)


def _trimmed(text: str) -> str:
    """Without zeros at the end, but with two decimals."""
    whole, point, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}" if point and "E" not in text else text


def signed(value: Decimal, coin: str = "", *, unit: bool = True) -> str:
    """A gain or a loss, by sign and by symbol: `▲ +12.34 USDT`."""
    return f"{arrow(value)} {plus(value, coin, unit=unit)}"


def plus(value: Decimal, coin: str = "", *, unit: bool = True) -> str:
    """With its sign alone: `+12.34`."""
    text = money(value, coin, unit=unit)
    return f"+{text}" if value.is_finite() and value > 0 else text


def arrow(value: Decimal) -> str:
    if not value.is_finite() or value == 0:
        return FLAT
    return UP if value > 0 else DOWN


def percent(ratio: Decimal, places: int = 2) -> str:
    """A share of one: `2.00 %`."""
    return f"{number(ratio * 100, places)} %" if ratio.is_finite() else NONE


def signed_percent(ratio: Decimal) -> str:
    """`+0.33 %`."""
    text = percent(ratio)
    return f"+{text}" if ratio.is_finite() and round(ratio, 4) > 0 else text


def short_percent(ratio: Decimal) -> str:
    """A limit as its owner wrote it: `2 %`, `2.5 %`."""
    return f"{plain_number(ratio * 100)} %" if ratio.is_finite() else NONE


def price(value: Decimal | None, instrument: Instrument | None = None) -> str:
    """A price in the instrument's steps. Where these are not known, as it is if it has few digits, as every price of a
    venue's has; an average with the digits that tell."""
    if value is None or not value.is_finite():
        return NONE
    if instrument is not None and instrument.tick > 0:
        return number(value, max(-_exponent(instrument.tick), 0))
    if len(value.normalize().as_tuple().digits) <= _EXACT and _exponent(value) >= -_MOST_PLACES:
        return _trimmed(number(value, max(-_exponent(value), 2)))
    return _trimmed(number(value, _digits(value)))


def _exponent(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def quantity(value: Decimal, coin: str = "") -> str:
    """An amount of base coin, up to eight decimals, trailing zeros left out."""
    text = plain_number(value)
    return f"{text} {coin}" if coin else text


def plain_number(value: Decimal) -> str:
    """As few digits as tell it: at most eight decimals, but for what would be nothing with these."""
    text = number(value, 8 if abs(value) >= _LEAST or not value else _digits(value))
    return text.rstrip("0").rstrip(".") if "." in text and "E" not in text else text


def clock_time(moment: datetime) -> str:
    """`14:02:07 UTC`."""
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def moment(at: datetime) -> str:
    """`21 Nov 14:02:07 UTC`: of what may be long past, such as a message that waited for Telegram."""
    return f"{at.astimezone(UTC):%d %b %H:%M:%S} UTC"


def day_and_time(moment: datetime) -> str:
    """`21 Nov 14:02 UTC`."""
    return f"{moment.astimezone(UTC):%d %b %H:%M} UTC"


def short_time(moment: datetime) -> str:
    """`21 Nov 14:02`, for tables."""
    return f"{moment.astimezone(UTC):%d %b %H:%M}"


def duration(span: timedelta | float) -> str:
    """Its two largest units: `2 h 05 min`."""
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


_UNITS = ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def timeframe(seconds: int) -> str:
    """`5m`, `1h`, `1d`."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def bar(used: Decimal, width: int = 10) -> str:
    """How much of a limit is used: `███░░░░░░░`."""
    share = min(max(used, Decimal(0)), Decimal(1)) if used.is_finite() else Decimal(0)
    filled = int(share * width + Decimal("0.5"))
    return "█" * filled + "░" * (width - filled)


def parsed(value: object) -> Decimal | None:
    """The number in a notice's field; None when it is none, or one that no figure of a desk could be."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found.adjusted() <= _MOST_DIGITS else None
