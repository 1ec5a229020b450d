"""A foreign limit buy that the owner adopted rests until it fills or he ends it, and what it buys is protected."""

from __future__ import annotations

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel
from engine.core.ids import Coin
from engine.core.ledger import Phase
from engine.core.model import Balance, VenuePicture
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, USDT, price, quantity, ticker
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.support.scenes import STRAY, adopting


def cancels(desk: Desk) -> int:
    return desk.sent.count(Cancel(STRAY, BTC))


def covered(desk: Desk) -> bool:
    """Whether a stop rests for all that is held."""
    stop = desk.order(Purpose.STOP)
    rests = stop.status is OrderStatus.WORKING and not stop.cancel_wanted
    return rests and stop.remaining >= desk.position.quantity - quantity("0.001")


def test_it_rests_as_long_as_its_price_does_not_come() -> None:
    desk = adopting()
    desk.advance(3600)
    assert desk.state.orders[STRAY].status is OrderStatus.WORKING
    assert (cancels(desk), len(desk.of(f.CancelIntended))) == (0, 0)
    desk.price(BTC, "90")
    desk.advance(1)
    assert desk.position.entered == 10
    assert covered(desk)


def test_law_5_each_part_that_it_buys_is_covered_within_five_seconds() -> None:
    desk = adopting()
    for _ in range(3):
        desk.price(BTC, "90", volume="2")
        desk.advance(5)
        assert covered(desk)
        desk.advance(100)
    assert desk.position.entered == 6
    assert cancels(desk) == 0


def test_law_5_its_stop_is_not_replaced_with_every_small_fill() -> None:
    """Each time it is placed anew nothing rests at the venue for a moment."""
    desk = adopting()
    for _ in range(12):
        desk.price(BTC, "90", volume="0.2")
        desk.advance(1)
    stops = [one for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.STOP]
    assert len(stops) <= 4


@pytest.mark.parametrize("command", [i.Halt, i.Flatten])
def test_law_6_a_halt_and_a_flatten_end_it_like_every_entry(command: type[i.Command]) -> None:
    desk = adopting()
    desk.command(command)
    desk.advance(5)
    assert cancels(desk) == 1
    assert not desk.state.orders
    assert not desk.state.positions


@pytest.mark.parametrize("faults", [(), (Fault.LOST_BEFORE,), (Fault.HANGS, Fault.LOST_BEFORE)])
def test_the_owner_cancels_it_and_a_cancel_that_was_lost_is_sent_again(faults: tuple[Fault, ...]) -> None:
    desk = adopting()
    desk.network.plan(Cancel, *faults)
    assert desk.command(i.CancelOrder, STRAY) == ""
    desk.advance(15)
    assert cancels(desk) == 1 + len(faults)
    assert not desk.state.orders
    assert not desk.state.positions


def test_what_its_stop_sold_is_not_bought_again_below_that_stop() -> None:
    """The owner moved the stop above the price of what still rests: bought there it would be sold at once."""
    desk = adopting()
    desk.price(BTC, "90", volume="4")
    desk.price(BTC, "91.5")
    desk.advance(5)
    assert desk.command(i.MoveStop, desk.position.id, price("91")) == ""
    desk.advance(5)
    for one in desk.venue.on_price(ticker(BTC, "91", desk.now), desk.now):
        desk.give(i.OrderSeen(desk.now, one))
    assert desk.position.phase is Phase.OPEN, "no price of ours came so low: nothing was decided by it"
    desk.advance(25)
    assert cancels(desk) == 1
    assert not desk.state.orders
    assert not desk.state.positions


def test_law_5_a_part_that_is_too_small_for_a_stop_is_not_kept_for_the_rest_to_come() -> None:
    """Worth more than the venue's least, and less than it at the price of its stop: nothing could rest for it."""
    desk = adopting()
    desk.price(BTC, "90", volume="0.057")
    desk.advance(30)
    assert cancels(desk) == 1
    desk.price(BTC, "90")
    desk.advance(5)
    assert not desk.state.positions


def test_law_3_the_account_is_judged_while_it_rests() -> None:
    """It may rest for weeks: what the owner sells by hand or brings meanwhile must be seen."""
    desk = adopting()
    rich = (Balance(USDT, desk.state.holdings[USDT] + 50),)
    (shown,) = desk.venue.open_orders(BTC, desk.now)
    desk.give(i.PictureSeen(desk.now, VenuePicture(rich, (shown,), (shown,), (), ())))
    assert desk.state.holdings == {USDT: rich[0].total}
    assert Coin("BTC") not in desk.state.shortfalls
