"""A6: what the venue says of the account's mode is known before real money is used, and what does not suit is named."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from bot.key_check import KeyCheck
from engine.core.errors import Rejected
from engine.core.model import OrderRequest, Side
from sandbox.exchange.testing import VenueControl
from tests.contract.exchange_venue import CREDENTIALS, LiveUnderTest, live
from tests.contract.test_exchanges import an_order

ENTRY = an_order(Side.BUY, "0.01", price="40000")
STOP = an_order(Side.SELL, "0.01", stop="40000", name="stop")

SUITED: list[tuple[str, dict[str, Any], str]] = [
    ("okx", {}, "spot mode, borrowing is off"),
    ("okx", {"acctLv": "2"}, "futures mode, borrowing is off"),
    ("okx", {"acctLv": "2", "posMode": "long_short_mode"}, "futures mode, borrowing is off"),
    ("bybit", {}, "unified account, orders borrow nothing"),
    ("bybit", {"unifiedMarginStatus": 3}, "unified account, orders borrow nothing"),
    ("bybit", {"marginMode": "PORTFOLIO_MARGIN"}, "unified account, orders borrow nothing"),
]
UNSUITED: list[tuple[str, dict[str, Any], str]] = [
    ("okx", {"acctLv": "3"}, "multi-currency margin mode refuses orders without borrowing: choose spot mode"),
    ("okx", {"acctLv": "4"}, "portfolio margin mode refuses orders without borrowing: choose spot mode"),
    ("okx", {"acctLv": "7"}, "account mode 7 is not known here: choose spot mode"),
    ("okx", {"enableSpotBorrow": True}, "spot mode with borrowing on (enableSpotBorrow): switch it off"),
    ("okx", {"acctLv": "2", "autoLoan": True}, "futures mode with borrowing on (autoLoan): switch it off"),
    ("bybit", {"unifiedMarginStatus": 1}, "not a unified account (status 1): upgrade it"),
    ("bybit", {"unifiedMarginStatus": None}, "not a unified account (status None): upgrade it"),
]


@pytest.mark.parametrize(("name", "mode", "words"), SUITED)
async def test_a6_a_mode_that_suits_is_told_and_orders_are_taken(
    name: str, mode: dict[str, Any], words: str
) -> None:
    async with live(name) as venue:
        venue.running.do("account", mode=mode)
        told = await venue.adapter.check_account()
        assert told is not None
        assert (told.fits, told.words) == (True, words)
        await venue.exchange.submit(ENTRY)
        await venue.exchange.submit(STOP)
        assert venue.orders() == [ENTRY.client_order_id, STOP.client_order_id]


@pytest.mark.parametrize(("name", "mode", "words"), UNSUITED)
async def test_a6_a_mode_that_does_not_suit_is_told_with_what_to_change(
    name: str, mode: dict[str, Any], words: str
) -> None:
    async with live(name) as venue:
        venue.running.do("account", mode=mode)
        told = await venue.adapter.check_account()
        assert told is not None
        assert not told.fits
        assert told.words.startswith(words)


@pytest.mark.parametrize("level", ["3", "4"])
@pytest.mark.parametrize("request_", [ENTRY, STOP], ids=["entry", "stop"])
async def test_a6_okx_refuses_our_orders_in_the_modes_that_are_refused(
    level: str, request_: OrderRequest
) -> None:
    async with live("okx") as venue:
        venue.running.do("account", mode={"acctLv": level})
        with pytest.raises(Rejected, match="tdMode error"):
            await venue.exchange.submit(request_)
        assert venue.orders() == []
        venue.running.do("account", mode={})
        await venue.exchange.submit(request_)


@pytest.mark.parametrize("name", ["binance", "kraken", "kucoin", "bingx"])
async def test_a6_where_spot_is_apart_from_margin_nothing_is_asked(name: str) -> None:
    async with live(name) as venue:
        assert await venue.adapter.check_account() is None


@pytest.mark.parametrize(("name", "fits"), [("okx", False), ("binance", None)])
async def test_a6_the_trying_of_a_key_tells_the_mode_of_its_account(name: str, fits: bool | None) -> None:
    async with live(name) as venue:
        venue.running.do("account", mode={"acctLv": "4"})
        report = await KeyCheck({"main": question(name, venue)}).ask("main")
    assert report.accepted
    assert report.account_fits is fits
    assert ("portfolio margin mode" in report.account) == (fits is False)


async def test_the_mode_is_set_over_http_and_nonsense_is_refused() -> None:
    async with live("okx") as venue, aiohttp.ClientSession() as session:
        control = VenueControl(session, venue.running.base_url)
        await control.do("account", mode={"acctLv": "2"})
        told = await venue.adapter.check_account()
        assert told is not None
        assert told.words.startswith("futures mode")
        with pytest.raises(ValueError, match="“mode” must be an object"):
            await control.do("account", mode="3")
        with pytest.raises(ValueError, match="there is no account"):
            await control.do("account", mode={}, account="nobody")


def question(name: str, venue: LiveUnderTest) -> dict[str, str]:
    rest = venue.running.base_url
    return {
        "venue": name,
        "rest": rest,
        "stream": rest.replace("http", "ws", 1),
        "key": CREDENTIALS.api_key,
        "secret": CREDENTIALS.secret,
        "passphrase": CREDENTIALS.passphrase,
    }
