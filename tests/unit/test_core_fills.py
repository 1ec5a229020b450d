"""Each fill once, net of fees in whatever coin they are taken; lots and dust: law 3, O11, O12."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.evolve import SETTLED_KEPT, restore
from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import Fee, Side, VenueStatus
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.trader import decide
from tests.support.builders import (
    BTC,
    USDT,
    fill,
    instrument,
    preset,
    quote,
    report,
)
from tests.support.desk import Desk
from tests.support.scenes import hanging, holding


def test_law_3_a_fill_told_twice_is_counted_once() -> None:
    desk, order = hanging()
    one = fill(order.client_order_id, "4", "100")
    for _ in range(2):
        desk.give(i.FillSeen(desk.now, one))
        desk.give(i.OrderSeen(desk.now, report(order.client_order_id, VenueStatus.OPEN, "4", one)))
    assert desk.position.entered == 4
    assert len(desk.of(f.FillBooked)) == 1


def test_law_3_a_fill_told_under_another_symbol_is_told_and_not_booked() -> None:
    """A user stream without the venue's rules calls BTC/USDT by the venue's own name: the same fill, twice."""
    desk, order = hanging()
    one = fill(order.client_order_id, "4", "100")
    desk.give(i.FillSeen(desk.now, one))
    desk.give(i.FillSeen(desk.now, replace(one, symbol=Symbol("BTCUSDT"))))
    assert desk.position.entered == 4
    assert len(desk.of(f.FillBooked)) == 1
    assert [one.trouble for one in desk.of(f.TroubleBegan)] == [f.Trouble.DATA_UNSOUND]


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


def test_fees_in_a_third_coin_without_a_price_are_not_counted_and_not_forgotten() -> None:
    desk, order = hanging()
    known = Fee(Decimal("0.1"), instrument(BTC).base)
    strange = Fee(Decimal("0.1"), instrument("XYZ/USDT").base)  # type: ignore[arg-type]
    quoted = Fee(Decimal("0.3"), USDT)
    one = fill(order.client_order_id, "10", "100", fees=(known, strange, quoted))
    desk.give(i.FillSeen(desk.now, one))
    assert desk.position.fees == Decimal("10.3")
    assert [(fee.coin, fee.amount) for fee in desk.position.unpriced] == [(strange.coin, strange.amount)]
    assert preset().id == desk.position.preset


def test_O11_fees_that_other_trades_took_of_a_held_coin_are_not_sold() -> None:
    desk, _ = holding()
    base = instrument(BTC).base
    desk.record(f.BalanceFlowed(desk.now, base, Decimal("-0.5"), quote("0"), "fees"))
    desk.command(i.ClosePosition, desk.position.id)
    sold = [one.order.quantity for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.EXIT]
    assert sold == [Decimal("9.490")]
    assert not desk.state.positions
    assert desk.of(f.PositionClosed)[0].dust == Decimal("0.5")
