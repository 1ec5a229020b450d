"""What the Exchange contract suite needs from a maker of the port: the port itself and a hand on its market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from engine.clock import ManualClock
from engine.core.ids import Coin, Symbol
from engine.core.model import Balance, Instrument, Ticker
from engine.core.money import Price, Quantity, Quote
from engine.exchanges.paper import PaperExchange
from engine.ports import Exchange

START = datetime(2024, 3, 1, tzinfo=UTC)
BTC = Symbol("BTC/USDT")
INSTRUMENT = Instrument(
    BTC,
    Coin("BTC"),
    Coin("USDT"),
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    min_quantity=Quantity(Decimal("0.00001")),
    min_notional=Quote(Decimal(5)),
)


class VenueUnderTest(Protocol):
    """A venue with 10,000 USDT and 1 BTC, trading BTC/USDT at 50,000 with a spread of 2."""

    exchange: Exchange

    async def price(self, last: Decimal) -> None:
        """Move the market there, the bid one below and the ask one above, with volume in plenty."""
        ...


class PaperUnderTest:
    """The paper venue, its clock standing still."""

    def __init__(self) -> None:
        balances: Sequence[Balance] = [
            Balance(Coin("USDT"), Decimal(10000)),
            Balance(Coin("BTC"), Decimal(1)),
        ]
        self._paper = PaperExchange(ManualClock(START), [INSTRUMENT], balances)
        self.exchange: Exchange = self._paper

    async def price(self, last: Decimal) -> None:
        one = Decimal(1)
        self._paper.on_price(Ticker(BTC, Price(last), START, Price(last - one), Price(last + one)))
