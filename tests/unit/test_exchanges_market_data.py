"""Market data from a server that answers badly, slowly or too much at once, through unmodified ccxt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from engine.clock import ManualClock
from engine.core.errors import Corrupt, PocketdeskError, Unavailable
from engine.core.ids import Symbol
from engine.core.model import Ticker
from engine.exchanges.market_data import CcxtMarketData
from sandbox.exchange.testing import running_venue

BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
MINUTE = timedelta(minutes=1)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def listed(symbol: str, **changes: Any) -> dict[str, Any]:
    base = symbol.removesuffix("USDT")
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
        {"filterType": "NOTIONAL", "minNotional": "5"},
    ]
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "permissions": ["SPOT"],
        "filters": filters,
        **changes,
    }


class BadVenue:
    """Speaks just enough of Binance's dialect to be asked; each path may be given another answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Handler] = {}
        self.markets = [listed("BTCUSDT"), listed("ETHUSDT")]
        self.now_ms = int(time.time() * 1000)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rpartition("/")[2]
        self.asked.append(path)
        if path in self.answers:
            return await self.answers[path](request)
        known = {"exchangeInfo": {"symbols": self.markets}, "time": {"serverTime": self.now_ms}}
        return web.json_response(known.get(path, []))

    def say(self, path: str, body: Any = None, status: int = 200, **headers: str) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            if isinstance(body, str):
                return web.Response(text=body, status=status, headers=headers)
            return web.json_response(body, status=status, headers=headers)

        self.answers[path] = answer


async def drain(stream: AsyncIterator[Ticker]) -> None:
    async for _ in stream:
        pass


@pytest.fixture
def bad() -> BadVenue:
    return BadVenue()


@pytest.fixture
def clock(bad: BadVenue) -> ManualClock:
    return ManualClock(datetime.fromtimestamp(bad.now_ms / 1000, UTC))


@pytest.fixture
async def data(bad: BadVenue, clock: ManualClock) -> AsyncIterator[CcxtMarketData]:
    async with bad.serving() as url:
        made = CcxtMarketData("binance", clock, url, url.replace("http", "ws", 1))
        yield made
        await made.close()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "<html>maintenance</html>", Corrupt),
        (200, "[[1,2", Corrupt),
        (200, {"unheard": "of"}, Corrupt),
        (200, [["x", "NaN", "1", "1", "1", "1"]], Corrupt),
        (500, "broken", Unavailable),
        (503, "later", Unavailable),
        (403, "forbidden", Unavailable),
        (404, "not here", Unavailable),
        (400, {"code": -1121, "msg": "Invalid symbol."}, Unavailable),
        (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, Unavailable),
    ],
)
async def test_a_bad_answer_is_an_error_in_our_words(
    data: CcxtMarketData, bad: BadVenue, status: int, body: Any, kind: type[PocketdeskError]
) -> None:
    bad.say("klines", body, status)
    with pytest.raises(PocketdeskError) as caught:
        await data.candles(BTC, 60)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None
    assert bad.asked.count("klines") == 1


@pytest.mark.parametrize("status", [418, 429])
async def test_m11_after_a_429_nothing_is_asked_until_the_wait_is_over(
    data: CcxtMarketData, bad: BadVenue, clock: ManualClock, status: int
) -> None:
    bad.say("klines", {"code": -1003, "msg": "Too many requests."}, status, **{"Retry-After": "17"})
    with pytest.raises(Unavailable) as caught:
        await data.candles(BTC, 60)
    assert caught.value.retry_after == 17
    asked = len(bad.asked)
    clock.advance(timedelta(seconds=16))
    for call in (data.time(), data.tickers([BTC]), data.instruments([BTC]), anext(aiter(data.stream([BTC])))):
        with pytest.raises(Unavailable, match="left alone for 1 s"):
            await call
    assert len(bad.asked) == asked
    clock.advance(timedelta(seconds=1))
    await data.time()
    assert len(bad.asked) == asked + 1


async def test_nobody_there_is_unavailable() -> None:
    gone = CcxtMarketData("binance", ManualClock(datetime.now(UTC)), "http://127.0.0.1:9", "ws://127.0.0.1:9")
    with pytest.raises(Unavailable):
        await gone.time()
    await gone.close()


async def test_a_bad_row_stops_that_instrument_alone(data: CcxtMarketData, bad: BadVenue) -> None:
    bad.markets[1] = listed("ETHUSDT", filters=[])
    assert list(await data.instruments([BTC, ETH])) == [BTC]


async def test_m7_one_unlisted_symbol_does_not_take_the_others_with_it(
    data: CcxtMarketData, bad: BadVenue
) -> None:
    async def only_bitcoin(request: web.Request) -> web.StreamResponse:
        if "ETH" in request.query["symbols"]:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return web.json_response({"symbols": [listed("BTCUSDT")]})

    bad.answers["exchangeInfo"] = only_bitcoin
    assert list(await data.instruments([ETH, BTC])) == [BTC]
    asked = bad.asked.count("exchangeInfo")
    assert await data.tickers([ETH]) == []
    assert bad.asked.count("exchangeInfo") == asked


