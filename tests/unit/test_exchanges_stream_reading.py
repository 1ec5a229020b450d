"""What Bybit and OKX tell by stream, read without a venue: messages that the sandbox does not send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.exchanges.client import private_client
from engine.exchanges.credentials import Credentials
from engine.exchanges.dialects import dialect_of
from engine.exchanges.dialects.base import Raw
from engine.exchanges.dialects.watching import Watching, Yes
from engine.exchanges.venues import row_of

NOWHERE = "127.0.0.1:9"
BYBIT_ORDER = {
    "category": "spot",
    "symbol": "BTCUSDT",
    "orderId": "7",
    "orderLinkId": "pdone",
    "side": "Buy",
    "orderType": "Limit",
    "orderStatus": "New",
    "price": "50000",
    "qty": "0.1",
    "cumExecQty": "0",
    "createdTime": "1700000000000",
    "updatedTime": "1700000000000",
}
BYBIT_EXECUTION = {
    "category": "spot",
    "symbol": "BTCUSDT",
    "orderId": "7",
    "orderLinkId": "pdone",
    "side": "Buy",
    "execType": "Trade",
    "execId": "21",
    "execPrice": "50000",
    "execQty": "0.1",
    "execFee": "0.0001",
    "execTime": "1700000000000",
    "isMaker": False,
}
OKX_ORDER = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "ordId": "7",
    "clOrdId": "pdone",
    "side": "buy",
    "ordType": "limit",
    "state": "partially_filled",
    "px": "50000",
    "sz": "0.2",
    "accFillSz": "0.1",
    "tradeId": "21",
    "fillPx": "50000",
    "fillSz": "0.1",
    "fillTime": "1700000000000",
    "fillFee": "-0.0001",
    "fillFeeCcy": "BTC",
    "execType": "T",
    "fee": "-0.0003",
    "feeCcy": "BTC",
    "cTime": "1700000000000",
    "uTime": "1700000000000",
}


class Heard:
    """What a dialect handed on of the messages that it was told."""

    def __init__(self, client: Any) -> None:
        self.orders: list[Raw] = []
        self.trades: list[Raw] = []
        self._client = client

    def hear(self, order: Raw | None, trade: Raw | None) -> None:
        self.orders += [order] if order else []
        self.trades += [trade] if trade else []

    def tell(self, message: Any) -> None:
        self._client.handle_message(None, message)


@asynccontextmanager
async def told_by(venue: str) -> AsyncIterator[Heard]:
    """A stream that is being opened, with nobody at its other end."""
    row, dialect = row_of(venue), dialect_of(venue)
    credentials = Credentials("test-key", "test-secret", "test-passphrase")
    client = private_client(row, dialect.options, credentials, f"http://{NOWHERE}", f"ws://{NOWHERE}")
    client.set_markets([_market(client, venue)])
    heard, watching = Heard(client), Watching()
    opening = asyncio.create_task(dialect.open_stream(client, heard.hear, watching))
    await asyncio.sleep(0)
    yield heard
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    await watching.close()
    await client.close()


def _market(client: Any, venue: str) -> Any:
    number = "BTC-USDT" if venue == "okx" else "BTCUSDT"
    kind = {"type": "spot", "spot": True, "contract": False}
    named = {"id": number, "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "baseId": "BTC"}
    return client.safe_market_structure({**named, "quoteId": "USDT", **kind})


def bybit(topic: str, **changes: Any) -> Any:
    row = BYBIT_ORDER if topic == "order" else BYBIT_EXECUTION
    return {"topic": topic, "data": [{**row, **changes}]}


def okx(channel: str = "orders", **changes: Any) -> Any:
    return {"arg": {"channel": channel, "instType": "SPOT"}, "data": [{**OKX_ORDER, **changes}]}


async def test_bybit_other_products_of_the_account_are_left_out() -> None:
    async with told_by("bybit") as heard:
        for category in ("linear", "inverse", "option"):
            heard.tell(bybit("order", category=category))
            heard.tell(bybit("execution", category=category))
        assert (heard.orders, heard.trades) == ([], [])


async def test_bybit_a_spot_order_is_one_even_with_a_field_of_contracts() -> None:
    """ccxt takes an order with tpslMode for a contract's, and finds ours since no contracts are loaded."""
    async with told_by("bybit") as heard:
        heard.tell(bybit("order", tpslMode=""))
        assert [order["symbol"] for order in heard.orders] == ["BTC/USDT"]


