"""Our books held against the venue's (law 3, A1, A2, A10, O21): the plan of repair and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel, Query, Submit
from engine.core.errors import Rejected
from engine.core.facts import ForeignChoice
from engine.core.ids import ClientOrderId, Coin
from engine.core.ledger import Phase
from engine.core.model import (
    Balance,
    Mode,
    OrderReport,
    OrderRequest,
    OrderType,
    Side,
    VenuePicture,
    VenueStatus,
)
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, START, USDT, fill, price, quantity, settings, ticker
from tests.support.desk import Desk
from tests.support.network import Fault

FOREIGN = ClientOrderId("pd" + "f" * 16)


def picture(desk: Desk, **other: object) -> VenuePicture:
    """What this venue answers to every question about our orders."""
    reports = {name: desk.venue.order(name, desk.now) for name in desk.state.orders}
    true = VenuePicture(
        tuple(desk.venue.balances()),
        tuple(one for rules in desk.instruments for one in desk.venue.open_orders(rules.symbol, desk.now)),
        tuple(one for one in reports.values() if one is not None),
        tuple(name for name, one in reports.items() if one is None),
        tuple(one for rules in desk.instruments for one in desk.venue.fills(rules.symbol, START)),
    )
    return replace(true, **other)  # type: ignore[arg-type]


def look(desk: Desk, **other: object) -> None:
    desk.give(i.PictureSeen(desk.now, picture(desk, **other)))
    desk.settle()


def live() -> Desk:
    """A live book that agrees with its venue, running, with a price."""
    desk = Desk(settings(mode=Mode.LIVE))
    look(desk)
    desk.command(i.Resume)
    desk.price(BTC, "100")
    return desk


def holding(*faults: Fault | None) -> Desk:
    desk = live()
    desk.network.plan(Submit, *faults)
    desk.signal(BTC)
    return desk


def test_a4_a_refused_key_is_over_once_the_halt_was_lifted_and_the_venue_answers() -> None:
    desk = live()
    desk.give(i.TroubleSeen(desk.now, f.Trouble.KEY_REFUSED, "", "expired"))
    look(desk)
    assert desk.state.troubles, "it may read, and was refused for an order: that proves nothing"
    desk.command(i.LiftHalt)
    desk.command(i.Resume)
    desk.signal(BTC)
    assert desk.state.positions == {}
    look(desk)
    assert desk.told("trouble_over")[-1].data["trouble"] == "key_refused"
    desk.advance()
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert desk.position.quantity


def with_btc(desk: Desk, total: str) -> tuple[Balance, ...]:
    return (Balance(Coin("BTC"), Decimal(total)), Balance(USDT, desk.state.holdings[USDT]))


def test_the_first_picture_reads_the_accounts_money() -> None:
    desk = live()
    assert desk.state.holdings[USDT] == desk.state.high_water == Decimal(10000)
    assert desk.of(f.BalanceFlowed)[0].amount == Decimal(10000)
    assert desk.state.reconciled_at == desk.now


def test_nothing_is_written_while_both_books_agree() -> None:
    desk = holding()
    count = len(desk.facts)
    look(desk)
    assert len(desk.facts) == count
    desk.advance(3700)
    look(desk)
    assert isinstance(desk.facts[-1], f.Reconciled)


def test_agreement_that_the_owner_asked_for_is_written() -> None:
    desk = holding()
    desk.advance(5)
    told = len(desk.notices)
    desk.give(i.PictureSeen(desk.now, picture(desk), asked=True))
    assert desk.state.reconciled_at == desk.now
    assert len(desk.notices) == told


def test_a_restart_must_be_held_against_the_venue_again() -> None:
    desk = holding()
    desk.crash()
    assert desk.state.reconciled_at is None
    look(desk)
    assert desk.state.reconciled_at == desk.now


def test_law_3_fills_that_were_missed_are_booked_once() -> None:
    desk = live()
    desk.network.plan(Submit, Fault.HANGS)
    desk.signal(BTC)
    name = desk.order(Purpose.ENTRY).client_order_id
    one = fill(name, "10", "100")
    told = OrderReport(name, None, BTC, VenueStatus.FILLED, quantity("10"), desk.now, (one,))
    look(desk, fills=(one,), orders=(told,), missing=())
    assert desk.position.entered == 10
    assert len(desk.of(f.FillBooked)) == 1
    assert not desk.orders(Purpose.ENTRY)


def test_S4_a_stop_that_is_gone_at_the_venue_is_put_back() -> None:
    desk = holding()
    first = desk.order(Purpose.STOP).client_order_id
    desk.venue.cancel(first, desk.now)
    look(desk)
    desk.advance(3)
    stop = desk.order(Purpose.STOP)
    assert (stop.status, stop.client_order_id != first) == (OrderStatus.WORKING, True)


def test_A10_a_working_order_in_neither_list_is_asked_for_and_never_dropped() -> None:
    desk = holding()
    name = desk.order(Purpose.STOP).client_order_id
    look(desk, open_orders=(), orders=(), missing=(name,))
    assert Query(name, BTC) in desk.sent
    asked = len(desk.sent)
    look(desk, open_orders=(), orders=(), missing=(name, FOREIGN))
    assert len(desk.sent) == asked, "not again before its time"
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING


def test_law_2_a_picture_without_an_unknown_order_has_it_asked_for_at_once() -> None:
    """It proves that the venue answers again; the order's own turn to be asked may be seconds away."""
    desk = live()
    desk.network.plan(Submit, Fault.LOST_BEFORE)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 6)
    desk.signal(BTC)
    desk.advance(24)
    order = desk.order(Purpose.ENTRY)
    assert (order.status, order.attempts) == (OrderStatus.UNKNOWN, 6)
    look(desk, missing=(order.client_order_id,))
    desk.settle()
    assert not desk.state.positions, "it never arrived"