async def test_another_refusal_of_the_list_is_not_swallowed(data: CcxtMarketData, bad: BadVenue) -> None:
    bad.say("exchangeInfo", "broken", 500)
    with pytest.raises(Unavailable):
        await data.instruments([BTC])
    assert bad.asked == ["exchangeInfo"]


async def test_only_the_list_is_asked_for_and_only_of_ours(data: CcxtMarketData, bad: BadVenue) -> None:
    seen: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        seen.append(request.query["symbols"])
        return web.json_response({"symbols": bad.markets})

    bad.answers["exchangeInfo"] = note
    assert list(await data.instruments([BTC])) == [BTC]
    assert (bad.asked, seen) == (["exchangeInfo"], ['["BTCUSDT"]'])


async def test_two_connections_that_ask_at_once_forget_nothing(data: CcxtMarketData, bad: BadVenue) -> None:
    await asyncio.gather(data.instruments([BTC]), data.instruments([ETH]))
    await asyncio.gather(data.tickers([BTC]), data.tickers([ETH]))
    assert bad.asked.count("exchangeInfo") == 2


async def test_unsound_tickers_are_left_out(data: CcxtMarketData, bad: BadVenue) -> None:
    def day(symbol: str, last: str, at: int) -> dict[str, Any]:
        return {"symbol": symbol, "lastPrice": last, "closeTime": at, "volume": "5"}

    bad.say("24hr", [day("BTCUSDT", "NaN", bad.now_ms), day("ETHUSDT", "3000", bad.now_ms)])
    assert [ticker.symbol for ticker in await data.tickers([BTC, ETH])] == [ETH]
    bad.say("24hr", [day("BTCUSDT", "60000", bad.now_ms + 3_600_000), day("ETHUSDT", "3000", bad.now_ms)])
    assert [ticker.symbol for ticker in await data.tickers([BTC, ETH])] == [ETH]


async def test_law_15_a_price_from_the_future_does_not_hide_the_true_ones(
    data: CcxtMarketData, bad: BadVenue, clock: ManualClock
) -> None:
    async def told(seconds: int) -> list[Ticker]:
        bad.say(
            "24hr", [{"symbol": "BTCUSDT", "lastPrice": "60000", "closeTime": bad.now_ms + seconds * 1000}]
        )
        return await data.tickers([BTC])

    assert await told(6) == []
    assert [one.at for one in await told(2)] == [clock.now() + timedelta(seconds=2)]
    # Our own clock was set back by half a minute: the venue's is measured anew, and its prices are taken again.
    bad.now_ms += 30_000
    assert await told(0) == []
    assert len(await told(0)) == 1


async def test_m3_the_venues_clock_decides_what_is_closed(
    data: CcxtMarketData, bad: BadVenue, clock: ManualClock
) -> None:
    bad.now_ms = bad.now_ms - bad.now_ms % 60_000 + 3_600_000
    venue_now = datetime.fromtimestamp(bad.now_ms / 1000, UTC)
    numbers = ["10", "11", "9", "10", "1", 0, "0", 0, "0", "0", "0"]
    closed, running = [bad.now_ms - 60_000, *numbers], [bad.now_ms, *numbers]
    bad.say("klines", [closed, running, closed])
    found = await data.candles(BTC, 60)
    assert [candle.open_time for candle in found] == [venue_now - MINUTE]
    shown = await data.candles(BTC, 60, running=True)
    assert [candle.open_time for candle in shown] == [venue_now - MINUTE, venue_now]
    assert await data.clock_offset() == venue_now - clock.now()
    bad.say("klines", [[bad.now_ms - 120_000, *numbers], closed])
    assert [candle.open_time for candle in await data.candles(BTC, 60, limit=1)] == [venue_now - MINUTE]


async def test_more_candles_than_one_answer_holds_end_at_the_newest() -> None:
    async with running_venue((BTC,)) as running:
        clock = ManualClock(datetime.now(UTC))
        data = CcxtMarketData("binance", clock, running.base_url)
        found = await data.candles(BTC, 1, limit=1500)
        now = clock.now()
        await data.close()
    times = [candle.open_time for candle in found]
    assert len(found) == 1500
    assert times == [times[0] + timedelta(seconds=n) for n in range(1500)]
    assert timedelta(seconds=1) <= now - times[-1] + timedelta(seconds=1)
    assert now - times[-1] < timedelta(seconds=4)


async def test_a_stream_that_is_cut_is_unavailable() -> None:
    async with running_venue((BTC,)) as running:
        clock = ManualClock(datetime.now(UTC))
        url = running.base_url
        data = CcxtMarketData("binance", clock, url, url.replace("http", "ws", 1))
        stream = data.stream([BTC])
        first = await anext(stream)
        assert first.bid is not None
        assert first.ask is not None
        assert Decimal(0) < first.bid < first.ask
    with pytest.raises(Unavailable):
        await drain(stream)
    assert isinstance(stream, AsyncGenerator)
    await data.close()


def test_timeframes_are_told_in_seconds() -> None:
    data = CcxtMarketData("kraken", ManualClock(datetime.now(UTC)))
    assert data.timeframes == (60, 300, 900, 1800, 3600, 14400, 86400)
