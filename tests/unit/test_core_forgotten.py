"""An order that worked and that the venue knows no more (S11, laws 2, 4 and 5): cancelled first, so that it can't work
beside another, and ended only on a whole picture in which the account shows that it did nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query
from engine.core.ids import ClientOrderId, Coin, base_of
from engine.core.model import Balance, Side
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, USDT, fill
from tests.support.desk import Desk
from tests.support.scenes import STRAY, adopting
from tests.unit.test_core_reconcile import holding, look


def forgetful() -> tuple[Desk, ClientOrderId]:
    """A position whose stop the venue has lost, half a minute after it was placed."""
    desk = holding()
    desk.advance(30)
    desk.venue.restore(desk.venue.balances(), ())
    return desk, desk.order(Purpose.STOP).client_order_id


def looks(desk: Desk, times: int, **other: object) -> None:
    """As often as while something differs."""
    for _ in range(times):
        look(desk, **other)
        desk.advance(6)


def stops(desk: Desk) -> list[ClientOrderId]:
    return [
        one.order.client_order_id for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.STOP
    ]


def test_S11_law_5_a_stop_that_the_venue_lost_is_placed_anew_within_30_s() -> None:
    desk, lost = forgetful()
    looks(desk, 5)
    stop = desk.order(Purpose.STOP)
    assert stop.client_order_id != lost
    assert [one.client_order_id for one in desk.venue.open_orders(BTC, desk.now)] == [stop.client_order_id]
    assert desk.sent.count(Cancel(lost, BTC)) == 1
    assert [one.data["subject"] for one in desk.told("trouble")] == [lost]
    assert not desk.state.troubles


def test_S11_law_4_no_second_stop_is_sent_before_the_first_was_cancelled_and_not_found_for_long() -> None:
    """Its coins are still held at the venue: it may be there."""
    desk, lost = forgetful()
    held = (
        Balance(base_of(BTC), Decimal(0), desk.position.quantity),
        Balance(USDT, desk.state.holdings[USDT]),
    )
    looks(desk, 3, balances=held)
    assert stops(desk) == [lost]
    assert desk.order(Purpose.STOP).cancel_wanted


def test_s14_a_stop_that_holds_nothing_any_more_is_put_back_within_seconds_of_being_missed() -> None:
    """Its name is not known, the list lacks it, its cancel finds nothing, its coins are free."""
    desk, lost = forgetful()
    looks(desk, 3)
    (_, anew) = stops(desk)
    assert desk.state.orders[anew].status is OrderStatus.WORKING
    assert desk.sent.count(Cancel(lost, BTC)) == 1
    assert desk.told("trouble"), "the owner was told that it was not there"


def test_s14_the_owner_can_close_while_the_stop_is_lost() -> None:
    desk, _ = forgetful()
    desk.command(i.ClosePosition, desk.position.id)
    looks(desk, 3)
    assert not desk.state.positions
    assert desk.of(f.PositionClosed)[0].reason == "closed by owner"


def test_A10_one_picture_without_it_changes_nothing() -> None:
    desk, lost = forgetful()
    look(desk)
    desk.advance(60)
    assert desk.order(Purpose.STOP).client_order_id == lost
    assert Cancel(lost, BTC) not in desk.sent


def test_a_stop_that_was_just_placed_may_be_listed_late() -> None:
    desk = holding()
    name = desk.order(Purpose.STOP).client_order_id
    looks(desk, 2, open_orders=(), orders=(), missing=(name,))
    assert Cancel(name, BTC) not in desk.sent


def test_law_4_one_that_works_although_the_venue_can_not_find_it_never_works_beside_another() -> None:
    """The venue's lookup fails for a while. Its own list of what works is looked at at every step."""
    desk = holding()
    desk.advance(30)
    name = desk.order(Purpose.STOP).client_order_id
    for _ in range(6):
        looks(desk, 1, open_orders=(), orders=(), missing=tuple(desk.state.orders))
        assert len(desk.venue.open_orders(BTC, desk.now)) == 1
    assert desk.state.settled_orders[name].status is OrderStatus.CANCELLED


def test_S11_the_answer_to_one_question_ends_nothing_without_a_whole_picture() -> None:
    """Whether it traded before the venue lost it, only the account tells."""
    desk, lost = forgetful()
    looks(desk, 2)
    desk.advance(120)
    assert desk.sent.count(Query(lost, BTC)) > 5
    assert stops(desk) == [lost]


def sold(desk: Desk) -> tuple[Balance, ...]:
    """It had sold what it protected before it was forgotten; the owner holds more of that coin for himself."""
    return (Balance(base_of(BTC), Decimal(50)), Balance(USDT, desk.state.holdings[USDT] + 978))


def test_law_4_no_stop_is_placed_for_coins_that_the_forgotten_one_may_have_sold() -> None:
    desk, lost = forgetful()
    looks(desk, 20, balances=sold(desk))
    assert stops(desk) == [lost]
    assert desk.told("trouble"), "the owner was called"
    late = replace(fill(lost, desk.position.quantity, "98", Side.SELL), at=desk.now)
    look(desk, fills=(late,), balances=sold(desk))
    desk.advance(2)
    assert not desk.orders(Purpose.EXIT)


def test_law_5_money_that_moves_meanwhile_does_not_leave_the_position_bare_for_ever() -> None:
    """The owner has such coins, too, and paid in: neither coins nor money could prove anything, and nothing was booked
    any more, the deposit neither."""
    desk, _ = forgetful()
    paid_in = (Balance(base_of(BTC), Decimal(50)), Balance(USDT, desk.state.holdings[USDT] + 50_000))
    looks(desk, 50, balances=paid_in, fills=())
    assert len(stops(desk)) == 2
    assert desk.state.holdings[USDT] == paid_in[1].total


def test_a_picture_that_is_older_than_our_books_ends_nothing() -> None:
    desk, lost = forgetful()
    looks(desk, 20, held_before={USDT: Decimal(1)})
    assert stops(desk) == [lost]


def test_an_adopted_order_that_the_venue_lost_has_ended_too() -> None:
    desk = adopting()
    desk.advance(30)
    desk.venue.restore(desk.venue.balances(), ())
    looks(desk, 5)
    assert STRAY not in desk.state.orders
    assert not desk.state.positions


@pytest.mark.parametrize("coin", [base_of(BTC), USDT])
def test_m12_law_4_a_balance_that_was_not_told_does_not_prove_that_the_lost_stop_sold_nothing(
    coin: Coin,
) -> None:
    desk, lost = forgetful()
    told = tuple(
        Balance(coin, Decimal(0), told=False) if one.coin == coin else one for one in desk.venue.balances()
    )
    desk.advance(120)
    looks(desk, 30, balances=told)
    assert stops(desk) == [lost]
    assert lost in desk.state.orders
