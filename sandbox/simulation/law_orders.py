"""Laws 1, 2 and 4 about orders: intents first, nothing twice, the venue's word alone ends an order, ours is ours."""

from __future__ import annotations

from decimal import Decimal

from engine.core import facts as f
from engine.core.ids import ClientOrderId, is_ours
from engine.core.model import OrderRequest, Side, State
from engine.core.money import ZERO
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.state import TraderState
from sandbox.simulation.judge import Judge
from sandbox.simulation.venue import Venue


class OrderLaws:
    """`before` is the desk's state as folded from the facts before the one that is looked at."""

    def __init__(self, judge: Judge, venue: Venue) -> None:
        self.intended: dict[ClientOrderId, Order] = {}
        self.sent: set[ClientOrderId] = set()
        self._may_cancel: set[ClientOrderId] = set()
        self._wanted_gone: set[ClientOrderId] = set()
        self._judge = judge
        self._venue = venue

    # ── what leaves ───────────────────────────────────────────────────────────────────────

    def leaves(self, request: OrderRequest) -> None:
        """An order leaves the process."""
        name = request.client_order_id
        intent = self.intended.get(name)
        self._judge.expect(intent is not None, 1, f"{name} left before its intent was on disk")
        self._judge.expect(name not in self.sent, 2, f"{name} was sent twice")
        if intent is not None:
            self._judge.expect(request == intent.request(), 1, f"{name} left unlike its intent")
        self.sent.add(name)

    def cancels(self, name: ClientOrderId) -> None:
        """A cancel leaves the process."""
        ours = is_ours(name) and (name in self.intended or name in self._may_cancel)
        self._judge.expect(ours, 4, f"a cancel left for {name}, which is not ours")

    # ── what is decided ───────────────────────────────────────────────────────────────────

    def look(self, fact: f.AnyFact, before: TraderState) -> None:
        if isinstance(fact, f.OrderIntended):
            self._intended(fact.order, before)
        elif isinstance(fact, f.OrderEnded):
            self._ended(fact)
        elif isinstance(fact, f.OrderWorking):
            known = self._venue.knows(fact.client_order_id)
            self._judge.expect(known, 2, f"{fact.client_order_id} is said to work and never arrived")
        elif isinstance(fact, f.OrderAdopted):
            self._may_cancel.add(fact.order.client_order_id)
        elif isinstance(fact, f.ForeignResolved) and fact.choice is f.ForeignChoice.CLOSE:
            self._judge.expect(fact.by == "owner", 4, "a foreign order was closed, and nobody had said so")
            self._may_cancel.add(fact.client_order_id)
            self._wanted_gone.add(fact.client_order_id)
        elif isinstance(fact, f.ForeignEnded):
            open_ = self._venue.order(fact.client_order_id).is_open
            self._judge.expect(not open_, 12, f"{fact.client_order_id} is told to be gone, and works")

    def ends(self) -> None:
        """What the owner wanted gone is gone, whatever became of its cancels."""
        left = [name for name in self._wanted_gone if self._venue.order(name).is_open]
        self._judge.expect(not left, 2, f"foreign orders that the owner closed still work: {left}")

    def _intended(self, order: Order, before: TraderState) -> None:
        self._judge.expect(order.client_order_id not in self.intended, 2, "an order's name was given twice")
        self.intended[order.client_order_id] = order
        if order.purpose is Purpose.ENTRY:
            self._enters(order, before)
        else:
            self._leaves_position(order, before)

    def _enters(self, order: Order, before: TraderState) -> None:
        may = before.state is State.RUNNING and not before.is_halted
        self._judge.expect(may, 6, f"an entry while {before.halted or before.state}")
        for other in before.orders.values():
            if other.symbol == order.symbol:
                unknown = other.status is OrderStatus.UNKNOWN
                self._judge.expect(not unknown, 2, f"an entry in {order.symbol} while an outcome is unknown")
                twin = other.purpose is Purpose.ENTRY and other.preset == order.preset
                self._judge.expect(not twin, 2, f"a second entry in {order.symbol} beside {other.status}")

    def _leaves_position(self, order: Order, before: TraderState) -> None:
        position = before.positions.get(order.position_id)
        if position is None:
            self._judge.blame(4, f"a {order.purpose} for a position that is gone")
            return
        others = [one for one in before.orders_of(position.id) if not one.status.ended]
        selling = sum((one.remaining for one in others if one.side is Side.SELL), ZERO)
        fits = selling + order.quantity <= position.quantity
        words = f"a {order.purpose} of {order.quantity} beside {selling} for {position.quantity} held"
        self._judge.expect(fits, 4, words)
        if order.purpose is Purpose.EXIT:
            settled = all(one.purpose is not Purpose.ENTRY for one in before.orders_of(position.id))
            self._judge.expect(settled, 2, "an exit was sized while its entry was not settled (O16)")

    def _ended(self, fact: f.OrderEnded) -> None:
        """The desk can only be behind the venue, never ahead of it."""
        name = fact.client_order_id
        unsent = fact.status in (OrderStatus.NEVER_ARRIVED, OrderStatus.REJECTED)
        if not self._venue.knows(name):
            self._judge.expect(unsent, 2, f"{name} is booked as {fact.status} and never arrived")
            return
        order = self._venue.order(name)
        self._judge.expect(
            not order.is_open, 2, f"{name} is booked as {fact.status} and works at the venue (O8)"
        )
        self._judge.expect(not unsent, 2, f"{name} is booked as {fact.status}; the venue had taken it (O8)")
        told, true = Decimal(fact.venue_filled), order.filled
        self._judge.expect(told <= true, 3, f"{name} is booked with {told} filled, the venue has {true}")
