"""How numbers and times are written: with the digits that the instrument needs, no more and no fewer (law 12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.screens import figures
from tests.support.builders import BTC, instrument


@pytest.mark.parametrize(
    ("value", "coin", "text"),
    [
        ("0.0004", "BTC", "0.0004 BTC"),
        ("-0.0004", "BTC", "−0.0004 BTC"),
        ("1.23456", "BTC", "1.23456 BTC"),
        ("12.3456789", "BTC", "12.3457 BTC"),
        ("0.00000012", "BTC", "0.00000012 BTC"),
        ("2", "ETH", "2.00 ETH"),
        ("0", "BTC", "0.00 BTC"),
        ("1234567.891", "BTC", "1,234,567.89 BTC"),
        ("1234.5678", "USDT", "1,234.57 USDT"),
        ("0.004", "USDT", "0.0040 USDT"),
        ("12.3", "EUR", "12.30 EUR"),
    ],
)
def test_money_keeps_the_digits_of_its_coin(value: str, coin: str, text: str) -> None:
    """Case quoted-in-btc: a profit of 0.0004 BTC is not 0.00."""
    assert figures.money(Decimal(value), coin) == text
    assert figures.money(Decimal(value), coin, unit=False) == text.removesuffix(f" {coin}")


def test_a_gain_in_a_dear_coin_is_not_nothing() -> None:
    assert figures.signed(Decimal("0.0004"), "BTC", unit=False) == "▲ +0.0004"
    assert figures.plus(Decimal("-1.23456"), "BTC", unit=False) == "−1.23456"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.00001234", "0.00001234"),
        ("0.000012345", "0.000012345"),
        ("1.23456", "1.23456"),
        ("60532.83", "60,532.83"),
        ("60532.833333333", "60,532.83"),
        ("1.234567891", "1.23457"),
        ("0.0000123456789", "0.0000123457"),
        ("58800", "58,800.00"),
        ("100", "100.00"),
    ],
)
def test_a_price_whose_steps_are_not_known_keeps_its_digits(value: str, text: str) -> None:
    assert figures.price(Decimal(value)) == text


def test_a_price_has_the_steps_of_its_instrument() -> None:
    shib = replace(instrument(BTC), tick=Decimal("0.00000001"))
    assert figures.price(Decimal("0.00001234"), shib) == "0.00001234"
    assert figures.price(Decimal("0.0000123"), shib) == "0.00001230"


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.0000000012", "0.0000000012"), ("0.00001", "0.00001"), ("0", "0"), ("1234567.5", "1,234,567.5")],
)
def test_no_amount_is_shown_as_nothing(value: str, text: str) -> None:
    assert figures.quantity(Decimal(value)) == text


def test_what_may_be_long_past_has_a_date() -> None:
    assert figures.moment(datetime(2026, 11, 21, 14, 2, 7, tzinfo=UTC)) == "21 Nov 14:02:07 UTC"
