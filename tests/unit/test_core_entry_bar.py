"""What the venue would not protect is not bought again, and what its rules say bounds what is sent (laws 5 and 18)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Submit
from engine.core.exits import round_stop
from engine.core.model import Direction, Instrument, Side
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, ETH, instrument, price, quantity
from tests.support.by_hand import sells
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.unit.test_core_reconcile import live, look


def refused(times: int) -> Desk:
    """A position whose stop is refused so often."""
    desk = Desk()
    desk.network.plan(Submit, None, *[Fault.REFUSED] * times)
    desk.price(BTC, "100")
    desk.signal(BTC)
    return desk


def buys(desk: Desk) -> int:
    return sum(one.order.side is Side.BUY for one in desk.of(f.OrderIntended))


def test_o26_the_stop_refused_for_ever_is_one_purchase_and_one_call() -> None:
    """ "no-more-stops": bought, refused, sold and bought again, six times in 150 s."""
    desk = refused(1000)
    for _ in range(150):
        desk.advance(1)
        desk.price(BTC, "100")
        desk.signal(BTC)
    assert buys(desk) == 1
    assert desk.position.quantity, "it is kept, and watched here"
    assert len(desk.told("entries_barred")) == 1
    assert "could not be protected" in desk.buy(BTC, "300")
    assert not desk.buy(ETH, "300") or "no fresh price" in desk.buy(ETH, "300"), "other instruments go on"


def test_o26_it_is_sold_at_its_stops_price_all_the_same_and_not_bought_again() -> None:
    desk = refused(1000)
    desk.advance(10)
    desk.network.faults.clear()
    desk.network.plan(Submit)
    desk.price(BTC, "97")
    desk.advance(3)
    assert desk.of(f.PositionClosed)[0].reason == "stop loss"
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert buys(desk) == 1


def test_o26_once_the_owner_has_answered_it_may_be_bought_again() -> None:
    desk = refused(4)
    desk.advance(60)
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING
    desk.price(BTC, "100")
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(5)
    assert not desk.state.positions
    assert "could not be protected" in desk.buy(BTC, "300"), "a stop that was taken late changes nothing"
    desk.crash()
    desk.price(BTC, "100")
    assert "could not be protected" in desk.buy(BTC, "300"), "it outlives a restart"
    assert desk.command(i.AllowEntries, BTC) == ""
    assert desk.command(i.AllowEntries, BTC).startswith("nothing keeps")
    assert not desk.buy(BTC, "300")


def test_o26_one_that_the_venue_takes_soon_after_needs_nobody() -> None:
    desk = refused(2)
    desk.advance(1)
    assert desk.buy(BTC, "300")
    desk.advance(10)
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING
    assert not desk.state.barred
    assert not desk.buy(BTC, "300")
    assert desk.told("entries_allowed")[-1].data["by"] == "venue"


def test_o26_a_price_that_fell_through_the_stop_bars_nothing() -> None:
    """Its stop was refused once, since it would have been hit at once."""
    desk = refused(1)
    desk.price(BTC, "97")
    desk.advance(3)
    assert not desk.state.positions
    assert not desk.state.barred


def test_o26_a_sale_by_hand_explains_what_was_refused() -> None:
    desk = live()
    desk.signal(BTC)
    sells(desk, "9.99")
    for _ in range(6):
        look(desk)
        desk.advance(3)
    assert not desk.state.positions
    assert not desk.state.barred


def test_law_5_a_position_above_the_largest_stop_is_told_and_not_added_to() -> None:
    """The venue's cap shrank: 4 of 10 were covered by the new stop, and nobody was told of the rest."""
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.give(i.InstrumentsSeen(desk.now, (replace(instrument(BTC), market_max=quantity("4")),)))
    assert not desk.told("entries_barred"), "the stop that rests covers all"
    desk.command(i.MoveStop, desk.position.id, price("99"))
    desk.advance(3)
    assert desk.order(Purpose.STOP).quantity == Decimal(4)
    assert len(desk.told("entries_barred")) == 1
    assert "could not be protected" in desk.buy(BTC, "300")
    desk.advance(60)
    assert len(desk.told("entries_barred")) == 1


@pytest.mark.parametrize(("most", "words"), [(0, "no more stops"), (1, "")])
def test_o26_the_venues_own_count_is_known_before_anything_is_bought(most: int, words: str) -> None:
    desk = Desk(instruments=[replace(instrument(BTC), max_stops=most)])
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert buys(desk) == most
    assert "no more stops" in desk.buy(BTC, "300")
    assert words in desk.buy(BTC, "300")


def capped(most: str) -> Instrument:
    return replace(instrument(BTC), market_max=quantity(most))


def test_o27_entries_fit_what_one_order_at_market_may_have() -> None:
    desk = Desk(instruments=[capped("4")])
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert desk.position.entered == 4


def test_o27_an_exit_above_the_cap_is_sold_in_parts() -> None:
    """ "market-lot-cap": the cap shrank while the position was held."""
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    held = desk.position.quantity
    desk.venue.list_instruments([capped("4")])
    desk.give(i.InstrumentsSeen(desk.now, (capped("4"),)))
    desk.command(i.ClosePosition, desk.position.id)
    for _ in range(4):
        desk.price(BTC, "100")
        desk.advance(1)
    assert not desk.state.positions
    sold = [one.order.quantity for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.EXIT]
    assert sold == [Decimal(4), Decimal(4), held - 8]
    assert not desk.of(f.ExitRefused)


def test_a11_a_coarser_lot_is_protected_and_sold_as_far_as_it_goes() -> None:
    """ "lot-step-changes": the rest is told as dust."""
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.advance(4)
    coarse = replace(instrument(BTC), lot=Decimal(1), min_quantity=quantity("1"))
    desk.venue.list_instruments([coarse])
    desk.give(i.InstrumentsSeen(desk.now, (coarse,)))
    desk.command(i.MoveStop, desk.position.id, price("99"))
    desk.advance(5)
    assert desk.order(Purpose.STOP).quantity == 9
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(3)
    (closed,) = desk.of(f.PositionClosed)
    assert closed.dust == Decimal("0.99")


@pytest.mark.parametrize(
    ("raw", "at", "tick", "stop"),
    [
        ("0.0000392", "0.00004", "0.00001", "0.00003"),
        ("0.0000392", "0.00004", "0.000001", "0.000039"),
        ("98.001", "100", "0.01", "98.01"),
        ("99.995", "100", "0.01", "99.99"),
    ],
)
def test_s13_a_stop_is_at_least_a_tick_off_the_price(raw: str, at: str, tick: str, stop: str) -> None:
    rules = replace(instrument(BTC), tick=Decimal(tick))
    assert round_stop(price(raw), Direction.LONG, rules, price(at)) == Decimal(stop)


def test_s13_a_trailing_stop_of_a_coin_of_few_digits_never_reaches_its_price() -> None:
    rules = replace(instrument(BTC), tick=Decimal("0.00001"))
    up = round_stop(price("0.0000408"), Direction.SHORT, rules, price("0.00004"))
    assert up == Decimal("0.00005")


def test_s10_a_refused_cancel_waits_before_it_is_sent_again() -> None:
    """As fast as the venue answers it was four facts and two requests a turn."""
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.advance(4)
    facts = len(desk.facts)
    desk.network.plan(Cancel, *[Fault.REFUSED] * 50)
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(30)
    assert len(desk.of(f.CancelFailed)) <= 5
    assert len(desk.facts) - facts < 60
