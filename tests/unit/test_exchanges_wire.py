"""What really leaves for each of the six venues: one request, our exact numbers, our name, a stop that rests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from engine.clock import SystemClock
from engine.core.errors import OutcomeUnknown, Rejected
from engine.core.ids import IntentId, Symbol, client_order_id
from engine.core.model import OrderRequest, OrderType, Side
from engine.core.money import Price, Quantity
from engine.exchanges import exact
from engine.exchanges.budget import Allowance, Budget
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.client import Gate, private_client
from engine.exchanges.codes import CODES
from engine.exchanges.credentials import Credentials
from engine.exchanges.dialects import DIALECTS, dialect_of
from engine.exchanges.refusals import CAUGHT, meaning_of_act
from engine.exchanges.venues import VENUES, row_of
from engine.exchanges.wire import Attempt, Repeated, Wire, attempt

# base64, since Kraken's secrets are; what it says is 'test-secret'
KEY = Credentials("test-key", "dGVzdC1zZWNyZXQ=", "test-passphrase")
BTC = Symbol("BTC/USDT")
NAME = client_order_id(IntentId("one"))
SMALL = Quantity(Decimal("0.00001"))
PRICE = Price(Decimal("61234.56"))


@dataclass
class Recorder:
    """A venue that writes down what arrives and understands nothing."""

    url: str = ""
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        sent: Any = dict(parse_qsl(request.query_string))
        if body.startswith(("{", "[")):
            parsed = json.loads(body)
            sent |= parsed[0] if isinstance(parsed, list) else parsed
        else:
            sent |= dict(parse_qsl(body))
        self.seen.append((request.method, request.path, sent))
        return web.json_response({"nothing": "here"}, status=self.status, headers=self.headers)


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    recorder = Recorder()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    recorder.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield recorder
    finally:
        await runner.cleanup()


def client_of(venue: str, rest: str) -> Any:
    client = private_client(row_of(venue), dialect_of(venue).options, KEY, rest, "")
    dash = "BTC-USDT" if venue in ("okx", "kucoin", "bingx") else "BTCUSDT"
    market = {
        "id": dash, "symbol": BTC, "base": "BTC", "quote": "USDT", "baseId": "BTC", "quoteId": "USDT",
        "type": "spot", "spot": True, "swap": False, "future": False, "option": False, "contract": False,
        "active": True, "precision": {"amount": "0.00001", "price": "0.01"},
        "limits": {"amount": {"min": "0.00001"}, "price": {}, "cost": {"min": "5"}},
        "info": {"orderTypes": ["LIMIT", "MARKET", "STOP_LOSS"]},
    }  # fmt: skip
    client.set_markets([market])
    client.enableRateLimit = False
    return client


def request_of(kind: OrderType, side: Side) -> OrderRequest:
    return OrderRequest(
        NAME, BTC, side, kind, SMALL,
        PRICE if kind is OrderType.LIMIT else None,
        PRICE if kind is OrderType.STOP else None,
    )  # fmt: skip


async def sent_by(venue: str, request: OrderRequest) -> dict[str, str]:
    """The parameters of the one request that it takes."""
    async with recording() as recorder:
        client = client_of(venue, recorder.url)
        Wire(client, Budget(Allowance(100, 60), SystemClock()), Gate(SystemClock()), again=False)
        exact.check(client, request)
        with attempt(acts=True) as sending:
            try:
                await dialect_of(venue).place(client, request)
            except CAUGHT:
                assert sending.sent
        await client.close()
    assert [method for method, _, _ in recorder.seen] == ["POST"]
    return recorder.seen[0][2]


NAMES = {
    "binance": ("newClientOrderId", "quantity", "price"),
    "bybit": ("orderLinkId", "qty", "price"),
    "okx": ("clOrdId", "sz", "px"),
    "kraken": ("cl_ord_id", "volume", "price"),
    "kucoin": ("clientOid", "size", "price"),
    "bingx": ("newClientOrderId", "quantity", "price"),
}
BY_BASE: dict[str, dict[str, Any]] = {"bybit": {"marketUnit": "baseCoin"}, "okx": {"tgtCcy": "base_ccy"}}
RESTING: dict[str, dict[str, Any]] = {
    "binance": {"type": "STOP_LOSS", "stopPrice": "61234.56", "newClientOrderId": NAME},
    "bybit": {
        "orderFilter": "tpslOrder",
        "orderType": "Market",
        "triggerPrice": "61234.56",
        "triggerDirection": 2,
    },
    "okx": {
        "ordType": "conditional",
        "slTriggerPx": "61234.56",
        "slOrdPx": "-1",
        "tdMode": "cash",
        "algoClOrdId": NAME,
    },
    "kraken": {"ordertype": "stop-loss", "price": "61234.56", "cl_ord_id": NAME, "oflags": "fciq"},
    "kucoin": {"type": "market", "stop": "loss", "stopPrice": "61234.56", "clientOid": NAME},
    "bingx": {"type": "TAKE_STOP_MARKET", "stopPrice": "61234.56", "newClientOrderId": NAME},
}


def test_every_venue_has_its_dialect_and_its_codes() -> None:
    assert set(DIALECTS) == set(VENUES) == set(CODES) == set(NAMES)


@pytest.mark.parametrize("venue", NAMES)
async def test_a_limit_order_leaves_with_exactly_our_numbers(venue: str) -> None:
    name, quantity, price = NAMES[venue]
    sent = await sent_by(venue, request_of(OrderType.LIMIT, Side.SELL))
    assert (sent[name], sent[quantity], sent[price]) == (NAME, "0.00001", "61234.56")


@pytest.mark.parametrize("venue", NAMES)
@pytest.mark.parametrize("kind", OrderType)
async def test_a6_no_order_asks_for_leverage_or_may_borrow(venue: str, kind: OrderType) -> None:
    sent = await sent_by(venue, request_of(kind, Side.SELL))
    assert not {"isLeverage", "leverage", "sideEffectType", "autoBorrow", "marginModel"} & set(sent)
    assert sent.get("tdMode") == ("cash" if venue == "okx" else None)


@pytest.mark.parametrize("venue", NAMES)
async def test_a_market_buy_is_by_base_quantity(venue: str) -> None:
    name, quantity, _ = NAMES[venue]
    sent = await sent_by(venue, request_of(OrderType.MARKET, Side.BUY))
    assert (sent[name], sent[quantity]) == (NAME, "0.00001")
    assert not {"quoteOrderQty", "funds", "price", "px"} & set(sent)
    assert sent.items() >= BY_BASE.get(venue, {}).items()


@pytest.mark.parametrize("venue", NAMES)
async def test_s9_a_stop_rests_at_the_venue_and_sells_at_market(venue: str) -> None:
    sent = await sent_by(venue, request_of(OrderType.STOP, Side.SELL))
    assert sent[NAMES[venue][1]] == "0.00001"
    assert sent.items() >= RESTING[venue].items()


def test_our_names_fit_every_venue() -> None:
    """Kraken: 18 characters; OKX: letters and digits, 32; Binance and Bybit: 36; KuCoin and BingX: 40."""
    names = [client_order_id(IntentId(str(number))) for number in range(1000)]
    assert all(name.isascii() and name.isalnum() and len(name) <= 18 for name in names)


def test_a_time_that_is_refused_is_a_refusal_everywhere() -> None:
    for venue, codes in CODES.items():
        for code in codes.clock:
            body = {"code": code, "msg": "timestamp"} | ({"error": [code]} if venue == "kraken" else {})
            refused = Attempt(acts=True, sent=True, status=200, body=json.dumps(body))
            assert isinstance(meaning_of_act(Exception("x"), venue, refused), Rejected), (venue, code)
        assert not codes.duplicate & (set(codes.refused) | codes.missing), venue
        assert not codes.key & set(codes.refused), venue


@pytest.mark.parametrize("quantity", ["0.000015", "0.000001"])
def test_a_number_that_would_be_cut_is_not_sent(quantity: str) -> None:
    request = OrderRequest(NAME, BTC, Side.BUY, OrderType.MARKET, Quantity(Decimal(quantity)))
    with pytest.raises((Rejected, *CAUGHT)):
        exact.check(client_of("binance", "http://127.0.0.1:1"), request)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_o3_a_redirect_is_not_followed(status: int) -> None:
    async with recording() as recorder:
        recorder.status, recorder.headers = status, {"Location": f"{recorder.url}/elsewhere"}
        client = client_of("binance", recorder.url)
        Wire(client, Budget(Allowance(100, 60), SystemClock()), Gate(SystemClock()), again=False)
        with attempt(acts=True), pytest.raises(CAUGHT):
            await dialect_of("binance").place(client, request_of(OrderType.MARKET, Side.BUY))
        await client.close()
        assert len(recorder.seen) == 1


async def test_o3_a_call_that_acts_sends_one_request() -> None:
    async with recording() as recorder:
        client = client_of("binance", recorder.url)
        Wire(client, Budget(Allowance(100, 60), SystemClock()), Gate(SystemClock()), again=False)
        with attempt(acts=True):
            await client.fetch(f"{recorder.url}/act", "POST")
            with pytest.raises(Repeated):
                await client.fetch(f"{recorder.url}/act", "POST")
        await client.close()
        assert len(recorder.seen) == 1


class Noted(Budget):
    """Writes down what was left when each request left."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(allowance, SystemClock())
        self.lefts: list[int] = []

    def sent(self, url: str) -> None:
        self.lefts.append(self.left)
        super().sent(url)


