"""The sandbox's update queue, limits and state file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.telegram.errors import ApiError
from sandbox.telegram.limits import Limits
from sandbox.telegram.server import Options, TelegramSandbox, refuse_other_hosts
from sandbox.telegram.testing import PhoneError, running_telegram
from sandbox.telegram.updates import PendingUpdates, UpdateQueue


async def ids(queue: UpdateQueue, offset: int = 0, limit: int = 100) -> list[int]:
    """The numbers after the first of what waits."""
    return [u["update_id"] - 700_000_000 for u in await queue.poll(offset, limit, 0, None)]


async def test_only_an_offset_confirms() -> None:
    queue = UpdateQueue(PendingUpdates())
    for _ in range(5):
        queue.push("message", {})
    assert await ids(queue) == await ids(queue) == [1, 2, 3, 4, 5]
    assert await ids(queue, limit=2) == [1, 2]
    assert await ids(queue, offset=700_000_004) == [4, 5]
    assert await ids(queue) == [4, 5]


async def test_a_negative_offset_keeps_the_last_ones_only() -> None:
    queue = UpdateQueue(PendingUpdates())
    for _ in range(5):
        queue.push("message", {})
    assert await ids(queue, offset=-2) == [4, 5]
    assert await ids(queue) == [4, 5]


async def test_kinds_are_remembered_until_others_are_named() -> None:
    queue = UpdateQueue(PendingUpdates())
    assert queue.push("message_reaction", {}) is None
    await queue.poll(0, 100, 0, ["callback_query"])
    assert queue.push("message", {}) is None
    assert queue.push("callback_query", {}) is not None
    await queue.poll(0, 100, 0, [])
    assert queue.push("message", {}) is not None


async def test_a_poll_waits_for_the_first_update() -> None:
    queue = UpdateQueue(PendingUpdates())
    waiting = asyncio.create_task(queue.poll(0, 100, 30, None))
    await asyncio.sleep(0)
    queue.push("message", {"text": "hello"})
    assert (await waiting)[0]["message"] == {"text": "hello"}


async def test_a_second_poller_ends_the_first() -> None:
    queue = UpdateQueue(PendingUpdates())
    first = asyncio.create_task(queue.poll(0, 100, 30, None))
    await asyncio.sleep(0)
    second = asyncio.create_task(queue.poll(0, 100, 30, None))
    with pytest.raises(ApiError, match="terminated by other getUpdates request") as refusal:
        await first
    assert refusal.value.code == 409
    queue.push("message", {})
    assert len(await second) == 1


def test_limits_per_chat_and_off_by_default() -> None:
    quiet, strict = Limits(), Limits(enabled=True)
    for _ in range(50):
        quiet.check("sendMessage", "1")
    for _ in range(5):
        strict.check("sendMessage", "1")
    with pytest.raises(ApiError, match="retry after 1") as refusal:
        strict.check("sendMessage", "1")
    assert refusal.value.parameters == {"retry_after": 1}
    strict.check("sendMessage", "2")
    strict.check("answerCallbackQuery", "1")


def test_a_group_waits_longer() -> None:
    strict = Limits(enabled=True)
    for _ in range(20):
        strict.check("sendMessage", "-5")
    with pytest.raises(ApiError, match="retry after 3"):
        strict.check("sendMessage", "-5")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.org", "::"])
def test_other_hosts_are_refused_with_a_sentence(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        refuse_other_hosts(host)


async def test_state_outlives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    picture = b"GIF89a" + bytes([2, 0, 2, 0]) + bytes(20)
    async with running_telegram(state=state) as telegram, telegram.phone() as phone:
        await phone.send("before")
        sent = await phone.send_photo(picture, "with a picture")
    async with running_telegram(state=state) as telegram, telegram.phone() as phone:
        assert [message.text for message in await phone.messages()] == ["before", "with a picture"]
        assert (await phone.send("after")).id > sent.id
        numbers = [one["update_id"] for one in telegram.world.memory.updates.waiting]
        assert len(numbers) == 3
        assert numbers[-1] > numbers[-2] + 10, "those of the last second before a kill are not in the file"
        stored = next(iter(telegram.world.memory.files.values()))
        assert telegram.world.files.read(stored) == picture


def test_a_broken_state_is_refused_by_name(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{half", encoding="utf-8")
    with pytest.raises(ValueError, match=r"state\.json is no state of the Telegram sandbox"):
        TelegramSandbox(Options(state=state))


@pytest.mark.parametrize("given", ["x", "nan", "inf"])
async def test_a_query_that_is_no_number_gets_a_sentence(given: str) -> None:
    async with running_telegram() as telegram, telegram.phone() as phone:
        with pytest.raises(PhoneError, match=f"since must be a number, not '{given}'"):
            await phone.control("GET", f"changes?since={given}")
