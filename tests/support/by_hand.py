"""What the owner does at the venue himself, beside the desk."""

from __future__ import annotations

from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest, OrderType, Side
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, quantity
from tests.support.desk import Desk


def cancels_stops(desk: Desk, symbol: Symbol = BTC) -> None:
    """He cancels our stops; the desk hears of it at its next look."""
    for order in list(desk.state.orders.values()):
        if order.symbol == symbol and order.purpose is Purpose.STOP and order.status is OrderStatus.WORKING:
            desk.venue.cancel(order.client_order_id, desk.now)


def sells(desk: Desk, amount: str, name: str = "web_1", symbol: Symbol = BTC) -> None:
    """At market, by an order of his own, once nothing of ours holds the coins."""
    cancels_stops(desk, symbol)
    own = OrderRequest(ClientOrderId(name), symbol, Side.SELL, OrderType.MARKET, quantity(amount))
    desk.venue.submit(own, desk.now)
