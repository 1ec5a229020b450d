"""Stops, exits and how a position is left: law 5, the S rows, and each way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query, Submit
from engine.core.exits import distances, opening, round_stop
from engine.core.ids import Coin
from engine.core.ledger import Phase, Position
from engine.core.market import Market
from engine.core.model import Action, Direction, OrderType, VenueStatus
from engine.core.orders import OrderStatus, Purpose
from engine.core.settings import ExitRules, Unprotected
from tests.support.builders import (
    BTC,
    fill,
    instrument,
    preset,
    price,
    ratio,
    report,
    seconds,
    settings,
    ticker,
)
from tests.support.desk import Desk
from tests.support.network import Fault


def holding(exits: ExitRules | None = None, instruments: tuple[str, str] = ("0.01", "0.001")) -> Desk:
    """10 BTC bought at 100, protected at 98, with a take profit at 103 unless `exits` says otherwise."""
    tick, lot = instruments
    desk = Desk(settings(preset(exits=exits)), [instrument(BTC, tick=tick, lot=lot)])
    desk.price(BTC, "100")
    desk.signal(BTC)
    return desk


def closed(desk: Desk) -> f.PositionClosed:
    (only,) = desk.of(f.PositionClosed)
    return only


def test_law_18_what_is_below_the_least_quantity_is_not_sent_again_and_again_for_want_of_a_price() -> None:
    """The venue raised its least, the process began anew, and no price had come yet: refused every 30 s."""
    desk = holding()
    desk.market.prices.clear()
    desk.give(i.InstrumentsSeen(desk.now, (instrument(BTC, least="20"),)))
    before = len(desk.submitted())
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(60)
    assert not desk.state.positions
    assert len(desk.submitted()) == before


def exits_wanted(desk: Desk) -> list[str]:
    return [one.reason for one in desk.of(f.ExitWanted)]


# ── law 5 ─────────────────────────────────────────────────────────────────────────────────


def test_law_5_a_filled_entry_gets_its_stop_in_the_same_second() -> None:
    stop = holding().order(Purpose.STOP)
    assert (stop.status, stop.type, stop.stop_price) == (OrderStatus.WORKING, OrderType.STOP, Decimal(98))


def test_law_5_a_part_filled_entry_gets_its_stop_within_five_seconds_and_a_larger_one_later() -> None:
    desk = Desk()
    desk.price(BTC, "100", volume="4")
    desk.signal(BTC)
    assert not desk.orders(Purpose.STOP), "given a moment to complete"
    desk.advance(4)
    assert desk.order(Purpose.STOP).quantity == Decimal("3.996")
    desk.price(BTC, "100")
    desk.advance(1)
    assert desk.order(Purpose.STOP).quantity == Decimal("9.990")


def test_an_entry_that_does_not_fill_in_time_is_cancelled_and_its_part_kept() -> None:
    desk = Desk()
    desk.price(BTC, "100", volume="4")
    desk.signal(BTC)
    desk.advance(21)
    assert not desk.orders(Purpose.ENTRY)
    assert desk.position.entered == 4
    assert desk.of(f.CancelIntended)[0].reason == "not filled in time"


def test_an_entry_of_which_nothing_was_filled_is_abandoned() -> None:
    desk = Desk()
    desk.price(BTC, "100", volume="0")
    desk.signal(BTC)
    desk.advance(21)
    assert not desk.state.positions
    assert not desk.state.positions_in
    assert len(desk.of(f.PositionAbandoned)) == 1


def test_law_5_a_stop_too_small_for_the_venue_is_watched_here() -> None:
    desk = Desk(instruments=[instrument(BTC, min_notional="50")])
    desk.price(BTC, "100", volume="0.6")
    desk.signal(BTC)
    desk.give(i.InstrumentsSeen(desk.now, (instrument(BTC, min_notional="59"),)))
    desk.advance(5)
    assert not desk.orders(Purpose.STOP)
    desk.give(i.InstrumentsSeen(desk.now, (instrument(BTC, min_notional="5"),)))
    desk.settle()
    assert desk.order(Purpose.STOP).quantity == Decimal("0.599")


def test_law_5_without_the_venues_rules_nothing_is_sent_and_nothing_forgotten() -> None:
    """After a restart the rules may come last."""
    desk = Desk()
    desk.price(BTC, "100", volume="4")
    desk.signal(BTC)
    desk.market.instruments.clear()
    desk.advance(30)
    assert not desk.orders(Purpose.STOP)
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(2)
    assert desk.position.phase is Phase.LEAVING
    desk.price(BTC, "100")
    desk.give(i.InstrumentsSeen(desk.now, desk.instruments))
    desk.settle()
    assert not desk.state.positions


# ── stops that go wrong ───────────────────────────────────────────────────────────────────


def test_S1_a_stop_that_is_jumped_over_is_left_at_market_after_a_grace() -> None:
    desk = holding()
    desk.give(i.PriceSeen(desk.now, ticker(BTC, "97", desk.now)))
    desk.give(i.PriceSeen(desk.now, ticker(BTC, "96", desk.now)))
    assert len(desk.of(f.StopTouched)) == 1
    desk.advance(2)
    assert not desk.orders(Purpose.EXIT)
    desk.advance(2)
    assert closed(desk).reason == "stop loss"


def test_a_price_past_a_stop_that_does_not_rest_is_left_at_once() -> None:
    desk = Desk()
    desk.network.plan(Submit, None, Fault.REFUSED)
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.price(BTC, "97.9")
    assert closed(desk).reason == "stop loss"


def test_S4_a_stop_cancelled_from_outside_is_put_back_and_told() -> None:
    desk = holding()
    first = desk.order(Purpose.STOP).client_order_id
    gone = desk.venue.cancel(first, desk.now)
    desk.give(i.OrderSeen(desk.now, gone))
    (told,) = desk.told("stop_refused")
    assert "not by us" in str(told.data["reason"])
    desk.advance(3)
    stop = desk.order(Purpose.STOP)
    assert stop.client_order_id != first
    assert stop.status is OrderStatus.WORKING
    assert desk.position.stop_refusals == 0, "it works: the count begins anew"


def test_S4_a_stop_cancelled_again_and_again_is_put_back_every_time_and_at_a_bounded_pace() -> None:
    desk = holding()
    for _ in range(20):
        for stop in desk.orders(Purpose.STOP):
            desk.give(i.OrderSeen(desk.now, desk.venue.cancel(stop.client_order_id, desk.now)))
        desk.advance(1)
    assert len(desk.told("stop_refused")) == 10
    assert desk.position.phase is Phase.OPEN


def test_a_stop_refused_four_times_in_a_row_means_the_position_is_left_where_its_preset_says_so() -> None:
    desk = Desk(settings(preset(exits=ExitRules(unprotected=Unprotected.SELL))))
    desk.network.plan(Submit, None, *[Fault.REFUSED] * 4)
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.advance(23)
    assert [one.refusals for one in desk.of(f.StopRefused)] == [1, 2, 3, 4]
    assert closed(desk).reason == "the venue refuses its stop"


def test_S10_a_refused_exit_is_told_backed_off_and_the_stop_goes_back_meanwhile() -> None:
    desk = holding()
    desk.network.plan(Submit, Fault.REFUSED, None, Fault.REFUSED, None)
    desk.command(i.ClosePosition, desk.position.id)
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING
    desk.advance(1)
    assert not desk.orders(Purpose.EXIT)
    desk.advance(10)
    assert [one.refusals for one in desk.of(f.ExitRefused)] == [1, 2]
    assert len(desk.told("exit_refused")) == 2
    assert closed(desk).reason == "closed by owner"


def test_S10_exits_that_the_venue_ends_unfilled_come_at_a_bounded_pace() -> None:
    """Else an instrument without buyers would get an order with every round trip."""
    desk = holding()
    desk.network.plan(Submit, *[Fault.HANGS] * 99)
    desk.command(i.ClosePosition, desk.position.id)
    for _ in range(60):
        for order in list(desk.state.orders.values()):
            if order.status is OrderStatus.INTENDED:
                ended = VenueStatus.EXPIRED if order.purpose is Purpose.EXIT else VenueStatus.OPEN
                desk.give(i.OrderSeen(desk.now, report(order.client_order_id, ended)))
            elif order.cancel_wanted:
                desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.CANCELLED)))
        desk.advance(1)
    assert len(desk.of(f.ExitRefused)) == 5


def test_a_stop_is_rounded_to_the_tick_as_it_is_when_placed() -> None:
    """A venue may change its steps while we hold: else each stop were refused until the position is left."""
    desk = holding(ExitRules(stop_loss=ratio("0.0213")))
    assert desk.order(Purpose.STOP).stop_price == Decimal("97.87")
    coarse = instrument(BTC, tick="0.1")
    desk.venue.list_instruments([coarse])
    desk.give(i.InstrumentsSeen(desk.now, (coarse,)))
    desk.settle()
    desk.advance(3)
    assert desk.order(Purpose.STOP).stop_price == Decimal("97.9")
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING


def test_more_than_the_venue_takes_at_once_is_sold_in_parts() -> None:
    desk = holding()
    small = instrument(BTC, most="4")
    desk.venue.list_instruments([small])
    desk.give(i.InstrumentsSeen(desk.now, (small,)))
    desk.command(i.ClosePosition, desk.position.id)
    sold = [one.order.quantity for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.EXIT]
    assert sold == [Decimal(4), Decimal(4), Decimal("1.990")]
    assert not desk.state.positions


def test_O22_a_second_stop_that_works_after_all_is_cancelled_before_anything_else() -> None:
    desk = Desk()
    desk.network.plan(Submit, None, Fault.LOST_BEFORE)
    desk.price(BTC, "100")
    desk.signal(BTC)
    lost = desk.order(Purpose.STOP).client_order_id
    desk.advance(1)
    assert desk.order(Purpose.STOP).client_order_id != lost
    desk.network.plan(Cancel, Fault.HANGS)
    desk.give(i.OrderSeen(desk.now, report(lost, VenueStatus.OPEN)))
    assert desk.sent[-1] == Cancel(lost, BTC)
    desk.command(i.ClosePosition, desk.position.id)
    assert not desk.orders(Purpose.EXIT), "what it may still sell is settled first (O16)"
    desk.give(i.OrderSeen(desk.now, report(lost, VenueStatus.CANCELLED)))
    desk.settle()
    assert not desk.state.positions


def test_O22_an_order_that_works_after_all_is_cancelled_again_until_the_cancel_takes() -> None:
    desk = Desk()
    desk.network.plan(Submit, None, Fault.LOST_BEFORE)
    desk.price(BTC, "100")
    desk.signal(BTC)
    lost = desk.order(Purpose.STOP).client_order_id
    desk.advance(1)
    desk.network.plan(Cancel, *[Fault.HANGS] * 2)
    desk.network.plan(Query, *[Fault.HANGS] * 20)
    for _ in range(2):
        desk.give(i.OrderSeen(desk.now, report(lost, VenueStatus.OPEN)))
        desk.give(i.CancelRefused(desk.now, lost, "timeout"))
        desk.give(i.OrderSeen(desk.now, report(lost, VenueStatus.OPEN)))
        desk.advance(6)  # a refused cancel is not repeated as fast as the venue answers
    assert [one for one in desk.sent if one == Cancel(lost, BTC)]
    assert len([one for one in desk.sent if one == Cancel(lost, BTC)]) >= 2


# ── ways out ──────────────────────────────────────────────────────────────────────────────


def test_the_stop_at_the_venue_sells_and_closes_with_the_result() -> None:
    desk = holding()
    desk.price(BTC, "98")
    result = closed(desk)
    assert result.reason == "stop loss"
    assert (result.entry_price, result.exit_price) == (Decimal(100), Decimal(98))
    assert result.profit == Decimal("9.99") * 98 * Decimal("0.999") - 1000
    assert result.dust == 0


def test_take_profit_leaves_at_market() -> None:
    desk = holding()
    desk.price(BTC, "102.99")
    assert desk.position.phase is Phase.OPEN
    desk.price(BTC, "103")
    assert closed(desk).reason == "take profit"


def test_without_a_take_profit_the_position_stays() -> None:
    desk = holding(ExitRules(take_profit=None))
    desk.price(BTC, "500")
    assert desk.position.phase is Phase.OPEN


def test_the_time_limit_leaves_once_it_is_reached_and_not_before() -> None:
    desk = holding(ExitRules(time_limit=timedelta(seconds=10)))
    desk.advance(9)
    assert desk.position.phase is Phase.OPEN
    desk.advance(1)
    assert closed(desk).reason == "time limit"


TRAILING = ExitRules(take_profit=None, trailing=ratio("0.05"), stop_loss=ratio("0.05"))


def test_a_trailing_stop_follows_in_steps_and_never_goes_back() -> None:
    desk = holding(TRAILING)
    seen = []
    for last in ("100.3", "101", "99", "104", "103", "104.1"):
        desk.price(BTC, last)
        seen.append(desk.position.stop)
    assert seen == [Decimal(one) for one in ("95", "95.95", "95.95", "98.80", "98.80", "98.80")]
    assert desk.order(Purpose.STOP).stop_price == Decimal("98.80")
    desk.price(BTC, "98.8")
    assert closed(desk).reason == "trailing stop"


def test_a_stop_being_replaced_is_never_two_selling_orders() -> None:
    desk = holding(TRAILING)
    desk.network.plan(Cancel, Fault.HANGS)
    desk.price(BTC, "110")
    assert len(desk.orders(Purpose.STOP)) == 1
    desk.advance(7)
    assert desk.order(Purpose.STOP).stop_price == Decimal("104.50")


def test_a_strategy_may_leave_what_it_entered_even_paused() -> None:
    desk = holding()
    desk.command(i.Pause)
    desk.advance(1)
    desk.signal(BTC, Action.EXIT)
    assert closed(desk).reason == "crossed"
    desk.advance(1)
    assert desk.signal(BTC, Action.EXIT).facts == [], "there is nothing left to leave"


def test_a_second_wish_to_leave_changes_nothing() -> None:
    desk = holding()
    desk.network.plan(Cancel, Fault.HANGS)
    desk.signal(BTC, Action.EXIT)
    assert exits_wanted(desk) == []
    desk.advance(1)
    desk.signal(BTC, Action.EXIT)
    desk.advance(1)
    desk.signal(BTC, Action.EXIT)
    desk.command(i.ClosePosition, desk.position.id)
    assert len(exits_wanted(desk)) == 1


def test_a_wish_to_leave_a_planned_position_is_kept_through_its_first_fill() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.HANGS)
    desk.signal(BTC)
    desk.command(i.ClosePosition, desk.position.id)
    name = desk.submitted()[0]
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.FILLED, "1", fill(name, "1", "100"))))
    assert desk.position.phase is Phase.LEAVING
    assert desk.position.exit_reason == "closed by owner"


def test_a_leaving_position_is_left_alone_by_prices_and_time() -> None:
    desk = holding(ExitRules(time_limit=timedelta(seconds=2)))
    desk.network.plan(Cancel, *[Fault.HANGS] * 9)
    desk.command(i.ClosePosition, desk.position.id)
    desk.give(i.PriceSeen(desk.now, ticker(BTC, "50", desk.now)))
    desk.advance(3)
    assert len(exits_wanted(desk)) == 1


# ── rounding ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("direction", "expected"), [(Direction.LONG, "98"), (Direction.SHORT, "97")])
def test_a_stop_is_rounded_towards_the_smaller_loss(direction: Direction, expected: str) -> None:
    rounded = round_stop(price("97.3"), direction, instrument(BTC, tick="1"))
    assert rounded == Decimal(expected)
    assert round_stop(price("97.3"), direction, None) == Decimal("97.3")


def test_the_exits_of_a_short_lie_on_the_other_side() -> None:
    stop, take = distances(ExitRules(), price("100"))
    desk = holding()
    short = Position(desk.position.id, BTC, Direction.SHORT, None, desk.now, stop, take)
    entry = fill(desk.submitted()[0], "1", "100.5")
    opened = opening(short, entry, instrument(BTC, tick="1"), desk.now)
    assert (opened.stop, opened.take_profit) == (Decimal(102), Decimal(98))
    bare = opening(replace(short, take_profit_distance=None, deadline_seconds=5), entry, None, desk.now)
    assert (bare.stop, bare.take_profit) == (Decimal("102.5"), None)
    assert bare.deadline == desk.now + seconds(5)


def test_a_market_without_prices_says_so() -> None:
    assert Market().price(BTC) is None
    assert Market().fresh_price(BTC, Desk().now) is None


def test_a_trailing_stop_moves_without_a_message() -> None:
    desk = holding(ExitRules(take_profit=None, trailing=ratio("0.01")))
    desk.price(BTC, "105")
    assert desk.of(f.StopMoved)
    assert desk.told("stop_moved") == []


def test_law_5_what_is_too_small_for_a_stop_is_left_at_once() -> None:
    """A part-fill of 5.05 could be sold, but not its stop at 4.95: the venue's least is 5."""
    desk = Desk(settings(preset()), [instrument(BTC, lot="0.0001", least="0.0001")])
    desk.price(BTC, "100", "0.0505")
    desk.signal(BTC)
    assert desk.order(Purpose.ENTRY).filled == Decimal("0.0505")
    desk.advance(22)
    desk.price(BTC, "100", "100")
    desk.advance(5)
    assert closed(desk).reason == "too small to be protected"


def test_law_3_what_another_positions_stop_has_locked_is_no_dust() -> None:
    """Two positions of one coin, and fees took some of it: the one that is left sells what is free and waits for the
    rest, instead of closing over coins that could be sold (seed 43)."""
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    first = desk.position
    assert not desk.buy(BTC, "300")
    for state in (desk.state, desk.folded):
        state.holdings[Coin("BTC")] -= 2
    desk.command(i.ClosePosition, first.id)
    desk.advance(2)
    assert desk.state.positions[first.id].quantity == 2
    assert not desk.of(f.PositionClosed)
