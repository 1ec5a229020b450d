"""Commands and taps, from a phone through real python-telegram-bot to real traders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.commands import COMMANDS
from engine.core.model import State
from tests.fakes.conversation import Talk, label, talking
from tests.support.builders import BTC


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


def state_of(talk: Talk) -> State:
    return talk.desk["main"].state.state


def is_halted(talk: Talk) -> bool:
    return talk.desk["main"].state.is_halted


async def test_start_shows_home_and_starts_nothing(talk: Talk) -> None:
    before = len(talk.desk["main"].facts)
    home = await talk.ask("/start", "Pocketdesk")
    assert "PAPER" in home.text
    assert "as of" in home.text
    assert len(talk.desk["main"].facts) == before


@pytest.mark.parametrize("command", [one.name for one in COMMANDS])
async def test_every_command_is_answered(talk: Talk, command: str) -> None:
    await talk.desk.open_position()
    answer = await talk.ask(f"/{command}")
    assert "went wrong" not in answer.text
    assert answer.text


@pytest.mark.parametrize("command", [one.name for one in COMMANDS])
async def test_every_command_is_answered_with_nonsense_behind_it(talk: Talk, command: str) -> None:
    answer = await talk.ask(f"/{command} <b>x</b>")
    assert "went wrong" not in answer.text


async def test_the_menu_is_the_table(talk: Talk) -> None:
    assert await talk.phone.commands() == [one.name for one in COMMANDS]


async def test_close_is_confirmed_then_done_once_and_told(talk: Talk) -> None:
    await talk.desk.open_position()
    listed = await talk.ask("/positions", "Open positions")
    one = await talk.tap(listed, "BTC/USDT", "Profit")
    asked = await talk.tap(one, "Close", "Held afterwards")
    for words in ("PAPER", "sell", "BTC", "USDT", "Fee", "binance"):
        assert words in asked.text
    assert talk.desk["main"].position.exit_reason == ""
    first = talk.phone.press(asked, label(asked, "Yes, close"))
    query = await first
    assert query.answered
    await talk.phone.wait_for("main")
    again = await talk.phone.press(asked, data=asked.buttons[0][0].data)
    assert again.text == "One tap is enough: see the answer to the first."
    assert len([one for one in talk.desk.sent if type(one).__name__ == "ClosePosition"]) == 1


async def test_pause_and_halt_act_at_once_and_may_be_repeated(talk: Talk) -> None:
    for _ in range(2):
        answer = await talk.ask("/pause", "paused")
        assert "main" in answer.text
    assert state_of(talk) is State.PAUSED
    for _ in range(2):
        await talk.ask("/halt", "halted")
    assert is_halted(talk)


async def test_lifting_a_halt_takes_the_typed_word(talk: Talk) -> None:
    await talk.ask("/halt", "halted")
    shown = await talk.ask("/resume", "Lift the halt")
    typed = next(line for line in shown.text.split("\n") if "LIFT" in line).split("write ")[1]
    await talk.ask("LIFT 0", "not the word")
    assert is_halted(talk)
    await talk.ask(typed, "Nobody waits for that word")
    assert is_halted(talk), "a wrong word voids the right one"
    shown = await talk.ask("/resume", "Lift the halt")
    typed = next(line for line in shown.text.split("\n") if "LIFT" in line).split("write ")[1]
    await talk.ask(typed, "lifted")
    assert not is_halted(talk)
    assert state_of(talk) is State.PAUSED


async def test_resume_is_confirmed(talk: Talk) -> None:
    await talk.ask("/pause", "paused")
    asked = await talk.ask("/resume", "Resume trading?")
    assert state_of(talk) is State.PAUSED
    await talk.tap(asked, "Yes, resume", "running")
    assert state_of(talk) is State.RUNNING


async def test_a_price_that_ran_away_is_shown_again(talk: Talk) -> None:
    await talk.desk.open_position()
    asked = await talk.ask("/close BTC", "Held afterwards")
    talk.desk["main"].price(BTC, "102")
    again = await talk.tap(asked, "Yes, close", "changed since you looked")
    assert not [one for one in talk.desk.sent if type(one).__name__ == "ClosePosition"]
    await talk.tap(again, "Yes, close", "main")
    assert [one for one in talk.desk.sent if type(one).__name__ == "ClosePosition"]


async def test_flatten_tells_each_position(talk: Talk) -> None:
    await talk.desk.open_position()
    asked = await talk.ask("/flatten", "Leave every position")
    await talk.tap(asked, "Yes, leave", "BTC/USDT")
    talk.desk["main"].price(BTC, "100")
    talk.desk["main"].advance(2)
    await talk.desk.keep()
    done = await talk.phone.wait_for("closed")
    assert "▼" in done.text


async def test_stop_nearer_is_done_at_once_farther_is_confirmed(talk: Talk) -> None:
    await talk.desk.open_position()
    one = await talk.tap(await talk.ask("/positions", "Open"), "BTC/USDT", "Stop")
    await talk.tap(one, "Move the stop", "write one")
    await talk.ask("99.5", "is at 99.50 now")
    assert str(talk.desk["main"].position.stop) == "99.5"
    one = await talk.tap(await talk.ask("/positions", "Open"), "BTC/USDT", "Stop")
    await talk.tap(one, "Move the stop", "write one")
    asked = await talk.ask("90", "Move the stop of BTC/USDT away?")
    assert str(talk.desk["main"].position.stop) == "99.5"
    await talk.tap(asked, "Yes, stop at", "90.00 now")


async def test_a_stop_beyond_the_price_is_refused_with_words(talk: Talk) -> None:
    await talk.desk.open_position()
    one = await talk.tap(await talk.ask("/positions", "Open"), "BTC/USDT", "Stop")
    await talk.tap(one, "Move the stop", "write one")
    await talk.ask("200", "would be hit at once")
    one = await talk.tap(await talk.ask("/positions", "Open"), "BTC/USDT", "Stop")
    await talk.tap(one, "Move the stop", "write one")
    await talk.ask("much", "is not a price")
    await talk.ask("5.000", "Write 5000, or 5.0.")
    await talk.ask("60.000", "Move the stop of BTC/USDT away?")  # the last price is 100: no sixty thousand


async def test_what_was_waited_for_is_forgotten_by_another_tap(talk: Talk) -> None:
    await talk.desk.open_position()
    one = await talk.tap(await talk.ask("/positions", "Open"), "BTC/USDT", "Stop")
    asked = await talk.tap(one, "Move the stop", "write one")
    await talk.tap(asked, "Back", "Profit")
    await talk.ask("99.5", "commands and buttons")
    assert str(talk.desk["main"].position.stop) != "99.5"


async def test_bad_input_gets_a_sentence(talk: Talk) -> None:
    await talk.ask("/profti", "Did you mean /profit?")
    await talk.ask("/qqqqqqqqqqq", "There is no command")
    await talk.ask("/profit many", "For example: /profit 30")
    await talk.ask("/chart " + "A" * 4000, "could not make sense")
    await talk.ask("hello <b>there", "commands and buttons")
    await talk.phone.send_photo(PNG)
    await talk.phone.wait_for("only use commands")
    await talk.phone.send_sticker()
    await talk.phone.wait_for("only use commands")


async def test_storage_trouble_is_told_and_not_carried_out(talk: Talk) -> None:
    talk.desk.broken = "the disk is full"
    await talk.ask("/presets", "Presets")
    one = await talk.tap(await talk.ask("/presets", "Presets"), "cross", "Strategy")
    await talk.tap(one, "Stop", "the disk is full")


async def test_t21_a_pause_is_in_force_though_the_database_takes_nothing_and_says_which_is_true(
    talk: Talk,
) -> None:
    talk.desk.broken = "the disk is full"
    await talk.ask("/pause", "not written down yet")
    assert [type(command).__name__ for _, command in talk.desk.stopped] == ["Pause", "Pause"], (
        "at once, then by hand"
    )
    assert len({command.id for _, command in talk.desk.stopped}) == 1


@pytest.mark.parametrize("words", ["halt", "Halt!", "HALT", "/Halt", "/halt main", "pause"])
async def test_t24_what_makes_things_safer_needs_no_slash_and_no_small_letters(
    talk: Talk, words: str
) -> None:
    await talk.ask(words, "No new entries" if words == "pause" else "halted")
    assert {str(name) for name, _ in talk.desk.stopped} == {"main"}


async def test_a_preset_is_stopped_at_once_and_started_after_a_question(talk: Talk) -> None:
    one = await talk.tap(await talk.ask("/presets", "Presets"), "cross", "Strategy")
    rests = await talk.tap(one, "Stop", "rests")
    assert not talk.desk["main"].state.runs("cross")  # type: ignore[arg-type]
    one = await talk.tap(rests, "Back", "Strategy")
    asked = await talk.tap(one, "Start", "Start cross?")
    await talk.tap(asked, "Yes, start", "runs")
    assert talk.desk["main"].state.runs("cross")  # type: ignore[arg-type]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf000002000101e221bc330000000049454e44ae426082"
)
