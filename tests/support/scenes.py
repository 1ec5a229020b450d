"""Where tests of a desk begin: an entry under way, a position held, an order given up, one found at the venue."""

from __future__ import annotations

from dataclasses import replace

from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.facts import ForeignChoice
from engine.core.ids import ClientOrderId
from engine.core.model import Mode, OrderRequest, OrderType, Side, VenuePicture
from engine.core.orders import Order, Purpose
from tests.support.builders import BTC, price, quantity, settings
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


def given_up() -> tuple[Desk, ClientOrderId]:
    """The entry never arrived as far as the venue knew, and its position is gone."""
    desk, order = hanging()
    desk.give(i.OrderOutcomeUnknown(desk.now, order.client_order_id, "timeout"))
    desk.advance(1)
    assert not desk.state.positions
    return desk, order.client_order_id


STRAY = ClientOrderId("pd" + "e" * 16)
"""An order with our mark that was in no book of ours."""


def adopting(choice: ForeignChoice = ForeignChoice.ADOPT, amount: str = "10", at: str = "90") -> Desk:
    """A live desk with a limit buy that rests at the venue, found there, and the owner's choice about it."""
    desk = Desk(settings(mode=Mode.LIVE))
    desk.give(i.PictureSeen(desk.now, VenuePicture(tuple(desk.venue.balances()), (), (), (), ())))
    desk.command(i.Resume)
    desk.price(BTC, "100")
    request = OrderRequest(STRAY, BTC, Side.BUY, OrderType.LIMIT, quantity(amount), price(at))
    desk.venue.submit(request, desk.now)
    (shown,) = desk.venue.open_orders(BTC, desk.now)
    found = replace(shown, side=Side.BUY, quantity=quantity(amount))
    desk.give(i.PictureSeen(desk.now, VenuePicture(tuple(desk.venue.balances()), (found,), (), (), ())))
    assert desk.command(i.ResolveForeign, STRAY, choice) == ""
    return desk
