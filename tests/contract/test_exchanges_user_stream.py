"""The user streams of the live adapter, with unmodified ccxt.pro, against the three dialects of the sandbox venue."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.errors import Unavailable
from engine.core.model import Fill, OrderRequest, Side, VenueStatus
from engine.exchanges import user_stream
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.credentials import Credentials
from engine.ports import Exchange
from tests.contract.exchange_ears import Ears, listening
from tests.contract.exchange_venue import BTC, CREDENTIALS, START, LiveUnderTest, live
from tests.contract.test_exchanges import an_order, ended
from tests.support.whole_desk import eventually

VENUES = ("binance", "bybit", "okx")
BUY = an_order(Side.BUY, "0.1", name="buy")
STOP = an_order(Side.SELL, "0.3", stop="45000", name="stop")
OPENING = {
    "binance": ("connect /ws-api/v3", "ws-api userDataStream.subscribe.signature"),
    "bybit": ("connect /v5/private", "sign-in", "subscribe"),
    "okx": ("connect /ws/v5/private", "connect /ws/v5/business", "sign-in", "subscribe"),
}
FEES: dict[str, dict[str, str]] = {
    "BTC": {"taken_in": "base"},
    "USDT": {"taken_in": "quote"},
    "BNB": {"coin": "BNB"},
}


# ── what is told ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("coin", FEES)
@pytest.mark.parametrize("name", VENUES)
async def test_law3_a_fill_is_the_same_by_stream_and_by_question(name: str, coin: str) -> None:
    """To the last field: its id, time, price, and its fee in base, quote or a third coin."""
    async with live(name, third_coin=True) as venue, listening(venue) as ears:
        venue.running.do("fees", **FEES[coin])
        await _trade_of_each_kind(venue)
        asked = await venue.exchange.fills([BTC], START)
        assert await ears.all_of(asked) == {fill.id: fill for fill in asked}
        assert {fee.coin for fill in asked for fee in fill.fees} == {coin}
        assert all(fee.amount > 0 for fill in asked for fee in fill.fees)
        with_orders = [await _fills_with(venue.exchange, order) for order in (BUY, STOP)]
        assert {fill.id for fills in with_orders for fill in fills} <= {fill.id for fill in asked}
        assert all(fill in asked for fills in with_orders for fill in fills)


async def _trade_of_each_kind(venue: LiveUnderTest) -> None:
    """A taker's, a maker's and a triggered stop's."""
    await venue.exchange.submit(BUY)
    resting = an_order(Side.BUY, "0.01", price="44000", name="resting")
    await venue.exchange.submit(resting)
    await venue.exchange.submit(STOP)
    await venue.price(Decimal(43900))
    for order in (BUY, resting, STOP):
        assert await ended(venue.exchange, order.client_order_id) is VenueStatus.FILLED


async def _fills_with(exchange: Exchange, order: OrderRequest) -> tuple[Fill, ...]:
    """Those that an order carries when it is asked for."""
    report = await exchange.order(order.client_order_id, BTC)
    assert report is not None
    assert sum(fill.quantity for fill in report.fills) == report.filled == order.quantity
    return report.fills


@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_is_told_of_by_our_name_from_its_first_state_to_its_last(name: str) -> None:
    async with live(name) as venue, listening(venue) as ears:
        await venue.exchange.submit(STOP)
        await venue.price(Decimal(44000))

        async def filled() -> bool:
            return bool(ears.orders) and ears.orders[-1].report.status is VenueStatus.FILLED

        await eventually(filled, "the stop to be filled")
        reports = [one.report for one in ears.orders]
        assert {report.client_order_id for report in reports} == {STOP.client_order_id}
        assert {report.status for report in reports} == {VenueStatus.OPEN, VenueStatus.FILLED}
        assert (reports[0].status, reports[-1].filled) == (VenueStatus.OPEN, STOP.quantity)


