"""Amounts and prices that the owner writes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.screens.figures import amount_of


@pytest.mark.parametrize("text", ["0,250", "00,250", "0,001,000", "1.000,50", "0,5"])
def test_decimal_comma_is_never_a_thousand_times_as_much(text: str) -> None:
    """Case decimal-comma: of two readings the one that costs more is never chosen silently."""
    assert amount_of(text) is None


def test_commas_between_thousands_are_read() -> None:
    assert amount_of("1,000") == 1000
    assert amount_of("12,345,678.5") == Decimal("12345678.5")
