"""What a glance at the account shows (law 3): nothing new, or a reason to ask for everything."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.facts import ForeignChoice
from engine.core.glance import Calm, Glance, beyond, shows_nothing_new
from engine.core.ids import ClientOrderId, Coin
from engine.core.model import Balance, VenueStatus
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, USDT, report, ticker
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.support.scenes import adopting

OWN = Coin("DOGE")


def glance(desk: Desk) -> Glance:
    """What this venue answers now; the owner has coins of his own there."""
    return Glance(
        (*desk.venue.balances(), Balance(OWN, Decimal(7))), tuple(desk.venue.open_orders(BTC, desk.now))
    )


def holding(*faults: Fault) -> tuple[Desk, dict[Coin, Decimal]]:
    """A desk, and what was beyond its books before it bought."""
    desk = Desk()
    before = beyond(desk.state.holdings, glance(desk).balances)
    desk.price(BTC, "100")
    desk.network.plan(Submit, *faults)
    desk.signal(BTC)
    return desk, before


def test_trades_of_ours_are_nothing_new_and_the_owners_coins_are_his() -> None:
    desk, before = holding()
    assert before == {OWN: Decimal(7)}
    assert desk.position.quantity
    assert shows_nothing_new(desk.state, glance(desk), before)


@pytest.mark.parametrize(("coin", "change"), [("BTC", "-0.1"), ("BTC", "0.1"), ("USDT", "5"), ("DOGE", "-1")])
def test_what_comes_and_goes_by_itself_is_seen(coin: str, change: str) -> None:
    desk, before = holding()
    seen = glance(desk)
    moved = [
        replace(one, free=one.free + Decimal(change)) if one.coin == coin else one for one in seen.balances
    ]
    assert not shows_nothing_new(desk.state, replace(seen, balances=tuple(moved)), before)


def test_a_coin_that_the_venue_stops_listing_is_seen() -> None:
    desk, before = holding()
    seen = glance(desk)
    left = tuple(one for one in seen.balances if one.coin != "BTC")
    assert not shows_nothing_new(desk.state, replace(seen, balances=left), before)


def test_a_stop_that_somebody_cancelled_is_seen() -> None:
    desk, before = holding()
    assert not shows_nothing_new(desk.state, replace(glance(desk), open_orders=()), before)


def test_a_stop_that_is_filled_in_part_is_seen_before_its_money_is() -> None:
    desk, before = holding()
    seen = glance(desk)
    (stop,) = seen.open_orders
    part = replace(stop, filled=type(stop.filled)(stop.filled + 1))
    assert not shows_nothing_new(desk.state, replace(seen, open_orders=(part,)), before)


def test_an_order_with_our_mark_that_is_not_in_our_books_is_seen_and_a_strangers_is_not() -> None:
    desk, before = holding()
    seen = glance(desk)
    lost = report(ClientOrderId("pd" + "f" * 16), VenueStatus.OPEN)
    hand = report(ClientOrderId("web_12345"), VenueStatus.OPEN)
    assert not shows_nothing_new(desk.state, replace(seen, open_orders=(*seen.open_orders, lost)), before)
    assert shows_nothing_new(desk.state, replace(seen, open_orders=(*seen.open_orders, hand)), before)


def test_a_foreign_order_that_the_owner_adopted_is_ours_and_nothing_new_while_it_rests() -> None:
    desk = adopting()
    seen = glance(desk)
    before = beyond(desk.state.holdings, seen.balances)
    assert shows_nothing_new(desk.state, seen, before)
    assert not shows_nothing_new(desk.state, replace(seen, open_orders=()), before)


def test_one_that_he_ignores_is_nothing_new() -> None:
    desk = adopting(ForeignChoice.IGNORE)
    seen = glance(desk)
    assert seen.open_orders
    assert shows_nothing_new(desk.state, seen, beyond(desk.state.holdings, seen.balances))


def test_of_an_order_that_ended_in_our_books_and_is_listed_still_the_whole_picture_judges() -> None:
    """Venues list late; else everything would be asked for every six seconds."""
    desk, before = holding()
    stop = desk.order(Purpose.STOP)
    desk.command(i.ClosePosition, desk.position.id)
    seen = glance(desk)
    listed = replace(seen, open_orders=(report(stop.client_order_id, VenueStatus.OPEN),))
    assert shows_nothing_new(desk.state, listed, before)
    given_up = replace(desk.state.settled_orders[stop.client_order_id], status=OrderStatus.NEVER_ARRIVED)
    desk.state.settled_orders[stop.client_order_id] = given_up
    assert not shows_nothing_new(desk.state, listed, before), (
        "it never was to be seen: it is there after all (O22)"
    )


def test_while_an_outcome_is_unknown_a_glance_is_not_enough() -> None:
    desk, before = holding(Fault.LOST_BEFORE)
    assert not shows_nothing_new(desk.state, glance(desk), before)


def test_while_a_cancel_is_under_way_a_glance_is_not_enough() -> None:
    desk, before = holding()
    stop = desk.order(Purpose.STOP)
    desk.state.orders[stop.client_order_id] = replace(stop, cancel_since=desk.now)
    assert not shows_nothing_new(desk.state, glance(desk), before)


def test_a_missed_fill_is_seen() -> None:
    """The stream was silent: our books still hold what was sold."""
    desk, before = holding()
    desk.venue.on_price(ticker(BTC, "90", desk.now), desk.now)
    assert not shows_nothing_new(desk.state, glance(desk), before)


def test_a_difference_that_no_whole_picture_judged_is_no_agreement() -> None:
    """The last picture was taken while a stop was on its way, so the money was not judged (seed 1398)."""
    desk, before = holding()
    desk.state.holdings[USDT] += 90
    assert not shows_nothing_new(desk.state, glance(desk), before | {USDT: Decimal(-90)})


def test_calm_holds_until_the_account_or_our_books_move() -> None:
    desk, _ = holding()
    seen = glance(desk)
    calm = Calm(desk.state, seen)
    desk.price(BTC, "100")
    assert calm.still_holds(desk.state, glance(desk))

    moved = replace(seen, balances=(Balance(OWN, Decimal(8)), *seen.balances[1:]))
    assert not calm.still_holds(desk.state, moved)
    assert not calm.still_holds(desk.state, replace(seen, open_orders=()))

    books = desk.state.copy()
    books.orders.clear()
    assert not calm.still_holds(books, seen)
    books = desk.state.copy()
    books.holdings[OWN] = Decimal(1)
    assert not calm.still_holds(books, seen)


def test_m7_an_order_in_what_the_venue_does_not_list_is_not_missed() -> None:
    desk, before = holding()
    seen = replace(glance(desk), open_orders=())
    assert not shows_nothing_new(desk.state, seen, before)
    assert shows_nothing_new(desk.state, seen, before, left_out=[BTC])
