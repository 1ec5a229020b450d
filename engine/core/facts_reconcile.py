"""What reconciliation found and put right: our books held against the venue's."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.alarms import Doubt, ForeignChoice
from engine.core.fact import Fact
from engine.core.ids import ClientOrderId, Coin, FillId, PositionId, Symbol
from engine.core.model import OrderReport, VenueStatus
from engine.core.money import ZERO, Price, Quantity, Quote
from engine.core.orders import Order


@dataclass(frozen=True, slots=True)
class Reconciled(Fact):
    """Our books were held against the venue's; `repairs` differences were put right, `flows` of them money that came
    or went by itself."""

    repairs: int
    flows: int = 0


@dataclass(frozen=True, slots=True)
class ForeignFound(Fact):
    """An order at the venue has our mark but is not in our books: the owner decides."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class ForeignResolved(Fact):
    """The owner's choice. Its effect, where he wants it closed and it is in no book of ours: cancel at the venue."""

    client_order_id: ClientOrderId
    symbol: Symbol
    choice: ForeignChoice
    by: str


@dataclass(frozen=True, slots=True)
class ForeignCancelRepeated(Fact):
    """The owner wants it gone and the venue still shows it open: the `asked`-th cancel. Its effect: that cancel."""

    client_order_id: ClientOrderId
    symbol: Symbol
    asked: int
    filled: Quantity


@dataclass(frozen=True, slots=True)
class ForeignEnded(Fact):
    """One that the owner wanted gone works no longer. `status` is None where the venue does not know it any more."""

    client_order_id: ClientOrderId
    symbol: Symbol
    status: VenueStatus | None
    filled: Quantity


@dataclass(frozen=True, slots=True)
class OrderAdopted(Fact):
    """An order that was foreign is in our books now. Unlike an intent, it has no effect: it is at the venue already."""

    order: Order


@dataclass(frozen=True, slots=True)
class ShortfallSeen(Fact):
    """The account holds less of a coin than our positions: told, and entries in it wait until it is settled (A8).
    `doubt`: what speaks against it, or is missing to believe it (law 17)."""

    coin: Coin
    ours: Quantity
    theirs: Quantity
    doubt: Doubt = Doubt.NOT_PROVEN


@dataclass(frozen=True, slots=True)
class ShortfallOver(Fact):
    coin: Coin


@dataclass(frozen=True, slots=True)
class PositionReduced(Fact):
    """The owner sold of it by hand (A1, A15). `execution` is the one at the venue that took it, with its price and what
    of its `fee` (in the quote coin) falls on this part; None where none was found: then the price is the last one seen,
    an estimate."""

    position_id: PositionId
    quantity: Quantity
    price: Price
    execution: FillId | None = None
    symbol: Symbol = Symbol("")
    fee: Quote = Quote(ZERO)


ReconcileFact = (
    Reconciled
    | ForeignFound
    | ForeignResolved
    | ForeignCancelRepeated
    | ForeignEnded
    | OrderAdopted
    | ShortfallSeen
    | ShortfallOver
    | PositionReduced
)
