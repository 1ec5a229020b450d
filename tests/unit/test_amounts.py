"""Amounts, prices and shares that the owner writes: read as they were meant, or not at all (T24)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.amounts import amount_of, is_ambiguous, joined, readings, share_of


@pytest.mark.parametrize("text", ["0,250", "00,250", "0,001,000", "1.000,50"])
def test_decimal_comma_is_never_a_thousand_times_as_much(text: str) -> None:
    """Case decimal-comma: of two readings the one that costs more is never chosen silently."""
    assert amount_of(text) is None
    assert is_ambiguous(text), "and the answer says how to write it"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60000.5", "60000.5"), ("1,000", "1000"), ("12,345,678.5", "12345678.5"), ("1,234.5", "1234.5"), (".5", "0.5"),
        ("0,5", "0.5"), ("12,50", "12.5"), ("1,2345", "1.2345"), ("1 000", "1000"),
        ("1\u202f234\u202f567.8", "1234567.8"), ("1'000.5", "1000.5"),
        ("1\u2019000", "1000"), (" 250 ", "250"), ("0.0004", "0.0004"),
        ("0.500", "0.5"), ("1234.500", "1234.5"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_one_way_is_read(text: str, value: str) -> None:
    assert amount_of(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("60.000", ("60000", "60.0")), ("1.000", ("1000", "1.0")), ("1.250", ("1250", "1.25")),
        ("1.234 USDT", ("1234", "1.2340")), ("999.001", ("999001", "999.0010")),
    ],
)  # fmt: skip
def test_a_point_before_three_digits_is_asked_back_as_a_comma_would_be(
    text: str, both: tuple[str, str]
) -> None:
    """Sibling of case decimal-comma: `60.000` is sixty thousand in half of the world, and 60 in the other."""
    assert amount_of(text, "USDT") is None
    assert is_ambiguous(text, "USDT")
    assert readings(text, "USDT") == both
    values = [amount_of(one) for one in both]
    assert values == [Decimal(one) for one in both], "each way that is proposed has one reading"


@pytest.mark.parametrize(
    ("text", "near", "value"),
    [
        ("60.000", "61000", "60000"), ("60,000", "61000", "60000"), ("1.234", "1.3", "1.234"),
        ("1,234", "1.3", "1.234"),
        ("1.234", "0.124", "1.234"), ("1.234", "12341", None), ("1.234", "0.1", None), ("60.000", "0", None),
        ("1,234", "50", "1234"), ("0.500", "600", "0.5"),
    ],
)  # fmt: skip
def test_the_last_price_tells_two_readings_of_a_price_apart(text: str, near: str, value: str | None) -> None:
    assert amount_of(text, near=Decimal(near)) == (Decimal(value) if value else None)
    assert is_ambiguous(text, near=Decimal(near)) is (value is None)


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "0.0", "-5", "−5", "+5", "1e3", "0x10", "half", "٣", "５", "1_000", "5.", ".", ",", "1,00,000",
        "1 000,50", "1,000 000", "1.234,5", "1,234,5", "1..5", "1,,000", "NaN", "inf", "Infinity", "1/2", "½", "10k",
        "$5", "5 USDT", "9" * 25, "1 0", "01,000", "1, 000",
    ],
)  # fmt: skip
def test_everything_else_is_no_amount(text: str) -> None:
    assert amount_of(text) is None


def test_the_coin_may_stand_behind_it() -> None:
    assert amount_of("250 usdt", "USDT") == amount_of("250USDT", "USDT") == 250
    assert amount_of("0.5 BTC", "USDT") is None
    assert amount_of("USDT", "USDT") is None


@pytest.mark.parametrize(
    ("text", "share"),
    [("50%", "0.5"), ("50 %", "0.5"), ("12,5 %", "0.125"), ("100%", "1"), ("HALF", "0.5"), ("all", "1")],
)
def test_shares(text: str, share: str) -> None:
    assert share_of(text) == Decimal(share)


@pytest.mark.parametrize("text", ["50", "101%", "0%", "-5%", "%", "0,250%", "a%"])
def test_what_is_no_share(text: str) -> None:
    assert share_of(text) is None


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("BTC 50 %", ["BTC", "50%"]),
        ("BTC 1 000", ["BTC", "1 000"]),
        ("1 000 000 BTC", ["1 000 000", "BTC"]),
        ("BTC 10 20", ["BTC", "10", "20"]),
        ("0 250", ["0", "250"]),
        ("BTC %", ["BTC", "%"]),
        ("250 USDT", ["250", "USDT"]),
    ],
)
def test_words_that_belong_together(words: str, wanted: list[str]) -> None:
    assert joined(words.split()) == wanted


@given(st.text("0123456789.,' ", max_size=12))
def test_a_comma_never_makes_it_more_than_either_reading(text: str) -> None:
    """Whatever is read, it is what one gets by taking the marks for what they are in one of the two ways, never a third
    number; and of two different ones it is not the larger, but for thousands as they are usually written."""
    found = amount_of(text)
    if found is None:
        return
    bare = text.strip().replace(" ", "").replace("'", "")
    readings = {bare.replace(",", "")} | (
        {bare.replace(",", ".")} if bare.count(",") == 1 and "." not in bare else set()
    )
    assert found in {Decimal(one) for one in readings}
    if bare.startswith("0") and "," in bare:
        assert found == Decimal(bare.replace(",", "."))
