"""What is no second word of the venue on missing coins (law 17), and bars that only the owner lifts (law 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.ids import ClientOrderId, FillId
from engine.core.model import Instrument, Side
from engine.core.on_orders import NOT_BY_US
from engine.core.orders import Purpose
from engine.core.sold_outside import LACKING
from tests.support.builders import BTC, price, quantity
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.unit.test_core_reconcile import holding, live, look, picture, with_btc


@pytest.mark.parametrize("stops_lock", [True, False])
def test_a15_law_17_a_sale_that_was_accounted_for_proves_nothing_later(stops_lock: bool) -> None:
    """He sold ten of his own, books and account agreed for minutes: it is no proof for the wrong balance after that."""
    desk = holding()
    desk.advance(30)
    look(desk, balances=with_btc(desk, "19.99"), stops_lock=stops_lock)
    desk.advance(120)
    (bought,) = (one.fill for one in desk.of(f.FillBooked))
    sale = replace(
        bought,
        id=FillId("web77"),
        client_order_id=ClientOrderId("web_1"),
        side=Side.SELL,
        quantity=quantity("10"),
        at=desk.now,
    )

    def looked_at(held: str) -> None:
        fills = (*picture(desk).fills, sale)
        look(desk, balances=with_btc(desk, held), fills=fills, stops_lock=stops_lock)

    for _ in range(12):
        desk.advance(30)
        looked_at("9.99")
    for _ in range(8):
        looked_at("0")
        desk.advance(6)
    assert not desk.of(f.PositionReduced)
    assert desk.orders(Purpose.STOP)


@pytest.mark.parametrize(
    "words",
    [
        "Account has insufficient balance for requested action.",
        "EOrder:Insufficient funds",
        "Order failed. Insufficient BTC balance in account",
        "Balance insufficient!",
        f"it was cancelled {NOT_BY_US}",
    ],
)
def test_a12_what_venues_say_when_coins_are_missing(words: str) -> None:
    assert LACKING.search(words.casefold())


@pytest.mark.parametrize(
    "words",
    [
        "Insufficient liquidity in the order book",
        "Insufficient permissions for this API key",
        "EOrder:Insufficient margin",
        "not enough distance",
        "account balance check is temporarily unavailable",
        "MAX_NUM_ALGO_ORDERS",
    ],
)
def test_a12_law_17_other_refusals_say_nothing_of_the_coins(words: str) -> None:
    assert not LACKING.search(words.casefold())


def test_law_5_a_second_reason_does_not_make_the_owners_bar_lift_itself() -> None:
    desk = live()
    desk.network.plan(Submit, None, *[Fault.REFUSED] * 6)
    desk.signal(BTC)
    _seconds(desk, 100)
    since = desk.state.barred[BTC].since
    usual = desk.instruments
    desk.network.faults.clear()
    desk.give(i.InstrumentsSeen(desk.now, _with_cap(usual, "5")))
    _seconds(desk, 20)
    assert desk.state.barred[BTC].reason.startswith("The venue takes at most")
    assert desk.state.barred[BTC].since == since
    desk.give(i.InstrumentsSeen(desk.now, usual))
    _seconds(desk, 40)
    assert BTC in desk.state.barred
    assert not desk.of(f.EntriesAllowed)


def test_law_5_what_the_owner_has_allowed_is_not_barred_again_for_the_same() -> None:
    """With a trailing stop his answer would never hold."""
    desk = live()
    desk.signal(BTC)
    desk.give(i.InstrumentsSeen(desk.now, _with_cap(desk.instruments, "5")))
    _move_stop(desk, "95.5")
    assert BTC in desk.state.barred
    assert desk.command(i.AllowEntries, BTC) == ""
    _move_stop(desk, "96")
    assert BTC not in desk.state.barred
    desk.give(i.InstrumentsSeen(desk.now, _with_cap(desk.instruments, "4")))
    _move_stop(desk, "96.5")
    assert BTC in desk.state.barred, "less than what he was told"
    assert len(desk.of(f.EntriesBarred)) == 2


def _seconds(desk: Desk, count: int) -> None:
    for _ in range(count):
        desk.price(BTC, "100")
        desk.advance(1)


def _with_cap(rules: tuple[Instrument, ...], most: str) -> tuple[Instrument, ...]:
    return tuple(replace(one, max_quantity=quantity(most)) if one.symbol == BTC else one for one in rules)


def _move_stop(desk: Desk, to: str) -> None:
    desk.command(i.MoveStop, desk.position.id, price(to))
    desk.advance(4)
