"""The paper venue as an Exchange: a PaperBook, a clock, and a queue of what happens by itself.

It has no client, no key and no address: nothing here could reach an order endpoint (law 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from engine.clock import Clock
from engine.core.ids import ClientOrderId, Coin, Symbol
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Balance, Fill, Instrument, OrderReport, OrderRequest, Ticker
from engine.core.orders import Order
from engine.exchanges.paper_book import PaperBook
from engine.exchanges.paper_rules import PaperRules


class PaperExchange:
    """engine.ports.Exchange on paper. Feed it every price, before the trader gets it."""

    def __init__(
        self,
        clock: Clock,
        instruments: Iterable[Instrument] = (),
        balances: Iterable[Balance] = (),
        rules: PaperRules | None = None,
    ) -> None:
        self._clock = clock
        self._book = PaperBook(instruments, balances, rules)
        self._happened: asyncio.Queue[OrderSeen | FillSeen] = asyncio.Queue()

    stops_lock = True

    async def elsewhere(self, coins: Collection[Coin]) -> dict[Coin, Decimal]:
        """One account is all there is."""
        return {}

    def forget_rules(self) -> None:
        """They are asked for with each order."""

    # ── what the outside tells ────────────────────────────────────────────────────────────

    def list_instruments(self, instruments: Iterable[Instrument]) -> None:
        """What the venue lists now."""
        self._book.list_instruments(instruments)

    def restore(self, balances: Iterable[Balance], open_orders: Iterable[Order]) -> None:
        """Be again what the trader's books say; see PaperBook.restore."""
        self._book.restore(balances, open_orders)

    def on_price(self, ticker: Ticker) -> None:
        """Match on a live price; what comes of it arrives by `reports`. Raises Corrupt for an unsound price."""
        at = self._clock.now()
        for report in self._book.on_price(ticker, at):
            self._happened.put_nowait(OrderSeen(at, report))

    # ── engine.ports.Exchange ─────────────────────────────────────────────────────────────

    async def submit(self, request: OrderRequest) -> OrderReport:
        return self._book.submit(request, self._clock.now())

    async def cancel(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport:
        return self._book.cancel(client_order_id, self._clock.now())

    async def order(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        return self._book.order(client_order_id, self._clock.now())

    async def open_orders(self, symbols: Sequence[Symbol]) -> list[OrderReport]:
        now = self._clock.now()
        return [one for symbol in symbols for one in self._book.open_orders(symbol, now)]

    async def fills(self, symbols: Sequence[Symbol], since: datetime) -> list[Fill]:
        found = [one for symbol in symbols for one in self._book.fills(symbol, since)]
        return sorted(found, key=lambda fill: fill.at)

    async def balances(self) -> list[Balance]:
        return self._book.balances()

    async def reports(self) -> AsyncIterator[OrderSeen | FillSeen]:
        while True:
            yield await self._happened.get()

    async def close(self) -> None:
        """Nothing is held open."""
