"""Venues that keep resting stops apart from other orders: to find or to cancel one, the kind has to be known.

Our name says nothing of the kind, and after a restart nobody remembers it. So the likelier kind is asked first, and
the other one when the venue knows none of that kind.
"""

from __future__ import annotations

from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest, OrderType
from engine.exchanges import lean
from engine.exchanges.dialects.base import Dialect, OrderCall, Raw

OrderNotFound = lean.errors().OrderNotFound
MOST = 1000
"""Stops remembered."""


class TwoKinds(Dialect):
    """`_find_kind` and `_cancel_kind` raise ccxt's OrderNotFound for an order that the venue does not know."""

    def __init__(self) -> None:
        self._stops: dict[ClientOrderId, None] = {}

    def order_call(self, request: OrderRequest) -> OrderCall:
        if request.type is OrderType.STOP:
            self._stops[request.client_order_id] = None
            if len(self._stops) > MOST:
                del self._stops[next(iter(self._stops))]
        return super().order_call(request)

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        try:
            return await self._find_kind(client, order, symbol, order in self._stops)
        except OrderNotFound:
            return await self._find_kind(client, order, symbol, order not in self._stops)

    async def cancel(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw:
        try:
            return await self._cancel_kind(client, order, symbol, order in self._stops)
        except OrderNotFound:
            return await self._cancel_kind(client, order, symbol, order not in self._stops)

    async def _find_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        raise NotImplementedError

    async def _cancel_kind(self, client: Any, order: ClientOrderId, symbol: Symbol, stop: bool) -> Raw:
        raise NotImplementedError
