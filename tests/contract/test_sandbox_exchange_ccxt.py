"""Unmodified ccxt against the sandbox venue, REST and streams, as the bot uses them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import ccxt.pro
import pytest

from sandbox.exchange.testing import RunningVenue, point_ccxt_at, running_venue

PATIENCE_S = 15


@pytest.fixture
async def running() -> AsyncIterator[RunningVenue]:
    async with running_venue() as venue:
        yield venue


@pytest.fixture
async def still() -> AsyncIterator[RunningVenue]:
    """Prices that only move when a test moves them."""
    async with running_venue(moving=False) as venue:
        yield venue


def client_of(venue: RunningVenue, **options: Any) -> Any:
    exchange = ccxt.pro.binance(
        {"apiKey": "sandbox-key", "secret": "sandbox-secret", "enableRateLimit": False, "options": options}
    )
    point_ccxt_at(exchange, venue.base_url)
    return exchange


@pytest.fixture
async def moving_client(running: RunningVenue) -> AsyncIterator[Any]:
    exchange = client_of(running)
    yield exchange
    await exchange.close()


@pytest.fixture
async def client(still: RunningVenue) -> AsyncIterator[Any]:
    exchange = client_of(still)
    yield exchange
    await exchange.close()


async def soon(watch: Callable[[], Awaitable[Any]], until: Callable[[Any], bool]) -> Any:
    """Watch until something fits; a stream that never says it fails the test."""

    async def look() -> Any:
        while True:
            seen = await watch()
            if until(seen):
                return seen

    return await asyncio.wait_for(look(), PATIENCE_S)


async def test_default_options_load_the_markets_with_their_rules(client: Any) -> None:
    markets = await client.load_markets()
    assert list(markets) == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
    market = markets["BTC/USDT"]
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.00001
    assert market["limits"]["cost"]["min"] == 5
    assert client.currencies["BTC"]["code"] == "BTC"


async def test_only_the_markets_asked_for(client: Any) -> None:
    client.options["fetchMarkets"] = {"types": ["spot"]}
    assert list(await client.load_markets(params={"symbols": '["ETHUSDT"]'})) == ["ETH/USDT"]


@pytest.mark.parametrize("timeframe", ["1s", "1m", "5m", "1h", "1d"])
async def test_a_thousand_candles_of_every_timeframe_at_once(client: Any, timeframe: str) -> None:
    candles = await client.fetch_ohlcv("BTC/USDT", timeframe, limit=1000)
    assert len(candles) == 1000
    step = client.parse_timeframe(timeframe) * 1000
    assert [candle[0] for candle in candles] == list(range(candles[0][0], candles[0][0] + 1000 * step, step))
    now = await client.fetch_time()
    assert candles[-2][0] + step <= now < candles[-1][0] + step + 2_000
    middle = candles[500][0]
    assert (await client.fetch_ohlcv("BTC/USDT", timeframe, since=middle, limit=3))[0] == candles[500]


async def test_market_data_is_of_one_piece(client: Any) -> None:
    ticker = await client.fetch_ticker("BTC/USDT")
    book = await client.fetch_order_book("BTC/USDT", 5)
    tops = await client.fetch_bids_asks(["BTC/USDT"])
    trades = await client.fetch_trades("BTC/USDT")
    prices = await client.fetch_last_prices(["BTC/USDT"])
    assert ticker["bid"] == book["bids"][0][0] == tops["BTC/USDT"]["bid"] < ticker["last"]
    assert ticker["ask"] == book["asks"][0][0] == tops["BTC/USDT"]["ask"] > ticker["last"]
    assert trades[-1]["price"] == ticker["last"] == prices["BTC/USDT"]["price"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert set(await client.fetch_tickers()) == {"BTC/USDT", "ETH/USDT", "SOL/USDT"}
    assert (await client.fetch_status())["status"] == "ok"


async def test_a_market_order_its_trade_fee_and_balance(client: Any) -> None:
    order = await client.create_order("BTC/USDT", "market", "buy", 0.01, params={"clientOrderId": "pd-entry"})
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.01, "pd-entry")
    assert sum(fee["cost"] for fee in order["fees"]) == pytest.approx(0.00001)
    assert {fee["currency"] for fee in order["fees"]} == {"BTC"}
    trades = await client.fetch_my_trades("BTC/USDT")
    assert {trade["order"] for trade in trades} == {order["id"]}
    assert trades[0]["takerOrMaker"] == "taker"
    balance = await client.fetch_balance()
    assert balance["BTC"]["free"] == pytest.approx(0.10999)
    assert balance["USDT"]["free"] == pytest.approx(10_000 - order["cost"])
    asked = await client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "pd-entry"})
    assert (asked["id"], asked["cost"]) == (order["id"], order["cost"])
    fees = await client.fetch_trading_fees()
    assert fees["BTC/USDT"]["taker"] == 0.001


async def test_a_market_buy_for_an_amount_of_quote(client: Any) -> None:
    order = await client.create_market_buy_order_with_cost("BTC/USDT", 500)
    assert order["status"] == "closed"
    assert 499 < order["cost"] <= 500


async def test_resting_orders_and_stops_are_listed_and_cancelled(client: Any) -> None:
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    limit = await client.create_order("BTC/USDT", "limit", "sell", 0.01, last * 1.1)
    stop = await client.create_order("BTC/USDT", "market", "sell", 0.02, None, {"stopLossPrice": last * 0.9})
    profit = await client.create_order(
        "BTC/USDT", "limit", "sell", 0.02, last * 1.2, {"takeProfitPrice": last * 1.2}
    )
    maker = await client.create_order("BTC/USDT", "limit", "buy", 0.01, last * 0.9, {"postOnly": True})
    listed = await client.fetch_open_orders("BTC/USDT")
    assert [order["id"] for order in listed] == [limit["id"], stop["id"], profit["id"], maker["id"]]
    assert listed[1]["triggerPrice"] == pytest.approx(last * 0.9, abs=0.01)
    assert [order["postOnly"] for order in listed] == [False, False, False, True]
    assert (await client.fetch_balance())["BTC"]["used"] == pytest.approx(0.05)
    assert (await client.cancel_order(stop["id"], "BTC/USDT"))["status"] == "canceled"
    await client.cancel_all_orders("BTC/USDT")
    assert await client.fetch_open_orders("BTC/USDT") == []
    assert {order["status"] for order in await client.fetch_orders("BTC/USDT")} == {"canceled"}
    assert (await client.fetch_balance())["BTC"]["used"] == 0


async def test_a_price_move_fills_orders_and_triggers_stops(client: Any, still: RunningVenue) -> None:
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    limit = await client.create_order("BTC/USDT", "limit", "buy", 0.01, last * 0.97)
    stop = await client.create_order("BTC/USDT", "market", "sell", 0.02, None, {"stopLossPrice": last * 0.96})
    still.venue.matching.book("BTCUSDT").passing = D(1)
    still.venue.push_price("BTCUSDT", D("0.95"))
    filled = await client.fetch_order(limit["id"], "BTC/USDT")
    assert (filled["status"], filled["average"]) == ("closed", pytest.approx(last * 0.97, abs=0.01))
    stopped = await client.fetch_order(stop["id"], "BTC/USDT")
    assert (stopped["status"], stopped["average"]) == ("closed", pytest.approx(last * 0.95, rel=0.001))


@pytest.mark.parametrize(
    ("amount", "price", "error"),
    [
        (1, "last", ccxt.InsufficientFunds),  # at market the thin book may be empty before the account is
        (0.00001, None, ccxt.BadRequest),
        (0.01, 1.0, ccxt.InvalidOrder),
    ],
)
async def test_refusals_arrive_as_the_errors_ccxt_has_for_them(
    client: Any, amount: float, price: float | str | None, error: type[Exception]
) -> None:
    if price == "last":
        price = (await client.fetch_ticker("BTC/USDT"))["last"]
    with pytest.raises(error):
        await client.create_order("BTC/USDT", "limit" if price else "market", "buy", amount, price)


async def test_unknown_orders_and_bad_keys_arrive_as_errors(client: Any) -> None:
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order("12345", "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("12345", "BTC/USDT")
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        await client.fetch_balance()


async def test_the_user_stream_tells_of_orders_trades_and_balances(client: Any, still: RunningVenue) -> None:
    orders = asyncio.create_task(soon(client.watch_orders, lambda seen: seen[-1]["status"] == "closed"))
    trades = asyncio.create_task(soon(client.watch_my_trades, bool))
    balance = asyncio.create_task(soon(client.watch_balance, lambda seen: seen["BTC"]["total"] > 0.1))
    await asyncio.wait_for(client.authenticate(), PATIENCE_S)
    placed = await client.create_order("BTC/USDT", "market", "buy", 0.01, params={"clientOrderId": "pd-ws"})
    seen = (await orders)[-1]
    assert (seen["id"], seen["clientOrderId"], seen["filled"]) == (placed["id"], "pd-ws", 0.01)
    trade = (await trades)[-1]
    assert (trade["order"], trade["fee"]["currency"]) == (placed["id"], "BTC")
    assert (await balance)["BTC"]["free"] == pytest.approx(0.10999)


async def test_a_cancelled_order_keeps_its_client_id_in_the_stream(client: Any) -> None:
    seen = asyncio.create_task(soon(client.watch_orders, lambda orders: orders[-1]["status"] == "canceled"))
    await asyncio.wait_for(client.authenticate(), PATIENCE_S)
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    order = await client.create_order(
        "BTC/USDT", "limit", "buy", 0.01, last * 0.9, {"clientOrderId": "pd-rest"}
    )
    await client.cancel_order(order["id"], "BTC/USDT")
    assert (await seen)[-1]["clientOrderId"] == "pd-rest"


async def test_a_wrong_secret_is_refused_by_the_user_stream(client: Any) -> None:
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        await asyncio.wait_for(client.watch_orders(), PATIENCE_S)


async def test_orders_over_the_websocket_api(client: Any) -> None:
    order = await client.create_order_ws("BTC/USDT", "market", "buy", 0.01)
    assert order["status"] == "closed"
    assert (await client.fetch_order_ws(order["id"], "BTC/USDT"))["id"] == order["id"]


async def test_candles_stream_and_close_on_the_second(moving_client: Any) -> None:
    seen: dict[int, list[float]] = {}

    def enough(candles: list[list[float]]) -> bool:
        seen.update({int(candle[0]): list(candle) for candle in candles})
        return len(seen) >= 4

    await soon(lambda: moving_client.watch_ohlcv("BTC/USDT", "1s"), enough)
    opened = sorted(seen)
    assert opened == list(range(opened[0], opened[0] + 1000 * len(opened), 1000))
    closed = await moving_client.fetch_ohlcv("BTC/USDT", "1s", since=opened[1], limit=2)
    assert closed == [seen[opened[1]], seen[opened[2]]]


async def test_prices_stream_from_every_channel(moving_client: Any) -> None:
    ticker = await soon(lambda: moving_client.watch_ticker("BTC/USDT"), lambda seen: seen["last"] > 0)
    tickers = await soon(
        lambda: moving_client.watch_tickers(["BTC/USDT", "ETH/USDT"]), lambda seen: "ETH/USDT" in seen
    )
    named = await soon(
        lambda: moving_client.watch_ticker("SOL/USDT", {"name": "ticker"}), lambda seen: seen["bid"]
    )
    trades = await soon(lambda: moving_client.watch_trades("BTC/USDT"), bool)
    tops = await soon(lambda: moving_client.watch_bids_asks(["BTC/USDT"]), lambda seen: "BTC/USDT" in seen)
    for price in (ticker["last"], trades[-1]["price"], tops["BTC/USDT"]["bid"]):
        assert price == pytest.approx(60_000, rel=0.5)
    assert tickers["ETH/USDT"]["last"] == pytest.approx(3_000, rel=0.5)
    assert named["bid"] < named["ask"]


async def test_the_order_book_stays_whole_over_many_updates(moving_client: Any) -> None:
    nonces: list[int] = []

    def enough(book: Any) -> bool:
        assert 1 <= len(book["bids"]) <= 20
        assert len(book["asks"]) == 20
        assert book["bids"][0][0] < book["asks"][0][0]
        nonces.append(book["nonce"])
        return len(nonces) >= 6

    await soon(lambda: moving_client.watch_order_book("BTC/USDT"), enough)
    assert nonces == sorted(set(nonces))
