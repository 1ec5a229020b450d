"""The life of an order, as our books know it.

    intended ──► working ──► ended (filled · cancelled · expired · rejected · never arrived)
        │           │
        └─► unknown ┴──► working or ended, but only on the venue's word

An order that ended is *settled* once the fills we hold add up to what the venue says was filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.core.ids import ClientOrderId, IntentId, PositionId, PresetId, Symbol, VenueOrderId
from engine.core.model import Direction, OrderRequest, OrderType, Side
from engine.core.money import ZERO, Price, Quantity


class Purpose(StrEnum):
    ENTRY = "entry"
    STOP = "stop"
    EXIT = "exit"


class OrderStatus(StrEnum):
    INTENDED = "intended"
    UNKNOWN = "unknown"
    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEVER_ARRIVED = "never_arrived"

    @property
    def ended(self) -> bool:
        return self not in (OrderStatus.INTENDED, OrderStatus.UNKNOWN, OrderStatus.WORKING)


@dataclass(frozen=True, slots=True)
class Order:
    """One order of ours. `filled` is the sum of the fills we hold, `venue_filled` what the venue says of it.

    `attempts` counts how often we asked for it since its outcome became unknown, `ask_after` is when to ask next.
    `unknown_since` is None again once its state is known; `lost_at` stays: when its outcome was last lost. `ended_at`:
    when the venue last told that it ended.
    """

    client_order_id: ClientOrderId
    intent_id: IntentId
    position_id: PositionId
    purpose: Purpose
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Quantity
    direction: Direction
    preset: PresetId | None
    reason: str
    created_at: datetime
    price: Price | None = None
    stop_price: Price | None = None
    status: OrderStatus = OrderStatus.INTENDED
    venue_order_id: VenueOrderId | None = None
    filled: Quantity = Quantity(ZERO)
    venue_filled: Quantity | None = None
    cancel_since: datetime | None = None
    unknown_since: datetime | None = None
    attempts: int = 0
    ask_after: datetime | None = None
    lost_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_refusals: int = 0
    cancel_after: datetime | None = None
    """How often its cancel was refused, and when the next may be sent: without a pause each refusal was two requests
    and four facts, as fast as the venue answers."""

    @property
    def settled(self) -> bool:
        """Nothing more can come of it: it ended and every execution that the venue counts is in our books."""
        return self.status.ended and (self.venue_filled is None or self.filled >= self.venue_filled)

    @property
    def cancel_wanted(self) -> bool:
        """A cancel is under way."""
        return self.cancel_since is not None

    @property
    def remaining(self) -> Quantity:
        return Quantity(self.quantity - self.filled)

    @property
    def outstanding(self) -> Quantity:
        """What may still come of it: what is not filled yet, or what the venue filled and our books lack."""
        total = (self.venue_filled or self.filled) if self.status.ended else self.quantity
        return Quantity(max(total - self.filled, ZERO))

    def request(self) -> OrderRequest:
        """What goes to the venue."""
        return OrderRequest(
            self.client_order_id,
            self.symbol,
            self.side,
            self.type,
            self.quantity,
            self.price,
            self.stop_price,
            reduces=self.purpose is not Purpose.ENTRY,
        )
