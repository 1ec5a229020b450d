"""P4: with no room for any fact the owner hears of it while it lasts, not when it is over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.application import tend
from engine.core.errors import StorageTrouble
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage.store import Store
from tests.fakes.conversation import Talk, talking
from tests.support.builders import BTC, preset, settings
from tests.support.engine_world import Engine, until

BOOK = BookId("main.paper")
BIG = [HaltLifted(datetime(2026, 1, 2, tzinfo=UTC), "x" * 3_000)] * 20
WORDS = "Nothing can be stored"


async def room(store: Store, pages: int) -> None:
    """Make the database as full as a disk with room for so many more pages."""
    await store.database.on_writer(
        lambda connection: connection.execute(
            text(f"PRAGMA max_page_count = {connection.scalar(text('PRAGMA page_count')) + pages}")
        )
    )


async def fill(store: Store) -> None:
    """The disk is full, its ballast gone, and a fact was refused."""
    await room(store, 1)
    number = len(await store.journal.read(BOOK))
    with pytest.raises(StorageTrouble, match="is full"):
        await store.journal.append(BOOK, number, BIG)


async def look(talk: Talk, engine: Engine, times: int) -> None:
    for _ in range(times):
        with suppress(StorageTrouble):
            await tend(talk.store, engine.desk, talk.conversation.see_storage)


async def told(talk: Talk) -> int:
    return sum(WORDS in one.text for one in await talk.phone.messages())


async def until_told(talk: Talk, times: int) -> None:
    async with asyncio.timeout(20):
        while await told(talk) < times:
            await asyncio.sleep(0.05)
    assert await told(talk) == times


async def test_p4_a_full_disk_is_told_straight_and_once(tmp_path: Path) -> None:
    engine = Engine(settings(preset(symbols=(BTC,))))
    async with talking(tmp_path) as talk, engine.running():
        await fill(talk.store)
        await look(talk, engine, 1)
        assert await told(talk) == 0, "a moment's trouble is none"
        await look(talk, engine, 1)
        message = await talk.phone.wait_for(WORDS)
        assert "make room, nothing was stored" in message.text
        assert not message.silent
        await look(talk, engine, 3)
        assert await told(talk) == 1
        await room(talk.store, 100_000)
        await talk.store.journal.append(BOOK, 0, BIG)
        await look(talk, engine, 2)
        await fill(talk.store)
        await look(talk, engine, 2)
        await until_told(talk, 2)


async def test_p4_telegram_away_at_that_moment_is_tried_again(tmp_path: Path) -> None:
    engine = Engine(settings(preset(symbols=(BTC,))))
    async with talking(tmp_path) as talk, engine.running():
        await fill(talk.store)
        talk.telegram.fault("refuse", methods=["sendMessage"])
        await look(talk, engine, 2)
        await until(lambda: bool(talk.telegram.calls("sendMessage")), "a try")
        talk.telegram.clear_faults()
        async with asyncio.timeout(20):
            while not await told(talk):
                await look(talk, engine, 1)
                await asyncio.sleep(0.05)
        assert await told(talk) == 1
