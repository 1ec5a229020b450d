"""A key is tried in a process of its own: accepted, refused, or not to be asked, and no client stays here (law 7)."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

import pytest

from bot.key_check import KeyCheck, _report
from engine.core.errors import Denied, Unavailable
from engine.core.ids import Coin
from sandbox.exchange.testing import running_venue


def question(rest: str, secret: str = "sandbox-secret") -> dict[str, dict[str, str]]:
    stream = rest.replace("http", "ws", 1)
    asked = {"venue": "binance", "rest": rest, "stream": stream, "key": "sandbox-key", "secret": secret}
    return {"main": asked | {"passphrase": ""}}


async def test_a_good_key_is_accepted_and_tells_rights_and_money() -> None:
    async with running_venue() as venue:
        report = await KeyCheck(question(venue.base_url)).ask("main")
    assert (report.accepted, report.may_trade, report.may_withdraw) == (True, True, False)
    assert {one.coin: one.total for one in report.balances}[Coin("USDT")] == Decimal(10000)


async def test_law_14_what_the_key_may_do_besides_is_told() -> None:
    async with running_venue() as venue:
        assert (await KeyCheck(question(venue.base_url)).ask("main")).is_bound is False
        venue.venue.account_modes["sandbox-key"] = {"permitsUniversalTransfer": True, "enableMargin": True}
        report = await KeyCheck(question(venue.base_url)).ask("main")
    assert (report.may_transfer, report.may_margin, report.may_withdraw) == (True, True, False)


async def test_m12_a_balance_that_could_not_be_read_stays_that() -> None:
    said = {"rights": {}, "accepted": True, "detail": "", "account_fits": None, "account": ""}
    report = _report(said | {"balances": [["USDT", "1", "0", True], ["XYZ", "0", "0", False]]})
    assert [(one.coin, one.told) for one in report.balances] == [("USDT", True), ("XYZ", False)]


async def test_a_wrong_secret_is_refused_in_words() -> None:
    async with running_venue() as venue:
        report = await KeyCheck(question(venue.base_url, "wrong")).ask("main")
    assert not report.accepted
    assert report.detail
    assert "wrong" not in report.detail


async def test_a_venue_that_is_gone_says_nothing_of_the_key() -> None:
    async with running_venue() as venue:
        gone = question(venue.base_url)
    with pytest.raises(Unavailable):
        await KeyCheck(gone).ask("main")


async def test_a_connection_that_is_not_enabled_is_denied() -> None:
    with pytest.raises(Denied, match=r"set connections\.main\.live"):
        await KeyCheck({}).ask("main")


async def test_law_7_the_asking_process_imports_no_exchange_with_a_key() -> None:
    program = "import bot.application, sys; sys.exit('engine.exchanges.ccxt_exchange' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0
