"""What real ccxt makes of each fault of the sandbox venue; the table of its README says the same in prose."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt
import pytest

from sandbox.exchange.script import read_script
from sandbox.exchange.server import serving
from sandbox.exchange.testing import RunningVenue, point_ccxt_at, running_venue

PATIENCE_S = 15


@pytest.fixture
async def running() -> AsyncIterator[RunningVenue]:
    async with running_venue(moving=False) as venue:
        yield venue


@pytest.fixture
async def client(running: RunningVenue) -> AsyncIterator[Any]:
    exchange = ccxt.binance(
        {"apiKey": "sandbox-key", "secret": "sandbox-secret", "enableRateLimit": False, "timeout": 10_000}
    )
    point_ccxt_at(exchange, running.base_url)
    await exchange.load_markets()
    exchange.timeout = 800  # the faults below are longer; the first load, on a busy machine, may be slow
    yield exchange
    await exchange.close()


async def buy(client: Any, client_id: str = "pd-one", amount: float = 0.001) -> Any:
    return await client.create_order("BTC/USDT", "market", "buy", amount, params={"clientOrderId": client_id})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


RAISED: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"action": "drop"}, ccxt.ExchangeNotAvailable),
    ({"action": "cut"}, ccxt.ExchangeError),
    ({"action": "delay", "seconds": 1.0}, ccxt.RequestTimeout),
    ({"action": "hang"}, ccxt.RequestTimeout),
    ({"action": "status", "status": 400}, ccxt.ExchangeNotAvailable),
    ({"action": "status", "status": 401}, ccxt.AuthenticationError),
    ({"action": "status", "status": 403}, ccxt.ExchangeNotAvailable),
    ({"action": "status", "status": 404}, ccxt.ExchangeNotAvailable),
    ({"action": "status", "status": 408}, ccxt.RequestTimeout),
    ({"action": "status", "status": 418, "retry_after": 120}, ccxt.DDoSProtection),
    ({"action": "status", "status": 429, "retry_after": 7}, ccxt.DDoSProtection),
    ({"action": "status", "status": 502}, ccxt.ExchangeNotAvailable),
    ({"action": "status", "status": 503}, ccxt.ExchangeNotAvailable),
    ({"action": "status", "status": 504}, ccxt.RequestTimeout),
    ({"action": "status", "code": -1000}, ccxt.OperationFailed),
    ({"action": "status", "code": -1001}, ccxt.OperationFailed),
    ({"action": "status", "code": -1003}, ccxt.DDoSProtection),
    ({"action": "status", "code": -1006}, ccxt.OperationFailed),
    ({"action": "status", "code": -1007}, ccxt.RequestTimeout),
    ({"action": "status", "code": -1008}, ccxt.ExchangeError),
    ({"action": "status", "code": -1015}, ccxt.DDoSProtection),
    ({"action": "status", "code": -1016}, ccxt.BadRequest),
    ({"action": "status", "code": -1021}, ccxt.InvalidNonce),
    ({"action": "status", "code": -1022}, ccxt.AuthenticationError),
    ({"action": "status", "code": -2010}, ccxt.InsufficientFunds),
    ({"action": "status", "code": -2013}, ccxt.OrderNotFound),
    ({"action": "status", "code": -2015}, ccxt.AuthenticationError),
]


@pytest.mark.parametrize(("fault", "error"), RAISED)
async def test_ccxt_says_the_same_whether_the_order_exists_or_not(
    client: Any, running: RunningVenue, fault: dict[str, Any], error: type[Exception]
) -> None:
    """The reason why none of these may be taken for a refusal."""
    running.fault("place", point="before-accept", times=1, **fault)
    with pytest.raises(error) as before:
        await buy(client, "pd-before")
    running.fault("place", point="after-accept", times=1, **fault)
    with pytest.raises(error) as after:
        await buy(client, "pd-after")
    assert type(before.value) is type(after.value) is error
    known = {order.client_id for order in running.venue.matching.orders()}
    assert "pd-after" in known
    assert "pd-before" not in known or fault["action"] == "delay"


@pytest.mark.parametrize("action", ["garbage", "truncated"])
@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
async def test_an_answer_that_is_not_json_raises_nothing(
    client: Any, running: RunningVenue, action: str, point: str
) -> None:
    running.fault("place", action, point=point)
    order = await buy(client)
    assert (order["id"], order["status"]) == (None, None)
    assert len(running.venue.matching.orders()) == (point == "after-accept")


async def test_a_request_held_up_longer_than_the_client_waits_is_carried_out_all_the_same(
    client: Any, running: RunningVenue
) -> None:
    running.fault("place", "delay", seconds=1.0, times=1)
    with pytest.raises(ccxt.RequestTimeout):
        await buy(client)
    assert running.venue.matching.orders() == []
    await until(lambda: len(running.venue.matching.orders()) == 1)


async def test_a_request_that_arrives_twice_is_carried_out_twice(client: Any, running: RunningVenue) -> None:
    running.fault("place", "duplicate", times=1)
    assert (await buy(client))["id"] == "2"
    running.fault("place", "duplicate", point="after-accept", times=1)
    assert (await buy(client))["id"] == "3"
    assert [order.id for order in running.venue.matching.orders()] == [1, 2, 3, 4]


async def test_a_doubled_order_that_rests_is_refused_the_second_time(
    client: Any, running: RunningVenue
) -> None:
    """The client hears of the refusal only, and the order is there."""
    running.fault("place", "duplicate", times=1)
    with pytest.raises(ccxt.InvalidOrder):
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, {"clientOrderId": "pd-rests"})
    assert [order.client_id for order in running.venue.matching.open_orders()] == ["pd-rests"]


async def test_an_answer_sent_twice_does_not_answer_the_next_request(
    client: Any, running: RunningVenue
) -> None:
    running.fault("place", "repeat", times=1)
    assert (await buy(client))["id"] == "1"
    assert await client.fetch_time() > 0
    assert (await buy(client, "pd-two"))["clientOrderId"] == "pd-two"
    assert len(running.venue.matching.orders()) == 2


async def test_retry_after_is_sent(client: Any, running: RunningVenue) -> None:
    running.fault("time", "status", status=429, retry_after=7)
    with pytest.raises(ccxt.DDoSProtection):
        await client.fetch_time()
    assert client.last_response_headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("purpose", "ask"),
    [
        ("time", lambda client: client.fetch_time()),
        ("ticker", lambda client: client.fetch_ticker("BTC/USDT")),
        ("candles", lambda client: client.fetch_ohlcv("BTC/USDT", "1m")),
        ("book", lambda client: client.fetch_order_book("BTC/USDT")),
        ("markets", lambda client: client.load_markets(True)),
        ("balance", lambda client: client.fetch_balance()),
        ("ask", lambda client: client.fetch_order("1", "BTC/USDT")),
        ("cancel", lambda client: client.cancel_order("1", "BTC/USDT")),
        ("cancel-all", lambda client: client.cancel_all_orders("BTC/USDT")),
        ("open", lambda client: client.fetch_open_orders("BTC/USDT")),
        ("history", lambda client: client.fetch_orders("BTC/USDT")),
        ("fills", lambda client: client.fetch_my_trades("BTC/USDT")),
    ],
)
async def test_every_request_has_a_name_that_faults_know(
    client: Any, running: RunningVenue, purpose: str, ask: Callable[[Any], Any]
) -> None:
    rule = running.fault(purpose, "drop")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await ask(client)
    assert rule.struck >= 1


async def test_an_account_that_runs_out(client: Any, running: RunningVenue) -> None:
    running.do("balance", coin="USDT", free=0)
    with pytest.raises(ccxt.InsufficientFunds):
        await buy(client)


async def test_an_instrument_that_is_removed_takes_its_orders_with_it(
    client: Any, running: RunningVenue
) -> None:
    order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000)
    listed = running.do("market", instrument="BTC/USDT", listed=False)["listed"]
    assert listed == ["ETH/USDT", "SOL/USDT"]
    with pytest.raises(ccxt.BadSymbol):
        await buy(client)
    with pytest.raises(ccxt.BadSymbol):
        await client.fetch_order(order["id"], "BTC/USDT")
    assert (await client.fetch_balance())["USDT"]["used"] == 0
    assert "BTC/USDT" not in await client.load_markets(True)
    running.do("market", instrument="BTC/USDT", listed=True)
    await client.load_markets(True)
    assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == "canceled"


async def test_an_order_of_the_owners_own_and_one_in_our_name(client: Any, running: RunningVenue) -> None:
    parts = {"instrument": "BTC/USDT", "side": "SELL", "type": "LIMIT", "quantity": "0.01", "price": 90_000}
    running.do("order", **parts)
    running.do("order", **parts, client_id="pd-not-ours")
    seen = await client.fetch_open_orders("BTC/USDT")
    assert [order["clientOrderId"] for order in seen] == ["web_1", "pd-not-ours"]
    running.do("cancel", client_id="pd-not-ours")
    assert [order["clientOrderId"] for order in await client.fetch_open_orders("BTC/USDT")] == ["web_1"]


async def test_a_stop_is_cancelled_from_outside(client: Any, running: RunningVenue) -> None:
    stop = await client.create_order(
        "BTC/USDT", "market", "sell", 0.01, None, {"stopLossPrice": 40_000, "clientOrderId": "pd-stop"}
    )
    running.do("cancel", client_id="pd-stop")
    assert (await client.fetch_order(stop["id"], "BTC/USDT"))["status"] == "canceled"


@pytest.mark.parametrize(
    ("fees", "buys", "sells"),
    [
        ({"taken_in": "received"}, ["BTC"], ["USDT"]),
        ({"taken_in": "quote"}, ["USDT"], ["USDT"]),
        ({"taken_in": "base"}, ["BTC"], ["BTC"]),
        ({"coin": "SOL"}, ["SOL"], ["SOL"]),
    ],
)
async def test_fees_are_taken_in_the_coin_that_is_asked_for(
    client: Any, running: RunningVenue, fees: dict[str, str], buys: list[str], sells: list[str]
) -> None:
    running.do("balance", coin="SOL", free=5)
    running.do("fees", **fees)
    bought = await buy(client)
    sold = await client.create_order("BTC/USDT", "market", "sell", 0.001)
    assert [[fee["currency"] for fee in order["fees"]] for order in (bought, sold)] == [buys, sells]
    assert bought["fees"][0]["cost"] > 0


class TestPartialFills:
    async def test_a_market_order_waits_half_filled_until_it_is_released(
        self, client: Any, running: RunningVenue
    ) -> None:
        running.do("hold", share=0.5, client_id="pd-*")
        order = await buy(client, amount=0.002)
        assert (order["status"], order["filled"]) == ("open", 0.001)
        running.do("release")
        order = await client.fetch_order(order["id"], "BTC/USDT")
        assert (order["status"], order["filled"]) == ("closed", 0.002)

    async def test_a_limit_order_that_is_not_filled_at_all_until_it_is_released(
        self, client: Any, running: RunningVenue
    ) -> None:
        number = running.do("hold", share=0, instrument="BTC/USDT")["id"]
        price = (await client.fetch_ticker("BTC/USDT"))["ask"]
        order = await client.create_order("BTC/USDT", "limit", "buy", 0.001, price * 1.01)
        assert (order["status"], order["filled"]) == ("open", 0)
        running.do("price", instrument="BTC/USDT", percent=-1)
        assert (await client.fetch_order(order["id"], "BTC/USDT"))["filled"] == 0
        running.do("release", id=number)
        assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == "closed"

    async def test_the_rest_expires_where_that_is_asked_for(self, client: Any, running: RunningVenue) -> None:
        running.do("hold", share="0.25", then_expires=True)
        order = await buy(client, amount=0.004)
        assert (order["status"], order["filled"]) == ("expired", 0.001)
        assert running.venue.matching.accounts["sandbox-key"].locked("USDT") == 0

    async def test_a_held_order_can_be_cancelled(self, client: Any, running: RunningVenue) -> None:
        running.do("hold", share=0.5)
        order = await buy(client, amount=0.002)
        await client.cancel_order(order["id"], "BTC/USDT")
        running.do("release")
        assert (await client.fetch_order(order["id"], "BTC/USDT"))["filled"] == 0.001
        with pytest.raises(ValueError, match="there is no hold 9"):
            running.do("release", id=9)


async def test_a_script_does_what_it_says_when_it_says(tmp_path: Path) -> None:
    from sandbox.exchange.market.seeded import seeded_market
    from sandbox.exchange.venue import Venue

    path = tmp_path / "day.toml"
    path.write_text(
        """
        seed = 7
        [[step]]
        do = "faults"
        target = "place"
        action = "status"
        code = -1007
        point = "after-accept"
        [[step]]
        at = 0.2
        do = "balance"
        coin = "USDT"
        free = 1
        [[step]]
        at = 0.1
        do = "cancel"
        order_id = 99
        """
    )
    venue = Venue([seeded_market("BTC/USDT", 1)])
    script = read_script(path, venue)
    assert [(step.at, step.verb) for step in script.steps] == [
        (0, "faults"),
        (0.1, "cancel"),
        (0.2, "balance"),
    ]
    async with serving(venue, script=script):
        account = venue.matching.accounts["sandbox-key"]
        await until(lambda: account.free("USDT") == 1)
        assert [rule.code for rule in venue.faults.rules] == [-1007]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[[step]]\ndo = 'dance'", "step 1: “dance” is nothing that can be done"),
        ("[[step]]\nat = 1", "step 1: “do” is missing"),
        ("[[step]]\nat = -1\ndo = 'clear'", "before the start"),
        ("[[step]]\ndo = 'faults'\ntarget = '*'\naction = 'drop'\nprobability = 2", "probability"),
        ("steps = 1", "“seed” and a list “step”, not steps"),
        ("step = 5", "“seed” and a list “step”"),
        ("step = [5]", "a step is an object"),
        ("this is not toml", "neither TOML nor"),
    ],
)
async def test_a_script_that_makes_no_sense_is_refused_with_its_step(
    tmp_path: Path, running: RunningVenue, content: str, text: str
) -> None:
    path = tmp_path / "day.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"day\.toml") as refused:
        read_script(path, running.venue)
    assert text in str(refused.value)
