"""One row that can't be read takes no other along, and is neither zero nor gone (M12, laws 2 and 15)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from engine.core.errors import Corrupt
from engine.core.ids import Coin
from engine.core.model import Balance
from engine.core.reconcile import Shortfall, balances_off
from engine.exchanges import answers
from engine.exchanges.dialects import dialect_of
from tests.support.builders import USDT
from tests.unit.test_core_reconcile import holding, look, with_btc


@pytest.mark.parametrize("bad", [None, "-1", "NaN", "abc", "1e999"])
def test_m12_a_balance_that_can_not_be_read_is_not_told_and_not_zero(bad: object) -> None:
    told: list[str] = []
    raw = {"free": {"BTC": bad, "USDT": "5"}, "used": {"BTC": None, "USDT": "1"}}
    found = {one.coin: one for one in answers.balances(raw, told.append)}
    assert not found[Coin("BTC")].told
    assert found[USDT] == Balance(USDT, Decimal(5), Decimal(1))
    assert len(told) == 1


def test_m12_a_null_beside_what_is_locked_is_no_zero() -> None:
    """All money was booked as withdrawn by `{"free": null, "used": 0}`."""
    raw = {"free": {"USDT": None}, "used": {"USDT": "0"}}
    assert answers.balances(raw) == [Balance(USDT, Decimal(0), told=False)]


def test_m12_nothing_follows_from_a_balance_that_was_not_told() -> None:
    desk = holding()
    untold = (Balance(Coin("BTC"), Decimal(0), told=False), *with_btc(desk, "0")[1:])
    assert not any(isinstance(one, Shortfall) for one in balances_off(desk.state, untold))
    for _ in range(10):
        look(desk, balances=untold)
        desk.advance(6)
    assert not desk.told("shortfall")
    assert desk.position.quantity == Decimal("9.99")


def test_m12_money_that_was_not_told_did_not_flow() -> None:
    desk = holding()
    before = desk.state.holdings[USDT]
    look(desk, balances=(with_btc(desk, "9.99")[0], Balance(USDT, Decimal(0), told=False)))
    assert desk.state.holdings[USDT] == before


BEFORE: Mapping[str, object] = {"ZUSD": ("94980.0000", "0.0000"), "XXBT": ("0.1000000000", "0.1000000000")}
AFTER: Mapping[str, object] = {
    **BEFORE,
    "XXBT": ("0.0000000000", "0.0000000000"),
    "XBT.F": ("0.1000000000", "0.1000000000"),
}
BONDED: Mapping[str, object] = {
    **BEFORE,
    "XXBT": ("0.0000000000", "0.0000000000"),
    "XBT.B": ("0.1000000000", "0.0000000000"),
}


class KrakenAnswers:
    """ccxt's client of Kraken, with the account's balances as the venue writes them."""

    def __init__(self, rows: Mapping[str, object]) -> None:
        self._rows = {
            name: {"balance": row[0], "hold_trade": row[1]} if isinstance(row, tuple) else row
            for name, row in rows.items()
        }
        self.safe_currency_code = ccxt.kraken({"enableRateLimit": False}).safe_currency_code

    async def privatePostBalanceEx(self) -> Any:
        return {"error": [], "result": self._rows}


@pytest.mark.parametrize("rows", [BEFORE, AFTER])
async def test_coins_in_rewards_account_are_ours(rows: Mapping[str, object]) -> None:
    """Case coins-in-rewards-account (A13): Kraken moves them to and fro by itself, so that they count as the coin."""
    client = KrakenAnswers(rows)
    raw = await dialect_of("kraken").balances(client)
    found = {one.coin: one for one in answers.balances(raw)}
    assert found[Coin("BTC")] == Balance(Coin("BTC"), Decimal(0), Decimal("0.1"))
    assert found[Coin("USD")].total == Decimal(94980)
    (elsewhere,) = await dialect_of("kraken").other_accounts(client)
    assert elsewhere["total"] == {}


async def test_bonded_coins_are_the_owners_and_not_to_be_sold_now() -> None:
    """Case coins-in-rewards-account: what is locked is neither in the balance nor gone."""
    client = KrakenAnswers(BONDED)
    raw = await dialect_of("kraken").balances(client)
    found = {one.coin: one for one in answers.balances(raw)}
    assert Coin("BTC") not in found
    (elsewhere,) = await dialect_of("kraken").other_accounts(client)
    assert Decimal(elsewhere["total"]["BTC"]) == Decimal("0.1")


@pytest.mark.parametrize("bad", [None, "x", {}, {"balance": None}, ("abc", "0"), ("-1", "0"), ("1", "2")])
@pytest.mark.parametrize("name", ["XXBT", "XBT.F"])
async def test_m12_a_coin_is_not_told_when_one_of_its_rows_is_not(name: str, bad: object) -> None:
    """What the other row has of it is not all that there is."""
    client = KrakenAnswers({**AFTER, name: bad})
    found = {one.coin: one for one in answers.balances(await dialect_of("kraken").balances(client))}
    assert not found[Coin("BTC")].told
    assert found[Coin("USD")].total == Decimal(94980)


async def test_m12_a_row_of_another_account_takes_no_balance_along() -> None:
    client = KrakenAnswers({**BEFORE, "XBT.B": "x"})
    found = {one.coin: one for one in answers.balances(await dialect_of("kraken").balances(client))}
    assert found[Coin("BTC")].used == Decimal("0.1")
    with pytest.raises(Corrupt):
        answers.total_in(await dialect_of("kraken").other_accounts(client), Coin("BTC"))


async def test_staked_coins_are_the_coin_whatever_they_are_bound_for() -> None:
    """Case coins-in-rewards-account: Kraken's names of staked coins carry digits."""
    client = KrakenAnswers({"DOT28.S": ("2", "0"), "DOT.S": ("1", "0"), "ETH2.S": ("3", "0")})
    accounts = await dialect_of("kraken").other_accounts(client)
    totals = [answers.total_in(accounts, Coin(coin)) for coin in ("DOT", "ETH", "BTC")]
    assert totals == [Decimal(3), Decimal(3), Decimal(0)]
