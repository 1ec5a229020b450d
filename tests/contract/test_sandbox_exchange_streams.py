"""The market streams of the sandbox venue as they go over the wire: names, wrapping, closing candles."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.exchange.testing import RunningVenue, running_venue

PATIENCE_S = 15


@pytest.fixture
async def running() -> AsyncIterator[RunningVenue]:
    async with running_venue() as venue:
        yield venue


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def until(socket: aiohttp.ClientWebSocketResponse, fits: Any) -> list[Any]:
    """Everything up to the first message that fits."""
    seen: list[Any] = []
    async with asyncio.timeout(PATIENCE_S):
        while not seen or not fits(seen[-1]):
            seen.append(await socket.receive_json())
    return seen


async def test_a_candle_is_said_to_be_closed_once_and_the_next_begins(
    running: RunningVenue, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(f"{running.base_url}/ws/btcusdt@kline_1s") as socket:
        first = await until(socket, lambda message: message["k"]["x"])
        rest = await until(socket, lambda message: message["k"]["x"])
    candles = [message["k"] for message in first + rest]
    closed = [candle for candle in candles if candle["x"]]
    assert closed[1]["t"] == closed[0]["t"] + 1000
    assert [candle["t"] for candle in candles] == sorted(candle["t"] for candle in candles)
    whole = [candle for candle in candles if candle["t"] == closed[1]["t"]]
    assert len(whole) == 5
    assert whole[-1]["c"] == whole[-2]["c"]
    assert closed[1]["T"] == closed[1]["t"] + 999


async def test_combined_streams_are_wrapped_with_their_names(
    running: RunningVenue, session: aiohttp.ClientSession
) -> None:
    names = "btcusdt@trade/ethusdt@depth5@100ms/solusdt@miniTicker/!miniTicker@arr"
    wanted = set(names.split("/"))
    seen: dict[str, Any] = {}
    async with (
        session.ws_connect(f"{running.base_url}/stream?streams={names}") as socket,
        asyncio.timeout(PATIENCE_S),
    ):
        while set(seen) != wanted:
            message = await socket.receive_json()
            seen[message["stream"]] = message["data"]
    assert seen["btcusdt@trade"]["e"] == "trade"
    assert len(seen["ethusdt@depth5@100ms"]["bids"]) == 5
    assert [ticker["s"] for ticker in seen["!miniTicker@arr"]] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


async def test_subscribing_listing_and_leaving(running: RunningVenue, session: aiohttp.ClientSession) -> None:
    async with session.ws_connect(f"{running.base_url}/ws") as socket:

        async def ask(request: Any) -> Any:
            await socket.send_json(request)
            return (await until(socket, lambda message: message.get("id") == request["id"]))[-1]

        names = ["btcusdt@bookTicker", "btcusdt@aggTrade"]
        assert await ask({"method": "SUBSCRIBE", "params": names, "id": 1}) == {"result": None, "id": 1}
        assert (await ask({"method": "LIST_SUBSCRIPTIONS", "id": 2}))["result"] == sorted(names)
        assert (await ask({"method": "SUBSCRIBE", "params": ["nope@trade"], "id": 3}))["error"]["code"] == 2
        assert (await ask({"method": "SUBSCRIBE", "params": "btcusdt@trade", "id": 4}))["error"]["code"] == 2
        assert (await ask({"method": "UNSUBSCRIBE", "params": names, "id": 5}))["result"] is None
        assert (await ask({"method": "LIST_SUBSCRIPTIONS", "id": 6}))["result"] == []
        await socket.send_str("no json")
        assert "error" in (await until(socket, lambda message: "error" in message))[-1]


class TestFaults:
    """Streams that double, turn around, delay, spoil or cut their messages."""

    async def numbers(self, socket: aiohttp.ClientWebSocketResponse, count: int) -> list[int]:
        """The update ids of so many book tickers, as they arrive."""
        async with asyncio.timeout(PATIENCE_S):
            return [int((await socket.receive_json())["u"]) for _ in range(count)]

    async def test_doubled(self, running: RunningVenue, session: aiohttp.ClientSession) -> None:
        running.fault("stream btcusdt@bookTicker", "duplicate", times=2)
        async with session.ws_connect(f"{running.base_url}/ws/btcusdt@bookTicker") as socket:
            seen = await self.numbers(socket, 5)
        assert [number - seen[0] for number in seen] == [0, 0, 1, 1, 2]

    async def test_out_of_order(self, running: RunningVenue, session: aiohttp.ClientSession) -> None:
        running.fault("stream btcusdt@bookTicker", "reorder", times=1)
        async with session.ws_connect(f"{running.base_url}/ws/btcusdt@bookTicker") as socket:
            seen = await self.numbers(socket, 3)
        assert [number - min(seen) for number in seen] == [1, 0, 2]

    async def test_late_messages_are_overtaken(
        self, running: RunningVenue, session: aiohttp.ClientSession
    ) -> None:
        running.fault("stream btcusdt@bookTicker", "delay", seconds=0.8, times=1)
        async with session.ws_connect(f"{running.base_url}/ws/btcusdt@bookTicker") as socket:
            seen = await self.numbers(socket, 6)
        assert min(seen) in seen[1:]

    async def test_spoiled_and_cut(self, running: RunningVenue, session: aiohttp.ClientSession) -> None:
        running.fault("stream btcusdt@bookTicker", "truncated", times=1)
        running.fault("stream btcusdt@bookTicker", "garbage", times=1)
        running.fault("stream btcusdt@bookTicker", "cut", times=1)
        async with session.ws_connect(f"{running.base_url}/ws/btcusdt@bookTicker") as socket:
            async with asyncio.timeout(PATIENCE_S):
                seen = [await socket.receive() for _ in range(3)]
        assert [message.type for message in seen[:2]] == [aiohttp.WSMsgType.TEXT] * 2
        assert (seen[0].data[-1], seen[1].data[0]) != ("}", "{")
        assert seen[2].type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

    async def test_a_removed_instrument_falls_silent(
        self, running: RunningVenue, session: aiohttp.ClientSession
    ) -> None:
        names = "btcusdt@bookTicker/ethusdt@bookTicker"
        async with session.ws_connect(f"{running.base_url}/stream?streams={names}") as socket:
            await until(socket, lambda message: message["stream"].startswith("btc"))
            running.do("market", instrument="BTC/USDT", listed=False)
            await until(socket, lambda message: message["stream"].startswith("eth"))
            later = await until(socket, lambda message: message["stream"].startswith("eth"))
        assert {message["stream"] for message in later} == {"ethusdt@bookTicker"}
