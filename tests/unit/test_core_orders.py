"""What the venue tells of our orders, in any order and any number of times: law 2 and the O rows."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.due import due
from engine.core.effects import Cancel, Query
from engine.core.errors import Rejected, Unavailable
from engine.core.evolve import restore
from engine.core.ids import ClientOrderId
from engine.core.ledger import Phase
from engine.core.model import Mode, VenueStatus
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import (
    BTC,
    START,
    fill,
    report,
    seconds,
    settings,
)
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.support.scenes import entering, hanging, holding


def test_law_2_a_lost_answer_is_unknown_and_is_asked_for_never_sent_again() -> None:
    desk = entering(Fault.LOST_AFTER)
    assert desk.order(Purpose.ENTRY).status is OrderStatus.UNKNOWN
    desk.advance(1)
    assert desk.position.entered == Decimal(10)
    assert len(desk.submitted()) == len(set(desk.submitted())) == 2, "the entry once, its stop once"
    assert [type(one) for one in desk.sent].count(Query) == 1


def test_law_2_could_not_ask_is_not_not_there() -> None:
    desk = entering(Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 6)
    desk.advance(30)
    order = desk.order(Purpose.ENTRY)
    assert order.status is OrderStatus.UNKNOWN
    assert order.attempts == 6
    desk.advance(20)
    assert desk.position.phase is Phase.OPEN


def test_law_2_questions_come_ever_more_slowly_but_never_so_slowly_that_the_venues_return_is_missed() -> None:
    desk = entering(Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 8)
    desk.advance(60)
    asked = [one.at for one in desk.of(f.OrderAsked)]
    waits = [(after - before).total_seconds() for before, after in pairwise(asked)]
    assert waits == [1, 2, 4, 8, 8, 8, 8, 8]


def test_law_2_what_was_asked_for_in_vain_is_asked_at_once_when_the_venue_is_back() -> None:
    desk = entering(Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 6)
    desk.advance(24)
    assert desk.order(Purpose.ENTRY).attempts == 6
    desk.give(i.TroubleGone(desk.now, f.Trouble.PRICES_STALE, BTC))
    assert desk.order(Purpose.ENTRY).attempts == 6, "of another trouble's end nothing follows"
    desk.give(i.TroubleGone(desk.now, f.Trouble.VENUE_UNREACHABLE, ""))
    desk.settle()
    assert desk.position.entered == Decimal(10)
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING


def test_an_order_under_way_is_not_asked_for_because_prices_came_back() -> None:
    desk, _ = holding()
    asked = len(desk.sent)
    desk.give(i.TroubleGone(desk.now, f.Trouble.VENUE_UNREACHABLE, ""))
    assert len(desk.sent) == asked


def test_law_2_an_order_that_never_arrived_is_given_up_on_the_venues_word() -> None:
    desk = entering(Fault.LOST_BEFORE)
    desk.advance(1)
    assert not desk.state.positions
    (ended,) = desk.of(f.OrderEnded)
    assert ended.status is OrderStatus.NEVER_ARRIVED


def live_unknown() -> Desk:
    """A live book with one order of unknown outcome."""
    desk, _ = hanging()
    opened = desk.facts[0]
    assert isinstance(opened, f.BookOpened)
    live = f.BookOpened(opened.at, opened.connection, Mode.LIVE, opened.nonce, opened.quote, opened.balance)
    desk.facts[0] = live
    desk.state, desk.folded = restore(desk.facts), restore(desk.facts)
    desk.settings = settings(mode=Mode.LIVE)
    desk.give(i.OrderOutcomeUnknown(desk.now, desk.order(Purpose.ENTRY).client_order_id, "timeout"))
    return desk


def test_law_2_a_live_venue_may_list_an_order_late_so_not_found_needs_patience() -> None:
    desk = live_unknown()
    order = desk.order(Purpose.ENTRY)
    for _ in range(17):
        desk.advance(1)
    assert desk.order(Purpose.ENTRY).status is OrderStatus.UNKNOWN
    desk.advance(2)  # asked again at once when it counts, though questions come ever more slowly
    assert desk.state.order(order.client_order_id).status is OrderStatus.NEVER_ARRIVED  # type: ignore[union-attr]


def test_law_2_a_live_not_found_counts_only_when_asked_twice() -> None:
    desk = live_unknown()
    desk.clock.advance(seconds(60))
    name = desk.order(Purpose.ENTRY).client_order_id
    desk.give(i.OrderNotFound(desk.now, name))
    assert desk.order(Purpose.ENTRY).status is OrderStatus.UNKNOWN


def test_law_2_unknown_blocks_new_entries_in_that_instrument_only() -> None:
    desk = entering(Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 3)
    assert desk.buy(BTC, "100") == "an order in BTC/USDT has an unknown outcome"


def test_O8_time_alone_ends_no_order() -> None:
    desk, _ = hanging()
    desk.advance(600)
    assert desk.order(Purpose.ENTRY).status is OrderStatus.INTENDED


def test_a_not_found_for_a_working_order_on_a_live_venue_changes_nothing() -> None:
    desk = live_unknown()
    name = desk.order(Purpose.ENTRY).client_order_id
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    desk.clock.advance(seconds(3))
    desk.give(i.OrderNotFound(desk.now, name))
    assert desk.order(Purpose.ENTRY).status is OrderStatus.WORKING


def test_a_refusal_of_an_order_that_was_seen_to_work_is_doubted_and_asked_for() -> None:
    desk, order = holding()
    desk.give(i.OrderRefused(desk.now, order.client_order_id, "duplicate"))
    assert desk.order(Purpose.STOP).status is OrderStatus.UNKNOWN
    desk.advance(1)
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING
    assert desk.submitted().count(order.client_order_id) == 1


def test_O17_the_fill_comes_before_the_answer() -> None:
    desk, order = hanging()
    one = fill(order.client_order_id, "10", "100")
    desk.give(i.FillSeen(desk.now, one))
    assert desk.position.phase is Phase.OPEN
    desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.FILLED, "10", one)))
    assert desk.position.entered == 10
    assert desk.order(Purpose.STOP).client_order_id in desk.submitted()


def test_O17_the_answer_is_lost_after_the_fill_was_heard_of() -> None:
    desk, order = hanging()
    desk.give(i.FillSeen(desk.now, fill(order.client_order_id, "10", "100")))
    desk.give(i.OrderOutcomeUnknown(desk.now, order.client_order_id, "timeout"))
    assert desk.order(Purpose.ENTRY).status is OrderStatus.UNKNOWN
    desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.FILLED, "10")))
    assert not desk.orders(Purpose.ENTRY)


def test_a_lost_answer_says_nothing_of_an_order_that_was_heard_of_meanwhile() -> None:
    desk, order = hanging()
    desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.OPEN)))
    desk.give(i.OrderOutcomeUnknown(desk.now, order.client_order_id, "timeout"))
    assert desk.order(Purpose.ENTRY).status is OrderStatus.WORKING


def test_O19_no_fill_is_inferred_what_the_venue_counts_and_we_lack_is_asked_for() -> None:
    desk, order = hanging()
    desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.FILLED, "10")))
    assert desk.position.entered == 0
    waiting = desk.order(Purpose.ENTRY)
    assert (waiting.status, waiting.settled) == (OrderStatus.FILLED, False)
    desk.give(i.TimerTicked(desk.now))
    assert isinstance(desk.sent[-1], Query)
    one = fill(order.client_order_id, "10", "100")
    desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.FILLED, "10", one)))
    assert desk.position.entered == 10
    assert not desk.orders(Purpose.ENTRY)


def test_a_late_report_of_less_never_ends_or_revives_anything() -> None:
    desk, order = hanging()
    one = fill(order.client_order_id, "10", "100")
    desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.FILLED, "10", one)))
    before = desk.state
    decision = desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.OPEN, "0")))
    assert decision.state is before


def test_O15_it_fills_while_we_cancel_and_the_final_state_is_read_again() -> None:
    desk = entering(volume="4")
    name = desk.order(Purpose.ENTRY).client_order_id
    desk.network.copies = 0
    desk.advance(19)
    desk.price(BTC, "100")
    assert desk.position.entered == 4, "the stream is silent"
    desk.advance(3)
    assert desk.position.entered == 10
    assert desk.state.order(name).status is OrderStatus.FILLED  # type: ignore[union-attr]


def test_O15_an_ended_order_told_to_have_filled_more_is_asked_for() -> None:
    """A cancel's answer may be older than a fill of the same moment."""
    desk, order = hanging()
    name = order.client_order_id
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.OPEN)))
    one, two = fill(name, "4", "100", id_="a"), fill(name, "2", "100", id_="b")
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.CANCELLED, "4", one)))
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.CANCELLED, "6")))
    assert not desk.state.orders[name].settled
    desk.give(i.FillSeen(desk.now, two))
    assert desk.position.entered == 6
    assert name not in desk.state.orders


