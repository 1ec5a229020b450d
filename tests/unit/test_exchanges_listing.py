"""What an account's calls know of the venue's instruments: asked for once, and nobody's trouble but the asker's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.errors import Unavailable
from engine.core.ids import Symbol
from engine.exchanges import calls
from engine.exchanges import listing as listings
from engine.exchanges.calls import AccountCalls
from engine.exchanges.client import private_client
from engine.exchanges.credentials import Credentials
from engine.exchanges.dialects import dialect_of
from engine.exchanges.venues import row_of

BTC, ETH, GONE = Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("GONE/USDT")


class Listing:
    """What the venue lists; while `hangs`, it does not answer."""

    def __init__(self) -> None:
        self.lists = {BTC, GONE}
        self.hangs = False

    async def asked(
        self, _ask: object, _client: object, _row: object, symbols: Sequence[Symbol]
    ) -> listings.Listing:
        if self.hangs:
            await asyncio.Event().wait()
        return listings.Listing([market(symbol) for symbol in symbols if symbol in self.lists])


def market(symbol: Symbol) -> dict[str, Any]:
    base, _, quote = symbol.partition("/")
    coins = {"base": base, "quote": quote, "baseId": base, "quoteId": quote}
    return {"id": f"{base}{quote}", "symbol": symbol, "spot": True, "precision": {}, "limits": {}, **coins}


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Listing:
    venue = Listing()
    monkeypatch.setattr(calls, "listed", venue.asked)
    return venue


@pytest.fixture
async def account() -> AsyncIterator[AccountCalls]:
    row, dialect = row_of("binance"), dialect_of("binance")

    def client() -> Any:
        return private_client(row, dialect.options, Credentials("test-key", "test"), "", "")

    calling = AccountCalls(row, dialect.allowance, SystemClock(), client, lambda _markets: None)
    yield calling
    await calling.close()


async def test_an_instrument_is_not_refused_for_another_that_was_delisted(
    listing: Listing, account: AccountCalls
) -> None:
    await account.ensure(BTC, GONE)
    listing.lists = {BTC, ETH}
    await account.ensure(ETH)
    with pytest.raises(Unavailable, match="does not list GONE/USDT"):
        await account.ensure(BTC, GONE)


async def test_a_known_instrument_does_not_wait_for_the_listing_of_another(
    listing: Listing, account: AccountCalls
) -> None:
    await account.ensure(BTC)
    listing.hangs = True
    other = asyncio.create_task(account.ensure(ETH))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await account.ensure(BTC)
    assert not other.done()
    other.cancel()
