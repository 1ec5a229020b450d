"""Buying and selling by hand: asked first, through the same limits, followed to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.model import State
from engine.core.orders import Purpose
from tests.fakes.conversation import Talk, label, restarted, talking
from tests.support.builders import BTC, ETH, quantity
from tests.support.network import Fault


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        it.desk["main"].price(BTC, "100")
        yield it


def bought(talk: Talk) -> int:
    return sum(isinstance(one, i.ManualEntry) for one in talk.desk.sent)


async def test_buying_restates_everything_and_follows_the_order(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    for words in (
        "binance",
        "📝 PAPER",
        "buy, at market",
        "2.5 BTC",
        "250.00 USDT",
        "100.00",
        "Fee",
        "Stop",
        "Held",
        "Bounded by",
    ):
        assert words in asked.text, words
    assert not talk.desk.sent
    done = await talk.tap(asked, "Yes, buy 2.5 BTC", "filled: 2.5 BTC @ 100.00")
    assert "📝 PAPER" in done.text
    assert talk.desk["main"].position.entered == quantity("2.5")
    await talk.tap(done, "Position", "Profit")


async def test_four_taps_at_once_buy_once(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    data = asked.buttons[0][0].data
    await asyncio.gather(*(talk.phone.press(asked, data=data) for _ in range(4)))
    await talk.ask("/version", "Pocketdesk")
    assert bought(talk) == 1


async def test_a_tap_that_comes_again_after_a_restart_buys_nothing(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    await talk.tap(asked, "Yes, buy", "filled")
    await talk.conversation.stop()
    again = await restarted(talk)
    await talk.phone.press(asked, data=asked.buttons[0][0].data)
    await talk.phone.wait_for("carried out before")
    assert len(talk.desk["main"].state.positions) == 1
    await again.stop()


async def test_a_question_survives_a_restart_and_is_carried_out_once(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    await talk.conversation.stop()
    again = await restarted(talk)
    await talk.tap(asked, "Yes, buy", "filled")
    assert bought(talk) == 1
    await again.stop()


async def test_a_price_that_ran_away_is_shown_again(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    talk.desk["main"].price(BTC, "102")
    again = await talk.tap(asked, "Yes, buy", "changed since you looked")
    assert "102.00" in again.text
    assert bought(talk) == 0
    await talk.tap(again, "Yes, buy", "filled")


async def test_limits_are_checked_again_at_the_tap(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    talk.desk["main"].command(i.Pause)
    await talk.tap(asked, "Yes, buy", "The connection is paused")
    assert bought(talk) == 0
    assert talk.desk["main"].state.state is State.PAUSED


async def test_a_limit_that_bounds_it_is_named(talk: Talk) -> None:
    asked = await talk.ask("/buy BTC 50000", "Less than the 50,000.00 USDT")
    assert "the limit of one position allows no more" in asked.text
    assert "90 BTC" in asked.text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/buy BTC 1", "below the venue's least"),
        ("/buy BTC 0", "could not make sense"),
        ("/buy BTC NaN", "could not make sense"),
        ("/buy BTC 0,5", "0.50 USDT is below the venue's least of 5 USDT"),
        ("/buy BTC -5", "could not make sense"),
        ("/buy XYZ 5", "could not make sense"),
        ("/buy BTC 1e9", "could not make sense"),
        ("/buy ETH 50", "No fresh price for ETH/USDT"),
        ("/sell ETH", "No position in ETH/USDT"),
        ("/sell", "No position is open"),
    ],
)
async def test_what_can_not_be_gets_a_sentence(talk: Talk, text: str, answer: str) -> None:
    await talk.ask(text, answer)
    assert not talk.desk.sent


async def test_amounts_are_written_as_people_write_them(talk: Talk) -> None:
    await talk.ask("/buy btc 1,000", "10 BTC")
    await talk.ask("/buy 250usdt btc", "2.5 BTC")


async def test_without_words_everything_is_asked_for(talk: Talk) -> None:
    which = await talk.ask("/buy", "What do you want to buy?")
    much = await talk.tap(which, "BTC/USDT", "for how much?")
    assert "📝 PAPER" in much.text
    await talk.ask("0,250", "can be read in two ways")
    asked = await talk.ask("120.5", "Buy BTC/USDT?")
    assert "1.205 BTC" in asked.text
    much = await talk.tap(await talk.ask("/buy", "What do you"), "BTC/USDT", "for how much?")
    await talk.tap(much, "25 %", "Buy BTC/USDT?")


async def test_several_accounts_are_chosen_by_hand(tmp_path: Path) -> None:
    async with talking(tmp_path, ("main", "second")) as talk:
        talk.desk["second"].price(BTC, "100")
        asked = await talk.ask("/buy BTC 250", "Which connection?")
        assert label(asked, "second 📝 PAPER")
        await talk.tap(asked, "second", "second on binance")


async def test_a_part_fill_is_told_as_one(talk: Talk) -> None:
    talk.desk["main"].price(BTC, "100", "0.3")
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    going = await talk.tap(asked, "Yes, buy", "part filled: 0.3 of 2.5")
    assert "This goes on" in going.text
    talk.desk["main"].price(BTC, "100", "50")
    await talk.phone.wait_for("filled: 2.5 BTC")


async def test_a_refusal_by_the_venue_is_told_with_its_reason(talk: Talk) -> None:
    talk.desk["main"].network.plan(Submit, Fault.REFUSED)
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    await talk.tap(asked, "Yes, buy", "refused by the venue")


async def test_an_unknown_outcome_is_told_as_unknown(talk: Talk) -> None:
    desk = talk.desk["main"]
    desk.network.plan(Submit, Fault.LOST_AFTER)
    desk.network.copies = 0
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    told = await talk.tap(asked, "Yes, buy", "outcome unknown")
    assert "Nothing is sent again" in told.text
    desk.advance(3)
    await talk.phone.wait_for("filled: 2.5 BTC")
    assert len(desk.submitted()) == 1 + bool(desk.orders(Purpose.STOP))


async def test_selling_says_that_all_of_it_is_sold(talk: Talk) -> None:
    await talk.desk.open_position()
    asked = await talk.ask("/sell BTC 50%", "You wrote 50 %")
    assert "all of it" in asked.text
    await talk.tap(asked, "Yes, close", "main")
    assert [type(one) for one in talk.desk.sent] == [i.ClosePosition]


async def test_which_position_to_sell_is_asked(talk: Talk) -> None:
    await talk.desk.open_position()
    await talk.desk.open_position(symbol=ETH)
    which = await talk.ask("/sell", "Which position?")
    asked = await talk.tap(which, "ETH/USDT", "Close ETH/USDT?")
    assert "All of the position is sold" in asked.text


async def test_two_positions_in_one_instrument_are_told_apart_by_buttons(talk: Talk) -> None:
    await talk.desk.open_position()
    asked = await talk.ask("/buy BTC 250", "Buy BTC/USDT?")
    await talk.tap(asked, "Yes, buy", "filled")
    which = await talk.ask("/sell BTC", "Which position?")
    assert len([row for row in which.buttons if "BTC/USDT" in row[0].text]) == 2
