"""Every command of the table is answered: alone, with a good argument, with a bad one, and whatever else is sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.commands import COMMANDS, Command, Kind
from bot.telegram.reading import SAFER
from sandbox.telegram.testing import SeenMessage
from tests.support.whole_desk import PATIENCE, WholeDesk, whole_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = {
    Kind.CONNECTION: "main",
    Kind.POSITION: "BTC",
    Kind.SYMBOL: "btc",
    Kind.TIMEFRAME: "1m",
    Kind.DAYS: "30",
    Kind.PRESET: "steps",
    Kind.STRATEGY: "moving_average_cross",
    Kind.AMOUNT: "50",
    Kind.SHARE: "25%",
}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c626001000000ffff030000060005"
    "57bfabd40000000049454e44ae426082"
)
NASTY = "<b>x</b>&_*[`"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeDesk]:
    """One desk for the whole file, with a position open."""
    async with whole_desk(tmp_path_factory.mktemp("desk")) as found:
        await found.paired()
        await found.position()
        yield found


def labels(message: SeenMessage) -> list[str]:
    return [button.text for row in message.buttons for button in row]


async def answer(desk: WholeDesk, text: str) -> SeenMessage:
    """The last form of the answer to `text`: what is only a word that it is being made, and the late edit of an
    earlier answer, are passed over."""
    asked = await desk.phone.send(text)

    def answers(one: SeenMessage) -> bool:
        return one.id > asked.id and bool(one.text or one.attachment) and not _passing(one)

    return await desk.phone.wait_for(answers, PATIENCE)


def _passing(one: SeenMessage) -> bool:
    return "Drawing" in one.text or one.text.startswith("📌") or " main · PAPER · " in one.text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_every_command_answers_alone(desk: WholeDesk, command: Command) -> None:
    found = await answer(desk, f"/{command.name}")
    assert "Something went wrong" not in found.text
    assert "could not" not in found.text
    if command.arguments and command.name == "chart":
        assert "BTC/USDT" in labels(found), "without an argument buttons are offered"
    assert len(found.text) <= 4096


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one.arguments], ids=lambda command: command.name
)
async def test_every_command_takes_its_arguments(desk: WholeDesk, command: Command) -> None:
    words = " ".join(GOOD[kind] for kind in command.arguments)
    found = await answer(desk, f"/{command.name} {words}")
    for wrong in ("could not make sense", "more than I can use", "went wrong", "could not be"):
        assert wrong not in found.text
    if command.name == "chart":
        assert found.attachment is not None
        assert found.attachment.kind == "photo"


@pytest.mark.parametrize(
    "command",
    [one for one in COMMANDS if one.arguments and one.name not in SAFER],
    ids=lambda command: command.name,
)
async def test_a_bad_argument_gets_a_sentence_and_an_example(desk: WholeDesk, command: Command) -> None:
    found = await answer(desk, f"/{command.name} {NASTY}")
    assert NASTY in found.text, "what was not understood is quoted, as it was written"
    assert "For example: /" in found.text
    assert f"/{command.name}" in found.text
    assert not any(entity["type"] == "bold" for entity in found.entities)


@pytest.mark.parametrize("name", SAFER)
async def test_what_makes_things_safer_is_done_and_the_bad_argument_named(desk: WholeDesk, name: str) -> None:
    """It is in force the moment that it is heard: an answer that says anything else would be untrue (law 12)."""
    found = await answer(desk, f"/{name} {NASTY}")
    assert NASTY in found.text
    assert "holds for every connection" in found.text


async def test_the_example_of_a_bad_argument_is_a_good_one(desk: WholeDesk) -> None:
    for command in COMMANDS:
        if command.example and command.risk != "safer":
            found = await answer(desk, command.example)
            assert "could not make sense" not in found.text, command.example


async def test_too_many_arguments_and_very_long_ones(desk: WholeDesk) -> None:
    long = "x" * 4090
    for text in (f"/chart {long}", f"/{long}", f"/chart {'a ' * 2000}", f"/version {long}", long):
        found = await answer(desk, text[:4096])
        assert 0 < len(found.text) < 1000
        assert labels(found)


async def test_an_unknown_command_gets_a_hint(desk: WholeDesk) -> None:
    assert "/positions" in (await answer(desk, "/postions")).text
    assert "/help" in (await answer(desk, "/qqqqqqqqqq")).text
    assert "/help" in (await answer(desk, f"/{NASTY}")).text
    assert "There is no command" in (await answer(desk, "/")).text


async def test_what_is_no_command_gets_a_sentence(desk: WholeDesk) -> None:
    assert "I understand commands and buttons" in (await answer(desk, NASTY)).text
    await desk.phone.send_sticker()
    await desk.phone.wait_for("only use commands and buttons", PATIENCE)
    await desk.phone.send_photo(PNG, caption="/halt")
    await desk.phone.wait_for("only use commands and buttons", PATIENCE)
    await desk.phone.send_photo(b"some file", caption=NASTY, as_document=True)
    await desk.phone.wait_for("only use commands and buttons", PATIENCE)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/POSITIONS", "Open positions"),
        ("/positions@pocketdesk_bot", "Open positions"),
        ("/chart BTC/USDT 1s", "BTC/USDT · 1s"),
        ("/chart 1m BTCUSDT", "BTC/USDT · 1m"),
        ("/chart BTC 1w", "BTC/USDT · 1w"),
        ("/profit 7", "7 days"),
        ("/profit 7d", "7 days"),
        ("/weekly", "Week of"),
    ],
)
async def test_ways_to_write_it(desk: WholeDesk, text: str, wanted: str) -> None:
    assert wanted in (await answer(desk, text)).text


@pytest.mark.parametrize("text", ["/profit 0", "/profit -3", "/profit 100000", "/profit ²", "/chart BTC 0m"])
async def test_senseless_numbers_are_refused(desk: WholeDesk, text: str) -> None:
    assert "could not make sense" in (await answer(desk, text)).text


async def test_every_screen_says_when_and_in_which_mode(desk: WholeDesk) -> None:
    """Law 12: a number has its age, its unit and paper or live beside it."""
    for name in ("positions", "balance", "profit", "risk", "performance", "trades", "health"):
        found = await answer(desk, f"/{name}")
        assert re.search(r"as of \d\d:\d\d:\d\d UTC", found.text), name
        assert "PAPER" in found.text, name


ACTS = ("•", "Pause", "Halt", "Yes", "Start", "Stop", "Resume", "Pin the desk")


@pytest.mark.parametrize("name", [one.name for one in COMMANDS if one.name not in ("pause", "halt", "desk")])
async def test_every_button_of_its_screen_leads_somewhere(desk: WholeDesk, name: str) -> None:
    """One step from each command's answer; what acts at once, and what is chosen already (•), is left out."""
    shown = await answer(desk, f"/{name}")
    for button in [one for row in shown.buttons for one in row]:
        if button.data and not any(word in button.text for word in ACTS):
            pressed = await desk.phone.press(shown, data=button.data)
            assert pressed.answered, button.text
            assert pressed.text in (None, ""), f"{button.text}: {pressed.text}"
            found = await desk.phone.wait_for(lambda one: bool(one.text or one.attachment), PATIENCE)
            assert "went wrong" not in found.text
