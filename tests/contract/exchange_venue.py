"""What the Exchange contract suite needs from a maker of the port: the port itself and a hand on its market."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from engine.clock import ManualClock, SystemClock
from engine.core.ids import Coin, Symbol
from engine.core.model import Balance, Instrument, Ticker
from engine.core.money import Price, Quantity, Quote
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.credentials import Credentials
from engine.exchanges.dialects import dialect_of
from engine.exchanges.paper import PaperExchange
from engine.ports import Exchange
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair
from sandbox.exchange.testing import RunningVenue, running_venue
from sandbox.exchange.venue import Client

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
    """A venue with 10,000 USDT and 1 BTC, trading BTC/USDT at 50,000 with a spread of 2. `streams`: it tells what
    happens by itself; one that does not is polled."""

    exchange: Exchange
    streams: bool

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
        self.streams = True
        self._paper = PaperExchange(ManualClock(START), [INSTRUMENT], balances)
        self.exchange: Exchange = self._paper

    async def price(self, last: Decimal) -> None:
        one = Decimal(1)
        self._paper.on_price(Ticker(BTC, Price(last), START, Price(last - one), Price(last + one)))


class LiveUnderTest:
    """The live adapter, with unmodified ccxt, against the sandbox venue over HTTP and websocket."""

    def __init__(self, running: RunningVenue, venue: str, timeout: float = 10.0) -> None:
        self.running = running
        self.streams = dialect_of(venue).streams
        self.adapter = CcxtExchange(
            venue,
            SystemClock(),
            CREDENTIALS,
            running.base_url,
            running.base_url.replace("http", "ws", 1),
            timeout,
        )
        self.exchange: Exchange = self.adapter

    def orders(self) -> list[str]:
        """The names of all orders that the venue ever accepted: its own truth."""
        return [order.client_id for order in self.running.venue.matching.orders(CREDENTIALS.api_key)]

    async def price(self, last: Decimal) -> None:
        self.running.do("price", instrument=BTC, price=str(last))


CREDENTIALS = Credentials("test-key", "test-secret", "test-passphrase")
_CLIENT = Client(
    CREDENTIALS.api_key,
    CREDENTIALS.secret,
    {"USDT": Decimal(10_000), "BTC": Decimal(1)},
    CREDENTIALS.passphrase,
)


@asynccontextmanager
async def paper() -> AsyncIterator[VenueUnderTest]:
    under_test = PaperUnderTest()
    await under_test.price(Decimal(50000))
    yield under_test
    await under_test.exchange.close()


def flat_market() -> tuple[Pair, Tape]:
    """BTC/USDT with the steps of INSTRUMENT, at 50,000 for ever, with volume in plenty."""
    pair = Pair(
        "BTC",
        "USDT",
        tick=INSTRUMENT.tick,
        step=INSTRUMENT.lot,
        min_quantity=INSTRUMENT.min_quantity,
        max_quantity=Decimal(9000),
        max_market_quantity=Decimal(900),
        min_notional=INSTRUMENT.min_notional,
    )
    return pair, Tape([Bar(5_000_000, 5_000_000, 5_000_000, 5_000_000, 10_000_000)])


@asynccontextmanager
async def live(venue: str, timeout: float = 10.0) -> AsyncIterator[LiveUnderTest]:
    """A venue of its own for each test, whose prices stand still until they are moved: its tape is flat."""
    async with running_venue(markets=[flat_market()], clients=[_CLIENT], dialect=venue) as running:
        under_test = LiveUnderTest(running, venue, timeout)
        try:
            yield under_test
        finally:
            await under_test.exchange.close()


class VenueMaker(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[VenueUnderTest]: ...


VENUES: dict[str, VenueMaker] = {
    "paper": paper,
    "ccxt binance at the sandbox": lambda: live("binance"),
    "ccxt bybit at the sandbox": lambda: live("bybit"),
    "ccxt okx at the sandbox": lambda: live("okx"),
}
