"""What every maker of engine.ports.Exchange does alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.core.errors import OutcomeUnknown, Rejected
from engine.core.ids import ClientOrderId, Coin, IntentId, client_order_id
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Fill, OrderRequest, OrderType, Side, VenueStatus
from engine.core.money import Price, Quantity
from engine.ports import Exchange
from tests.contract.exchange_venue import BTC, START, VENUES, VenueUnderTest

PATIENCE = 10.0
"""Seconds until a report that does not come fails the test; nothing is asserted about how quick it is."""


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[VenueUnderTest]:
    async with VENUES[request.param]() as under_test:
        yield under_test


def an_order(
    side: Side, quantity: str, price: str | None = None, stop: str | None = None, name: str = "one"
) -> OrderRequest:
    kind = OrderType.LIMIT if price else OrderType.STOP if stop else OrderType.MARKET
    return OrderRequest(
        client_order_id(IntentId(name)),
        BTC,
        side,
        kind,
        Quantity(Decimal(quantity)),
        Price(Decimal(price)) if price else None,
        Price(Decimal(stop)) if stop else None,
    )


async def total(exchange: Exchange, coin: str) -> Decimal:
    return next((b.total for b in await exchange.balances() if b.coin == Coin(coin)), Decimal(0))


async def ended(exchange: Exchange, order: ClientOrderId) -> VenueStatus:
    """The order's last word, from the stream or by asking, whichever the venue has first."""
    async with asyncio.timeout(PATIENCE):
        while True:
            report = await exchange.order(order, BTC)
            if report is not None and report.status.ended:
                return report.status
            await asyncio.sleep(0.01)


async def executions(exchange: Exchange) -> list[Fill]:
    return await exchange.fills([BTC], START - timedelta(days=365))


async def test_a_market_order_fills_and_moves_the_balances(venue: VenueUnderTest) -> None:
    request = an_order(Side.BUY, "0.1")
    report = await venue.exchange.submit(request)
    assert report.client_order_id == request.client_order_id
    assert await ended(venue.exchange, request.client_order_id) is VenueStatus.FILLED
    fills = await executions(venue.exchange)
    assert sum(fill.quantity for fill in fills) == Decimal("0.1")
    assert all(fill.price >= Decimal(50001) for fill in fills)
    fee = sum(fee.amount for fill in fills for fee in fill.fees if fee.coin == "BTC")
    assert await total(venue.exchange, "BTC") == Decimal("1.1") - fee


async def test_a_sell_is_never_better_than_the_bid(venue: VenueUnderTest) -> None:
    request = an_order(Side.SELL, "0.1")
    await venue.exchange.submit(request)
    assert await ended(venue.exchange, request.client_order_id) is VenueStatus.FILLED
    assert all(fill.price <= Decimal(49999) for fill in await executions(venue.exchange))


async def test_a_resting_order_is_open_holds_its_money_and_can_be_cancelled(venue: VenueUnderTest) -> None:
    request = an_order(Side.BUY, "0.1", price="40000")
    assert (await venue.exchange.submit(request)).status is VenueStatus.OPEN
    assert [o.client_order_id for o in await venue.exchange.open_orders([BTC])] == [request.client_order_id]
    usdt = next(b for b in await venue.exchange.balances() if b.coin == "USDT")
    assert (usdt.free, usdt.used) == (Decimal(6000), Decimal(4000))
    cancelled = await venue.exchange.cancel(request.client_order_id, BTC)
    assert cancelled.status in (VenueStatus.CANCELLED, VenueStatus.OPEN)  # some only say that they will
    assert await ended(venue.exchange, request.client_order_id) is VenueStatus.CANCELLED
    assert await venue.exchange.open_orders([BTC]) == []
    assert await total(venue.exchange, "USDT") == 10000


async def test_what_happens_by_itself_is_reported(venue: VenueUnderTest) -> None:
    """What happened before a stream was open is not told by it, so orders are made until one is heard of."""
    heard: asyncio.Queue[OrderSeen | FillSeen] = asyncio.Queue()
    listening = asyncio.create_task(_listen(venue.exchange, heard))
    try:
        async with asyncio.timeout(PATIENCE):
            stop = await _stop_that_is_heard_of(venue, heard)
            await venue.price(Decimal(44000))
            while not _is_filled(await heard.get(), stop):
                pass
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    sold = [fill for fill in await executions(venue.exchange) if fill.side is Side.SELL]
    assert sold
    assert all(fill.price <= Decimal(43999) for fill in sold)


def _is_filled(seen: OrderSeen | FillSeen, order: ClientOrderId) -> bool:
    told = seen.report if isinstance(seen, OrderSeen) else None
    return told is not None and told.client_order_id == order and told.status is VenueStatus.FILLED


