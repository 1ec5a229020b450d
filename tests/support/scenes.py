"""Where tests of a desk begin: an entry under way, a position held, an order given up."""

from __future__ import annotations

from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.ids import ClientOrderId
from engine.core.orders import Order, Purpose
from tests.support.builders import BTC
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
