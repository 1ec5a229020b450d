"""A book as its journal has it, read without anybody at work on it; and what is open in it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.core.errors import Corrupt
from engine.core.evolve import evolve
from engine.core.ids import BookId
from engine.core.ledger import Position
from engine.core.money import ZERO
from engine.core.orders import Order
from engine.core.state import TraderState
from engine.ports import Journal


@dataclass(frozen=True, slots=True)
class Book:
    """`number`: its last fact; `snapshot_at`: the one up to which a snapshot is kept; both 0 where there is none."""

    number: int
    snapshot_at: int
    state: TraderState


async def read_book(journal: Journal, book: BookId) -> Book:
    """Fold the journal into a state. Raises Corrupt for a damaged journal: half a book would be taken for the whole;
    StorageTrouble where it can't be read."""
    number, state = await journal.latest(book) or (0, TraderState())
    snapshot_at = number
    for recorded in await journal.read(book, number):
        try:
            evolve(state, recorded.fact)
        except KeyError as error:
            raise Corrupt(f"fact {recorded.number} of {book} contradicts those before it") from error
        number = recorded.number
    return Book(number, snapshot_at, state)


def is_open(state: TraderState) -> bool:
    """Whether anything is held, under way, or still to be cancelled for the owner."""
    return bool(state.positions or state.orders or state.closing)


def what_is_open(state: TraderState) -> dict[str, str]:
    """For a notice: the positions, and the orders by which the owner finds them at the venue; empty text for none."""
    foreign = [f"{one.report.symbol} {one.report.client_order_id}" for one in state.closing.values()]
    return {
        "positions": "; ".join(_position(one) for one in state.positions.values() if one.quantity > ZERO),
        "orders": "; ".join([*(_order(one) for one in state.orders.values()), *foreign]),
    }


def _position(one: Position) -> str:
    stop = f" (stop {_number(one.stop)})" if one.stop is not None else ""
    return f"{one.symbol} {_number(one.quantity)}{stop}"


def _order(one: Order) -> str:
    """A stop that rests at the venue is an order to sell, too."""
    kind = f"{one.purpose.value}, {one.status.value}"
    return f"{one.symbol} {one.side.value} {_number(one.quantity)} ({kind}, {one.client_order_id})"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"