async def _listen(exchange: Exchange, heard: asyncio.Queue[OrderSeen | FillSeen]) -> None:
    async for seen in exchange.reports():
        heard.put_nowait(seen)


async def _stop_that_is_heard_of(
    venue: VenueUnderTest, heard: asyncio.Queue[OrderSeen | FillSeen]
) -> ClientOrderId:
    for number in range(150):  # as far as the money goes
        await venue.exchange.submit(an_order(Side.BUY, "0.001", price="49900", name=f"probe {number}"))
        await venue.price(Decimal(49800))
        await venue.price(Decimal(50000))
        await asyncio.sleep(0.2)  # Kraken's allowance is thirty requests
        if not heard.empty():
            break
    stop = an_order(Side.SELL, "0.5", stop="45000")
    await venue.exchange.submit(stop)
    return stop.client_order_id


async def test_a_stop_rests_at_the_venue_sells_at_market_and_keeps_its_name(venue: VenueUnderTest) -> None:
    stop = an_order(Side.SELL, "0.5", stop="45000")
    assert (await venue.exchange.submit(stop)).status is VenueStatus.OPEN
    assert [o.client_order_id for o in await venue.exchange.open_orders([BTC])] == [stop.client_order_id]
    bitcoin = next(b for b in await venue.exchange.balances() if b.coin == "BTC")
    assert (bitcoin.free, bitcoin.used) == (Decimal("0.5"), Decimal("0.5"))
    await venue.price(Decimal(44000))
    assert await ended(venue.exchange, stop.client_order_id) is VenueStatus.FILLED
    report = await venue.exchange.order(stop.client_order_id, BTC)
    assert report is not None
    assert sum(fill.quantity for fill in report.fills or await executions(venue.exchange)) == Decimal("0.5")
    assert {fill.client_order_id for fill in await executions(venue.exchange)} == {stop.client_order_id}


async def test_a_resting_stop_can_be_cancelled(venue: VenueUnderTest) -> None:
    stop = an_order(Side.SELL, "0.5", stop="45000")
    await venue.exchange.submit(stop)
    await venue.exchange.cancel(stop.client_order_id, BTC)
    assert await ended(venue.exchange, stop.client_order_id) is VenueStatus.CANCELLED
    assert await venue.exchange.open_orders([BTC]) == []


async def test_the_same_client_order_id_twice_never_makes_a_second_order(venue: VenueUnderTest) -> None:
    """A venue's 'duplicate' may also be told as OutcomeUnknown: an order of that name is there, after all."""
    request = an_order(Side.BUY, "0.1", price="40000")
    await venue.exchange.submit(request)
    with pytest.raises((Rejected, OutcomeUnknown)):
        await venue.exchange.submit(request)
    assert len(await venue.exchange.open_orders([BTC])) == 1


async def test_an_order_that_never_arrived_is_none(venue: VenueUnderTest) -> None:
    assert await venue.exchange.order(client_order_id(IntentId("never")), BTC) is None


async def test_a_cancel_of_no_working_order_is_refused(venue: VenueUnderTest) -> None:
    with pytest.raises(Rejected):
        await venue.exchange.cancel(client_order_id(IntentId("never")), BTC)
    done = an_order(Side.BUY, "0.1")
    await venue.exchange.submit(done)
    await ended(venue.exchange, done.client_order_id)
    with pytest.raises(Rejected):
        await venue.exchange.cancel(done.client_order_id, BTC)


@pytest.mark.parametrize(
    "refused",
    [
        an_order(Side.BUY, "0.000001"),
        an_order(Side.BUY, "0.00001"),
        an_order(Side.BUY, "0.1", price="40000.001"),
        an_order(Side.BUY, "5"),
        an_order(Side.SELL, "5"),
        an_order(Side.SELL, "0.1", stop="60000"),
    ],
    ids=["lot", "notional", "tick", "quote balance", "base balance", "stop beyond the price"],
)
async def test_what_breaks_a_rule_is_refused_and_leaves_nothing(
    venue: VenueUnderTest, refused: OrderRequest
) -> None:
    with pytest.raises(Rejected) as caught:
        await venue.exchange.submit(refused)
    assert caught.value.code
    assert await venue.exchange.order(refused.client_order_id, BTC) is None
    assert await venue.exchange.open_orders([BTC]) == []
    assert all(balance.used == 0 for balance in await venue.exchange.balances())


async def test_fill_ids_are_unique(venue: VenueUnderTest) -> None:
    for name in ("one", "two", "three"):
        await venue.exchange.submit(an_order(Side.BUY, "0.01", name=name))
        await ended(venue.exchange, client_order_id(IntentId(name)))
    ids = [fill.id for fill in await executions(venue.exchange)]
    assert len(set(ids)) == len(ids) >= 3
