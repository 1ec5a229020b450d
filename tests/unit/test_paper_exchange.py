"""The paper venue's shell and its account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.clock import ManualClock
from engine.core.errors import Rejected
from engine.core.ids import Coin, IntentId, PositionId, client_order_id
from engine.core.inputs import OrderSeen
from engine.core.model import Balance, Direction, OrderRequest, OrderType, Side, Ticker, VenueStatus
from engine.core.money import Price, Quantity
from engine.core.orders import Order, OrderStatus, Purpose
from engine.exchanges.paper import PaperExchange
from engine.exchanges.paper_account import PaperAccount
from tests.contract.exchange_venue import BTC, INSTRUMENT, START

USDT = Coin("USDT")


def a_stop() -> Order:
    return Order(
        client_order_id(IntentId("stop")),
        IntentId("stop"),
        PositionId("p1"),
        Purpose.STOP,
        BTC,
        Side.SELL,
        OrderType.STOP,
        Quantity(Decimal(1)),
        Direction.LONG,
        None,
        "protect",
        START,
        stop_price=Price(Decimal(45000)),
        status=OrderStatus.WORKING,
    )


async def test_after_a_restart_the_stop_still_protects() -> None:
    clock = ManualClock(START)
    paper = PaperExchange(clock)
    paper.list_instruments([INSTRUMENT])
    paper.restore(
        [Balance(Coin("BTC"), Decimal(1))], [a_stop(), replace(a_stop(), status=OrderStatus.UNKNOWN)]
    )
    clock.advance(timedelta(minutes=1))
    paper.on_price(Ticker(BTC, Price(Decimal(44000)), START))
    seen = await anext(paper.reports())
    assert isinstance(seen, OrderSeen)
    assert seen.at == clock.now() == seen.report.at
    assert seen.report.status is VenueStatus.FILLED
    assert seen.report.client_order_id == a_stop().client_order_id


async def test_before_any_instrument_is_listed_nothing_can_be_bought() -> None:
    request = OrderRequest(
        client_order_id(IntentId("one")), BTC, Side.BUY, OrderType.MARKET, Quantity(Decimal(1))
    )
    with pytest.raises(Rejected) as caught:
        await PaperExchange(ManualClock(START)).submit(request)
    assert caught.value.code == "INVALID_SYMBOL"


def test_an_account_never_falls_below_zero() -> None:
    account = PaperAccount([Balance(USDT, Decimal(10))])
    account.lock(USDT, Decimal(4))
    with pytest.raises(ValueError, match="can't be paid: 6 free"):
        account.pay(USDT, Decimal(7))
    with pytest.raises(ValueError, match="can't be unlocked: 4 used"):
        account.unlock(USDT, Decimal(5))
    assert account.balances() == [Balance(USDT, Decimal(6), Decimal(4))]


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity"])
def test_an_amount_is_finite_and_not_negative(amount: str) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        PaperAccount().receive(USDT, Decimal(amount))
