"""The live adapter while the venue fails: what it says of it, and that the venue never holds more than one order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.effects import Submit
from engine.core.errors import KeyRefused, KeyRejected, OutcomeUnknown, Rejected, Unavailable
from engine.core.facts import Trouble
from engine.core.inputs import Input, OrderRefused, TroubleSeen
from engine.core.model import Side
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.binance import Binance
from engine.executor import Executor
from tests.contract.exchange_venue import BTC, CREDENTIALS, START, LiveUnderTest, live
from tests.contract.test_exchanges import an_order

VENUES = ("binance", "bybit", "okx")
ORDER = an_order(Side.BUY, "0.01")
RESTING = an_order(Side.BUY, "0.01", price="40000")
AFTER = ("after-accept", "after-fill")

Fault = dict[str, Any]
LOST: dict[str, Fault] = {
    "drop": {"action": "drop"},
    "hang": {"action": "hang"},
    "garbage": {"action": "garbage"},
    "truncated": {"action": "truncated"},
    "cut": {"action": "cut"},
    **{
        str(status): {"action": "status", "status": status}
        for status in (401, 403, 404, 418, 429, 500, 502, 503, 504)
    },
}
UNSURE = {
    "binance": (-1000, -1001, -1003, -1006, -1007, -1008),
    "bybit": (10000, 10006, 10016, 170007, 170146, 170234),
    "okx": (50001, 50004, 50011, 50026, 51149),
}
CERTAIN = {
    "binance": (-1013, -1015, -2010),
    "bybit": (10001, 170131, 170140),
    "okx": (51000, 51008, 51020),
}
KEY = {"binance": (-1022, -2014, -2015), "bybit": (10003, 10004, 10005, 10010), "okx": (50105, 50111, 50113)}
UNKNOWN_ORDER = {"binance": -2011, "bybit": 170213, "okx": 51400}


def each(table: Mapping[str, tuple[int, ...]]) -> list[Any]:
    return [pytest.param(venue, code, id=f"{venue} {code}") for venue in VENUES for code in table[venue]]


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[LiveUnderTest]:
    async with ready(request.param) as under_test:
        yield under_test


def ready(name: str) -> Any:
    """With little patience, so that a hanging answer takes no longer than it has to."""
    return live(name, timeout=1.0)


async def prepared(venue: LiveUnderTest) -> LiveUnderTest:
    """The venue's rules are known, so that faults strike the call that is meant."""
    await venue.exchange.open_orders([BTC])
    return venue


# ── submit ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("point", ["before-accept", *AFTER])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_o1_o4_o5_a_submit_without_a_readable_answer_is_unknown(
    venue: LiveUnderTest, point: str, fault: Fault
) -> None:
    await prepared(venue)
    venue.running.fault("place", point=point, **fault)
    with pytest.raises(OutcomeUnknown):
        await venue.exchange.submit(ORDER)
    assert venue.orders() == ([ORDER.client_order_id] if point in AFTER else [])
    if fault.get("status") in (418, 429):
        with pytest.raises(Unavailable, match="left alone"):
            await venue.exchange.order(ORDER.client_order_id, BTC)
    else:
        found = await venue.exchange.order(ORDER.client_order_id, BTC)
        assert (found is not None) == (point in AFTER)


@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
@pytest.mark.parametrize(("name", "code"), each(UNSURE))
async def test_o4_a_code_that_leaves_it_open_is_unknown(name: str, code: int, point: str) -> None:
    async with ready(name) as venue:
        (await prepared(venue)).running.fault("place", "status", point=point, code=code)
        with pytest.raises(OutcomeUnknown):
            await venue.exchange.submit(ORDER)
        assert len(venue.orders()) == (point == "after-accept")


@pytest.mark.parametrize(("name", "code"), each(CERTAIN))
async def test_a_certain_no_is_a_refusal_in_words(name: str, code: int) -> None:
    async with ready(name) as venue:
        (await prepared(venue)).running.fault("place", "status", code=code, text="for this reason")
        with pytest.raises(Rejected, match="for this reason") as caught:
            await venue.exchange.submit(ORDER)
        assert caught.value.code == str(code)
        assert venue.orders() == []


async def test_a_certain_code_from_a_failing_server_is_not_believed() -> None:
    async with ready("binance") as venue:
        rule = {"point": "after-accept", "code": -2010, "status": 502}
        (await prepared(venue)).running.fault("place", "status", **rule)
        with pytest.raises(OutcomeUnknown):
            await venue.exchange.submit(ORDER)
        assert len(venue.orders()) == 1


@pytest.mark.parametrize(("name", "code"), each(KEY))
async def test_a4_a_refused_key_is_told_as_such(name: str, code: int) -> None:
    async with ready(name) as venue:
        await prepared(venue)
        for target in ("place", "balance", "fills"):
            venue.running.fault(target, "status", code=code)
        with pytest.raises(KeyRejected):
            await venue.exchange.submit(ORDER)
        with pytest.raises(KeyRefused):
            await venue.exchange.balances()
        with pytest.raises(KeyRefused):
            await venue.exchange.fills([BTC], START)
        assert venue.orders() == []


async def test_a4_an_order_with_a_key_that_was_revoked_is_refused_and_the_key_is_told(
    venue: LiveUnderTest,
) -> None:
    """Not unknown: it could never be asked for with that key, and would block its instrument for ever."""
    told: list[Input] = []
    clock = SystemClock()
    executor = Executor(venue.exchange, clock, told.append)
    await prepared(venue)
    venue.running.do("key", good=False)
    executor.start(Submit(ORDER))
    assert await executor.settle(10)
    trouble, refused = told
    assert isinstance(trouble, TroubleSeen)
    assert trouble.trouble is Trouble.KEY_REFUSED
    assert isinstance(refused, OrderRefused)
    assert refused.client_order_id == ORDER.client_order_id
    assert venue.orders() == []
    venue.running.do("key", good=True)
    executor.start(Submit(ORDER))
    assert await executor.settle(10)
    assert venue.orders() == [ORDER.client_order_id]


