"""Orders that we gave up and that live, and those that we never knew: law 4 and O22."""

from __future__ import annotations

from decimal import Decimal

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query, Submit
from engine.core.ids import ClientOrderId
from engine.core.model import Side, VenueStatus
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import (
    BTC,
    ETH,
    WIDE,
    fill,
    instrument,
    report,
    settings,
)
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.support.scenes import given_up, holding


def test_O22_an_order_that_we_gave_up_and_that_fills_later_gets_a_protected_position() -> None:
    desk, name = given_up()
    desk.give(i.FillSeen(desk.now, fill(name, "4", "100", id_="a")))
    desk.give(i.FillSeen(desk.now, fill(name, "6", "100", id_="b")))
    desk.advance(4)
    assert desk.position.entered == 10, "one order's fills are one position"
    assert desk.position.stop == Decimal(98)
    stops = [one.order for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.STOP]
    assert stops[-1].quantity == 10


def test_O22_a_given_up_order_that_turns_out_to_work_is_cancelled_until_the_venue_says_it_ended() -> None:
    desk, name = given_up()
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    assert desk.sent[-1] == Cancel(name, BTC)
    assert desk.state.orders[name].status is OrderStatus.WORKING
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.CANCELLED)))
    assert name not in desk.state.orders


def test_O22_a_given_up_order_told_to_be_filled_is_asked_for_its_fills() -> None:
    desk, name = given_up()
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.FILLED, "10")))
    desk.give(i.TimerTicked(desk.now))
    assert desk.sent[-1] == Query(name, BTC)


def test_law_4_coins_sold_by_an_order_whose_position_is_gone_are_told_of() -> None:
    """A stop that was given up and then filled sold what no position held: the books show it, the owner hears it."""
    desk, order = holding()
    desk.command(i.ClosePosition, desk.position.id)
    late = fill(order.client_order_id, "1", "98", Side.SELL, id_="late")
    desk.give(i.FillSeen(desk.now, late))
    desk.advance(1)
    (told,) = desk.told("trouble")
    assert told.data["trouble"] == "data_unsound"
    assert not desk.state.positions
    assert desk.state.holdings[instrument().base] == Decimal(-1)


def test_orders_and_fills_of_others_are_passed_over_and_lost_ones_of_ours_told_of() -> None:
    desk = Desk()
    mine, other = ClientOrderId("pd" + "a" * 16), ClientOrderId("web_12345")
    desk.give(i.OrderSeen(desk.now, report(other, VenueStatus.OPEN)))
    desk.give(i.FillSeen(desk.now, fill(other, "1", "100")))
    assert not desk.told("trouble")
    desk.give(i.OrderSeen(desk.now, report(mine, VenueStatus.OPEN)))
    desk.give(i.FillSeen(desk.now, fill(mine, "1", "100")))
    assert len(desk.told("trouble")) == 1, "one alert for one order"


def test_O22_late_fills_of_two_given_up_orders_are_two_positions() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.price(ETH, "100")
    for symbol in (BTC, ETH):
        desk.network.plan(Submit, Fault.LOST_BEFORE)
        desk.signal(symbol)
    desk.advance(1)
    first, second = desk.submitted()
    desk.settings = settings(limits=WIDE)
    desk.market.instruments.clear()  # so that no order of their own moves the count
    desk.give(i.FillSeen(desk.now, fill(first, "4", "100")))
    desk.give(i.FillSeen(desk.now, fill(second, "4", "100", symbol=ETH)))
    assert len(desk.state.positions) == 2


def test_O22_a_given_up_order_whose_position_is_gone_is_cancelled_again_when_the_first_cancel_did_not_take() -> (
    None
):
    desk, name = given_up()
    desk.network.plan(Cancel, Fault.HANGS, Fault.HANGS)
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    desk.network.plan(Query, Fault.HANGS, Fault.HANGS)
    desk.give(i.CancelRefused(desk.now, name, "timeout"))
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    desk.advance(3)
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    assert [one for one in desk.sent if isinstance(one, Cancel)] == [Cancel(name, BTC)] * 2
