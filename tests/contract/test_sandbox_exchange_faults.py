"""Faults and the control endpoint of the sandbox venue, as tests of the whole product use them."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal as D
from typing import Any

import aiohttp
import ccxt.pro
import pytest

from sandbox.exchange.testing import RunningVenue, point_ccxt_at, running_venue

PATIENCE_S = 15


class Control:
    """The venue's back door over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self.base_url = base_url

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        async with self._session.request(method, f"{self.base_url}/control/{path}", json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def fault(self, target: str, action: str, **more: Any) -> int:
        return int((await self.ask("POST", "faults", {"target": target, "action": action, **more}))["id"])


@pytest.fixture
async def running() -> AsyncIterator[RunningVenue]:
    async with running_venue(moving=False) as venue:
        yield venue


@pytest.fixture
async def control(running: RunningVenue) -> AsyncIterator[Control]:
    async with aiohttp.ClientSession() as session:
        yield Control(session, running.base_url)


@pytest.fixture
async def client(running: RunningVenue) -> AsyncIterator[Any]:
    exchange = ccxt.pro.binance(
        {"apiKey": "sandbox-key", "secret": "sandbox-secret", "enableRateLimit": False}
    )
    exchange.timeout = 2_000
    point_ccxt_at(exchange, running.base_url)
    await exchange.load_markets()
    yield exchange
    await exchange.close()


async def balance_of(client: Any, coin: str, free: float) -> None:
    """Return when the user stream says that so much of the coin is free."""
    async with asyncio.timeout(PATIENCE_S):
        while (await client.watch_balance())[coin]["free"] != free:
            pass


async def buy(client: Any) -> Any:
    return await client.create_order("BTC/USDT", "market", "buy", 0.01, params={"clientOrderId": "pd-one"})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"action": "status", "status": 503}, ccxt.ExchangeNotAvailable),
        ({"action": "drop"}, ccxt.ExchangeNotAvailable),
        ({"action": "hang"}, ccxt.RequestTimeout),
        ({"action": "status", "status": 400, "code": -1006, "text": "Unexpected response."}, ccxt.BaseError),
    ],
)
@pytest.mark.parametrize("point", ["before-accept", "after-accept", "after-fill"])
async def test_an_order_meets_a_fault(
    client: Any,
    control: Control,
    running: RunningVenue,
    point: str,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    await control.fault("POST /api/v3/order", point=point, times=1, **fault)
    with pytest.raises(error):
        await buy(client)
    placed = running.venue.matching.orders()
    assert len(placed) == (0 if point == "before-accept" else 1)
    await control.ask("DELETE", "faults")
    if placed:
        found = await client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "pd-one"})
        assert found["status"] == "closed"
    else:
        assert (await buy(client))["status"] == "closed"


@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
async def test_an_answer_that_is_not_json_leaves_ccxt_without_an_order_id(
    client: Any, control: Control, running: RunningVenue, point: str
) -> None:
    """ccxt does not raise for it: an empty answer must be taken for an unknown outcome by whoever asked."""
    await control.fault("POST /api/v3/order", "garbage", point=point)
    assert (await buy(client))["id"] is None
    assert len(running.venue.matching.orders()) == (0 if point == "before-accept" else 1)


async def test_after_fill_leaves_an_order_that_only_rests_alone(client: Any, control: Control) -> None:
    await control.fault("POST /api/v3/order", "drop", point="after-fill")
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    assert (await client.create_order("BTC/USDT", "limit", "buy", 0.01, last * 0.9))["status"] == "open"


