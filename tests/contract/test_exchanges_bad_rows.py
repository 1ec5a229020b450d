"""One row of a venue's answer that can't be read takes no other along, whatever ccxt makes of it (M12)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.errors import Unavailable
from engine.core.ids import Symbol
from engine.core.model import Side
from engine.exchanges.dialects.kraken import Kraken
from engine.exchanges.market_data import CcxtMarketData
from engine.exchanges.venues import VENUES
from tests.contract.exchange_venue import BTC, live
from tests.contract.test_exchanges import an_order

ETH = Symbol("ETH/USDT")
NAMELESS = ("null", "text", "empty")
"""Rows of balances that could be of any coin: what is missing beside them is not zero."""
SANDBOX = ("binance", "bybit", "okx")
BAD = "BAD"
"""The name of a bad row where rows have names."""
KINDS: dict[str, Callable[[Any], Any]] = {
    "null": lambda row: None,
    "text": lambda row: "x",
    "empty": lambda row: type(row)(),
    "numbers null": lambda row: _filled(row, None),
    "numbers that are words": lambda row: _filled(row, "abc"),
    "numbers below zero": lambda row: _filled(row, "-1"),
    "numbers that are none": lambda row: _filled(row, "NaN"),
}


class Spoiled:
    """Puts a bad row before the others into what the venue sent, or in the place of the first, before ccxt sees it."""

    def __init__(self, client: Any, instead: bool = False) -> None:
        self._read = client.parse_json
        self._instead = instead
        self.kind = ""
        self.struck = 0
        client.parse_json = self.read

    def read(self, text: str) -> Any:
        answer = self._read(text)
        rows = max(_lists_of_rows(answer), key=_weight, default=None)
        if self.kind and rows:
            self.struck += 1
            first = next(iter(rows)) if isinstance(rows, dict) else 0
            bad = KINDS[self.kind](deepcopy(rows[first]))
            if self._instead:
                rows[first] = bad
            elif isinstance(rows, dict):
                rows[BAD] = bad
            else:
                rows.insert(0, bad)
        return answer


def _lists_of_rows(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        rows = _values(value)
        if rows and all(isinstance(row, dict | list) for row in rows) and _weight(value):
            yield value
        for row in rows:
            yield from _lists_of_rows(row)


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _weight(value: Any) -> int:
    return sum(map(len, _values(value)))


def _filled(row: Any, word: Any) -> Any:
    """With `word` in the place of each number, names left as they are."""
    if isinstance(row, dict):
        return {key: _filled(value, word) for key, value in row.items()}
    if isinstance(row, bool):
        return row
    if isinstance(row, list):
        return [_filled(value, word) for value in row]
    try:
        float(row)
    except (TypeError, ValueError):
        return row
    return word


@pytest.mark.parametrize("venue", sorted(VENUES))
async def test_m12_one_row_of_an_account_that_can_not_be_read_is_set_aside_alone(
    venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kraken, "allowance", replace(Kraken.allowance, seconds=1.0))
    async with live(venue, others=("ETH",)) as under_test:
        exchange = under_test.adapter
        await exchange.submit(an_order(Side.BUY, "0.01", price="40000", name="resting"))
        await exchange.submit(an_order(Side.BUY, "0.01", name="bought"))
        await asyncio.sleep(0.3)  # Kraken's allowance
        since = SystemClock().now() - timedelta(minutes=30)
        asks: dict[str, Callable[[], Awaitable[Any]]] = {
            "orders": lambda: exchange.open_orders([BTC]),
            "fills": lambda: exchange.fills([BTC], since),
            "balances": exchange.balances,
        }
        spoiled = Spoiled(exchange._calls.reads)
        for what, ask in asks.items():
            spoiled.kind = ""
            sound, before = await ask(), exchange.unread_rows
            assert sound, what
            for spoiled.kind in KINDS:
                spoiled.struck = 0
                if what == "balances" and spoiled.kind in NAMELESS and venue != "kraken":
                    with pytest.raises(Unavailable, match="of which coin"):
                        await ask()
                    continue
                found = await ask()
                assert spoiled.struck, (what, spoiled.kind)
                assert _names(found) >= _names(sound), (what, spoiled.kind)
            assert exchange.unread_rows > before or what == "balances", (
                what
            )  # where a sound one of the coin follows


def _names(rows: Any) -> set[Any]:
    return {(one.coin if hasattr(one, "coin") else one.client_order_id) for one in rows}


@pytest.mark.parametrize("venue", sorted(VENUES))
async def test_m12_one_instrument_or_price_that_can_not_be_read_is_set_aside_alone(venue: str) -> None:
    async with live(venue, others=("ETH",)) as under_test:
        url = under_test.running.base_url
        market = CcxtMarketData(venue, SystemClock(), url, url.replace("http", "ws", 1))
        market._client.enableRateLimit = False
        await market.time()
        spoiled = Spoiled(market._client)
        try:
            for spoiled.kind in KINDS:
                assert ETH in await market.instruments([BTC, ETH]), spoiled.kind
                if venue in SANDBOX:  # the others' stand-ins tell no prices
                    assert ETH in {one.symbol for one in await market.tickers([BTC, ETH])}, spoiled.kind
            assert spoiled.struck
        finally:
            await market.close()


@pytest.mark.parametrize("venue", sorted(VENUES))
async def test_m12_a_balance_that_can_not_be_read_is_not_told(venue: str) -> None:
    """Not zero: its coins would look as if they had gone."""
    async with live(venue, others=("ETH",)) as under_test:
        exchange = under_test.adapter
        sound = {one.coin for one in await exchange.balances()}
        spoiled = Spoiled(exchange._calls.reads, instead=True)
        spoiled.kind = "numbers that are words"
        found = await exchange.balances()
        assert {one.coin for one in found} == sound
        assert len([one for one in found if not one.told]) == 1


@pytest.mark.parametrize("venue", ["kraken", "okx"])
async def test_m12_an_instrument_whose_row_can_not_be_read_keeps_the_rules_of_before(venue: str) -> None:
    """It is no instrument that is not listed: its prices and stops would not be watched for an hour."""
    async with live(venue, others=("ETH",)) as under_test:
        url = under_test.running.base_url
        market = CcxtMarketData(venue, SystemClock(), url, url.replace("http", "ws", 1))
        market._client.enableRateLimit = False
        try:
            before = await market.instruments([BTC, ETH])
            spoiled = Spoiled(market._client, instead=True)
            spoiled.kind = "numbers that are words"
            assert await market.instruments([BTC, ETH]) == before
            assert spoiled.struck
        finally:
            await market.close()
