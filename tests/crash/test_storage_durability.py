"""What `append` returned from is on disk: a killed process and a full disk lose none of it (laws 1 and 10, P4)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from engine.clock import ManualClock, SystemClock
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from engine.core.notices import Notice, Weight
from storage.ballast import Ballast
from storage.store import Store
from storage.trouble import DiskFull

START = datetime(2026, 1, 2, tzinfo=UTC)
BOOK = BookId("main.paper")
WRITER = """
import asyncio, sys
from engine.clock import SystemClock
from engine.core.facts import HaltLifted
from engine.core.notices import Notice, Weight
from storage.store import Store

async def main():
    clock = SystemClock()
    store = await Store.open(sys.argv[1], clock)
    last = 0
    while True:
        notice = Notice(clock.now(), "main.paper", "fact", Weight.INFO, {"number": last + 1})
        last = await store.journal.append("main.paper", last, [HaltLifted(clock.now(), str(last + 1))], [notice])
        print(last, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("facts", [1, 7, 40])
async def test_killed_right_after_append_returned(tmp_path: Path, facts: int) -> None:
    url = f"sqlite:///{tmp_path}/desk.db"
    process = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        told = [int(process.stdout.readline()) for _ in range(facts)][-1]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
    # At once, without waiting for the dead process's lease to expire.
    store = await Store.open(url, SystemClock())
    assert not store.was_clean
    recorded = await store.journal.read(BOOK)
    assert len(recorded) >= told
    assert [one.fact.by for one in recorded if isinstance(one.fact, HaltLifted)] == [
        str(number) for number in range(1, len(recorded) + 1)
    ]
    assert await store.outbox.waiting_count() == len(recorded)
    await store.close()


async def test_a_cancelled_append_is_whole_or_not_at_all(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START))
    last = 0
    for turns in range(6):
        task = asyncio.create_task(store.journal.append(BOOK, last, [HaltLifted(START, "a")] * 3))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The transaction has ended when the cancelled caller goes on.
        now = len(await store.journal.read(BOOK))
        assert now in (last, last + 3)
        last = now
    assert await store.journal.append(BOOK, last, [HaltLifted(START, "b")]) == last + 1
    await store.close()


async def limit_pages(store: Store, more: int) -> None:
    """Make the database as full as a disk with room for `more` pages."""
    await store.database.on_writer(
        lambda connection: connection.execute(
            text(f"PRAGMA max_page_count = {connection.scalar(text('PRAGMA page_count')) + more}")
        )
    )


async def test_a_full_disk_is_told_and_nothing_is_stored(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START))
    await limit_pages(store, 1)
    big = [HaltLifted(START, "x" * 3_000)] * 20
    notice = Notice(START, BOOK, "fact", Weight.INFO)
    with pytest.raises(DiskFull, match="is full: make room, nothing was stored"):
        await store.journal.append(BOOK, 0, big, [notice])
    assert store.disk_full
    assert not (tmp_path / "desk.db.ballast").exists()
    assert await store.journal.read(BOOK) == []
    assert await store.outbox.waiting_count() == 0
    await limit_pages(store, 100_000)
    assert await store.journal.append(BOOK, 0, big) == 20
    await store.tend()
    still_full: bool = store.database.ballast.given_up
    assert not still_full
    assert (tmp_path / "desk.db.ballast").exists()
    await store.close()


async def test_the_ballast_makes_room_for_what_must_be_written(tmp_path: Path) -> None:
    """The disk is full to the last page until the ballast is gone."""
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START))
    ballast = tmp_path / "desk.db.ballast"
    insert = "INSERT INTO settings VALUES ('probe', '1')"

    def write(connection: Connection) -> bool:
        if ballast.exists():
            connection.exec_driver_sql(
                f"PRAGMA max_page_count = {connection.scalar(text('PRAGMA page_count'))}"
            )
            connection.execute(text("INSERT INTO settings VALUES ('big', :big)"), {"big": "x" * 100_000})
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        connection.exec_driver_sql(insert)
        return True

    assert await store.database.write(write)
    assert store.disk_full
    assert await store.settings.get("probe") == 1
    assert await store.settings.get("big") is None
    await store.close()


def test_the_ballast_takes_real_room_and_is_laid_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "b", size=65_536, room=0)
    assert ballast.lay()
    assert (tmp_path / "b").stat().st_blocks * 512 >= 65_536
    assert ballast.lay()
    assert ballast.give_up()
    assert ballast.given_up
    assert not ballast.give_up()
    assert ballast.lay()
    assert not ballast.given_up


def test_no_ballast_is_laid_on_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "b", size=4_096, room=2**62)
    ballast.given_up = True
    assert not ballast.lay()
    assert ballast.given_up


def test_a_ballast_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    assert not Ballast(tmp_path / "b", size=2**60, room=0).lay()
    assert not (tmp_path / "b").exists()


def test_a_server_has_no_ballast() -> None:
    ballast = Ballast(None)
    assert not ballast.give_up()
    assert ballast.lay()
    assert not ballast.given_up