async def test_bybit_what_is_no_trade_is_no_fill() -> None:
    async with told_by("bybit") as heard:
        heard.tell(bybit("execution", execType="Funding"))
        assert heard.trades == []


@pytest.mark.parametrize(
    ("named", "coin"),
    [({"feeCoin": "MNT"}, "MNT"), ({"feeCurrency": "MNT"}, "MNT"), ({"feeCurrency": ""}, "BTC"), ({}, "BTC")],
)
async def test_bybit_the_coin_of_a_fee_is_the_one_that_is_named(named: dict[str, str], coin: str) -> None:
    """Where none is named it is the coin that was received."""
    async with told_by("bybit") as heard:
        heard.tell(bybit("execution", **named))
        (trade,) = heard.trades
        assert (trade["fee"]["currency"], trade["fee"]["cost"]) == (coin, "0.0001")
        assert [fee["currency"] for fee in trade["fees"]] == [coin]


async def test_okx_a_fill_has_its_own_fee_not_the_orders_and_a_charge_is_above_zero() -> None:
    async with told_by("okx") as heard:
        heard.tell(okx())
        (trade,) = heard.trades
        assert (trade["id"], trade["amount"], trade["timestamp"]) == ("21", "0.1", 1_700_000_000_000)
        assert (trade["fee"]["cost"], trade["fee"]["currency"]) == ("0.0001", "BTC")
        assert heard.orders[0]["filled"] == "0.1"


@pytest.mark.parametrize("nothing", [{"tradeId": ""}, {"fillSz": "0"}, {"fillSz": ""}])
async def test_okx_a_change_without_a_fill_is_an_order_only(nothing: dict[str, str]) -> None:
    """Such as a cancel, which may still name the last trade."""
    async with told_by("okx") as heard:
        heard.tell(okx(state="canceled", **nothing))
        assert heard.trades == []
        assert [order["status"] for order in heard.orders] == ["canceled"]


@pytest.mark.parametrize(
    ("state", "told"), [("live", ["open"]), ("canceled", ["canceled"]), ("order_failed", ["canceled"]),
                        ("effective", []), ("partially_effective", [])],
)  # fmt: skip
async def test_okx_a_stop_that_became_an_order_is_told_of_as_that_order(state: str, told: list[str]) -> None:
    stop = {"algoId": "9", "algoClOrdId": "pdstop", "clOrdId": "", "tradeId": "", "accFillSz": None}
    async with told_by("okx") as heard:
        heard.tell(okx("orders-algo", state=state, **stop))
        assert [order["status"] for order in heard.orders] == told
        assert {dialect_of("okx").name_in_order(order) for order in heard.orders} <= {"pdstop"}


# ── what keeps a stream open ──────────────────────────────────────────────────────────────


async def test_an_answer_that_comes_twice_counts_once() -> None:
    yes = Yes(2)
    yes.said("1")
    yes.said("1")
    waiting = asyncio.create_task(yes.to_all())
    await asyncio.sleep(0)
    assert not waiting.done()
    yes.said(2)
    await asyncio.wait_for(waiting, 1)


async def test_what_breaks_before_the_yes_is_raised_and_nobody_waits_on() -> None:
    async def breaks() -> None:
        raise ConnectionError("gone")

    watching = Watching()
    watching.begin(breaks())
    with pytest.raises(ConnectionError, match="gone"):
        await watching.until(asyncio.Event().wait())
    await watching.close()


async def test_the_first_of_two_calls_that_ends_is_the_end() -> None:
    ended = asyncio.Event()
    watching = Watching()
    watching.begin(asyncio.Event().wait())
    watching.begin(ended.wait())
    await watching.until(asyncio.sleep(0))
    end = asyncio.create_task(watching.broken())
    await asyncio.sleep(0)
    assert not end.done()
    ended.set()
    await asyncio.wait_for(end, 1)
    await watching.close()