async def test_a_delay_holds_up_and_then_answers(client: Any, control: Control) -> None:
    await control.fault("GET /api/v3/account", "delay", seconds=0.3, times=1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await client.fetch_balance()
    assert loop.time() - began >= 0.3


async def test_a_venue_that_is_down_is_down_for_everything(client: Any, control: Control) -> None:
    number = await control.fault("*", "drop")
    with pytest.raises(ccxt.NetworkError):
        await client.fetch_time()
    with pytest.raises(ccxt.NetworkError):
        await asyncio.wait_for(client.watch_ticker("BTC/USDT"), PATIENCE_S)
    assert (await control.ask("GET", "faults"))[0]["struck"] >= 2
    await control.ask("DELETE", f"faults/{number}")
    assert await client.fetch_time() > 0


async def test_a_silent_stream_says_nothing_while_the_rest_goes_on(client: Any, control: Control) -> None:
    await control.fault("user *", "silence")
    watching = asyncio.create_task(client.watch_orders())
    await asyncio.wait_for(client.authenticate(), PATIENCE_S)
    await buy(client)
    _, pending = await asyncio.wait({watching}, timeout=0.5)
    assert pending
    await control.ask("DELETE", "faults")
    await client.create_order("BTC/USDT", "market", "sell", 0.01)
    seen = await asyncio.wait_for(watching, PATIENCE_S)
    assert {order["side"] for order in seen} == {"sell"}


async def test_a_market_stream_is_cut(client: Any, control: Control) -> None:
    await control.fault("stream btcusdt@*", "drop", times=1)
    with pytest.raises(ccxt.NetworkError):
        await asyncio.wait_for(client.watch_ohlcv("BTC/USDT", "1s"), PATIENCE_S)
    assert await asyncio.wait_for(client.watch_ohlcv("BTC/USDT", "1s"), PATIENCE_S)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"action": "drop"}, "target"),
        ({"target": "*", "action": "explode"}, "action"),
        ({"target": "*", "action": "drop", "point": "later"}, "point"),
        ({"target": "*", "action": "drop", "tiems": 1}, "tiems"),
        ({"target": "*", "action": "drop", "times": "many"}, "times"),
        ({"target": "*", "action": "status", "status": 200}, "status"),
        (["*"], "JSON object"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(control: Control, body: Any, text: str) -> None:
    answer = await control.ask("POST", "faults", body, status=400)
    assert text in answer["error"]
    assert await control.ask("GET", "faults") == []


async def test_everything_at_the_venue_is_listed(client: Any, control: Control) -> None:
    await buy(client)
    state = await control.ask("GET", "state")
    assert [(order["clientOrderId"], order["status"]) for order in state["orders"]] == [("pd-one", "FILLED")]
    assert {trade["clientOrderId"] for trade in state["trades"]} == {"pd-one"}
    assert state["accounts"]["sandbox-key"]["BTC"] == {"free": "0.10999000", "locked": "0.00000000"}
    assert set(state["prices"]) == {"BTC/USDT", "ETH/USDT", "SOL/USDT"}


async def test_balances_prices_and_orders_are_changed_from_outside(client: Any, control: Control) -> None:
    told = asyncio.create_task(balance_of(client, "USDT", 123.5))
    while not told.done():
        await control.ask("POST", "balance", {"coin": "USDT", "free": "123.5"})
        await asyncio.wait({told}, timeout=0.2)
    await told
    assert (await client.fetch_balance())["USDT"]["free"] == 123.5
    before = (await client.fetch_ticker("BTC/USDT"))["last"]
    await control.ask("POST", "price", {"instrument": "BTC/USDT", "percent": -5})
    assert (await client.fetch_ticker("BTC/USDT"))["last"] == pytest.approx(before * 0.95, abs=0.01)
    await control.ask("POST", "price", {"instrument": "BTC/USDT", "price": "50000"})
    assert (await client.fetch_ticker("BTC/USDT"))["last"] == 50_000
    order = await client.create_order("BTC/USDT", "limit", "sell", 0.01, 60_000)
    await control.ask("POST", "cancel", {"order_id": int(order["id"])})
    assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == "canceled"


async def test_an_instrument_is_halted_and_the_clock_set_wrong(client: Any, control: Control) -> None:
    assert (await control.ask("POST", "market", {"instrument": "BTC/USDT", "trading": False}))["halted"] == [
        "BTC/USDT"
    ]
    with pytest.raises(ccxt.BaseError, match="Market is closed"):
        await buy(client)
    await control.ask("POST", "clock", {"offset_ms": -30_000})
    with pytest.raises(ccxt.InvalidNonce):
        await client.fetch_balance()


async def test_the_market_stands_and_moves(control: Control, running: RunningVenue) -> None:
    assert (await control.ask("POST", "market", {"moving": True}))["moving"] is True
    before = running.venue.matching.book("BTCUSDT").last

    async def moved() -> None:
        while running.venue.matching.book("BTCUSDT").last == before:
            await asyncio.sleep(0.05)

    await asyncio.wait_for(moved(), PATIENCE_S)
    assert (await control.ask("POST", "market", {"moving": False}))["moving"] is False


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("price", {"instrument": "NOPE/USDT", "percent": 1}, "unknown symbol"),
        ("price", {"instrument": "BTC/USDT"}, "price"),
        ("price", {"instrument": "BTC/USDT", "percent": -100}, "multiplied by 0"),
        ("price", {"instrument": "BTC/USDT", "price": "NaN"}, "finite"),
        ("balance", {"coin": "USDT", "free": -1}, "zero or more"),
        ("balance", {"account": "nobody", "coin": "USDT", "free": 1}, "nobody"),
        ("market", {"moving": "false"}, "true or false"),
        ("cancel", {"order_id": 99}, "no open order 99"),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(control: Control, path: str, body: Any, text: str) -> None:
    assert text in (await control.ask("POST", path, body, status=400))["error"]


async def test_two_accounts_do_not_share_money(running: RunningVenue, client: Any) -> None:
    await buy(client)
    assert running.venue.matching.accounts["sandbox-key"].free("BTC") == D("0.10999")
