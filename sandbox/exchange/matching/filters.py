"""The rules an order must keep, named as Binance names them.

Source: Binance Spot API documentation, "Filters" (PRICE_FILTER, LOT_SIZE, MARKET_LOT_SIZE, NOTIONAL,
PERCENT_PRICE_BY_SIDE). Each check raises `Refusal(FILTER, <name>)`.
"""

from collections.abc import Sequence
from decimal import Decimal

from sandbox.exchange.matching.model import (
    CONDITIONAL,
    UNPRICED,
    ZERO,
    Order,
    OrderRequest,
    OrderType,
    Pair,
    Reason,
    Refusal,
)

MAX_PRICE = Decimal(10_000_000)
PERCENT_UP = Decimal(5)
PERCENT_DOWN = Decimal("0.2")


def check(pair: Pair, request: OrderRequest, last: Decimal) -> None:
    """Raise for the first rule that `request` breaks; `last` is the pair's last price (quote per base)."""
    for price in (request.price, request.stop_price):
        if price is not None:
            _check_price(pair, price, last)
    if request.quantity is not None:
        _check_quantity(pair, request.type, request.quantity)
    _check_notional(pair, request, last)


def check_counts(mine: Sequence[Order], request: OrderRequest, pair: Pair) -> None:
    """Raise where an account whose open orders of the pair are `mine` may not have this one besides."""
    if len(mine) >= pair.max_open_orders:
        raise Refusal(Reason.FILTER, "MAX_NUM_ORDERS")
    waiting = sum(not order.working for order in mine)
    if request.type in CONDITIONAL and waiting >= pair.max_open_conditional:
        raise Refusal(Reason.FILTER, "MAX_NUM_ALGO_ORDERS")
    if any(order.client_id == request.client_id for order in mine):
        raise Refusal(Reason.DUPLICATE_CLIENT_ID, request.client_id)


def _check_price(pair: Pair, price: Decimal, last: Decimal) -> None:
    if not pair.tick <= price <= MAX_PRICE or price % pair.tick != 0:
        raise Refusal(Reason.FILTER, "PRICE_FILTER")
    if not last * PERCENT_DOWN <= price <= last * PERCENT_UP:
        raise Refusal(Reason.FILTER, "PERCENT_PRICE_BY_SIDE")


def _check_quantity(pair: Pair, kind: OrderType, quantity: Decimal) -> None:
    if not pair.min_quantity <= quantity <= pair.max_quantity or quantity % pair.step != 0:
        raise Refusal(Reason.FILTER, "LOT_SIZE")
    if kind is OrderType.MARKET and quantity > pair.max_market_quantity:
        raise Refusal(Reason.FILTER, "MARKET_LOT_SIZE")


def _check_notional(pair: Pair, request: OrderRequest, last: Decimal) -> None:
    if request.quantity is not None:
        notional = request.quantity * _notional_price(request, last)
    else:
        notional = request.quote_quantity or ZERO
    if not pair.min_notional <= notional <= pair.max_notional:
        raise Refusal(Reason.FILTER, "NOTIONAL")


def _notional_price(request: OrderRequest, last: Decimal) -> Decimal:
    if request.type in UNPRICED:
        return request.stop_price if request.type in CONDITIONAL and request.stop_price else last
    return request.price if request.price is not None else last
