"""What the user stream calls an instrument: as we do, or it is not listened to.

The crash matrix found it: opened before the venue's rules were loaded, it told of BTCUSDT, and every fill was booked
a second time under that name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from engine.core.errors import Unavailable
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Side
from engine.exchanges.ccxt_exchange import CcxtExchange
from tests.contract.exchange_venue import BTC, LiveUnderTest, live
from tests.contract.test_exchanges import an_order
from tests.support.whole_desk import eventually

OURS = "pd" + "a" * 16


async def _signed_in(venue: LiveUnderTest) -> None:
    async def look() -> bool:
        exchange = venue.exchange
        assert isinstance(exchange, CcxtExchange)
        return exchange._stream is not None and exchange._stream._open

    await eventually(look, "the user stream to be open")


async def _hear(venue: LiveUnderTest, hear: Callable[[FillSeen | OrderSeen], None]) -> None:
    async for seen in venue.exchange.reports():
        hear(seen)


async def test_a_stream_that_was_opened_first_tells_of_instruments_by_our_names() -> None:
    async with live("binance") as venue:
        heard: list[FillSeen | OrderSeen] = []
        listening = asyncio.create_task(_hear(venue, heard.append))
        await _signed_in(venue)
        await venue.exchange.submit(an_order(Side.BUY, "0.01"))

        async def told() -> bool:
            return any(isinstance(one, FillSeen) for one in heard)

        await eventually(told, "a fill")
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        named = {one.fill.symbol if isinstance(one, FillSeen) else one.report.symbol for one in heard}
        assert named == {BTC}


async def test_what_is_told_before_the_rules_are_loaded_is_asked_for_instead() -> None:
    async with live("binance") as venue:
        unheard: list[FillSeen | OrderSeen] = []
        listening = asyncio.create_task(_hear(venue, unheard.append))
        await _signed_in(venue)
        venue.running.do("order", instrument=BTC, side="BUY", type="MARKET", quantity="0.01", client_id=OURS)
        with pytest.raises(Unavailable, match="rules of BTCUSDT are not loaded"):
            await asyncio.wait_for(listening, 10)