def test_O22_an_order_that_we_gave_up_and_that_works_at_the_venue_is_cancelled() -> None:
    """Neither ours among the unsettled nor foreign: without this it would work for ever, unseen."""
    desk = live()
    desk.network.plan(Submit, Fault.LOST_BEFORE)
    desk.signal(BTC)
    name = desk.order(Purpose.ENTRY).client_order_id
    desk.advance(25)
    assert not desk.state.positions
    late = OrderReport(name, None, BTC, VenueStatus.OPEN, quantity("0"), desk.now)
    look(desk, open_orders=(late,))
    assert Cancel(name, BTC) in desk.sent


def test_M7_a_position_is_not_lessened_while_its_orders_could_not_be_asked_for() -> None:
    """The venue does not list the instrument for a while: its stop may have sold what is missing, and counts once."""
    desk = holding()
    desk.venue.on_price(ticker(BTC, "90", desk.now), desk.now)
    for _ in range(3):
        look(desk, open_orders=(), orders=(), missing=(), fills=())
        desk.advance(6)
    assert desk.told("shortfall")
    assert not desk.of(f.PositionReduced)
    look(desk)
    look(desk)
    assert not desk.state.positions
    assert desk.state.holdings[Coin("BTC")] == 0
    assert desk.state.holdings[USDT] == next(one.total for one in desk.venue.balances() if one.coin == USDT)


def test_a_question_is_not_told_as_a_difference_that_was_put_right() -> None:
    """A stop that the venue does not find is asked for again and again: not a message each time."""
    desk = holding()
    name = desk.order(Purpose.STOP).client_order_id
    for _ in range(3):
        look(desk, open_orders=(), orders=(), missing=(name,))
        desk.advance(6)
    assert [one for one in desk.sent if isinstance(one, Query)]
    assert not desk.told("reconciled")


def test_a_shortfall_that_goes_away_is_forgotten() -> None:
    desk = holding()
    look(desk, balances=with_btc(desk, "6"))
    assert desk.state.shortfalls
    look(desk, balances=with_btc(desk, "9.99"))
    assert not desk.state.shortfalls
    look(desk, balances=with_btc(desk, "6"))
    desk.command(i.ClosePosition, desk.position.id)
    look(desk)
    assert not desk.state.shortfalls


def test_A2_coins_that_the_owner_holds_for_himself_are_no_difference() -> None:
    desk = holding()
    count = len(desk.facts)
    look(desk, balances=with_btc(desk, "50"))
    assert len(desk.facts) == count


def test_balances_are_not_judged_while_something_is_under_way() -> None:
    desk = holding(Fault.HANGS)
    name = desk.order(Purpose.ENTRY).client_order_id
    look(desk, balances=(), missing=(name,))
    assert not desk.of(f.ShortfallSeen)
    assert desk.state.holdings[USDT] == 10000


def foreign(side: Side = Side.BUY, *done: str) -> OrderReport:
    fills = tuple(fill(FOREIGN, one, "100", side) for one in done)
    sold = OrderReport(FOREIGN, None, BTC, VenueStatus.OPEN, quantity(done[0] if done else "0"), START, fills)
    return replace(sold, side=side, quantity=quantity("3"))


def test_O21_an_order_with_our_mark_that_we_do_not_know_is_told_once_and_the_owners_own_never() -> None:
    desk = live()
    own = replace(foreign(), client_order_id=ClientOrderId("web_1"))
    for _ in range(2):
        look(desk, open_orders=(foreign(), own))
    assert len(desk.told("foreign_found")) == 1
    desk.give(i.OrderSeen(desk.now, foreign()))
    assert not desk.told("trouble"), "it was told already"


@pytest.mark.parametrize("choice", ForeignChoice)
def test_a_foreign_buy_is_adopted_closed_or_ignored_once(choice: ForeignChoice) -> None:
    desk = live()
    look(desk, open_orders=(foreign(Side.BUY, "1"),))
    assert desk.command(i.ResolveForeign, FOREIGN, choice) == ""
    assert desk.command(i.ResolveForeign, FOREIGN, choice) == "that order is settled already"
    assert bool(desk.state.positions) is (choice is not ForeignChoice.IGNORE)
    assert (Cancel(FOREIGN, BTC) in desk.sent) is (choice is ForeignChoice.CLOSE)
    if desk.state.positions:
        assert (desk.position.phase, desk.position.stop) == (Phase.OPEN, Decimal(98))


def test_a_foreign_sale_can_be_closed_but_not_adopted() -> None:
    desk = live()
    look(desk, open_orders=(foreign(Side.SELL),))
    words = "only a buy can be adopted on a spot venue: close or ignore it"
    assert desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.ADOPT) == words
    assert desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.CLOSE) == ""
    assert not desk.state.positions


def test_nothing_is_adopted_without_a_price() -> None:
    desk = Desk(settings(mode=Mode.LIVE))
    look(desk, open_orders=(foreign(),))
    words = "no price of BTC/USDT is known yet: try again in a moment"
    assert desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.ADOPT) == words


def test_the_picture_of_the_paper_venue_is_that_of_a_real_one() -> None:
    """The venue refuses what it does not know, so that these tests can't pass by its kindness."""
    desk = live()
    request = OrderRequest(FOREIGN, BTC, Side.BUY, OrderType.LIMIT, quantity("1"), price("50"))
    desk.venue.submit(request, desk.now)
    look(desk)
    assert desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.CLOSE) == ""
    with pytest.raises(Rejected):
        desk.venue.cancel(FOREIGN, desk.now)
