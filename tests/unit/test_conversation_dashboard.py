"""The pinned message keeps itself true, over events, restarts and deletions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import dashboard
from tests.fakes.conversation import Talk, label, pinned, restarted, talking


@pytest.fixture
async def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    monkeypatch.setattr(dashboard, "LEAST_SECONDS", 0.05)
    async with talking(tmp_path) as it:
        yield it


async def test_it_edits_itself_when_something_happens(talk: Talk) -> None:
    await talk.ask("/desk", "pinned above")
    board = await pinned(talk)
    assert "💓" in board.text
    assert "PAPER" in board.text
    await talk.desk.open_position()
    talk.conversation.wake()
    changed = await talk.phone.wait_for(lambda one: one.id == board.id and "Open · 1" in one.text)
    assert changed.edited


async def test_it_is_the_same_message_after_a_restart(talk: Talk) -> None:
    await talk.ask("/desk", "pinned above")
    board = await pinned(talk)
    await talk.conversation.stop()
    await talk.desk.open_position()
    again = await restarted(talk)
    await talk.phone.wait_for(lambda one: one.id == board.id and "Open · 1" in one.text)
    await again.stop()


async def test_a_deleted_one_is_made_again(talk: Talk) -> None:
    await talk.ask("/desk", "pinned above")
    board = await pinned(talk)
    await talk.phone.delete(board)
    await talk.desk.open_position()
    talk.conversation.wake()
    assert "Open · 1" in (await pinned(talk, other_than=board.id)).text


async def test_its_buttons_answer_below_it(talk: Talk) -> None:
    await talk.ask("/desk", "pinned above")
    board = await pinned(talk)
    await talk.phone.press(board, label(board, "Pause"))
    await talk.phone.wait_for(lambda one: "paused" in one.text and one.id != board.id)