@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_has_woken_is_not_filled_yet(name: str) -> None:
    """OKX calls one 'effective' that has become another order, which ccxt takes for filled."""
    async with live(name) as venue, listening(venue) as ears:
        venue.running.do("hold", share=0.4)
        await venue.exchange.submit(STOP)
        await venue.price(Decimal(44000))
        await ears.all_of(await venue.exchange.fills([BTC], START))

        async def told() -> bool:
            return ears.orders[-1].report.filled == STOP.quantity * Decimal("0.4")

        await eventually(told, "the part that is filled")
        assert {one.report.status for one in ears.orders} == {VenueStatus.OPEN}


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("stop", [None, "45000"], ids=["plain", "stop"])
async def test_a_cancelled_order_is_told_of(name: str, stop: str | None) -> None:
    order = an_order(Side.SELL, "0.1", price=None if stop else "60000", stop=stop)
    async with live(name) as venue, listening(venue) as ears:
        await venue.exchange.submit(order)
        await venue.exchange.cancel(order.client_order_id, BTC)

        async def cancelled() -> bool:
            return bool(ears.orders) and ears.orders[-1].report.status is VenueStatus.CANCELLED

        await eventually(cancelled, "the order to be cancelled")
        assert ears.fills == []


@pytest.mark.parametrize("name", VENUES)
async def test_law4_the_owners_own_orders_are_not_told_of(name: str) -> None:
    async with live(name) as venue, listening(venue) as ears:
        for client_id in ("mine1", None):
            named = {} if client_id is None else {"client_id": client_id}
            venue.running.do("order", instrument=BTC, side="BUY", type="MARKET", quantity="0.01", **named)
        await venue.exchange.submit(BUY)
        asked = [one for one in await venue.exchange.fills([BTC], START) if one.client_order_id]
        await ears.all_of(asked)
        names = {one.report.client_order_id for one in ears.orders} | {f.client_order_id for f in ears.fills}
        assert names == {BUY.client_order_id}


# ── faults of the stream ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("action", ["duplicate", "reorder", "delay"])
@pytest.mark.parametrize("name", VENUES)
async def test_o17_what_is_told_twice_late_or_out_of_order_is_the_same_in_the_end(
    name: str, action: str
) -> None:
    async with live(name) as venue, listening(venue) as ears:
        strange = venue.running.fault("user *", action, probability=0.5, seconds=0.05)
        for number in range(6):
            await venue.exchange.submit(an_order(Side.BUY, "0.01", name=f"order {number}"))
        venue.running.do("clear")
        await venue.exchange.submit(an_order(Side.BUY, "0.01", name="last"))
        asked = await venue.exchange.fills([BTC], START)
        assert await ears.all_of(asked) == {fill.id: fill for fill in asked}
        assert strange.struck > 0
        _every_order_ended_filled(ears, 7)


def _every_order_ended_filled(ears: Ears, count: int) -> None:
    """Whatever came last: the most that was ever told of an order is its end."""
    most: dict[str, Decimal] = {}
    for one in ears.orders:
        name, filled = one.report.client_order_id, one.report.filled
        most[name] = max(most.get(name, Decimal(0)), filled)
    assert list(most.values()) == [Decimal("0.01")] * count


@pytest.mark.parametrize("action", ["drop", "hang", "garbage", "silence"])
@pytest.mark.parametrize(("name", "target"), [(name, one) for name in VENUES for one in OPENING[name]])
async def test_m1_a_stream_that_does_not_open_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, target: str, action: str
) -> None:
    monkeypatch.setattr(user_stream, "OPEN_WITHIN", 0.5)
    async with live(name) as venue:
        venue.running.fault(target, action)
        async with listening(venue, signed_in=False) as ears:
            assert "can't be opened" in await ears.broke()


@pytest.mark.parametrize(
    ("action", "words"),
    [("drop", "broke"), ("garbage", "user stream"), ("truncated", "user stream"), ("silence", "silent")],
)
@pytest.mark.parametrize("name", VENUES)
async def test_m1_a_stream_that_breaks_or_falls_silent_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, action: str, words: str
) -> None:
    monkeypatch.setattr(user_stream, "ECHO_WITHIN", 0.5)
    monkeypatch.setattr(user_stream, "PING_EVERY_MS", 300)
    async with live(name) as venue, listening(venue) as ears:
        venue.running.fault("user *", action)
        await venue.exchange.submit(BUY)
        assert words in await ears.broke()


