"""Executions that fill more than one answer: each venue's pages, through unmodified ccxt, none lost and none twice."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from engine.clock import SystemClock
from engine.core.errors import Unavailable
from engine.core.model import OrderReport, Side
from engine.exchanges.dialects import dialect_of, kraken
from sandbox.exchange.bybit.params import Params
from tests.contract.exchange_venue import BTC, LiveUnderTest, live
from tests.contract.test_exchanges import an_order
from tests.support.standins import kraken_rest

AT_ONCE = ("binance", "bybit", "okx", "kraken", "kucoin")
"""Their pages go on after an execution; BingX's after a moment."""
ALL = (*AT_ONCE, "bingx")
PAGE = 5
SWEEP = an_order(Side.BUY, "800", name="sweep")
RESTING = an_order(Side.BUY, "0.02", price="40000", name="resting")


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ALL:
        monkeypatch.setattr(type(dialect_of(name)), "trades_page", PAGE)
    monkeypatch.setattr(kraken, "PAGE", PAGE)
    monkeypatch.setattr(kraken_rest, "PAGE", PAGE)


def lately() -> datetime:
    return SystemClock().now() - timedelta(hours=1)


async def swept(venue: LiveUnderTest) -> OrderReport:
    """One order that takes many executions in the same millisecond, and all that is told of it when asked."""
    venue.running.do("balance", coin="USDT", free="9000000")
    await venue.price(Decimal(5000))
    await venue.exchange.submit(SWEEP)
    report = await venue.exchange.order(SWEEP.client_order_id, BTC)
    assert report is not None
    return report


async def filled_bit_by_bit(venue: LiveUnderTest, times: int) -> None:
    """One resting order, filled in so many executions with a time of their own each."""
    await venue.exchange.submit(RESTING)
    holds = venue.running.venue.matching.holds
    for number in range(1, times + 1):
        holds.release()
        holds.add(Decimal(number) / times)
        await venue.price(Decimal(39000 + number))
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("name", AT_ONCE)
async def test_an_order_of_many_executions_at_one_moment_is_told_with_all_of_them(name: str) -> None:
    async with live(name) as venue:
        report = await swept(venue)
        assert len(report.fills) > 2 * PAGE
        assert sum(fill.quantity for fill in report.fills) == report.filled
        assert len({fill.id for fill in report.fills}) == len(report.fills)


@pytest.mark.parametrize("name", AT_ONCE)
async def test_executions_of_one_moment_are_asked_for_page_by_page(name: str) -> None:
    async with live(name) as venue:
        report = await swept(venue)
        asked = await venue.exchange.fills([BTC], lately())
        assert len(asked) > 2 * PAGE
        assert sorted(fill.id for fill in asked) == sorted(fill.id for fill in report.fills)


@pytest.mark.parametrize("name", ALL)
async def test_an_order_filled_bit_by_bit_is_told_with_all_of_it(name: str) -> None:
    async with live(name) as venue:
        await filled_bit_by_bit(venue, 3 * PAGE)
        asked = await venue.exchange.fills([BTC], lately())
        report = await venue.exchange.order(RESTING.client_order_id, BTC)
        assert report is not None
        assert sum(fill.quantity for fill in report.fills) == report.filled == RESTING.quantity
        assert sorted(fill.id for fill in asked) == sorted(fill.id for fill in report.fills)
        assert len(asked) > 2 * PAGE


async def test_bybit_pages_shorter_than_asked_for_are_turned_while_there_is_a_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Params, "limit", lambda _params, _usual, _most: PAGE - 1)
    async with live("bybit") as venue:
        report = await swept(venue)
        asked = await venue.exchange.fills([BTC], lately())
        assert sum(fill.quantity for fill in report.fills) == report.filled
        assert sorted(fill.id for fill in asked) == sorted(fill.id for fill in report.fills)


@pytest.mark.parametrize("name", ALL)
async def test_more_pages_than_are_turned_is_no_half_answer(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.exchanges.history.MOST_PAGES", 2)
    async with live(name) as venue:
        await filled_bit_by_bit(venue, 5 * PAGE)
        with pytest.raises(Unavailable, match="too much history"):
            await venue.exchange.fills([BTC], lately())


async def test_bingx_more_than_a_page_at_one_moment_is_no_half_answer() -> None:
    """Its pages go on after a moment, so that what is cut off within one can't be asked for."""
    async with live("bingx") as venue:
        venue.running.do("balance", coin="USDT", free="9000000")
        await venue.price(Decimal(5000))
        await venue.exchange.submit(SWEEP)
        with pytest.raises(Unavailable, match="does not go on"):
            await venue.exchange.fills([BTC], lately())
        with pytest.raises(Unavailable, match="does not go on"):
            await venue.exchange.order(SWEEP.client_order_id, BTC)


async def test_only_executions_since_the_moment_are_told() -> None:
    async with live("binance") as venue:
        await filled_bit_by_bit(venue, 3 * PAGE)
        every = await venue.exchange.fills([BTC], lately())
        late = await venue.exchange.fills([BTC], every[PAGE].at)
        assert [fill.id for fill in late] == [fill.id for fill in every[PAGE:]]
        assert await venue.exchange.fills([BTC], every[-1].at + timedelta(milliseconds=1)) == []
