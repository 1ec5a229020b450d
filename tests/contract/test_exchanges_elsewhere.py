"""Coins that the owner moved to another of his accounts at the venue are seen there, and are no loss (A13)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from engine.core.errors import PartlyAsked, Unavailable
from engine.core.ids import Coin
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.venues import VENUES
from sandbox.exchange.faults import Action, Rule
from sandbox.exchange.market.seeded import seeded_market
from sandbox.exchange.venue import Venue
from tests.contract.exchange_venue import CREDENTIALS, live

KEY = CREDENTIALS.api_key
BTC, ETH = Coin("BTC"), Coin("ETH")
MOVED = Decimal("0.25")
WALLETS = [(venue, wallet) for venue in sorted(VENUES) for wallet in ("funding", "earn")]
LACKING = {("kraken", "funding"), ("bingx", "earn")}
"""Kraken has one account for all; BingX tells nobody what earns there."""


@pytest.mark.parametrize(("venue", "wallet"), [one for one in WALLETS if one not in LACKING])
async def test_a13_what_was_moved_is_seen_elsewhere_and_not_in_the_account(venue: str, wallet: str) -> None:
    async with live(venue, others=("ETH",)) as under_test:
        exchange, sandbox = under_test.adapter, under_test.running.venue
        before = {one.coin: one.total for one in await exchange.balances()}
        assert await asked(exchange) == {BTC: 0, ETH: 0}
        sandbox.move_coins(KEY, BTC, MOVED, wallet)
        assert await asked(exchange) == {BTC: MOVED, ETH: 0}
        after = {one.coin: one.total for one in await exchange.balances()}
        assert after[BTC] == before[BTC] - MOVED
        sandbox.move_coins(KEY, BTC, -MOVED, wallet)
        assert (await asked(exchange))[BTC] == 0


async def asked(exchange: CcxtExchange) -> Mapping[Coin, Decimal]:
    try:
        return await exchange.elsewhere([BTC, ETH])
    except PartlyAsked as error:
        return error.found if "BingX does not tell" in str(error) else {}


async def test_a13_a_key_that_may_not_ask_what_earns_still_tells_the_rest() -> None:
    """Bybit wants the right "Earn" for it: a move to the funding account was told before, and is still."""
    async with live("bybit") as under_test:
        sandbox = under_test.running.venue
        sandbox.faults.add(Rule("GET /v5/earn/position", Action.STATUS, code=10005))
        sandbox.move_coins(KEY, BTC, MOVED, "funding")
        with pytest.raises(PartlyAsked) as problem:
            await under_test.adapter.elsewhere([BTC])
        assert problem.value.found == {BTC: MOVED}


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "kucoin", "bingx"])
async def test_a13_where_the_question_fails_nothing_is_known_of_other_accounts(venue: str) -> None:
    async with live(venue) as under_test:
        under_test.running.venue.faults.add(Rule("elsewhere", Action.STATUS, status=502))
        if venue == "kucoin":
            under_test.running.venue.faults.add(Rule("balance", Action.STATUS, status=502))
        with pytest.raises(Unavailable):
            await under_test.adapter.elsewhere([BTC])


def test_no_more_is_moved_than_there_is() -> None:
    venue = Venue([seeded_market("BTC/USDT", 1)])
    key = next(iter(venue.secrets))
    with pytest.raises(ValueError, match="to move"):
        venue.move_coins(key, "BTC", Decimal("-0.1"), "earn")
