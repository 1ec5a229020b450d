"""The user streams of Kraken, KuCoin and BingX: what the sandbox's three venues have to do, and what only these do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.core.errors import Unavailable
from engine.core.model import Side, VenueStatus
from engine.exchanges.credentials import Credentials
from engine.exchanges.dialects import bingx, kucoin
from engine.exchanges.dialects.kraken import Kraken
from tests.contract import test_exchanges_user_stream as streams
from tests.contract.exchange_ears import Ears, listening
from tests.contract.exchange_venue import BTC, CREDENTIALS, START, LiveUnderTest, live
from tests.contract.test_exchanges import an_order
from tests.support.standins import kucoin_rest
from tests.support.standins.running import STAND_INS
from tests.support.whole_desk import eventually

VENUES = tuple(STAND_INS)
OPENING = {
    "kraken": ("token", "connect /v2", "ws subscribe"),
    "kucoin": ("token", "connect /endpoint", "ws subscribe"),
    "bingx": ("token", "connect /market", "ws subscribe"),
}
STOP = streams.STOP


@pytest.mark.parametrize("name", VENUES)
async def test_law3_a_fill_is_the_same_by_stream_and_by_question(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kraken, "allowance", replace(Kraken.allowance, seconds=1.0))
    await streams.test_law3_a_fill_is_the_same_by_stream_and_by_question(name, "USDT")


async def test_law3_bingx_fees_in_any_coin_are_the_same() -> None:
    for coin in streams.FEES:
        await streams.test_law3_a_fill_is_the_same_by_stream_and_by_question("bingx", coin)


@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_is_told_of_by_our_name_from_its_first_state_to_its_last(name: str) -> None:
    await streams.test_a_stop_is_told_of_by_our_name_from_its_first_state_to_its_last(name)


@pytest.mark.parametrize("name", ["kucoin", "bingx"])
async def test_a_stop_that_has_woken_is_not_filled_yet(name: str) -> None:
    await streams.test_a_stop_that_has_woken_is_not_filled_yet(name)


async def test_kraken_a_stop_that_has_woken_is_told_by_its_executions() -> None:
    """They come without the order's own running total."""
    async with live("kraken") as venue, listening(venue) as ears:
        venue.running.do("hold", share=0.4)
        await venue.exchange.submit(STOP)
        await venue.price(Decimal(44000))
        asked = await venue.exchange.fills([BTC], START)
        assert await ears.all_of(asked) == {fill.id: fill for fill in asked}
        assert sum(fill.quantity for fill in asked) == STOP.quantity * Decimal("0.4")
        assert {one.report.status for one in ears.orders} == {VenueStatus.OPEN}


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("stop", [None, "45000"], ids=["plain", "stop"])
async def test_a_cancelled_order_is_told_of(name: str, stop: str | None) -> None:
    await streams.test_a_cancelled_order_is_told_of(name, stop)


@pytest.mark.parametrize("name", VENUES)
async def test_law4_the_owners_own_orders_are_not_told_of(name: str) -> None:
    await streams.test_law4_the_owners_own_orders_are_not_told_of(name)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("kraken", "duplicate"),
        *((name, act) for name in ("kucoin", "bingx") for act in ("duplicate", "reorder", "delay")),
    ],
)
async def test_o17_what_is_told_twice_late_or_out_of_order_is_the_same_in_the_end(
    name: str, action: str
) -> None:
    await streams.test_o17_what_is_told_twice_late_or_out_of_order_is_the_same_in_the_end(name, action)


@pytest.mark.parametrize("action", ["drop", "hang", "garbage", "silence", "status"])
@pytest.mark.parametrize(("name", "target"), [(name, one) for name in VENUES for one in OPENING[name]])
async def test_m1_a_stream_that_does_not_open_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, target: str, action: str
) -> None:
    await streams.test_m1_a_stream_that_does_not_open_is_told(monkeypatch, name, target, action)


@pytest.mark.parametrize("name", VENUES)
async def test_m1_a_subscription_that_is_refused_is_told_at_once(name: str) -> None:
    """ccxt waits for no answer to it, and drops most that refuse: the stream would look quiet."""
    async with live(name) as venue:
        venue.running.fault("ws subscribe", "status", text="not for you")
        async with listening(venue, signed_in=False) as ears:
            assert "not for you" in await ears.broke()


