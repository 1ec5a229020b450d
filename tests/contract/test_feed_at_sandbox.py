"""The feed over unmodified ccxt against the sandbox venue: the venue goes away, and comes back on the same port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from engine.clock import SystemClock
from engine.core.facts import Trouble
from engine.core.ids import Symbol
from engine.core.inputs import TroubleGone, TroubleSeen
from engine.core.model import Ticker
from engine.desk import FeedState
from engine.exchanges.market_data import CcxtMarketData
from engine.feed import Feed
from engine.feed_parts import FeedSettings
from sandbox.exchange.market.seeded import seeded_market
from sandbox.exchange.server import serving
from sandbox.exchange.venue import Venue

BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
QUICK = FeedSettings(tick=0.02, poll_every=0.2, reopen_first=0.05, reopen_most=0.2)


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not happened():
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def a_venue() -> Venue:
    return Venue([seeded_market(symbol, 1) for symbol in (BTC, ETH)])


async def test_prices_end_with_the_venue_and_come_back_with_it() -> None:
    prices: list[Ticker] = []
    troubles: list[TroubleSeen | TroubleGone] = []
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    data = CcxtMarketData("binance", SystemClock(), url, url.replace("http", "ws", 1))
    feed = Feed(data, SystemClock(), lambda: 0.5, QUICK)
    feed.subscribe([BTC, ETH], prices.append, troubles.append)

    async with serving(a_venue(), port=port):
        feed.start()
        await until(lambda: feed.state([BTC]) is feed.state([ETH]) is FeedState.STREAM)
    await until(lambda: any(t.trouble is Trouble.VENUE_UNREACHABLE for t in troubles))
    seen = len(prices)

    async with serving(a_venue(), port=port):
        await until(lambda: any(isinstance(t, TroubleGone) for t in troubles))
        await until(lambda: len(prices) > seen and feed.state([BTC]) is FeedState.STREAM)
        await feed.close()
        await data.close()

    kinds = [(type(t), t.trouble) for t in troubles if t.trouble is Trouble.VENUE_UNREACHABLE]
    assert kinds[:2] == [(TroubleSeen, Trouble.VENUE_UNREACHABLE), (TroubleGone, Trouble.VENUE_UNREACHABLE)]
    assert {ticker.symbol for ticker in prices} == {BTC, ETH}
    for symbol in (BTC, ETH):
        times = [ticker.at for ticker in prices if ticker.symbol == symbol]
        assert times == sorted(set(times))
