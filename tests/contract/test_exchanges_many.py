"""Whole pictures of many instruments within what each venue allows: an account that could not be asked for everything
would never be reconciled, and so never trade."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.clock import SystemClock
from engine.core.ids import ClientOrderId, IntentId, PositionId, Symbol, client_order_id
from engine.core.model import Direction, OrderReport, OrderType, Side, VenueStatus
from engine.core.money import Price, Quantity
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.state import TraderState
from engine.exchanges.dialects.kraken import Kraken
from engine.reconciler import ask_everything, glance
from tests.contract.exchange_venue import LiveUnderTest, live

LIVE = ("binance", "bybit", "okx", "kraken", "kucoin", "bingx")
COINS = tuple(f"C{number:02d}" for number in range(20))
SYMBOLS = tuple(Symbol(f"{coin}/USDT") for coin in COINS)


def rest_in(venue: LiveUnderTest, symbol: Symbol) -> Order:
    """A limit order of ours that rests at the venue as it does in our books."""
    name = client_order_id(IntentId(f"rest in {symbol}"))
    venue.running.do(
        "order", instrument=symbol, side="BUY", quantity="0.1", type="LIMIT", price="400", client_id=name
    )
    return Order(
        name,
        IntentId(f"rest in {symbol}"),
        PositionId(f"p {symbol}"),
        Purpose.ENTRY,
        symbol,
        Side.BUY,
        OrderType.LIMIT,
        Quantity(Decimal("0.1")),
        Direction.LONG,
        None,
        "a test",
        SystemClock().now(),
        Price(Decimal(400)),
        status=OrderStatus.WORKING,
    )


@pytest.mark.parametrize("name", LIVE)
async def test_twenty_instruments_with_an_order_each_are_asked_about_again_and_again(name: str) -> None:
    async with live(name, others=COINS) as venue:
        orders = {one.client_order_id: one for one in (rest_in(venue, symbol) for symbol in SYMBOLS)}
        state = TraderState(orders=orders)
        for _ in range(2):
            seen = await ask_everything(venue.exchange, state, SYMBOLS, SystemClock())
            assert places(seen.picture.open_orders) == {
                one.client_order_id: one.symbol for one in orders.values()
            }
            assert seen.picture.orders == (), (
                "what rests as it does in our books needs no question of its own"
            )
            assert places((await glance(venue.exchange, state)).open_orders) == places(
                seen.picture.open_orders
            )


@pytest.mark.parametrize("name", LIVE)
async def test_executions_of_many_instruments_keep_theirs_and_changed_orders_are_asked_for(name: str) -> None:
    async with live(name, others=COINS) as venue:
        orders = {one.client_order_id: one for one in (rest_in(venue, symbol) for symbol in SYMBOLS[:4])}
        gone, *others = orders.values()
        await asyncio.sleep(0.005)  # what moves in the millisecond in which an order came does not fill it
        venue.running.do("price", instrument=gone.symbol, price="390")
        seen = await ask_everything(venue.exchange, TraderState(orders=orders), SYMBOLS, SystemClock())
        assert [(one.client_order_id, one.status) for one in seen.picture.orders] == [
            (gone.client_order_id, VenueStatus.FILLED)
        ]
        assert {(fill.client_order_id, fill.symbol) for fill in seen.picture.fills} == {
            (gone.client_order_id, gone.symbol)
        }
        assert places(seen.picture.open_orders) == {one.client_order_id: one.symbol for one in others}


async def test_kraken_more_changed_orders_than_it_may_be_asked_for_at_once_are_all_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each takes three questions. What is asked in turn waits; with its own allowance for a minute or two."""
    monkeypatch.setattr(Kraken, "allowance", replace(Kraken.allowance, seconds=3.0))
    async with live("kraken", others=COINS) as venue:
        orders = {one.client_order_id: one for one in (rest_in(venue, symbol) for symbol in SYMBOLS[:9])}
        await asyncio.sleep(0.005)
        for one in orders.values():
            venue.running.do("price", instrument=one.symbol, price="390")
        seen = await ask_everything(venue.exchange, TraderState(orders=orders), SYMBOLS, SystemClock())
        assert {one.client_order_id: one.status for one in seen.picture.orders} == dict.fromkeys(
            orders, VenueStatus.FILLED
        )


def places(reports: tuple[OrderReport, ...]) -> dict[ClientOrderId, Symbol]:
    return {one.client_order_id: one.symbol for one in reports}
