"""What the owner sends is stored before it is acknowledged, and heard whatever stands before it (laws 8 and 9)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from bot.telegram.inbox import MOST_STRANGERS, UpdateInbox
from bot.telegram.reading import Raw, safer_button, safer_text, sender_of, the_one_named
from engine.clock import SystemClock
from engine.core.errors import StorageTrouble
from storage.updates import StoredUpdate

OWNER, STRANGER = 5, 6


class Disk:
    """storage.updates.Updates in memory; takes nothing while it is locked."""

    def __init__(self, *waiting: StoredUpdate) -> None:
        self.locked = False
        self.kept: dict[int, StoredUpdate] = {one.update_id: one for one in waiting}
        self.answers: dict[int, str] = {}

    async def keep(self, fresh: Sequence[StoredUpdate], done: Mapping[int, str], now: datetime) -> None:
        await asyncio.sleep(0)
        if self.locked:
            raise StorageTrouble("locked")
        self.kept |= {one.update_id: one for one in fresh}
        self.answers |= {number: answer for number, answer in done.items() if number in self.kept}

    async def waiting(self) -> list[StoredUpdate]:
        return [one for number, one in self.kept.items() if number not in self.answers]

    async def refuses(self) -> list[StoredUpdate]:
        raise StorageTrouble("locked")

    async def known(self) -> set[int]:
        return set(self.kept)


def said(number: int, text: str = "/positions", sender: int = OWNER, **more: object) -> dict[str, Any]:
    person = {"id": sender, "is_bot": False, "first_name": "x"}
    chat = {"id": sender, "type": "private"}
    return {
        "update_id": number,
        "message": {"message_id": number, "date": 1, "from": person, "chat": chat, "text": text, **more},
    }


class Rig:
    def __init__(self, *waiting: StoredUpdate) -> None:
        self.disk = Disk(*waiting)
        self.handed: list[Raw] = []
        self.safer: list[Raw] = []
        self.inbox = UpdateInbox(self.disk, SystemClock(), self._hand_over, self.safer.append)
        self.inbox.owner_id = OWNER

    def _hand_over(self, raw: Raw) -> None:
        if raw.get("broken"):
            raise OverflowError("date value out of range")
        self.handed.append(raw)


async def test_t20_nothing_is_acknowledged_before_it_is_stored() -> None:
    rig = Rig()
    rig.disk.locked = True
    assert rig.inbox.take([said(1), said(2)]) == 3
    assert not await rig.inbox.stored_within(0.05)
    assert [one["update_id"] for one in rig.handed] == [1, 2], "handled meanwhile"
    rig.inbox.take([said(1), said(2), said(3, "/halt")])  # asked for again, with what came behind them
    assert [one["update_id"] for one in rig.safer] == [1, 2, 3], (
        "heard once each, though nothing can be stored"
    )
    rig.disk.locked = False
    assert await rig.inbox.stored_within(5)
    assert set(rig.disk.kept) == {1, 2, 3}


async def test_t20_what_was_left_undone_is_taken_up_and_what_was_done_is_not() -> None:
    now = SystemClock().now()
    left = StoredUpdate(7, '{"update_id": 7, "message": {}}', now)
    done = StoredUpdate(8, '{"update_id": 8, "message": {}}', now)
    rig = Rig(left, done)
    rig.disk.answers[8] = "paused"
    await rig.inbox.take_up()
    assert [one["update_id"] for one in rig.handed] == [7]
    rig.inbox.take([said(7), said(8), said(9)])
    assert [one["update_id"] for one in rig.handed] == [7, 9], "sent again, and known"


async def test_law_8_a_stored_halt_is_in_force_again_before_telegram_is_reached() -> None:
    """It was stored, the process died, and Telegram was away: the next process bought for as long as that lasted."""
    rig = Rig(StoredUpdate(7, json.dumps(said(7, "/halt")), SystemClock().now()))
    await rig.inbox.recall()
    assert [one["update_id"] for one in rig.safer] == [7]
    assert not rig.handed
    await rig.inbox.take_up()
    assert [one["update_id"] for one in rig.handed] == [7], "and is answered once it can be"


async def test_t20_what_was_left_undone_is_taken_up_though_the_database_is_locked_at_first() -> None:
    """The first try failed, and there was no second one before the next start."""
    rig = Rig(StoredUpdate(7, json.dumps(said(7)), SystemClock().now()))
    waiting, rig.disk.waiting = rig.disk.waiting, rig.disk.refuses  # type: ignore[method-assign]
    with pytest.raises(StorageTrouble):
        await rig.inbox.take_up()
    rig.disk.waiting = waiting  # type: ignore[method-assign]
    await rig.inbox.take_up()
    await rig.inbox.take_up()
    assert [one["update_id"] for one in rig.handed] == [7]


async def test_law_9_the_answer_is_stored_with_what_was_asked() -> None:
    rig = Rig()
    rig.inbox.take([said(1)])
    rig.inbox.done(1, "Open positions: none")
    assert await rig.inbox.flush()
    assert rig.disk.answers == {1: "Open positions: none"}


async def test_t18_one_that_can_not_be_read_takes_no_other_along() -> None:
    rig = Rig()
    offset = rig.inbox.take([said(1), "nonsense", {"no": "number"}, {**said(2), "broken": True}, said(3)])
    assert offset == 4
    assert [one["update_id"] for one in rig.handed] == [1, 3]
    assert rig.inbox.unreadable == 3
    assert await rig.inbox.flush()
    assert rig.disk.answers == {2: "it could not be read"}


async def test_t22_strangers_cost_nothing_however_many_they_are() -> None:
    rig = Rig()
    rig.inbox.take([said(number, "/start x", STRANGER + number) for number in range(1, 5000)])
    rig.inbox.take([said(5001, "/halt")])
    assert len(rig.handed) == MOST_STRANGERS + 1
    assert rig.inbox.passed_over == 4999 - MOST_STRANGERS
    assert [one["update_id"] for one in rig.safer] == [5001]
    assert await rig.inbox.stored_within(5)
    assert set(rig.disk.kept) == {5001}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/halt", ("halt", [])),
        ("Halt!", ("halt", [])),
        (" /halt ", ("halt", [])),
        ("PAUSE main", ("pause", ["main"])),
        ("/pause@desk_bot", ("pause", [])),
        ("halt\nmain", ("halt", ["main"])),
        ("halt all trading now", ("halt", ["all", "trading", "now"])),
        ("/halt now, and I mean it, at once", ("halt", ["now,", "and", "I", "mean", "it,", "at", "once"])),
        ("halt is a word that begins a sentence", None),
        ("“Halt”", ("halt", [])),
        ("// halt", None),
        ("\\halt…", ("halt", [])),
        ("／ＨＡＬＴ", ("halt", [])),
        ("\u200b/halt\u200b", ("halt", [])),
        ("🛑halt🛑", ("halt", [])),
        ("halting", None),
        ("/resume", None),
        ("", None),
    ],
)
def test_law_8_what_is_safer_is_known_by_its_words(text: str, found: tuple[str, list[str]] | None) -> None:
    assert safer_text(said(1, text), OWNER) == found


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], None),
        (["MAIN"], "main"),
        (["mian"], None),
        (["main", "other"], None),
        (["main!"], "main"),
        (["all", "but", "main"], None),
    ],
)
def test_law_8_whoever_is_not_named_for_certain_is_meant_too(words: list[str], named: str | None) -> None:
    assert the_one_named(words, ("main", "other")) == named


@pytest.mark.parametrize(
    "mark",
    [
        {"forward_origin": {"type": "user"}},
        {"via_bot": {"id": 9}},
        {"sender_chat": {"id": -1}},
        {"sender_business_bot": {"id": 9}},
        {"business_connection_id": "b"},
        {"is_automatic_forward": True},
        {"is_from_offline": True},
        {"chat": {"id": -5, "type": "group"}},
        {"from": {"id": STRANGER}},
    ],
)
def test_t3_t4_what_others_could_have_sent_stops_nothing(mark: dict[str, Any]) -> None:
    assert safer_text(said(1, "/halt", **mark), OWNER) is None


def test_law_8_a_tap_on_halt_is_known_without_a_look_into_the_database() -> None:
    query = {"id": "q", "from": {"id": OWNER}, "data": "1:halt:abc"}
    tap = {"update_id": 1, "callback_query": query}
    assert safer_button(tap, OWNER) == ("halt", "1:halt:abc", "q")
    assert safer_button(tap, STRANGER) is None
    assert safer_button({"update_id": 1, "callback_query": {**query, "data": "1:do:abc"}}, OWNER) is None
    assert sender_of(tap) == OWNER
