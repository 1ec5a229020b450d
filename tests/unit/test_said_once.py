"""What the owner does himself is told once: the answer says all of it, and no notice repeats it (law 12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.said import Said
from engine.core import inputs as i
from engine.core.ids import CommandId
from tests.fakes.conversation import Talk, talking
from tests.support.builders import BTC, ETH


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


async def quiet(talk: Talk) -> None:
    """Until the outbox has nothing left to tell."""
    talk.conversation.wake()
    async with asyncio.timeout(10):
        while await talk.store.outbox.waiting_count():
            await asyncio.sleep(0.05)


async def closings(talk: Talk) -> list[str]:
    return [one.text for one in await talk.phone.messages() if one.by_bot and "closed:" in one.text]


async def test_a_position_that_the_owner_closes_is_told_once_with_all_of_it(talk: Talk) -> None:
    await talk.desk.open_position()
    talk.desk["main"].price(BTC, "101")
    asked = await talk.ask("/close BTC", "Close BTC/USDT?")
    done = await talk.tap(asked, "Yes, close", "closed:")
    await quiet(talk)
    assert await closings(talk) == [done.text]
    for words in ("🏁 BTC/USDT closed: ▲", "closed by you", "fees", "main · PAPER"):
        assert words in done.text
    assert "BTC/USDT closed" in (await talk.ask("/alerts", "Alerts")).text, "it is listed all the same"


async def test_flatten_tells_each_position_once(talk: Talk) -> None:
    await talk.desk.open_position()
    await talk.desk.open_position(symbol=ETH, price="10")
    asked = await talk.ask("/flatten", "Leave every position")
    done = await talk.tap(asked, "Yes, leave", "ETH/USDT closed:")
    await quiet(talk)
    assert await closings(talk) == [done.text]
    assert "BTC/USDT closed:" in done.text


async def test_an_answer_that_can_not_be_shown_loses_nothing(talk: Talk) -> None:
    """The answer waits among the notices then, and says it."""
    await talk.desk.open_position()
    asked = await talk.ask("/close BTC", "Close BTC/USDT?")
    talk.telegram.fault("refuse", methods=["editMessageText", "sendMessage"])
    await talk.phone.press(asked, data=asked.buttons[0][0].data)
    async with asyncio.timeout(60):
        while "answer" not in [one.kind for one in await talk.store.outbox.recent(20)]:
            await asyncio.sleep(0.05)
        talk.telegram.clear_faults()
        while not await closings(talk):
            await asyncio.sleep(0.05)
    await quiet(talk)
    assert len(await closings(talk)) == 1


async def test_what_others_close_is_told_by_its_notice(talk: Talk) -> None:
    await talk.desk.open_position()
    one = talk.desk["main"]
    one.give(i.ClosePosition(one.now, CommandId("other"), "owner", one.position.id))
    one.settle()
    await talk.desk.keep()
    await quiet(talk)
    assert len(await closings(talk)) == 1


def test_a_notice_waits_only_while_the_answer_goes_on() -> None:
    said, woken = Said(), list[int]()
    said.changed = lambda: woken.append(1)
    key = ("main.paper", "p1")
    with said.following([key]):  # type: ignore[list-item]
        assert said._followed == [key]
        said.show(key)  # type: ignore[arg-type]
    assert said._followed == []
    assert woken == [1]