@pytest.mark.parametrize(
    ("action", "words"),
    [("drop", "broke"), ("garbage", "user stream"), ("truncated", "user stream"), ("silence", "silent")],
)
@pytest.mark.parametrize("name", VENUES)
async def test_m1_a_stream_that_breaks_or_falls_silent_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, action: str, words: str
) -> None:
    monkeypatch.setattr(kucoin_rest, "PING_INTERVAL_MS", 300)
    await streams.test_m1_a_stream_that_breaks_or_falls_silent_is_told(monkeypatch, name, action, words)


@pytest.mark.parametrize("name", ["kraken", "kucoin"])
async def test_m1_a_stream_whose_pings_go_unanswered_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(kucoin_rest, "PING_INTERVAL_MS", 100)
    await streams.test_m1_a_stream_whose_pings_go_unanswered_is_told(monkeypatch, name)


@pytest.mark.parametrize("name", VENUES)
async def test_after_a_cut_the_stream_can_be_opened_anew(name: str) -> None:
    await streams.test_after_a_cut_the_stream_can_be_opened_anew(name)


@pytest.mark.parametrize(
    ("name", "credentials"),
    [
        *((name, Credentials(CREDENTIALS.api_key, "b3RoZXI=", "test-passphrase")) for name in VENUES),
        *((name, Credentials("another-key", CREDENTIALS.secret, "test-passphrase")) for name in VENUES),
        ("kucoin", Credentials(CREDENTIALS.api_key, CREDENTIALS.secret, "another-passphrase")),
    ],
)
async def test_a4_a_stream_that_refuses_the_key_is_told_at_once(name: str, credentials: Credentials) -> None:
    await streams.test_a4_a_stream_that_refuses_the_key_is_told_at_once(name, credentials)


# ── what only one of them does ────────────────────────────────────────────────────────────