async def test_m11_questions_of_one_call_wait_for_room_and_what_acts_does_not() -> None:
    async with recording() as recorder:
        client, budget = client_of("binance", recorder.url), Noted(Allowance(2, 0.3))
        Wire(client, budget, Gate(SystemClock()), again=False)
        with attempt(acts=False):
            for _ in range(5):
                await client.fetch(f"{recorder.url}/ask", "GET")
        assert min(budget.lefts) == 1
        with attempt(acts=True):
            budget.spend(2)
            await client.fetch(f"{recorder.url}/act", "POST")
        await client.close()
        assert (budget.lefts[-1], len(recorder.seen)) == (0, 6)


async def test_an_answer_without_an_order_id_is_unknown_and_rounding_stays_ours() -> None:
    getcontext().rounding = ROUND_HALF_EVEN
    async with recording() as recorder:
        exchange = CcxtExchange("binance", SystemClock(), KEY, recorder.url)
        market = client_of("binance", recorder.url).markets[BTC]
        exchange.learn([market])
        with pytest.raises(OutcomeUnknown):
            await exchange.submit(request_of(OrderType.MARKET, Side.BUY))
        await exchange.close()
        assert len(recorder.seen) == 1
    assert getcontext().rounding == ROUND_HALF_EVEN


def test_law_14_credentials_show_nothing() -> None:
    assert "test-key" not in repr(KEY)
    assert "secret" not in f"{KEY}"


@pytest.mark.parametrize("venue", ["kucoin", "bybit"])
async def test_executions_of_an_order_are_asked_for_by_the_largest_page(venue: str) -> None:
    """By default KuCoin tells the newest 20 and Bybit the newest 50: an order that swept a book has more."""
    dialect = dialect_of(venue)
    async with recording() as recorder:
        client = client_of(venue, recorder.url)
        try:
            with suppress(*CAUGHT):
                await dialect.trades_of(client, {"id": "7"}, BTC)
        finally:
            await client.close()
    assert [sent["limit"] for _, _, sent in recorder.seen] == ["100"]
