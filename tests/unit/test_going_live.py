"""What is shown before an account goes live."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.going_live import _shown


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("512.5", "512.5"),
        ("0.0095", "0.0095"),
        ("0.000043210", "0.00004321"),
        ("1234567.891", "1234567.89"),
        ("0", "0"),
    ],
)
def test_g5_an_amount_keeps_its_first_digits_wherever_they_stand(amount: str, said: str) -> None:
    """Case quoted-in-btc: a position of 0.0095 BTC was one of 0.01."""
    assert _shown(Decimal(amount)) == said
