"""Kraken, KuCoin and BingX through unmodified ccxt against their stand-ins: what only they do, and every fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.errors import KeyRefused, KeyRejected, OutcomeUnknown, Rejected, Unavailable
from engine.core.ids import NOT_OURS, IntentId, client_order_id
from engine.core.model import Side, VenueStatus
from engine.exchanges.budget import Allowance
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.dialects.kraken import Kraken
from tests.contract import test_exchanges_faults as faults
from tests.contract.exchange_venue import BTC, CREDENTIALS, START, LiveUnderTest, live
from tests.contract.test_exchanges import an_order, ended
from tests.support.standins import bingx_rest, kucoin_rest
from tests.support.standins.running import STAND_INS

VENUES = tuple(STAND_INS)
ORDER = faults.ORDER
RESTING = an_order(Side.BUY, "0.01", price="40000", name="resting")
STOP = an_order(Side.SELL, "0.5", stop="45000", name="stop")
LOST = {
    name: faults.LOST[name] for name in ("drop", "hang", "garbage", "truncated", "401", "404", "429", "503")
}
UNSURE = {
    "kraken": ("EService:Busy", "EGeneral:Internal error", "EAPI:Rate limit exceeded", "EOrder:unheard of"),
    "kucoin": ("400100", "500000", "429000"),
    "bingx": ("100400", "100410", "100421", "100500", "80012"),
}
CERTAIN = {
    "kraken": ("EOrder:Insufficient funds", "EOrder:Order minimum not met", "EOrder:Invalid price"),
    "kucoin": ("200004", "300000", "900001"),
    "bingx": ("100202", "101400", "100490"),
}
KEY = {
    "kraken": ("EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied"),
    "kucoin": ("400003", "400005", "400006", "400007"),
    "bingx": ("100413", "100001", "100419"),
}


def each(table: Mapping[str, tuple[str, ...]]) -> list[Any]:
    return [pytest.param(venue, code, id=f"{venue} {code}") for venue in VENUES for code in table[venue]]


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[LiveUnderTest]:
    async with faults.ready(request.param) as under_test:
        yield under_test


@asynccontextmanager
async def restarted(venue: LiveUnderTest, name: str) -> AsyncIterator[CcxtExchange]:
    """Another adapter for the same account, which remembers nothing."""
    exchange = CcxtExchange(name, SystemClock(), CREDENTIALS, venue.running.base_url)
    exchange._calls.reads.enableRateLimit = False
    try:
        yield exchange
    finally:
        await exchange.close()


# ── found by name ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", VENUES)
async def test_after_a_restart_every_order_is_found_by_its_name(name: str) -> None:
    cancelled = an_order(Side.BUY, "0.02", price="41000", name="cancelled")
    async with live(name) as venue:
        for order in (ORDER, RESTING, STOP, cancelled):
            await venue.exchange.submit(order)
        await venue.exchange.cancel(cancelled.client_order_id, BTC)
        async with restarted(venue, name) as exchange:
            found = [
                await exchange.order(one.client_order_id, BTC) for one in (ORDER, RESTING, STOP, cancelled)
            ]
            assert [one and one.status for one in found] == [
                VenueStatus.FILLED,
                VenueStatus.OPEN,
                VenueStatus.OPEN,
                VenueStatus.CANCELLED,
            ]
            assert [one and one.quantity for one in found] == [
                one.quantity for one in (ORDER, RESTING, STOP, cancelled)
            ]
            assert found[0] is not None
            assert sum(fill.quantity for fill in found[0].fills) == ORDER.quantity
            assert await exchange.order(client_order_id(IntentId("never")), BTC) is None
            names = {one.client_order_id for one in await exchange.open_orders([BTC])}
            assert names == {RESTING.client_order_id, STOP.client_order_id}
            fills = await exchange.fills([BTC], START)
            assert {fill.client_order_id for fill in fills} == {ORDER.client_order_id}


@pytest.mark.parametrize("name", VENUES)
async def test_after_a_restart_stops_and_orders_are_cancelled_by_their_names(name: str) -> None:
    async with live(name) as venue:
        await venue.exchange.submit(RESTING)
        await venue.exchange.submit(STOP)
        async with restarted(venue, name) as exchange:
            for order in (STOP, RESTING):
                await exchange.cancel(order.client_order_id, BTC)
                assert await ended(exchange, order.client_order_id) is VenueStatus.CANCELLED
                with pytest.raises(Rejected):
                    await exchange.cancel(order.client_order_id, BTC)
            assert await exchange.open_orders([BTC]) == []


async def test_law4_orders_of_the_owner_keep_their_names_or_none(venue: LiveUnderTest) -> None:
    for client_id in ("mine1", None):
        named = {} if client_id is None else {"client_id": client_id}
        for price in ({"type": "MARKET"}, {"type": "LIMIT", "price": "40000"}):
            venue.running.do("order", instrument=BTC, side="BUY", quantity="0.01", **price, **named)
    await venue.exchange.submit(ORDER)
    told = [fill.client_order_id for fill in await venue.exchange.fills([BTC], START)]
    assert set(told) == {ORDER.client_order_id, NOT_OURS}
    assert told.count(NOT_OURS) == 2, "what he did himself is told without a name (A15)"
    names = [one.client_order_id for one in await venue.exchange.open_orders([BTC])]
    assert len(names) == 2
    assert "mine1" in names
    assert not any(name.startswith("pd") for name in names)


# ── what only one of them does ────────────────────────────────────────────────────────────


async def test_bingx_forgets_a_name_after_two_hours_and_the_stop_is_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with live("bingx") as venue:
        await venue.exchange.submit(STOP)
        await venue.exchange.submit(RESTING)
        venue.running.do("order", instrument=BTC, side="BUY", type="LIMIT", price="40000", quantity="0.01")
        monkeypatch.setattr(bingx_rest, "NAMED_FOR_MS", -1)
        async with restarted(venue, "bingx") as exchange:
            report = await exchange.order(STOP.client_order_id, BTC)
            assert report is not None
            assert report.status is VenueStatus.OPEN
            await exchange.cancel(RESTING.client_order_id, BTC)
            assert await ended(exchange, RESTING.client_order_id) is VenueStatus.CANCELLED
            assert await exchange.order(client_order_id(IntentId("never")), BTC) is None


async def test_bingx_says_that_there_is_no_order_in_several_ways() -> None:
    name = client_order_id(IntentId("never"))
    async with live("bingx") as venue:
        for code in (100400, 80016, 109421):
            rule = venue.running.fault("ask", "status", code=code, text="order not exist", times=1)
            assert await venue.exchange.order(name, BTC) is None
            assert rule.struck == 1
        venue.running.fault("ask", "status", code=100400, text="symbol is wrong", times=1)
        with pytest.raises(Unavailable, match="symbol is wrong"):
            await venue.exchange.order(name, BTC)


@pytest.mark.parametrize("words", ["order not exist.", "order_not_exist", "The order does not exist."])
async def test_kucoin_says_that_there_is_no_order_in_several_ways(words: str) -> None:
    async with live("kucoin") as venue:
        rule = venue.running.fault("ask", "status", code="400100", text=words)
        assert await venue.exchange.order(client_order_id(IntentId("never")), BTC) is None
        assert rule.struck == 3
        rule.text = "anything else"
        with pytest.raises(Unavailable, match="anything else"):
            await venue.exchange.order(client_order_id(IntentId("never")), BTC)


@pytest.mark.parametrize("still_told", [True, False])
async def test_kucoin_a_stop_that_is_triggered_between_two_questions_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, still_told: bool
) -> None:
    async with live("kucoin") as venue:
        await venue.exchange.submit(STOP)
        if still_told:
            told = kucoin_rest._stop
            monkeypatch.setattr(kucoin_rest, "_stop", lambda order: {**told(order), "status": "TRIGGERED"})
            monkeypatch.setattr(kucoin_rest, "is_stop", _first_time(kucoin_rest.is_stop, 2))
        else:
            await venue.price(Decimal(44000))
            venue.running.fault("ask", "status", code="400100", text="order not exist.", times=1)
        report = await venue.exchange.order(STOP.client_order_id, BTC)
        assert report is not None
        assert report.status is (VenueStatus.OPEN if still_told else VenueStatus.FILLED)


def _first_time(is_stop: Any, questions: int) -> Any:
    """It is told of as a stop for so many questions, and then as the order that it became."""
    left = [questions]

    def told(order: Any) -> bool:
        left[0] -= 1
        return bool(is_stop(order)) and left[0] >= 0

    return told


async def test_kucoin_an_execution_of_an_order_that_is_forgotten_is_not_ours() -> None:
    async with live("kucoin") as venue:
        await venue.exchange.submit(ORDER)
        async with restarted(venue, "kucoin") as exchange:
            venue.running.fault("ask", "status", code="400100", text="order not exist.")
            assert await exchange.fills([BTC], START) == []


async def test_kraken_tells_each_execution_of_an_order_that_took_several() -> None:
    """By default it would tell them as one."""
    order = an_order(Side.BUY, "800")
    async with live("kraken") as venue:
        venue.running.do("balance", coin="USDT", free="9000000")
        await venue.price(Decimal(5000))
        await venue.exchange.submit(order)
        report = await venue.exchange.order(order.client_order_id, BTC)
        assert report is not None
        assert len(report.fills) > 10
        assert sum(fill.quantity for fill in report.fills) == report.filled
        asked = await venue.exchange.fills([BTC], START)
        assert {fill.id for fill in asked} == {fill.id for fill in report.fills}


async def test_kraken_twenty_executions_of_one_order_can_be_asked_for() -> None:
    """ccxt asks for twenty at once and then, for what is left, for none."""
    async with live("kraken") as venue:
        await venue.exchange.submit(RESTING)
        holds = venue.running.venue.matching.holds
        for number in range(1, 21):
            await asyncio.sleep(0.005)  # in its first millisecond an order is not filled
            holds.release()
            holds.add(Decimal(number) / 20)
            await venue.price(Decimal(39000 + number))
        report = await venue.exchange.order(RESTING.client_order_id, BTC)
        assert report is not None
        assert len(report.fills) == 20
        assert sum(fill.quantity for fill in report.fills) == RESTING.quantity


async def test_kraken_a_part_filled_order_is_told_with_its_executions() -> None:
    async with live("kraken") as venue:
        venue.running.do("hold", share=0.4)
        await venue.exchange.submit(STOP)
        await venue.price(Decimal(44000))
        report = await venue.exchange.order(STOP.client_order_id, BTC)
        assert report is not None
        assert report.status is VenueStatus.OPEN
        assert sum(fill.quantity for fill in report.fills) == report.filled == STOP.quantity * Decimal("0.4")


async def test_m11_kraken_a_limit_of_questions_holds_back_no_order() -> None:
    """They have a limiter of their own: an exit that waits for what was over with questions is a loss for nothing."""
    async with live("kraken") as venue:
        await venue.exchange.submit(RESTING)
        venue.running.fault("balance", "status", code="EAPI:Rate limit exceeded", times=1)
        for _ in range(2):
            with pytest.raises(Unavailable, match="left alone"):
                await venue.exchange.balances()
        await venue.exchange.cancel(RESTING.client_order_id, BTC)
        await venue.exchange.submit(ORDER)
        assert venue.orders() == [RESTING.client_order_id, ORDER.client_order_id]


@pytest.mark.parametrize("fault", [{"code": "EGeneral:Temporary lockout"}, {"status": 429}])
async def test_m11_kraken_any_other_limit_holds_back_orders_too(fault: dict[str, Any]) -> None:
    async with live("kraken") as venue:
        await venue.exchange.balances()
        await venue.exchange.open_orders([BTC])
        venue.running.fault("balance", "status", times=1, **fault)
        with pytest.raises(Unavailable, match="left alone"):
            await venue.exchange.balances()
        with pytest.raises(Rejected, match="left alone"):
            await venue.exchange.submit(ORDER)
        assert venue.orders() == []


async def test_kraken_turns_the_pages_of_a_history_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kraken, "allowance", Allowance(1000, 45.0))
    async with live("kraken", third_coin=True) as venue:
        for number in range(40):
            await venue.exchange.submit(an_order(Side.BUY, "0.001", name=f"order {number}"))
            venue.running.do(
                "order",
                instrument="BNB/USDT",
                side="BUY",
                type="MARKET",
                quantity="0.1",
                account=CREDENTIALS.api_key,
            )
        assert len(await venue.exchange.fills([BTC], START)) == 40


# ── faults ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_o1_o4_o5_a_submit_without_a_readable_answer_is_unknown(
    venue: LiveUnderTest, point: str, fault: faults.Fault
) -> None:
    await faults.test_o1_o4_o5_a_submit_without_a_readable_answer_is_unknown(venue, point, fault)


@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_cancel_without_a_readable_answer_is_unknown(
    venue: LiveUnderTest, point: str, fault: faults.Fault
) -> None:
    await faults.test_a_cancel_without_a_readable_answer_is_unknown(venue, point, fault)


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_law2_what_could_not_be_asked_is_unavailable_and_never_none(
    venue: LiveUnderTest, fault: faults.Fault
) -> None:
    await faults.test_what_could_not_be_asked_is_unavailable_and_never_none(venue, fault)


async def test_o3_a_request_that_arrives_twice_is_one_order_and_unknown(venue: LiveUnderTest) -> None:
    await faults.test_o3_a_request_that_arrives_twice_is_one_order_and_unknown(venue)


async def test_nothing_is_sent_while_the_rules_are_unknown(venue: LiveUnderTest) -> None:
    await faults.test_nothing_is_sent_while_the_rules_are_unknown(venue)


async def test_m11_after_a_429_nothing_is_asked_until_the_wait_is_over(venue: LiveUnderTest) -> None:
    await faults.test_m11_after_a_429_nothing_is_asked_until_the_wait_is_over(venue)


@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
@pytest.mark.parametrize(("name", "code"), each(UNSURE))
async def test_o4_a_code_that_leaves_it_open_is_unknown(name: str, code: str, point: str) -> None:
    async with faults.ready(name) as venue:
        (await faults.prepared(venue)).running.fault("place", "status", point=point, code=code)
        with pytest.raises(OutcomeUnknown):
            await venue.exchange.submit(ORDER)
        assert len(venue.orders()) == (point == "after-accept")


@pytest.mark.parametrize(("name", "code"), each(CERTAIN))
async def test_a_certain_no_is_a_refusal_in_words(name: str, code: str) -> None:
    async with faults.ready(name) as venue:
        (await faults.prepared(venue)).running.fault("place", "status", code=code, text="for this reason")
        with pytest.raises(Rejected, match=code if name == "kraken" else "for this reason") as caught:
            await venue.exchange.submit(ORDER)
        assert caught.value.code == code
        assert venue.orders() == []


@pytest.mark.parametrize(("name", "code"), each(KEY))
async def test_a4_a_refused_key_is_told_as_such(name: str, code: str) -> None:
    async with faults.ready(name) as venue:
        await faults.prepared(venue)
        for target in ("place", "balance", "fills"):
            venue.running.fault(target, "status", code=code)
        with pytest.raises(KeyRejected):
            await venue.exchange.submit(ORDER)
        for question in (venue.exchange.balances, venue.adapter.check_rights):
            with pytest.raises(KeyRefused):
                await question()
        with pytest.raises(KeyRefused):
            await venue.exchange.fills([BTC], START)
        assert venue.orders() == []


async def test_the_rights_of_the_key_are_told_or_not(venue: LiveUnderTest) -> None:
    """Not every key may ask what it may do: a no to that says nothing against the key."""
    await faults.prepared(venue)
    rights = await venue.adapter.check_rights()
    assert rights is not None
    assert (rights.trade, rights.withdraw, rights.transfer, rights.bound) == (True, False, False, False)
    venue.running.fault("rights", "status", status=403)
    assert await venue.adapter.check_rights() is None


async def test_a5_kucoins_clock_is_taken_over() -> None:
    async with faults.ready("kucoin") as venue:
        await faults.test_a5_a_clock_that_is_off_is_set_once(venue)


async def test_a5_bingx_and_a_clock_that_is_off() -> None:
    """ccxt signs with our own time there, whatever BingX said of it: nothing is sent twice, and the owner is told."""
    async with faults.ready("bingx") as venue:
        (await faults.prepared(venue)).running.do("clock", offset_ms=-120_000)
        with pytest.raises(Rejected, match="timestamp"):
            await venue.exchange.submit(ORDER)
        with pytest.raises(Unavailable, match="time of our clock"):
            await venue.exchange.balances()
        assert venue.orders() == []
