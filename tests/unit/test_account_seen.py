"""What the venue says the account holds, all of it, and what of its answers could not be read: on the screens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.health import HealthPage
from engine.clock import SystemClock
from engine.core import inputs as i
from engine.core.alarms import Trouble
from engine.core.errors import Unavailable
from engine.core.ids import Coin, ConnectionId
from engine.core.model import Balance, Mode
from engine.desk import AccountSeen, ConnectionView
from tests.fakes.conversation import Talk, talking
from tests.fakes.desk import FakeDesk
from tests.support.builders import BTC, START, preset, settings
from tests.support.engine_world import Engine, until
from tests.unit.test_health import get

MAIN = ConnectionId("main")
EVERYTHING = [
    Balance(Coin("USDT"), Decimal("900"), Decimal("100")),
    Balance(Coin("BTC"), Decimal("0.5"), Decimal("0.25")),
    Balance(Coin("SHIB"), Decimal("1234567.5")),
    Balance(Coin("BNB"), Decimal(0), told=False),
    Balance(Coin("EMPTY"), Decimal(0)),
]


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        it.desk["main"].price(BTC, "100")
        yield it


async def test_the_balance_shows_every_coin_and_what_orders_hold(talk: Talk) -> None:
    talk.desk.accounts[MAIN] = AccountSeen(EVERYTHING, talk.desk["main"].now - timedelta(seconds=5))
    lines = (await talk.ask("/balance", "Balance")).text.splitlines()
    found = [" ".join(one.split()) for one in lines]
    for wanted in (
        "BNB could not be read",
        "1,000.00 USDT",
        "held by orders 100 USDT",
        "0.75 BTC 75.00 USDT",
        "held by orders 0.25 BTC",
        "1,234,567.5 SHIB no price yet",
    ):
        assert wanted in found, f"{wanted} in {found}"
    assert not any("EMPTY" in one for one in found)
    assert any(one.startswith("Account read") and one.endswith("ago") for one in found)
    assert "not counted in its equity" in "\n".join(found)


async def test_what_was_bought_since_the_account_was_read_is_counted(talk: Talk) -> None:
    """The account is asked every 40 s: a fill in between must not make the figures contradict each other."""
    one = talk.desk["main"]
    before = AccountSeen(tuple(one.venue.balances()), one.now, dict(one.state.holdings))
    await talk.desk.open_position()
    talk.desk.accounts[MAIN] = before
    found = [" ".join(line.split()) for line in (await talk.ask("/balance", "Balance")).text.splitlines()]
    for coin in ("USDT", "BTC"):
        held = one.state.holdings[Coin(coin)]
        assert any(
            line.startswith(f"{held:,.2f} {coin}" if coin == "USDT" else f"{held.normalize()} {coin}")
            for line in found
        )


async def test_until_the_venue_has_told_it_the_balance_is_what_our_books_say(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold = FakeDesk.view

    def view(desk: FakeDesk, connection: ConnectionId) -> ConnectionView:
        return replace(untold(desk, connection), account=None)

    monkeypatch.setattr(FakeDesk, "view", view)
    text = (await talk.ask("/balance", "Balance")).text
    assert "10,000.00 USDT" in text
    assert "Account read" not in text


async def test_what_the_account_holds_and_what_could_not_be_read_comes_from_the_venue() -> None:
    """M12: through the real coordinator; the count outlives the client that made it."""
    engine = Engine(settings(preset(symbols=(BTC,)), mode=Mode.LIVE))
    await engine.modes.keep_mode(MAIN, Mode.LIVE)
    engine.live.unread_rows = 3  # type: ignore[attr-defined]
    engine.market.unread_rows = 2  # type: ignore[attr-defined]
    async with engine.running():
        assert engine.desk.view(MAIN).account is None
        await until(lambda: engine.desk.view(MAIN).account is not None, "the account")
        seen = engine.desk.view(MAIN).account
        assert seen is not None
        assert [(one.coin, one.total) for one in seen.balances] == [(Coin("USDT"), Decimal(10000))]
        assert engine.desk.view(MAIN).health.unread_rows == 5
        connection = engine.room.connections[0]
        poison = i.PriceSeen(START, None)  # type: ignore[arg-type]
        before = connection.runner
        connection.runner.put(poison)
        await until(lambda: connection.runner is not before, "a new runner")
        assert connection.unread_rows >= 3, "a new client counts on"


class Unread(FakeDesk):
    def view(self, connection: ConnectionId) -> ConnectionView:
        view = super().view(connection)
        return replace(view, health=replace(view.health, unread_rows=7))


async def test_rows_that_could_not_be_read_are_on_the_health_page_and_in_the_figures() -> None:
    page = HealthPage(Unread(), SystemClock(), "1.2.3", lambda: "")
    await page.open(0)
    try:
        assert json.loads((await get(page, "/health"))[1])["connections"]["main"]["unread_rows"] == 7
        assert (
            'pocketdesk_unread_rows{connection="main",mode="paper"} 7.0' in (await get(page, "/metrics"))[1]
        )
    finally:
        await page.close()


async def test_the_health_page_is_not_ok_from_the_first_moment_without_the_venue() -> None:
    desk = FakeDesk()
    desk["main"].give(i.TroubleSeen(desk["main"].now, Trouble.VENUE_UNREACHABLE, "", "HTTP 503"))
    page = HealthPage(desk, SystemClock(), "1.2.3", lambda: "")
    report = page.report()
    assert (report["ok"], report["why"]) == (False, ["the venue can't be reached by main"])


async def test_an_account_that_can_not_be_asked_keeps_what_it_last_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.account_watch.RETRY", (0.01,))
    engine = Engine(settings(preset(symbols=(BTC,)), mode=Mode.LIVE))
    await engine.modes.keep_mode(MAIN, Mode.LIVE)
    async with engine.running():
        await until(lambda: engine.desk.view(MAIN).account is not None, "the account")
        seen = engine.desk.view(MAIN).account
        engine.live.error = Unavailable("away")
        await engine.desk.reconcile(MAIN)
        await until(
            lambda: (Trouble.RECONCILE_FAILED, "") in engine.desk.view(MAIN).state.troubles, "the trouble"
        )
        assert engine.desk.view(MAIN).account == seen