def test_O16_an_exit_waits_until_the_rest_of_the_entry_is_settled() -> None:
    desk = entering(volume="4")
    desk.network.plan(Cancel, Fault.HANGS)
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(4)
    assert not desk.orders(Purpose.EXIT)
    desk.advance(4)
    desk.price(BTC, "100")
    desk.advance(1)
    assert not desk.state.positions
    (closed,) = desk.of(f.PositionClosed)
    assert closed.quantity == 4


@pytest.mark.parametrize(
    "input",
    [
        lambda at, name: i.OrderRefused(at, name, "no"),
        lambda at, name: i.OrderOutcomeUnknown(at, name, "no"),
        lambda at, name: i.OrderNotFound(at, name),
        lambda at, name: i.AskFailed(at, name, "no"),
        lambda at, name: i.CancelRefused(at, name, "no"),
    ],
)
def test_answers_about_orders_that_ended_or_never_were_change_nothing(input: object) -> None:
    assert callable(input)
    desk = Desk()
    desk.give(input(desk.now, ClientOrderId("pd" + "b" * 16)))
    done = entering()
    name = done.submitted()[0]
    before = done.state
    done.give(input(done.now, name))
    assert done.state is before


def test_a_cancel_without_an_answer_is_asked_for_and_then_sent_again() -> None:
    desk = entering(volume="4")
    desk.network.plan(Cancel, Fault.HANGS)
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(8)
    assert [type(one) for one in desk.sent].count(Cancel) == 2
    desk.price(BTC, "100")
    assert not desk.state.positions


