"""What an order means at a price: whether a stop is due, a limit is reached, and what the ladder would give."""

from decimal import Decimal

from sandbox.exchange.matching.book import Book
from sandbox.exchange.matching.model import (
    STOPS,
    UNPRICED,
    ZERO,
    Order,
    OrderRequest,
    OrderType,
    Reason,
    Refusal,
    Side,
)


def is_due(kind: OrderType, side: Side, stop_price: Decimal, last: Decimal) -> bool:
    """A stop sells below and buys above; a take profit the other way round."""
    falls = (kind in STOPS) == (side is Side.SELL)
    return last <= stop_price if falls else last >= stop_price


def reaches(side: Side, limit: Decimal, price: Decimal) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def can_meet(order: Order, price: Decimal) -> bool:
    """Whether an open order wakes, or may be filled, when the market trades at `price`."""
    if not order.working:
        return is_due(order.type, order.side, order.stop_price, price)
    return order.type in UNPRICED or reaches(order.side, order.price, price)


def available(book: Book, side: Side, limit: Decimal | None) -> Decimal:
    return sum(
        (level.quantity for level in book.levels(side) if limit is None or reaches(side, limit, level.price)),
        ZERO,
    )


def quantity_of(request: OrderRequest, book: Book) -> Decimal:
    """What is ordered, in base: an amount of quote is worth what the ladder gives for it now, in whole steps."""
    if request.quantity is not None:
        return request.quantity
    step = book.pair.step
    quantity, left = ZERO, request.quote_quantity or ZERO
    for level in book.levels(request.side):
        whole = left / level.price
        taken = min(whole - whole % step, level.quantity)
        quantity, left = quantity + taken, left - taken * level.price
    if quantity <= 0:
        raise Refusal(Reason.FILTER, "LOT_SIZE")
    return quantity


def cost_of(book: Book, quantity: Decimal) -> Decimal:
    """Quote needed to buy `quantity` from the ladder, or as much of it as there is."""
    cost, left = ZERO, quantity
    for level in book.levels(Side.BUY):
        taken = min(left, level.quantity)
        cost, left = cost + taken * level.price, left - taken
    return cost
