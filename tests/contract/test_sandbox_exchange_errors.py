"""The sandbox venue refuses as Binance refuses: the same HTTP status, code and words."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from decimal import Decimal as D
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from sandbox.exchange.testing import RunningVenue, running_venue

KEY, SECRET = "sandbox-key", "sandbox-secret"
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
Answer = tuple[int, Any]


class Caller:
    """A bare client: signs as the documentation says, and lets a test get anything wrong."""

    def __init__(self, session: aiohttp.ClientSession, running: RunningVenue) -> None:
        self.session = session
        self.running = running

    async def call(self, method: str, path: str, params: dict[str, str], key: str | None = None) -> Answer:
        headers = {} if key is None else {"X-MBX-APIKEY": key}
        url = self.running.base_url + path
        async with self.session.request(method, url, params=params, headers=headers) as response:
            return response.status, await response.json()

    async def signed(
        self, method: str, path: str, secret: str = SECRET, key: str = KEY, **params: str
    ) -> Answer:
        stamped = {"timestamp": str(time.time_ns() // 1_000_000), **params}
        signature = hmac.new(secret.encode(), urlencode(stamped).encode(), hashlib.sha256).hexdigest()
        return await self.call(method, path, {**stamped, "signature": signature}, key)

    def last(self) -> D:
        return self.running.venue.matching.book("BTCUSDT").last


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with (
        running_venue(moving=False, weight_per_minute=200) as running,
        aiohttp.ClientSession() as session,
    ):
        yield Caller(session, running)


async def test_a_signed_request_with_the_right_key_is_answered(caller: Caller) -> None:
    status, body = await caller.signed("GET", "/api/v3/account")
    assert status == 200
    assert {"asset": "USDT", "free": "10000.00000000", "locked": "0.00000000"} in body["balances"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "text"),
    [
        ({"key": "unknown-key-1"}, 401, -2015, "Invalid API-key, IP, or permissions for action."),
        ({"key": "!"}, 401, -2014, "API-key format invalid."),
        ({"secret": "wrong"}, 400, -1022, "Signature for this request is not valid."),
        (
            {"timestamp": "1600000000000"},
            400,
            -1021,
            "Timestamp for this request is outside of the recvWindow.",
        ),
        ({"timestamp": "9600000000000"}, 400, -1021, "1000ms ahead of the server's time."),
        ({"timestamp": "soon"}, 400, -1100, "Illegal characters found in parameter 'timestamp'"),
        ({"recvWindow": "60001"}, 400, -1131, "recvWindow must be less than 60000."),
    ],
)
async def test_who_asks_is_checked(
    caller: Caller, changes: dict[str, str], status: int, code: int, text: str
) -> None:
    answered, body = await caller.signed("GET", "/api/v3/account", **changes)
    assert (answered, body["code"]) == (status, code)
    assert text in body["msg"]


async def test_key_signature_and_time_must_be_there(caller: Caller) -> None:
    assert (await caller.call("GET", "/api/v3/account", {}))[1]["code"] == -2014
    assert (await caller.call("GET", "/api/v3/account", {"timestamp": "1"}, KEY))[1]["code"] == -1102
    signature = hmac.new(SECRET.encode(), b"", hashlib.sha256).hexdigest()
    _, body = await caller.call("GET", "/api/v3/account", {"signature": signature}, KEY)
    assert body["msg"].startswith("Mandatory parameter 'timestamp'")


@pytest.mark.parametrize(
    ("order", "code", "text"),
    [
        ({**MARKET, "symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({**MARKET, "side": "HOLD"}, -1117, "Invalid side."),
        ({**MARKET, "type": "MAGIC"}, -1116, "Invalid orderType."),
        (
            {**MARKET, "quantity": ""},
            -1102,
            "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.",
        ),
        ({**MARKET, "quantity": "NaN"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({**MARKET, "quantity": "-1"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({**MARKET, "quantity": "0.0000000001"}, -1111, "too much precision"),
        ({**MARKET, "quantity": "0"}, -1013, "Invalid quantity."),
        ({**MARKET, "quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({**MARKET, "quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({**MARKET, "quantity": "1"}, -2010, "Account has insufficient balance for requested action."),
        ({**MARKET, "price": "1"}, -1106, "Parameter 'price' sent when not required."),
        ({**MARKET, "quoteOrderQty": "100"}, -1128, "Combination of optional parameters invalid."),
        (
            {**MARKET, "newClientOrderId": "no spaces"},
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'",
        ),
        ({**LIMIT, "price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({**LIMIT, "price": "1"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (LIMIT, -1102, "Mandatory parameter 'price'"),
        ({**LIMIT, "timeInForce": "GTD", "price": "50000"}, -1115, "Invalid timeInForce."),
        (
            {**LIMIT, "type": "LIMIT_MAKER", "timeInForce": "", "price": "99000"},
            -2010,
            "would immediately match",
        ),
        (
            {**MARKET, "type": "STOP_LOSS", "side": "SELL", "stopPrice": "99000"},
            -2010,
            "Stop price would trigger immediately.",
        ),
    ],
)
async def test_orders_are_refused_with_reasons(
    caller: Caller, order: dict[str, str], code: int, text: str
) -> None:
    status, body = await caller.signed("POST", "/api/v3/order", **order)
    assert (status, body["code"]) == (400, code)
    assert text in body["msg"]
    assert caller.running.venue.matching.orders() == []


async def test_a_client_id_that_is_in_use_is_refused(caller: Caller) -> None:
    order = {
        **LIMIT,
        "price": str((caller.last() * D("0.9")).quantize(D("0.01"))),
        "newClientOrderId": "mine",
    }
    assert (await caller.signed("POST", "/api/v3/order", **order))[0] == 200
    assert await caller.signed("POST", "/api/v3/order", **order) == (
        400,
        {"code": -2010, "msg": "Duplicate order sent."},
    )


async def test_unknown_orders(caller: Caller) -> None:
    which = {"symbol": "BTCUSDT", "origClientOrderId": "never-sent"}
    asked = await caller.signed("GET", "/api/v3/order", **which)
    assert asked == (400, {"code": -2013, "msg": "Order does not exist."})
    unknown = (400, {"code": -2011, "msg": "Unknown order sent."})
    assert await caller.signed("DELETE", "/api/v3/order", **which) == unknown
    assert await caller.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT") == unknown
    assert (await caller.signed("GET", "/api/v3/order", symbol="BTCUSDT"))[1]["code"] == -1102


async def test_another_account_does_not_see_the_order(caller: Caller) -> None:
    from sandbox.exchange.venue import Client

    other = Client("other-key", "other-secret", {"USDT": D(5)})
    caller.running.venue.secrets[other.key] = other.secret
    caller.running.venue.matching.open_account(other.key, other.balances)
    _, placed = await caller.signed("POST", "/api/v3/order", **MARKET)
    _, body = await caller.signed(
        "GET", "/api/v3/order", other.secret, other.key, symbol="BTCUSDT", orderId=str(placed["orderId"])
    )
    assert body["code"] == -2013


async def test_a_test_order_is_checked_and_forgotten(caller: Caller) -> None:
    assert await caller.signed("POST", "/api/v3/order/test", **MARKET) == (200, {})
    assert (await caller.signed("POST", "/api/v3/order/test", **{**MARKET, "symbol": "NOPE"}))[1][
        "code"
    ] == -1121
    assert caller.running.venue.matching.orders() == []


async def test_market_data_refuses_what_it_does_not_have(caller: Caller) -> None:
    for params, code in (
        ({"symbol": "NOPE", "interval": "1m"}, -1121),
        ({"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ({"symbol": "BTCUSDT"}, -1102),
        ({"interval": "1m"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "many"}, -1100),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130),
    ):
        status, body = await caller.call("GET", "/api/v3/klines", params)
        assert (status, body["code"]) == (400, code)
    status, body = await caller.call("GET", "/api/v3/exchangeInfo", {"symbols": '["BTCUSDT","NOPE"]'})
    assert (status, body["code"]) == (400, -1121)
    _, body = await caller.call("GET", "/api/v3/exchangeInfo", {"symbols": '["ETHUSDT"]'})
    assert [symbol["symbol"] for symbol in body["symbols"]] == ["ETHUSDT"]


async def test_weight_is_counted_then_refused_then_banned(caller: Caller) -> None:
    url = caller.running.base_url + "/api/v3/exchangeInfo"
    seen: list[tuple[int, str | None]] = []
    for _ in range(25):
        async with caller.session.get(url) as response:
            seen.append((response.status, response.headers.get("X-MBX-USED-WEIGHT-1M")))
            last = await response.json()
            retry_after = response.headers.get("Retry-After")
    statuses = [status for status, _ in seen]
    assert seen[0] == (200, "20")
    assert 429 in statuses
    assert statuses[-1] == 418
    assert statuses == sorted(statuses, key=(200, 429, 418).index)
    assert last["code"] == -1003
    assert retry_after is not None
    assert int(retry_after) > 60


async def test_a_venue_whose_clock_is_off_refuses_our_time(caller: Caller) -> None:
    caller.running.venue.clock.offset_ms = 20_000
    assert (await caller.signed("GET", "/api/v3/account"))[1]["code"] == -1021
    _, body = await caller.call("GET", "/api/v3/time", {})
    assert body["serverTime"] > time.time() * 1000 + 15_000