def test_a_cancel_under_way_at_a_crash_is_asked_for() -> None:
    desk = entering(volume="4")
    desk.network.plan(Cancel, Fault.HANGS)
    desk.command(i.ClosePosition, desk.position.id)
    desk.crash()
    assert isinstance(desk.sent[-1], Query)
    desk.price(BTC, "100")
    desk.advance(3)
    assert not desk.state.positions


def test_P1_an_order_under_way_at_a_crash_is_asked_for_and_not_sent_again() -> None:
    desk = entering(Fault.LOST_AFTER)
    first = desk.submitted()
    desk.crash()
    desk.price(BTC, "100")
    desk.advance(2)
    assert desk.position.entered == 10
    assert desk.submitted()[: len(first)] == first
    assert len(set(desk.submitted())) == len(desk.submitted())


def test_P1_a_paper_order_whose_last_fills_died_with_the_process_is_settled_by_what_we_hold() -> None:
    """Our books are the paper account: a fill that was never written down never happened."""
    desk = entering(volume="4")
    name = desk.order(Purpose.ENTRY).client_order_id
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.CANCELLED, "7")))
    assert not desk.state.orders[name].settled
    desk.crash(venue_forgets=True)
    desk.advance(2)
    assert name not in desk.state.orders
    desk.price(BTC, "100")
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(1)
    assert not desk.state.positions


def test_a_paper_order_that_the_paper_venue_does_not_know_has_ended() -> None:
    desk = entering(volume="4")
    name = desk.order(Purpose.ENTRY).client_order_id
    desk.give(i.OrderNotFound(desk.now, name))
    assert name not in desk.state.orders


def test_an_input_that_is_only_a_trouble_of_reconciling_is_told() -> None:
    desk = Desk()
    desk.give(i.ReconcileFailed(desk.now, "timeout"))
    assert not desk.told("trouble"), "it is tried again within seconds"
    desk.advance(50)
    assert desk.told("trouble")[0].data["detail"] == "timeout"


def test_errors_carry_what_the_venue_said() -> None:
    assert Unavailable("later", 3.0).retry_after == 3.0
    assert str(Rejected("no", "CODE")) == "no"


def test_P13_a_clock_set_back_makes_nothing_wait_for_the_hour_to_come_again() -> None:
    assert due(START, None)
    assert due(START, START)
    assert not due(START, START + seconds(60))
    assert due(START, START + seconds(3600))
