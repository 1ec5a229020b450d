"""An order inside the paper venue: what it asks for, what of it was filled, and what it holds of the account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.core.ids import Coin, FillId, VenueOrderId
from engine.core.model import Fee, Fill, Instrument, OrderReport, OrderRequest, OrderType, Side, VenueStatus
from engine.core.money import ZERO, Price, Quantity


@dataclass(slots=True)
class PaperOrder:
    """`triggered`: a stop whose price was reached. `resting`: it met a price and did not cross, so it is a maker.

    `locked` is how much of `locked_coin` the account keeps for it: quote for a buy, base for a sell.
    """

    request: OrderRequest
    instrument: Instrument
    filled: Quantity = Quantity(ZERO)
    status: VenueStatus = VenueStatus.OPEN
    triggered: bool = False
    resting: bool = False
    locked: Decimal = ZERO
    reason: str = ""
    fills: list[Fill] = field(default_factory=list)

    @property
    def remaining(self) -> Quantity:
        return Quantity(self.request.quantity - self.filled)

    @property
    def locked_coin(self) -> Coin:
        return self.instrument.quote if self.request.side is Side.BUY else self.instrument.base

    @property
    def waits_for_trigger(self) -> bool:
        return self.request.type is OrderType.STOP and not self.triggered

    @property
    def limit(self) -> Price | None:
        return self.request.price if self.request.type is OrderType.LIMIT else None

    def add(self, quantity: Quantity, price: Price, fee: Fee, at: datetime) -> Fill:
        """Book an execution. Its id is the order's id and the running total, so that it stays the same and unique
        even if the venue was rebuilt after a restart with a part of the order filled."""
        request = self.request
        self.filled = Quantity(self.filled + quantity)
        id_ = FillId(f"{request.client_order_id}-{self.filled.normalize():f}")
        fees = (fee,) if fee.amount else ()
        fill = Fill(id_, request.client_order_id, request.symbol, request.side, quantity, price, fees, at)
        self.fills.append(fill)
        if self.filled == request.quantity:
            self.status = VenueStatus.FILLED
        return fill

    def end(self, status: VenueStatus, reason: str) -> None:
        self.status = status
        self.reason = reason

    def report(self, at: datetime, fills: tuple[Fill, ...]) -> OrderReport:
        request = self.request
        return OrderReport(
            request.client_order_id,
            VenueOrderId(f"paper-{request.client_order_id}"),
            request.symbol,
            self.status,
            self.filled,
            at,
            fills,
            self.reason,
        )
