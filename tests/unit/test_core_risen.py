"""An order that ended in our books and that the venue lists as open (laws 2 and 4): asked for by its name once a list
can't be merely late, and cancelled if it works, since another has taken its place."""

from __future__ import annotations

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query
from engine.core.ids import ClientOrderId
from engine.core.model import VenueStatus
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, report
from tests.support.desk import Desk
from tests.unit.test_core_reconcile import holding, look


def ended() -> tuple[Desk, ClientOrderId]:
    """A live desk whose stop was cancelled with its position closed."""
    desk = holding()
    name = desk.order(Purpose.STOP).client_order_id
    desk.command(i.ClosePosition, desk.position.id)
    assert not desk.state.orders
    look(desk)
    return desk, name


def listed(desk: Desk, name: ClientOrderId) -> None:
    look(desk, open_orders=(report(name, VenueStatus.OPEN),))


def asked(desk: Desk, name: ClientOrderId) -> int:
    return desk.sent.count(Query(name, BTC))


def test_a_list_that_is_late_is_no_news() -> None:
    desk, name = ended()
    facts = len(desk.facts)
    for _ in range(9):
        desk.advance(6)
        listed(desk, name)
    assert len(desk.facts) == facts


def test_law_2_after_a_minute_the_order_itself_is_asked_for_and_its_end_believed() -> None:
    desk, name = ended()
    told, facts = len(desk.notices), len(desk.facts)
    desk.advance(61)
    for _ in range(3):
        listed(desk, name)
        desk.advance(3)
    assert asked(desk, name) == 3
    assert {type(one) for one in desk.facts[facts:]} == {f.OrderAsked}, "nothing was put right"
    assert len(desk.notices) == told
    assert desk.state.settled_orders[name].status is OrderStatus.CANCELLED


def test_an_order_that_filled_to_the_end_is_not_asked_for() -> None:
    desk, _ = ended()
    entry = next(one for one in desk.state.settled_orders.values() if one.purpose is Purpose.ENTRY)
    desk.advance(61)
    listed(desk, entry.client_order_id)
    assert asked(desk, entry.client_order_id) == 0


def test_law_2_what_comes_late_without_a_question_revives_nothing() -> None:
    desk, name = ended()
    desk.advance(61)
    facts = len(desk.facts)
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    assert len(desk.facts) == facts


def wrongly_ended(status: VenueStatus = VenueStatus.CANCELLED) -> tuple[Desk, ClientOrderId]:
    """The venue said that a stop had ended, and it works there."""
    desk = holding()
    name = desk.order(Purpose.STOP).client_order_id
    desk.give(i.OrderSeen(desk.now, report(name, status)))
    assert desk.state.settled_orders[name].status.ended
    return desk, name


@pytest.mark.parametrize("status", [VenueStatus.CANCELLED, VenueStatus.EXPIRED, VenueStatus.REJECTED])
def test_law_4_one_that_works_after_all_is_cancelled_and_told_once(status: VenueStatus) -> None:
    desk, name = wrongly_ended(status)
    for _ in range(20):
        desk.advance(6)
        look(desk)
    assert desk.sent.count(Cancel(name, BTC)) == 1
    assert desk.state.settled_orders[name].status is OrderStatus.CANCELLED
    works = {one.client_order_id for one in desk.venue.open_orders(BTC, desk.now)}
    assert works == set(desk.state.orders)
    (trouble,) = [one for one in desk.told("trouble") if one.data["subject"] == name]
    assert trouble.data["trouble"] == "order_uncertain"
    assert not desk.state.troubles, "it is over"


def test_law_3_what_it_sold_meanwhile_is_booked_once() -> None:
    desk, name = wrongly_ended()
    desk.advance(30)
    desk.price(BTC, "97")
    for _ in range(10):
        desk.advance(6)
        look(desk)
    assert not desk.state.positions
    assert desk.state.holdings == {one.coin: one.total for one in desk.venue.balances()}
    assert name not in desk.state.orders
