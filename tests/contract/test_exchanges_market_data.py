"""What every maker of engine.ports.MarketData does alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.core.errors import Denied
from engine.core.model import Ticker
from engine.core.money import floor_to
from tests.contract.exchange_market import BTC, ETH, MARKETS, NOWHERE, MarketUnderTest

PATIENCE = 20.0


@pytest.fixture(params=list(MARKETS))
async def market(request: pytest.FixtureRequest) -> AsyncIterator[MarketUnderTest]:
    async with MARKETS[request.param]() as made:
        yield made
        await made.data.close()


async def test_instruments_have_steps_and_those_not_listed_are_left_out(market: MarketUnderTest) -> None:
    found = await market.data.instruments([BTC, NOWHERE, ETH])
    assert set(found) == {BTC, ETH}
    for instrument in found.values():
        assert instrument.tick > 0
        assert floor_to(instrument.min_quantity, instrument.lot) == instrument.min_quantity > 0
        assert instrument.min_notional > 0
        assert instrument.active
    assert (found[BTC].base, found[BTC].quote) == ("BTC", "USDT")
    assert await market.data.instruments([NOWHERE]) == {}


async def test_candles_are_closed_in_order_and_without_repeats(market: MarketUnderTest) -> None:
    found = await market.data.candles(BTC, 60, limit=30)
    now = datetime.now(UTC)
    times = [candle.open_time for candle in found]
    assert 29 <= len(found) <= 30
    assert times == sorted(set(times))
    assert all(at.second == at.microsecond == 0 for at in times)
    assert times[-1] + timedelta(minutes=1) <= now
    assert now - times[-1] < timedelta(minutes=3)
    assert all(c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in found)


async def test_the_candle_under_way_comes_last_where_it_is_asked_for(market: MarketUnderTest) -> None:
    found = await market.data.candles(BTC, 60, limit=30, running=True)
    times = [candle.open_time for candle in found]
    assert times == sorted(set(times))
    assert datetime.now(UTC) - times[-1] < timedelta(seconds=65)


async def test_candles_since_a_moment_begin_there(market: MarketUnderTest) -> None:
    since = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    found = await market.data.candles(BTC, 60, since, limit=3)
    assert [candle.open_time for candle in found] == [since + timedelta(minutes=n) for n in range(3)]


async def test_a_timeframe_that_is_not_there_is_denied_in_words(market: MarketUnderTest) -> None:
    with pytest.raises(Denied, match=r"60|1m"):
        await market.data.candles(BTC, 77)


async def test_tickers_come_for_what_is_listed(market: MarketUnderTest) -> None:
    found = {ticker.symbol: ticker for ticker in await market.data.tickers([BTC, NOWHERE, ETH])}
    assert set(found) == {BTC, ETH}
    for ticker in found.values():
        assert ticker.last > 0
        assert ticker.at.tzinfo is UTC
        assert ticker.bid is None or ticker.ask is None or ticker.bid <= ticker.ask
    assert await market.data.tickers([NOWHERE]) == []


async def test_the_stream_tells_every_symbol_and_its_moves(market: MarketUnderTest) -> None:
    before = {ticker.symbol: ticker.last for ticker in await market.data.tickers([BTC, ETH])}
    seen: dict[str, Ticker] = {}
    stream = market.data.stream([BTC, ETH])
    moved = False
    async with asyncio.timeout(PATIENCE):
        async for ticker in stream:
            seen[ticker.symbol] = ticker
            if len(seen) == 2 and not moved:
                moved = True
                await market.move(ETH, Decimal("1.05"))
            if moved and seen[ETH].last > before[ETH] * Decimal("1.04"):
                break
    assert abs(seen[BTC].last / before[BTC] - 1) < Decimal("0.01")
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()


async def test_a_stream_may_be_opened_again(market: MarketUnderTest) -> None:
    for _ in range(2):
        stream = market.data.stream([BTC])
        async with asyncio.timeout(PATIENCE):
            assert (await anext(stream)).symbol == BTC
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def test_the_venues_clock_is_told(market: MarketUnderTest) -> None:
    assert abs(await market.data.time() - datetime.now(UTC)) < timedelta(seconds=30)
