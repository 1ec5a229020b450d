"""What people write: names, numbers, commands; understood where it is plain, asked back where it is not (T24)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.ids import Coin
from tests.fakes.conversation import Talk, label, talking
from tests.support.builders import BTC, ETH


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path, ("main", "other")) as it:
        for name in ("main", "other"):
            it.desk[name].price(BTC, "100")
            it.desk[name].price(ETH, "10")
        yield it


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("/buy BTC 250 main", "250.00"),
        ("BUY btc 250 MAIN", "250.00"),
        ("buy main btc/usdt 250", "250.00"),
        ("/buy BTC 1,000 main", "1,000.00"),
        ("/buy BTC 1 000 main", "1,000.00"),
        ("/buy BTC 1 000 USDT main", "1,000.00"),
        ("/buy btc_usdt 99,50 main", "99.50"),
        ("/buy BTC 250usdt main", "250.00"),
        ("/buy 250 USDT BTC main", "250.00"),
    ],
)
async def test_a_purchase_is_read_as_it_was_meant(talk: Talk, text: str, worth: str) -> None:
    asked = await talk.ask(text, "Buy BTC/USDT?")
    line = next(one for one in asked.text.splitlines() if one.startswith("Worth about"))
    assert line.split()[2] == worth


@pytest.mark.parametrize("given", ["0,250", "1.000,50", "00,250"])
async def test_two_readings_are_asked_back(talk: Talk, given: str) -> None:
    """Case decimal-comma."""
    answer = await talk.ask(f"/buy BTC {given} main", "could not make sense")
    assert "read in two ways" in answer.text
    await talk.ask("/buy BTC main", "for how much?")
    assert "1234.5" in (await talk.ask(given, "read in two ways")).text
    assert not talk.desk.sent


async def test_ten_coins_are_not_taken_for_coins_of_ten(talk: Talk) -> None:
    which = await talk.ask("/buy 10 ETH main", "Do you mean 10 USDT, or 10 ETH?")
    assert "100.00 USDT" in label(which, "10 ETH =")
    asked = await talk.tap(which, "10 ETH =", "Buy ETH/USDT?")
    assert "10 ETH" in asked.text
    again = await talk.ask("/buy 50 ETH main", "Do you mean")
    assert "50.00 USDT" in (await talk.tap(again, "50.00 USDT", "Buy ETH/USDT?")).text


async def test_of_two_readings_only_what_would_be_taken_is_offered(talk: Talk) -> None:
    """Each was offered, although the venue takes neither; and a hundred coins, of which the limits allow five."""
    neither = await talk.ask("/buy 0.001 BTC main", "for how much?")
    assert "✖️ 0.0010 USDT: " in neither.text
    assert "✖️ 0.001 BTC = 0.10 USDT: " in neither.text
    assert neither.text.count("below the venue's least") == 2
    await talk.ask("50", "Buy BTC/USDT?")
    one = await talk.ask("/buy 1 ETH main", "Do you mean")
    assert "✖️ 1.00 USDT: " in one.text
    offered = [button.text for row in one.buttons for button in row if "Home" not in button.text]
    assert offered == [label(one, "1 ETH")]
    cut = await talk.ask("/buy 1000 ETH main", "Do you mean")
    assert "at most" in label(cut, "1,000 ETH")


async def test_a_point_before_three_digits_is_asked_back(talk: Talk) -> None:
    answer = await talk.ask("/buy BTC 1.000 main", "could not make sense")
    assert "read in two ways. Write 1000, or 1.0." in answer.text
    await talk.ask("/buy BTC main", "for how much?")
    await talk.ask("1.250 USDT", "Write 1250, or 1.25.")
    assert "12.5 BTC" in (await talk.ask("1250", "Buy BTC/USDT?")).text
    assert not talk.desk.sent


async def test_another_coin_than_the_account_counts_in_is_not_taken_for_its_own(talk: Talk) -> None:
    other = talk.desk["other"]
    other.settings = replace(other.settings, quote=Coin("USDC"))
    answer = await talk.ask("/buy BTC 250 USDC main", "counts in USDT")
    assert "not in USDC" in answer.text
    assert not talk.desk.sent


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/chart BTTC", "BTC"),
        ("/close ETHH", "ETH"),
        ("/buy BTC/USD 5", "BTC/USDT"),
        ("/positions mian", "main"),
        ("/presets cros", "cross"),
        ("/strategies croos", "cross"),
        ("postions", "/positions"),
        ("balanse", "/balance"),
        ("/blance", "/balance"),
    ],
)
async def test_a_near_miss_is_asked_back(talk: Talk, text: str, meant: str) -> None:
    answer = await talk.ask(text, "Did you mean")
    assert meant in answer.text.partition("Did you mean")[2]


async def test_a_sentence_is_no_near_miss(talk: Talk) -> None:
    assert "Did you mean" not in (await talk.ask("what is the position of my bot today", "I understand")).text


@pytest.mark.parametrize("text", ["/profit 2w", "/profit 14d", "/profit 14 main", "profit 14 days"])
async def test_spans_of_days(talk: Talk, text: str) -> None:
    named = text if "main" in text or "days" in text else f"{text} main"
    if "days" in text:
        assert "could not make sense" in (await talk.ask(named)).text
    else:
        await talk.ask(named, "14 days")


@pytest.mark.parametrize(
    "text", ["/profit ٣", "/profit 0", "/profit 366", "/profit -5", "/profit 1e1", "/profit 7.5"]
)
async def test_no_other_number_of_days_is_read(talk: Talk, text: str) -> None:
    await talk.ask(text, "could not make sense")


async def test_a_share_in_two_words_is_one(talk: Talk) -> None:
    await talk.desk.open_position("main")
    assert "You wrote 50 %" in (await talk.ask("/sell BTC 50 %", "You wrote")).text
    assert "You wrote 50 %" in (await talk.ask("sell btc half", "You wrote")).text


async def test_a_halt_of_a_connection_is_of_that_one_however_it_is_written(talk: Talk) -> None:
    await talk.ask("/halt OTHER", "halted")
    assert [str(name) for name, _ in talk.desk.stopped] == ["other", "other"], "at once, and by the answer"
    assert not talk.desk["main"].state.is_halted


@pytest.mark.parametrize("text", ["/halt othr", "/halt everything now please", "/halt !!"])
async def test_a_halt_that_can_not_be_read_halts_everything_and_says_so(talk: Talk, text: str) -> None:
    answer = await talk.ask(text, "halted")
    assert "so this holds for every connection" in answer.text
    assert "main" in answer.text
    assert "other" in answer.text
    assert talk.desk["main"].state.is_halted
    assert talk.desk["other"].state.is_halted


async def test_the_word_to_type_may_have_more_spaces(talk: Talk) -> None:
    await talk.ask("/halt main", "halted")
    shown = await talk.ask("/resume main", "Lift the halt")
    word = next(line for line in shown.text.splitlines() if "LIFT" in line).partition("LIFT")[2].split()[0]
    await talk.ask(f"lift   {word}", "lifted")
