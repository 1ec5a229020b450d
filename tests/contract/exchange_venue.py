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
from engine.exchanges.paper import PaperExchange
from engine.ports import Exchange
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair
from sandbox.exchange.testing import RunningVenue, running_venue
from sandbox.exchange.venue import Client
from tests.support.standins.running import STAND_INS, running_stand_in

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


class LiveUnderTest:
    """The live adapter, with unmodified ccxt, against the sandbox venue over HTTP and websocket."""

    def __init__(self, running: RunningVenue, venue: str, timeout: float = 10.0) -> None:
        self.running = running
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


# base64, since Kraken's secrets are; what it says is 'test-secret'
CREDENTIALS = Credentials("test-key", "dGVzdC1zZWNyZXQ=", "test-passphrase")
_MONEY = {"USDT": Decimal(10_000), "BTC": Decimal(1)}


@asynccontextmanager
async def paper() -> AsyncIterator[VenueUnderTest]:
    under_test = PaperUnderTest()
    await under_test.price(Decimal(50000))
    yield under_test
    await under_test.exchange.close()


def flat_market(base: str = "BTC", ticks: int = 5_000_000) -> tuple[Pair, Tape]:
    """An instrument with the steps of INSTRUMENT, at so many ticks (50,000) for ever, with volume in plenty."""
    pair = Pair(
        base,
        "USDT",
        tick=INSTRUMENT.tick,
        step=INSTRUMENT.lot,
        min_quantity=INSTRUMENT.min_quantity,
        max_quantity=Decimal(9000),
        max_market_quantity=Decimal(900),
        min_notional=INSTRUMENT.min_notional,
    )
    return pair, Tape([Bar(ticks, ticks, ticks, ticks, 10_000_000)])


@asynccontextmanager
async def live(
    venue: str, timeout: float = 10.0, third_coin: bool = False, others: Sequence[str] = ()
) -> AsyncIterator[LiveUnderTest]:
    """A venue of its own for each test, whose prices stand still until they are moved: its tape is flat. With a
    `third_coin` the account has ten BNB, at 500, in which fees can be taken; `others` are more coins to trade."""
    markets = [flat_market(), flat_market("BNB", 50_000)] if third_coin else [flat_market()]
    markets += [flat_market(coin, 50_000) for coin in others]
    money = {**_MONEY, "BNB": Decimal(10)} if third_coin else _MONEY
    client = Client(CREDENTIALS.api_key, CREDENTIALS.secret, money, CREDENTIALS.passphrase)
    async with serving(venue, markets, client) as running:
        under_test = LiveUnderTest(running, venue, timeout)
        # ccxt's pace for Kraken is one question a second; how quick we may be is counted by our own Budget.
        under_test.adapter._calls.reads.enableRateLimit = False
        try:
            yield under_test
        finally:
            await under_test.exchange.close()


def serving(
    venue: str, markets: list[tuple[Pair, Tape]], client: Client
) -> AbstractAsyncContextManager[RunningVenue]:
    """The sandbox, or a stand-in for a venue whose dialect the sandbox does not speak."""
    if venue in STAND_INS:
        return running_stand_in(venue, markets, [client])
    return running_venue(markets=markets, clients=[client], dialect=venue)


class VenueMaker(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[VenueUnderTest]: ...


VENUES: dict[str, VenueMaker] = {
    "paper": paper,
    "ccxt binance at the sandbox": lambda: live("binance"),
    "ccxt bybit at the sandbox": lambda: live("bybit"),
    "ccxt okx at the sandbox": lambda: live("okx"),
    "ccxt kraken at its stand-in": lambda: live("kraken"),
    "ccxt kucoin at its stand-in": lambda: live("kucoin"),
    "ccxt bingx at its stand-in": lambda: live("bingx"),
}
