"""Exact money: every amount is a Decimal, every rounding goes to the safe side and says which.

The NewTypes carry the unit, so that a price can't be passed where a quantity is meant.

Python's own context keeps 28 digits and rounds the rest without a word: a dear coin beside a cheap one has more. So
importing this sets a context that holds any sum of what the edges let in (`engine/exchanges/numbers.py`: 40 digits at
most). Where money is added, `exact_sum` refuses to round at all. What is divided is an average or a share, which has
endless digits: `divided` keeps as many as a person or an order could ever need.
"""

from __future__ import annotations

import decimal
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, Inexact
from typing import NewType

DIGITS = 100
"""Significant digits of every result: two factors of 40 digits, and sums of such products."""

Price = NewType("Price", Decimal)
"""Quote coin per one base coin."""
Quantity = NewType("Quantity", Decimal)
"""Amount of the base coin."""
Quote = NewType("Quote", Decimal)
"""Amount of the quote coin."""
Ratio = NewType("Ratio", Decimal)
"""A share of one: 0.02 is two percent."""

ZERO = Decimal(0)
ONE = Decimal(1)

# Threads that begin later copy the one, the importing thread and its tasks use the other.
decimal.DefaultContext.prec = DIGITS
decimal.getcontext().prec = DIGITS
_EXACT = decimal.getcontext().copy()
_EXACT.traps[Inexact] = True
_SHARES = Context(prec=28)


def exact_sum(one: Decimal, other: Decimal) -> Decimal:
    """`one + other` to the last digit. Raises decimal.Inexact where not even DIGITS hold it (law 13)."""
    return _EXACT.add(one, other)


def divided(part: Decimal, whole: Decimal) -> Decimal:
    """An average or a share, to 28 digits."""
    return _SHARES.divide(part, whole)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`; `value` itself when `step` is zero."""
    if step == ZERO:
        return value
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def floor_digits(value: Decimal, digits: int) -> Decimal:
    """`value` cut to so many significant digits, however small it is."""
    return Context(prec=digits, rounding=ROUND_FLOOR).plus(value)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`; `value` itself when `step` is zero."""
    if step == ZERO:
        return value
    return (value / step).to_integral_value(ROUND_CEILING) * step


def is_sound(value: Decimal) -> bool:
    """Whether it is a finite number above zero: what every price and quantity from outside must be."""
    return value.is_finite() and value > ZERO