@pytest.mark.parametrize("name", ["bybit", "okx"])
async def test_m1_a_stream_whose_pings_go_unanswered_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Binance's pings are the protocol's own, which the venue's library answers by itself."""
    monkeypatch.setattr(user_stream, "PING_EVERY_MS", 100)
    async with live(name) as venue, listening(venue) as ears:
        venue.running.fault("ping", "silence")
        assert "broke" in await ears.broke()


@pytest.mark.parametrize(("action", "words"), [("silence", "silent"), ("drop", "broke")])
async def test_m1_okx_where_stops_alone_are_not_told_of_the_stream_ends(
    monkeypatch: pytest.MonkeyPatch, action: str, words: str
) -> None:
    """They come on a connection of their own, which may be the only one that is deaf or gone."""
    monkeypatch.setattr(user_stream, "ECHO_WITHIN", 0.5)
    async with live("okx") as venue, listening(venue) as ears:
        venue.running.fault("user orders-algo", action)
        await venue.exchange.submit(BUY)
        await ears.all_of(await venue.exchange.fills([BTC], START))
        await venue.exchange.submit(STOP)
        assert words in await ears.broke()


@pytest.mark.parametrize("name", VENUES)
async def test_after_a_cut_the_stream_can_be_opened_anew(name: str) -> None:
    async with live(name) as venue:
        async with listening(venue) as ears:
            cut = venue.running.fault("user *", "cut", times=1)
            await venue.exchange.submit(BUY)
            assert "broke" in await ears.broke()
            assert cut.struck == 1
        async with listening(venue) as ears:
            await venue.exchange.submit(STOP)

            async def told() -> bool:
                return bool(ears.orders)

            await eventually(told, "the stop")


@pytest.mark.parametrize(("name", "code"), [("bybit", 10005), ("okx", 60018)])
async def test_m1_a_subscription_that_is_refused_is_told_at_once(name: str, code: int) -> None:
    """In the venue's words, not by the time limit."""
    async with live(name) as venue:
        venue.running.fault("subscribe", "status", code=code, text="not for you")
        async with listening(venue, signed_in=False) as ears:
            words = await ears.broke()
        assert "can't be opened" in words
        assert "not for you" in words


@pytest.mark.parametrize("minutes", [-2, 2])
@pytest.mark.parametrize("name", VENUES)
async def test_a5_with_a_clock_that_is_off_the_stream_opens_by_the_venues_time(
    monkeypatch: pytest.MonkeyPatch, name: str, minutes: int
) -> None:
    monkeypatch.setattr(user_stream, "PING_EVERY_MS", 100)
    async with live(name) as venue:
        await venue.exchange.open_orders([BTC])
        venue.running.do("clock", offset_ms=minutes * 60_000)
        await venue.exchange.balances()  # is refused, and our clock is set
        async with listening(venue) as ears:
            await asyncio.sleep(0.5)  # pings are measured by our own clock
            await venue.exchange.submit(BUY)
            await ears.all_of(await venue.exchange.fills([BTC], START))


@pytest.mark.parametrize(
    ("name", "credentials"),
    [
        *((name, Credentials(CREDENTIALS.api_key, "another-secret", "test-passphrase")) for name in VENUES),
        *((name, Credentials("another-key", CREDENTIALS.secret, "test-passphrase")) for name in VENUES),
        ("okx", Credentials(CREDENTIALS.api_key, CREDENTIALS.secret, "another-passphrase")),
    ],
)
async def test_a4_a_stream_that_refuses_the_key_is_told_at_once(name: str, credentials: Credentials) -> None:
    async with live(name) as venue:
        exchange = _with(credentials, venue, name)
        with pytest.raises(Unavailable, match="can't be opened") as caught:
            await anext(exchange.reports())
        words = str(caught.value)
        assert "TimeoutError" not in words
        assert credentials.secret not in words
        await exchange.close()


def _with(credentials: Credentials, venue: LiveUnderTest, name: str) -> CcxtExchange:
    rest = venue.running.base_url
    return CcxtExchange(name, SystemClock(), credentials, rest, rest.replace("http", "ws", 1))


async def test_a_venue_without_a_tried_stream_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with live("binance") as venue:
        monkeypatch.setattr(venue.adapter._dialect, "streams", False)
        reports: Any = venue.exchange.reports()
        with pytest.raises(Unavailable, match="asked at short intervals"):
            await anext(reports)
