"""FAILURES S7: one mad tick moves nothing; a true jump passes once something confirms it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.core.ids import Symbol
from engine.core.model import Ticker
from engine.core.money import Price, Ratio
from engine.exchanges.sanity import SanityBand

START = datetime(2024, 3, 1, tzinfo=UTC)
BTC = Symbol("BTC/USDT")


class Band:
    """A band of a tenth that has accepted 100."""

    def __init__(self) -> None:
        self.band = SanityBand(Ratio(Decimal("0.1")))
        self.second = 0
        assert self.sees("100")

    def sees(self, price: str, source: str = "stream", later: bool = True) -> bool:
        self.second += later
        at = START + timedelta(seconds=self.second)
        return self.band.passes(Ticker(BTC, Price(Decimal(price)), at), source)


def test_what_stays_in_the_band_passes() -> None:
    band = Band()
    assert [band.sees(price) for price in ("110", "99", "105")] == [True, True, True]


@pytest.mark.parametrize("mad", ["10", "1000", "89.99", "110.01"])
def test_one_mad_tick_is_held_and_thrown_away(mad: str) -> None:
    band = Band()
    assert not band.sees(mad)
    assert band.sees("101")
    assert band.band.held(BTC) is None


def test_two_more_ticks_confirm_a_jump() -> None:
    band = Band()
    assert [band.sees(price) for price in ("80", "79", "81", "82")] == [False, False, True, True]


def test_the_same_tick_again_confirms_nothing() -> None:
    band = Band()
    assert not band.sees("80")
    assert [band.sees("80", later=False) for _ in range(5)] == [False] * 5
    assert not band.sees("80")
    assert [band.sees("80", later=False) for _ in range(5)] == [False] * 5
    assert band.sees("80")


def test_a_second_source_confirms_at_once() -> None:
    band = Band()
    assert not band.sees("80")
    assert band.sees("79", "polling")


def test_a_second_source_that_disagrees_is_held_in_its_turn() -> None:
    band = Band()
    assert not band.sees("80")
    assert not band.sees("50", "polling")
    assert band.sees("51")


def test_ticks_that_jump_about_confirm_nothing() -> None:
    band = Band()
    assert [band.sees(price) for price in ("80", "10", "80", "10", "1000")] == [False] * 5


def test_a_forgotten_symbol_begins_anew() -> None:
    band = Band()
    assert not band.sees("5")
    band.band.forget(BTC)
    assert band.sees("5")


@pytest.mark.parametrize(("share", "confirmations"), [("0", 2), ("1", 2), ("NaN", 2), ("0.1", 0)])
def test_senseless_bands_are_refused(share: str, confirmations: int) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        SanityBand(Ratio(Decimal(share)), confirmations)