async def _stop_of_a_former_process(venue: LiveUnderTest) -> None:
    """Placed by ourselves, but of which this adapter never heard."""
    asked = {"instrument": BTC, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.3", "stop_price": "45000"}
    venue.running.do("order", client_id=STOP.client_order_id, **asked)


@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_of_a_former_process_is_told_of_by_its_name(name: str) -> None:
    async with live(name) as venue:
        await venue.exchange.open_orders([BTC])
        await _stop_of_a_former_process(venue)
        async with listening(venue) as ears:
            venue.running.do("cancel", client_id=STOP.client_order_id)

            async def told() -> bool:
                return any(one.report.status is VenueStatus.CANCELLED for one in ears.orders)

            await eventually(told, "the end of the stop")
            assert {one.report.client_order_id for one in ears.orders} == {STOP.client_order_id}


async def test_kucoin_where_it_can_not_be_known_whose_stop_ended_everything_is_asked_for() -> None:
    async with live("kucoin") as venue, listening(venue) as ears:
        venue.running.fault("user stopOrder", "silence", times=1)
        await _stop_of_a_former_process(venue)
        venue.running.do("cancel", client_id=STOP.client_order_id)
        assert "broke" in await ears.broke()


async def test_kraken_a_change_of_an_order_that_was_not_told_of_before_ends_the_stream() -> None:
    """It has no name and no instrument; out of order it can't be told whose it is."""
    async with live("kraken") as venue, listening(venue) as ears:
        venue.running.fault("user executions", "reorder", times=1)
        await venue.exchange.submit(STOP)
        assert "does not say which one it is" in await ears.broke()


async def test_kraken_where_it_can_not_be_known_whose_order_ended_everything_is_asked_for() -> None:
    async with live("kraken") as venue, listening(venue) as ears:
        venue.running.fault("user executions", "silence", times=2)
        await _stop_of_a_former_process(venue)
        venue.running.do("cancel", client_id=STOP.client_order_id)
        assert "does not say which one it is" in await ears.broke()


@pytest.mark.parametrize("late", [1, 5])
async def test_kucoin_an_execution_that_the_history_does_not_have_yet(
    monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    """It is looked for a few times; one that never comes ends the stream, so that nothing is lost quietly."""
    monkeypatch.setattr(kucoin, "LOOK_AFTER", (0.0, 0.01, 0.01))
    monkeypatch.setattr(kucoin_rest, "_fill", _late(kucoin_rest._fill, late))
    async with live("kucoin") as venue, listening(venue) as ears:
        await venue.exchange.submit(an_order(Side.BUY, "0.01"))
        if late == 1:

            async def told() -> bool:
                return [fill.id for fill in ears.fills] != []

            await eventually(told, "the execution")
            assert ears.fills == await venue.exchange.fills([BTC], START)
        else:
            assert "does not have execution" in await ears.broke()
            assert ears.seen == []


def _late(fill: Any, times: int) -> Any:
    """The first few answers have another execution in its place."""
    left = [times]

    def told(trade: Any, order: Any) -> Any:
        left[0] -= 1
        return {**fill(trade, order), "tradeId": "0"} if left[0] >= 0 else fill(trade, order)

    return told


async def test_bingx_a_listen_key_that_can_not_be_renewed_ends_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bingx, "RENEW_EVERY", 0.05)
    async with live("bingx") as venue, listening(venue) as ears:
        renewing = venue.running.fault("renew", "delay")

        async def renewed() -> bool:
            return renewing.struck > 1

        await eventually(renewed, "the listen key to be renewed")
        venue.running.fault("renew", "status", status=404)
        venue.running.venue.faults.remove(renewing.id)
        assert "broke" in await ears.broke()


async def test_bingx_its_own_pings_show_that_it_lives_where_ours_go_unanswered() -> None:
    async with live("bingx") as venue, listening(venue):
        client = _client_of(venue)
        connection = next(one for url, one in client.clients.items() if "listenKey" in url)
        connection.lastPong = 1
        await client.pong(connection, {"ping": "1", "time": "2023-10-02T18:51:55.089+0800"})
        assert connection.lastPong > 1


def _client_of(venue: LiveUnderTest) -> Any:
    assert venue.adapter._stream is not None
    return venue.adapter._stream._client


# ── what a stream asks ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", VENUES)
async def test_m11_what_a_stream_asks_is_counted_against_the_allowance(name: str) -> None:
    async with live(name) as venue:
        left = []
        for _ in range(2):
            await venue.exchange.open_orders([BTC])
            left.append(venue.adapter.rate_left)
        async with listening(venue):
            open_orders_and_token = left[0] - left[1] + 1
            assert venue.adapter.rate_left <= left[1] - open_orders_and_token


async def test_m11_kucoins_look_for_an_execution_is_counted() -> None:
    async with live("kucoin") as venue, listening(venue) as ears:
        before = venue.adapter.rate_left
        await venue.exchange.submit(an_order(Side.BUY, "0.01"))

        async def told() -> bool:
            return bool(ears.fills)

        await eventually(told, "the stream to tell of the fill")
        assert venue.adapter.rate_left <= before - 2


@pytest.mark.parametrize("name", VENUES)
async def test_m11_a_stream_asks_nothing_of_what_is_kept_for_exits(name: str) -> None:
    async with live(name) as venue:
        await venue.exchange.open_orders([BTC])
        budget = venue.adapter._calls.budget
        budget.spend(budget.left)
        ears = Ears(venue)
        assert "kept for exits" in await ears.broke()
        assert budget.left == 0


@pytest.mark.parametrize("name", VENUES)
async def test_m11_a_429_to_a_streams_question_is_obeyed_by_all(name: str) -> None:
    async with live(name) as venue:
        await venue.exchange.open_orders([BTC])
        venue.running.fault("token", "status", status=429, times=1)
        ears = Ears(venue)
        await ears.broke()
        with pytest.raises(Unavailable, match="left alone"):
            await venue.exchange.balances()


async def test_m11_a_stream_that_may_not_ask_ends_with_words() -> None:
    """KuCoin's asks for each execution that it is told of, long after it was opened."""
    async with live("kucoin") as venue, listening(venue) as ears:
        await venue.exchange.submit(an_order(Side.BUY, "0.01", price="40000"))
        budget = venue.adapter._calls.budget
        budget.spend(budget.left)
        await venue.price(Decimal(39000))
        assert "kept for exits" in await ears.broke()
