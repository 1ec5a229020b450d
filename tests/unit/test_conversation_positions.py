"""What is said of positions: which one is meant, where it breaks even, what the day brought."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.screens.summary import summarise
from engine.core import inputs as i
from engine.core.ids import ConnectionId
from engine.core.ledger import Position
from engine.core.money import Price
from tests.fakes.conversation import Talk, label, talking
from tests.fakes.desk import FakeDesk
from tests.support.builders import BOUNCE, BTC, ETH


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path, ("main", "other")) as it:
        yield it


async def _two_presets(talk: Talk) -> None:
    await talk.desk.open_position()
    one = talk.desk["main"]
    one.price(BTC, "101")
    one.signal(BTC, by=BOUNCE)
    one.price(BTC, "101")
    await talk.desk.keep()


@pytest.mark.parametrize("command", ["/close", "/sell"])
async def test_two_positions_by_two_presets_are_offered_and_told_apart(talk: Talk, command: str) -> None:
    await _two_presets(talk)
    which = await talk.ask(f"{command} BTC", "Which position?")
    first, second = talk.desk["main"].state.positions.values()
    for one in (first, second):
        assert f"{one.preset} · main" in which.text
        assert f"@ {one.entry_price:.2f}" in which.text
    assert "▲" in which.text
    assert "▼" in which.text, "the results differ, and are shown"
    buttons = [row[0].text for row in which.buttons[:2]]
    assert buttons[0] != buttons[1]
    asked = await talk.tap(which, buttons[1], "Close BTC/USDT?")
    assert str(second.preset) in asked.text
    await talk.tap(asked, "Yes, close", "closed")
    assert list(talk.desk["main"].state.positions) == [first.id]


async def test_two_positions_in_two_connections_are_offered_or_named(talk: Talk) -> None:
    await talk.desk.open_position("main")
    await talk.desk.open_position("other")
    which = await talk.ask("/close BTC", "Which position?")
    assert "main 📝 PAPER" in which.text
    assert "other 📝 PAPER" in which.text
    for command in ("/close BTC other", "/close other btc"):
        assert "other on" in (await talk.ask(command, "Close BTC/USDT?")).text
    ident = talk.desk["main"].position.id
    assert "other" in (await talk.ask(f"/close {ident}", "Which position?")).text, (
        "ids are alike in all books"
    )
    assert "main on" in (await talk.ask(f"/close {ident} main", "Close BTC/USDT?")).text


async def test_the_position_of_another_connection_is_never_taken_for_the_one_that_was_named(
    talk: Talk,
) -> None:
    await talk.desk.open_position("main", BTC)
    await talk.desk.open_position("other", ETH)
    assert talk.desk["main"].position.id == talk.desk["other"].position.id
    assert "No position in BTC/USDT" in (await talk.ask("/close BTC other", "No position")).text


async def test_a_second_instrument_does_not_take_the_place_of_the_first(talk: Talk) -> None:
    await talk.desk.open_position("main", BTC)
    await talk.desk.open_position("main", ETH)
    assert "“ETH”" in (await talk.ask("/sell BTC ETH", "could not make sense")).text


async def test_the_list_tells_positions_in_one_instrument_apart(talk: Talk) -> None:
    await _two_presets(talk)
    shown = await talk.ask("/positions", "Open positions · 2")
    first, second = (row[0].text for row in shown.buttons[:2])
    assert "cross" in first
    assert "bounce" in second


def test_break_even_counts_the_fees_of_both_sides() -> None:
    desk = FakeDesk()
    one = desk["main"]
    one.price(BTC, "100")
    one.signal(BTC)
    one.price(BTC, "100")
    held = summarise(desk.view(ConnectionId("main"))).holdings[0]
    it: Position = held.position
    assert it.entry_price == 100
    exact = it.break_even(held.fee_rate)
    assert exact > it.entry_price * (1 + 2 * held.fee_rate)
    assert abs(it.net(exact, held.fee_rate)) < Decimal("0.000001")
    assert it.net(held.break_even, held.fee_rate) >= 0, "rounded to the side of a profit"
    assert held.instrument is not None
    assert held.break_even % held.instrument.tick == 0
    assert it.net(Price(it.entry_price), held.fee_rate) < 0


async def test_the_stop_at_break_even_is_where_nothing_is_lost(talk: Talk) -> None:
    await talk.desk.open_position()
    one = talk.desk["main"]
    one.price(BTC, "101")
    position = await talk.ask("/positions", "Open positions")
    shown = await talk.tap(position, "BTC/USDT", "Break even")
    choices = await talk.tap(shown, "Move the stop", "Choose a price")
    even = summarise(talk.desk.view(ConnectionId("main"))).holdings[0].break_even
    assert label(choices, "Break even, fees paid").endswith(f"{even:.2f}")
    await talk.tap(choices, "Break even, fees paid", "the stop of BTC/USDT is at")
    assert one.position.stop == even


async def test_todays_figure_stays_the_whole_days_after_a_halt_was_lifted(talk: Talk) -> None:
    one = talk.desk["main"]
    one.give(i.EquityDue(one.now))
    await talk.desk.open_position()
    one.price(BTC, "90")
    one.give(i.EquityDue(one.now))
    before = summarise(talk.desk.view(ConnectionId("main")))
    assert before.day_profit < -90
    one.command(i.Halt, "to look")
    one.command(i.LiftHalt)
    one.give(i.EquityDue(one.now))
    home = (await talk.ask("/start", "Pocketdesk")).text
    after = summarise(talk.desk.view(ConnectionId("main")))
    assert (after.day_profit, after.day_share) == (before.day_profit, before.day_share)
    assert f"{before.day_share * 100:.2f}".lstrip("-") in home
    risk = (await talk.ask("/risk main", "Loss today")).text
    assert "Loss today                  0.00 %" in risk, "what the breaker counts begins anew"
