"""Lists that are late, glitches, and what is not believed because of one answer alone (laws 2 to 5, A10, S11)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query
from engine.core.ids import ClientOrderId, Coin, Symbol
from engine.core.model import Balance, Fill, OrderReport, VenueStatus
from engine.core.notices import SAID_BY
from engine.core.orders import OrderStatus, Purpose
from engine.ports import Exchange
from engine.reconciler import ask_everything
from tests.support.builders import BTC, USDT, report, ticker
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.support.scenes import STRAY, adopting
from tests.unit.test_core_forgotten import forgetful, stops
from tests.unit.test_core_reconcile import holding, look
from tests.unit.test_core_risen import ended, listed


def miss(desk: Desk) -> None:
    look(desk, open_orders=(), orders=(), missing=tuple(desk.state.orders))


class Late:
    """Balances and single orders are true; the list of open orders is that of a moment ago, and no fill is listed."""

    stops_lock = True

    async def elsewhere(self, coins: Collection[Coin]) -> dict[Coin, Decimal]:
        """One account is all there is."""
        return {}

    def forget_rules(self) -> None:
        """They are asked for with each order."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._list = desk.venue.open_orders(BTC, desk.now)

    async def balances(self) -> list[Balance]:
        return self._desk.venue.balances()

    async def open_orders(self, symbols: Sequence[Symbol]) -> list[OrderReport]:
        return self._list

    async def fills(self, symbols: Sequence[Symbol], since: datetime) -> list[Fill]:
        return []

    async def order(self, name: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        return self._desk.venue.order(name, self._desk.now)


def test_law_3_a_list_that_is_late_does_not_hide_a_stop_that_sold() -> None:
    """The coins were taken for sold by hand, and counted a second time when the sale was told at last."""
    desk = holding()
    desk.advance(30)
    look(desk)
    late = Late(desk)
    desk.network.copies = 0
    desk.venue.on_price(ticker(BTC, "97", desk.now), desk.now)
    desk.advance(1)
    assert desk.venue.open_orders(BTC, desk.now) == []
    for _ in range(3):
        desk.give(asyncio.run(ask_everything(cast(Exchange, late), desk.state, [BTC], desk.clock)))
        desk.settle()
        desk.advance(6)
    assert desk.of(f.PositionReduced) == []
    assert len(desk.of(f.BalanceFlowed)) == 1, "the money of the beginning"
    (closed,) = desk.of(f.PositionClosed)
    assert closed.dust == 0


def test_a10_an_order_that_was_missed_hours_ago_and_found_since_is_not_cancelled_at_the_next_miss() -> None:
    for desk, name in (_adopted(), _stop()):
        desk.advance(60)
        miss(desk)
        assert desk.sent.count(Query(name, BTC)) == 1
        desk.advance(3600)
        look(desk)
        desk.advance(3600)
        miss(desk)
        desk.advance(5)
        assert Cancel(name, BTC) not in desk.sent
        assert name in desk.state.orders


def _adopted() -> tuple[Desk, ClientOrderId]:
    return adopting(), STRAY


def _stop() -> tuple[Desk, ClientOrderId]:
    desk = holding()
    return desk, desk.order(Purpose.STOP).client_order_id


def test_s11_money_that_comes_meanwhile_does_not_leave_a_position_bare() -> None:
    desk, _ = forgetful()
    for _ in range(30):
        paid_in: list[Any] = [
            replace(one, free=one.free + 25) if one.coin == USDT else one for one in desk.venue.balances()
        ]
        look(desk, balances=tuple(paid_in))
        desk.advance(6)
    assert len(stops(desk)) == 2, "the lost one, and the one that took its place"


def test_an_order_that_filled_does_not_rise_while_its_fills_are_late() -> None:
    desk = holding()
    name = desk.order(Purpose.STOP).client_order_id
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.FILLED, desk.position.quantity)))
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 500)
    desk.advance(70)
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    assert desk.state.orders[name].status is OrderStatus.FILLED


def test_an_order_that_ended_and_stays_listed_for_hours_does_not_call_the_owner() -> None:
    desk, name = ended()
    desk.advance(61)
    for _ in range(30):
        listed(desk, name)
        desk.advance(180)
    assert desk.state.troubles == {}


def test_law_10_a_failed_look_with_another_cause_than_the_refused_key_rings() -> None:
    desk = holding()
    desk.give(i.TroubleSeen(desk.now, f.Trouble.KEY_REFUSED, "", "may not trade"))
    desk.advance(3600)
    look(desk)
    desk.give(i.ReconcileFailed(desk.now, "HTTP 503"))
    desk.advance(50)
    told = desk.told("trouble")[-1]
    assert told.data["trouble"] == "reconcile_failed"
    assert SAID_BY not in told.data
