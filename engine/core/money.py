"""Exact money: every amount is a Decimal, every rounding goes to the safe side and says which.

The NewTypes carry the unit, so that a price can't be passed where a quantity is meant.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import NewType

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
