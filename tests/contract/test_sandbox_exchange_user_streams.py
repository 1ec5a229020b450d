"""The private websockets of Bybit and OKX at the sandbox venue: unmodified ccxt.pro, and what goes over the wire."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
import ccxt.pro as ccxtpro
import pytest
from ccxt.base.errors import BaseError

from sandbox.exchange.testing import RunningVenue, point_ccxt_at, running_venue

PATIENCE_S = 15
DIALECTS = ("bybit", "okx")
Socket = aiohttp.ClientWebSocketResponse


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def running(dialect: str) -> AsyncIterator[RunningVenue]:
    async with running_venue(moving=False, dialect=dialect) as venue:
        yield venue


def client_of(running: RunningVenue, dialect: str, **changes: Any) -> Any:
    keys = {"apiKey": "sandbox-key", "secret": "sandbox-secret", "password": "sandbox-passphrase"}
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}
    exchange = getattr(ccxtpro, dialect)({**keys, "enableRateLimit": False, "options": options, **changes})
    point_ccxt_at(exchange, running.base_url)
    return exchange


@pytest.fixture
async def client(running: RunningVenue, dialect: str) -> AsyncIterator[Any]:
    exchange = client_of(running, dialect)
    await exchange.load_markets()
    yield exchange
    await exchange.close()


async def until(watch: Any, client: Any, amount: float = 0.001) -> Any:
    """What `watch` tells first, of orders that are made until it does."""
    watching = asyncio.ensure_future(watch())
    async with asyncio.timeout(PATIENCE_S):
        while not watching.done():
            await client.create_order("BTC/USDT", "market", "buy", amount)
            await asyncio.wait({watching}, timeout=0.1)
        return await watching


async def test_ccxt_hears_of_orders(client: Any) -> None:
    told = (await until(client.watch_orders, client))[-1]
    assert (told["symbol"], told["side"], told["amount"]) == ("BTC/USDT", "buy", 0.001)
    assert told["status"] in ("open", "closed")


async def test_ccxt_hears_of_fills(client: Any) -> None:
    told = (await until(client.watch_my_trades, client))[-1]
    asked = {trade["id"]: trade for trade in await client.fetch_my_trades("BTC/USDT")}[told["id"]]
    for part in ("symbol", "order", "side", "amount", "price", "takerOrMaker"):
        assert told[part] == asked[part], part


@pytest.mark.parametrize("wrong", ["apiKey", "secret", "password"])
async def test_a_wrong_key_is_refused(running: RunningVenue, dialect: str, wrong: str) -> None:
    if (dialect, wrong) == ("bybit", "password"):
        wrong = "secret"  # it has no passphrase
    exchange = client_of(running, dialect, **{wrong: "something-else"})
    with pytest.raises(BaseError):
        await asyncio.wait_for(exchange.watch_orders(), PATIENCE_S)
    await exchange.close()


async def test_ccxt_is_answered_when_it_pings(running: RunningVenue, dialect: str) -> None:
    exchange = client_of(running, dialect)
    exchange.streaming["keepAlive"] = 50
    watching = asyncio.ensure_future(exchange.watch_orders())
    pings = running.fault("ping", "delay")  # by nothing: it only counts
    async with asyncio.timeout(PATIENCE_S):
        while pings.struck < 5:  # two that go unanswered would end it
            await asyncio.sleep(0.02)
    assert not watching.done()
    watching.cancel()
    await exchange.close()


# ── over the wire ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def answer(socket: Socket, request: Any) -> Any:
    await socket.send_str(request if isinstance(request, str) else json.dumps(request))
    text = await socket.receive_str(timeout=PATIENCE_S)
    return text if text == "pong" else json.loads(text)


def bybit_auth(expires: int | None = None, key: str = "sandbox-key", secret: str = "sandbox-secret") -> Any:
    until_ms = round(time.time() * 1000) + 10_000 if expires is None else expires
    sign = hmac.new(secret.encode(), f"GET/realtime{until_ms}".encode(), hashlib.sha256).hexdigest()
    return {"op": "auth", "args": [key, str(until_ms), sign]}


def okx_login(seconds: int | None = None, secret: str = "sandbox-secret", **changes: str) -> Any:
    stamp = str(round(time.time()) if seconds is None else seconds)
    digest = hmac.new(secret.encode(), f"{stamp}GET/users/self/verify".encode(), hashlib.sha256).digest()
    sign = base64.b64encode(digest).decode()
    named = {"apiKey": "sandbox-key", "passphrase": "sandbox-passphrase", "timestamp": stamp, "sign": sign}
    return {"op": "login", "args": [{**named, **changes}]}


def made_now(request_: Any) -> Any:
    """What is signed is good for some seconds only, and tests are collected long before they run."""
    return request_() if callable(request_) else request_


BYBIT_NO = [
    (partial(bybit_auth, key="nobody"), "API key is invalid."),
    (partial(bybit_auth, secret="another"), "error sign"),
    (partial(bybit_auth, expires=1_700_000_000_000), "Params Error"),
    ({"op": "auth", "args": ["sandbox-key"]}, "Params Error"),
    ({"op": "subscribe", "args": ["order"]}, "not authorized"),
    ({"op": "order.create", "args": [{}]}, "invalid op"),
    ("nonsense", "invalid op"),
]


@pytest.mark.parametrize(("request_", "words"), BYBIT_NO)
@pytest.mark.parametrize("dialect", ["bybit"])
async def test_bybit_refuses(
    running: RunningVenue, session: aiohttp.ClientSession, request_: Any, words: str
) -> None:
    async with session.ws_connect(f"{running.base_url}/v5/private") as socket:
        told = await answer(socket, made_now(request_))
        assert told["success"] is False
        assert words in told["ret_msg"]


@pytest.mark.parametrize("dialect", ["bybit"])
async def test_bybit_answers_each_request_with_its_id(
    running: RunningVenue, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(f"{running.base_url}/v5/private") as socket:
        assert (await answer(socket, bybit_auth()))["success"] is True
        unknown = await answer(socket, {"op": "subscribe", "req_id": "6", "args": ["weather"]})
        assert (unknown["success"], unknown["req_id"]) == (False, "6")
        told = await answer(socket, {"op": "subscribe", "req_id": "7", "args": ["order.spot", "execution"]})
        assert (told["success"], told["op"], told["req_id"]) == (True, "subscribe", "7")
        pong = await answer(socket, {"op": "ping", "req_id": "8"})
        assert (pong["op"], pong["req_id"]) == ("pong", "8")
        running.do("order", instrument="BTC/USDT", side="BUY", type="MARKET", quantity="0.001")
        topics = [(await socket.receive_json(timeout=PATIENCE_S))["topic"] for _ in range(3)]
        assert topics == ["order.spot", "order.spot", "execution"]
        await answer(socket, {"op": "unsubscribe", "args": ["order.spot", "execution"]})
        running.do("order", instrument="BTC/USDT", side="BUY", type="MARKET", quantity="0.001")
        assert (await answer(socket, {"op": "ping"}))["op"] == "pong"


OKX_NO = [
    (partial(okx_login, apiKey="nobody"), "60005"),
    (partial(okx_login, secret="another"), "60007"),
    (partial(okx_login, passphrase="another"), "60024"),
    (partial(okx_login, seconds=1_700_000_000), "60006"),
    (partial(okx_login, timestamp="now"), "60004"),
    ({"op": "subscribe", "args": [{"channel": "orders", "instType": "SPOT"}]}, "60011"),
    ({"op": "dance", "args": [{}]}, "60012"),
    ({"op": "login"}, "60012"),
    ("nonsense", "60012"),
]


@pytest.mark.parametrize(("request_", "code"), OKX_NO)
@pytest.mark.parametrize("dialect", ["okx"])
async def test_okx_refuses(
    running: RunningVenue, session: aiohttp.ClientSession, request_: Any, code: str
) -> None:
    async with session.ws_connect(f"{running.base_url}/ws/v5/private") as socket:
        told = await answer(socket, made_now(request_))
        assert (told["event"], told["code"]) == ("error", code)


@pytest.mark.parametrize("dialect", ["okx"])
async def test_okx_has_each_channel_at_its_own_address(
    running: RunningVenue, session: aiohttp.ClientSession
) -> None:
    for path, mine, others in (("private", "orders", "orders-algo"), ("business", "orders-algo", "orders")):
        async with session.ws_connect(f"{running.base_url}/ws/v5/{path}") as socket:
            assert (await answer(socket, okx_login()))["event"] == "login"
            assert await answer(socket, "ping") == "pong"
            wrong = {"op": "subscribe", "args": [{"channel": others, "instType": "SPOT"}]}
            assert (await answer(socket, wrong))["code"] == "60018"
            arg = {"channel": mine, "instType": "SPOT"}
            told = await answer(socket, {"op": "subscribe", "args": [arg]})
            assert (told["event"], told["arg"]) == ("subscribe", arg)


@pytest.mark.parametrize("dialect", ["okx"])
async def test_okx_tells_of_a_stop_as_algo_until_it_wakes(
    running: RunningVenue, session: aiohttp.ClientSession
) -> None:
    price = running.venue.matching.book("BTCUSDT").last
    async with (
        session.ws_connect(f"{running.base_url}/ws/v5/private") as private,
        session.ws_connect(f"{running.base_url}/ws/v5/business") as business,
    ):
        for socket, channel in ((private, "orders"), (business, "orders-algo")):
            await answer(socket, okx_login())
            await answer(socket, {"op": "subscribe", "args": [{"channel": channel, "instType": "ANY"}]})
        stop = {"instrument": "BTC/USDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01"}
        running.do("order", **stop, stop_price=str((price * 9 / 10).quantize(price)), client_id="pdstop")
        running.do("price", instrument="BTC/USDT", percent=-20)
        algos = [(await business.receive_json(timeout=PATIENCE_S))["data"][0] for _ in range(2)]
        plain = [(await private.receive_json(timeout=PATIENCE_S))["data"][0] for _ in range(2)]
    assert [(one["state"], one["algoClOrdId"]) for one in algos] == [
        ("live", "pdstop"),
        ("effective", "pdstop"),
    ]
    assert [(one["state"], one["clOrdId"], one["algoClOrdId"]) for one in plain] == [
        ("live", "", "pdstop"),
        ("filled", "", "pdstop"),
    ]
    assert plain[0]["tradeId"] == ""
    assert plain[1]["tradeId"]
    assert plain[1]["fillFee"].startswith("-")


async def test_nobody_hears_of_another_account(
    running: RunningVenue, session: aiohttp.ClientSession, dialect: str
) -> None:
    """Nor does one who has not signed in."""
    path, ping = {"bybit": ("/v5/private", {"op": "ping"}), "okx": ("/ws/v5/private", "ping")}[dialect]
    async with session.ws_connect(f"{running.base_url}{path}") as socket:
        running.do("order", instrument="BTC/USDT", side="BUY", type="MARKET", quantity="0.001")
        told = await answer(socket, ping)
        assert told == "pong" or told["op"] == "pong"


@pytest.mark.parametrize(
    ("action", "answers"), [("status", 1), ("repeat", 2), ("duplicate", 1), ("delay", 1), ("silence", 0)]
)
async def test_faults_strike_requests_by_what_they_are_for(
    running: RunningVenue, session: aiohttp.ClientSession, dialect: str, action: str, answers: int
) -> None:
    path, request = {
        "bybit": ("/v5/private", bybit_auth()),
        "okx": ("/ws/v5/private", okx_login()),
    }[dialect]
    more = {"code": 10003 if dialect == "bybit" else "60009"} if action == "status" else {}
    rule = running.fault("sign-in", action, times=1, **more)
    async with session.ws_connect(f"{running.base_url}{path}") as socket:
        told = [await answer(socket, request)] if answers else []
        told += [await socket.receive_json(timeout=PATIENCE_S)] if answers == 2 else []
        if not answers:
            await socket.send_json(request)
        accepted = [one.get("success") is True or one.get("event") == "login" for one in told]
        assert accepted == [action != "status"] * answers
        assert await answer(socket, request)  # the rule has struck, and is spent
    assert rule.struck == 1
