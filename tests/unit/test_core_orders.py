"""What the venue tells of our orders, in any order and any number of times: laws 2 and 3, and the O rows."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query, Submit
from engine.core.errors import Rejected, Unavailable
from engine.core.evolve import SETTLED_KEPT, restore
from engine.core.ids import ClientOrderId
from engine.core.ledger import Phase
from engine.core.model import Fee, Mode, Side, VenueStatus
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.trader import decide
from tests.support.builders import (
    BTC,
    ETH,
    USDT,
    WIDE,
    fill,
    instrument,
    preset,
    quote,
    report,
    seconds,
    settings,
)
from tests.support.desk import Desk
from tests.support.network import Fault


def entering(*faults: Fault | None, volume: str | None = None) -> Desk:
    """A desk whose entry was just submitted, at a price of 100."""
    desk = Desk()
    desk.price(BTC, "100", volume)
    desk.network.plan(Submit, *faults)
    desk.signal(BTC)
    return desk


def hanging() -> tuple[Desk, Order]:
    """The entry left and nothing was heard of it; no venue stands behind it."""
    desk = entering(Fault.HANGS)
    return desk, desk.order(Purpose.ENTRY)


def holding() -> tuple[Desk, Order]:
    """10 BTC bought at 100 and protected."""
    desk = entering()
    return desk, desk.order(Purpose.STOP)


# ── law 2: unknown is a state ─────────────────────────────────────────────────────────────


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
    desk.advance(40)
    order = desk.order(Purpose.ENTRY)
    assert order.status is OrderStatus.UNKNOWN
    assert order.attempts == 6
    desk.advance(30)
    assert desk.position.phase is Phase.OPEN


def test_law_2_questions_come_ever_more_slowly() -> None:
    desk = entering(Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 8)
    desk.advance(150)
    asked = [one.at for one in desk.of(f.OrderAsked)]
    waits = [(after - before).total_seconds() for before, after in pairwise(asked)]
    assert waits == [1, 2, 4, 8, 15, 30, 30, 30]


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
    for _ in range(14):
        desk.advance(1)
    assert desk.order(Purpose.ENTRY).status is OrderStatus.UNKNOWN
    desk.advance(20)
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


# ── law 3: each fill once ─────────────────────────────────────────────────────────────────


def test_law_3_a_fill_told_twice_is_counted_once() -> None:
    desk, order = hanging()
    one = fill(order.client_order_id, "4", "100")
    for _ in range(2):
        desk.give(i.FillSeen(desk.now, one))
        desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.OPEN, "4", one)))
    assert desk.position.entered == 4
    assert len(desk.of(f.FillBooked)) == 1


def test_law_3_a_fill_told_again_after_thousands_of_others_is_still_counted_once() -> None:
    """A venue asked for an order tells all its fills again: those of an order that we remember are remembered."""
    desk, order = hanging()
    first = fill(order.client_order_id, "0.001", "100", id_="first")
    desk.give(i.FillSeen(desk.now, first))
    state, booked = desk.state.copy(), desk.of(f.FillBooked)[0]
    for number in range(3000):
        another = fill(order.client_order_id, "0.001", "100", id_=f"x{number}")
        restore([f.FillBooked(desk.now, another, booked.position_id, booked.fee_value)], state)
    again = decide(desk.settings, state, desk.market, i.FillSeen(desk.now, first))
    assert not [fact for fact in again.facts if isinstance(fact, f.FillBooked)]


def test_O11_a_fee_in_the_bought_coin_lessens_what_is_held_and_what_is_sold() -> None:
    desk, stop = holding()
    assert desk.position.quantity == Decimal("9.99")
    assert stop.quantity == Decimal("9.990")


def test_O11_a_fee_below_a_lot_never_makes_us_sell_more_than_we_hold() -> None:
    desk = Desk(instruments=[instrument(BTC, lot="1", least="1")])
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert desk.position.quantity == Decimal("9.99")
    assert desk.order(Purpose.STOP).quantity == Decimal(9)


def test_O12_the_rest_below_a_lot_is_dust_counted_with_the_result_and_not_stuck() -> None:
    desk = Desk(instruments=[instrument(BTC, lot="1", least="1")])
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.command(i.ClosePosition, desk.position.id)
    (closed,) = desk.of(f.PositionClosed)
    assert closed.dust == Decimal("0.99")
    assert not desk.state.positions
    assert desk.state.holdings[instrument().base] == Decimal("0.99")


def test_O12_a_part_filled_entry_too_small_to_sell_is_not_said_to_have_hit_its_stop() -> None:
    """Law 12: nothing was stopped here."""
    desk = Desk(instruments=[instrument(BTC, min_notional="50")])
    desk.price(BTC, "100", volume="0.1")
    desk.signal(BTC)
    desk.advance(25)
    (closed,) = desk.of(f.PositionClosed)
    assert closed.reason == "too little to sell"
    assert closed.dust == Decimal("0.0999")


# ── order of arrival ──────────────────────────────────────────────────────────────────────


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


def test_O22_an_order_that_we_gave_up_and_that_fills_later_gets_a_protected_position() -> None:
    desk, name = given_up()
    desk.give(i.FillSeen(desk.now, fill(name, "4", "100", id_="a")))
    desk.give(i.FillSeen(desk.now, fill(name, "6", "100", id_="b")))
    desk.advance(4)
    assert desk.position.entered == 10, "one order's fills are one position"
    assert desk.position.stop == Decimal(98)
    stops = [one.order for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.STOP]
    assert stops[-1].quantity == 10


def given_up() -> tuple[Desk, ClientOrderId]:
    """The entry never arrived as far as the venue knew, and its position is gone."""
    desk, order = hanging()
    desk.give(i.OrderOutcomeUnknown(desk.now, order.client_order_id, "timeout"))
    desk.advance(1)
    assert not desk.state.positions
    return desk, order.client_order_id


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


# ── cancels ───────────────────────────────────────────────────────────────────────────────


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


def test_the_settled_orders_that_are_kept_are_bounded_and_their_fills_with_them() -> None:
    desk, order = hanging()
    state = desk.state.copy()
    booked: list[f.AnyFact] = []
    for number in range(SETTLED_KEPT + 5):
        name = ClientOrderId(f"pd{number:016}")
        one = Order(
            name, order.intent_id, order.position_id, Purpose.ENTRY, BTC, Side.BUY, order.type,
            order.quantity, order.direction, None, "", desk.now,
        )  # fmt: skip
        booked += [
            f.OrderIntended(desk.now, one),
            f.FillBooked(desk.now, fill(name, "1", "1", id_=str(number)), order.position_id, one.quantity),  # type: ignore[arg-type]
            f.OrderEnded(desk.now, name, OrderStatus.CANCELLED, fill(name, "1", "1").quantity),
        ]
    restore(booked, state)
    assert len(state.settled_orders) == SETTLED_KEPT
    assert len(state.seen_fills) <= SETTLED_KEPT + len(state.orders)


def test_fees_in_a_third_coin_are_valued_by_its_price_and_at_nothing_without_one() -> None:
    desk, order = hanging()
    known = Fee(Decimal("0.1"), instrument(BTC).base)
    strange = Fee(Decimal("0.1"), instrument("XYZ/USDT").base)  # type: ignore[arg-type]
    quoted = Fee(Decimal("0.3"), USDT)
    one = fill(order.client_order_id, "10", "100", fees=(known, strange, quoted))
    desk.give(i.FillSeen(desk.now, one))
    assert desk.position.fees == Decimal("10.3")
    assert preset().id == desk.position.preset


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
    assert [one for one in desk.sent if isinstance(one, Cancel)] == [Cancel(name, BTC)] * 2


def test_O11_fees_that_other_trades_took_of_a_held_coin_are_not_sold() -> None:
    desk, _ = holding()
    base = instrument(BTC).base
    desk.record(f.BalanceFlowed(desk.now, base, Decimal("-0.5"), quote("0"), "fees"))
    desk.command(i.ClosePosition, desk.position.id)
    sold = [one.order.quantity for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.EXIT]
    assert sold == [Decimal("9.490")]
    assert not desk.state.positions
    assert desk.of(f.PositionClosed)[0].dust == Decimal("0.5")


def test_an_input_that_is_only_a_trouble_of_reconciling_is_told() -> None:
    desk = Desk()
    desk.give(i.ReconcileFailed(desk.now, "timeout"))
    assert desk.told("trouble")[0].data["detail"] == "timeout"


def test_errors_carry_what_the_venue_said() -> None:
    assert Unavailable("later", 3.0).retry_after == 3.0
    assert str(Rejected("no", "CODE")) == "no"
