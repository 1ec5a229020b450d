"""An order leaves with exactly our numbers, or not at all (law 13)."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from engine.core.errors import RuleRejected
from engine.core.model import OrderRequest


def check(client: Any, request: OrderRequest) -> None:
    """Raise RuleRejected if ccxt would cut or round a number to the venue's steps as it knows them: the order would be
    another than the one in our books."""
    with localcontext():  # ccxt sets the rounding of the context that it finds
        sent = _as_sent(client, request)
    for what, (ours, theirs) in sent.items():
        if ours is not None and Decimal(theirs) != ours:
            raise RuleRejected(
                f"The {what} {ours} does not fit the venue's steps: it would become {theirs}.", "STEPS"
            )


def _as_sent(client: Any, request: OrderRequest) -> dict[str, tuple[Decimal | None, str]]:
    return {
        "quantity": (request.quantity, client.amount_to_precision(request.symbol, f"{request.quantity:f}")),
        "price": (request.price, _price(client, request.symbol, request.price)),
        "stop price": (request.stop_price, _price(client, request.symbol, request.stop_price)),
    }


def _price(client: Any, symbol: str, price: Decimal | None) -> str:
    return "0" if price is None else str(client.price_to_precision(symbol, f"{price:f}"))