async def test_o3_a_request_that_arrives_twice_is_one_order_and_unknown(venue: LiveUnderTest) -> None:
    (await prepared(venue)).running.fault("place", "duplicate")
    with pytest.raises(OutcomeUnknown):
        await venue.exchange.submit(RESTING)
    assert venue.orders() == [RESTING.client_order_id]


async def test_nothing_is_sent_while_the_rules_are_unknown(venue: LiveUnderTest) -> None:
    venue.running.fault("markets", "status", status=503)
    with pytest.raises(Rejected) as caught:
        await venue.exchange.submit(ORDER)
    assert caught.value.code == "NOT_SENT"
    assert venue.orders() == []


# ── cancel ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("point", ["before-accept", "after-accept"])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_cancel_without_a_readable_answer_is_unknown(
    venue: LiveUnderTest, point: str, fault: Fault
) -> None:
    await venue.exchange.submit(RESTING)
    venue.running.fault("cancel", point=point, **fault)
    with pytest.raises(OutcomeUnknown):
        await venue.exchange.cancel(RESTING.client_order_id, BTC)
    order = venue.running.venue.matching.orders(CREDENTIALS.api_key)[0]
    assert order.is_open == (point == "before-accept")


@pytest.mark.parametrize("name", VENUES)
async def test_o15_an_unknown_order_on_cancel_is_a_refusal(name: str) -> None:
    async with ready(name) as venue:
        await venue.exchange.submit(RESTING)
        venue.running.fault("cancel", "status", code=UNKNOWN_ORDER[name])
        with pytest.raises(Rejected):
            await venue.exchange.cancel(RESTING.client_order_id, BTC)


# ── questions ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_what_could_not_be_asked_is_unavailable_and_never_none(
    venue: LiveUnderTest, fault: Fault
) -> None:
    """Law 2: 'I could not ask' is not 'it is not there'. A 401 of something in between condemns no key."""
    await venue.exchange.submit(RESTING)
    for target in ("ask", "open", "history", "fills", "balance"):
        venue.running.fault(target, **fault)
    questions = (
        lambda: venue.exchange.order(RESTING.client_order_id, BTC),
        lambda: venue.exchange.open_orders([BTC]),
        lambda: venue.exchange.fills([BTC], START),
        lambda: venue.exchange.balances(),
    )
    for question in questions:
        with pytest.raises(Unavailable) as caught:
            await question()
        assert not isinstance(caught.value, KeyRefused)
    assert venue.orders() == [RESTING.client_order_id]


async def test_m11_after_a_429_nothing_is_asked_until_the_wait_is_over(venue: LiveUnderTest) -> None:
    (await prepared(venue)).running.fault("balance", "status", status=429, retry_after=7)
    with pytest.raises(Unavailable) as caught:
        await venue.exchange.balances()
    assert caught.value.retry_after == 7
    venue.running.do("clear")
    with pytest.raises(Unavailable, match="left alone"):
        await venue.exchange.balances()
    with pytest.raises(Rejected) as refused:
        await venue.exchange.submit(ORDER)
    assert refused.value.code == "NOT_SENT"
    assert venue.orders() == []


async def test_m11_the_reserve_is_for_exits_and_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Binance, "allowance", Allowance(10, 600.0))
    async with ready("binance") as venue:
        await venue.exchange.submit(RESTING)
        while venue.adapter.rate_left > 2:
            await venue.exchange.open_orders([BTC])
        with pytest.raises(Unavailable, match="kept for exits"):
            await venue.exchange.open_orders([BTC])
        with pytest.raises(Rejected, match="kept for exits"):
            await venue.exchange.submit(ORDER)
        leaving = an_order(Side.SELL, "0.01", name="exit")
        await venue.exchange.submit(replace(leaving, reduces=True))
        await venue.exchange.cancel(RESTING.client_order_id, BTC)
        assert venue.orders() == [RESTING.client_order_id, leaving.client_order_id]


@pytest.mark.parametrize("name", VENUES)
async def test_the_rights_of_the_key_are_told(name: str) -> None:
    async with ready(name) as venue:
        rights = await venue.adapter.check_rights()
        assert rights is not None
        assert (rights.trade, rights.withdraw, rights.bound) == (True, False, False)
        assert not rights.transfer
        assert not rights.margin
        venue.running.fault("rights", "status", code=KEY[name][-1])
        with pytest.raises(KeyRefused):
            await venue.adapter.check_rights()


async def test_a5_a_clock_that_is_off_is_set_once(venue: LiveUnderTest) -> None:
    (await prepared(venue)).running.do("clock", offset_ms=-120_000)
    with pytest.raises(Rejected):
        await venue.exchange.submit(ORDER)
    assert venue.orders() == []
    await venue.exchange.submit(ORDER)
    assert venue.orders() == [ORDER.client_order_id]
    venue.running.do("clock", offset_ms=0)
    assert await venue.exchange.balances()


async def test_a5_a_clock_that_stays_off_is_told() -> None:
    async with ready("binance") as venue:
        (await prepared(venue)).running.fault("balance", "status", code=-1021)
        with pytest.raises(Unavailable, match="time of our clock"):
            await venue.exchange.balances()
