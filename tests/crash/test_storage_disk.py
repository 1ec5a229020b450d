"""A disk that fails under the database and comes back: told meanwhile, opened again, nothing lost, one writer still.

The disk fails for real: every open file of the database is exchanged below SQLite for one that can't be read or
written, as after a device that went away; what is opened by name works again.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from engine.clock import ManualClock
from engine.core.errors import StorageTrouble
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage.lanes import REOPEN_FIRST, REOPEN_MOST, ThreadLane
from storage.lease import Lease
from storage.opening import reach
from storage.store import Store
from storage.trouble import ConnectionLost, LeaseLost

START = datetime(2026, 1, 2, tzinfo=UTC)
BOOK = BookId("main.paper")
FACT = HaltLifted(START, "owner")
T = TypeVar("T")


def unplug(path: Path) -> None:
    """Every descriptor that this process has of the database now leads nowhere."""
    nowhere = os.open("/dev/null", os.O_PATH)
    for link in Path("/proc/self/fd").iterdir():
        if link.is_symlink() and str(link.readlink()) in (str(path), f"{path}-wal"):
            os.dup2(nowhere, int(link.name))
    os.close(nowhere)


async def opened(path: Path) -> Store:
    return await Store.open(f"sqlite:///{path}", ManualClock(START))


async def patiently(do: Callable[[], Awaitable[T]]) -> T:
    """Try until the disk's trouble is over: SQLite itself clings to a dead descriptor for a while."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await do()
            except ConnectionLost:
                await asyncio.sleep(0.05)


async def test_after_a_disk_error_the_database_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = await opened(path)
    await store.journal.append(BOOK, 0, [FACT])
    unplug(path)
    assert await patiently(lambda: store.journal.append(BOOK, 1, [FACT])) == 2
    assert len(await patiently(lambda: store.journal.read(BOOK))) == 2
    assert await store.journal.append(BOOK, 2, [FACT]) == 3
    await store.close()
    again = await opened(path)
    assert len(await again.journal.read(BOOK)) == 3
    await again.close()


async def test_law_11_a_connection_made_anew_proves_the_lease(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = await opened(path)
    other = reach(f"sqlite:///{path}")
    await Lease(other, ManualClock(START), "another").acquire(alone=True)
    await other.close()
    unplug(path)
    with pytest.raises(LeaseLost):
        await patiently(lambda: store.journal.append(BOOK, 0, [FACT]))
    await store._let_go()


async def test_a_file_that_is_gone_is_not_made_anew_and_another_is_not_written_to(tmp_path: Path) -> None:
    path, aside = tmp_path / "desk.db", tmp_path / "aside.db"
    store = await opened(path)
    await store.journal.append(BOOK, 0, [FACT])
    path.rename(aside)
    unplug(path)
    unplug(aside)
    for _ in range(3):
        with pytest.raises(StorageTrouble):
            await store.settings.set("key", 1)
    assert not path.exists(), "an empty database would be taken for ours"
    path.write_bytes(aside.read_bytes())
    with pytest.raises(StorageTrouble, match="another file was put in its place"):
        await patiently(lambda: told_anew(store))
    assert path.read_bytes() == aside.read_bytes()
    await store._let_go()


async def told_anew(store: Store) -> None:
    """What the lane says once it has looked again, not what it said before."""
    try:
        await store.settings.set("key", 1)
    except StorageTrouble as error:
        if "No such file" in str(error):
            raise ConnectionLost(str(error)) from error
        raise


class FailingDisk:
    """Work that fails with a disk error while `fails`."""

    def __init__(self) -> None:
        self.fails = True

    def __call__(self, connection: Connection) -> int:
        if self.fails:
            connection.connection.cursor()  # the connection itself is there
            raise _disk_error()
        return int(connection.scalar(text("SELECT 1")) or 0)


def _disk_error() -> Exception:
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    return OperationalError("BEGIN", {}, cause)


async def test_a_disk_that_stays_bad_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    clock, work = ManualClock(START), FailingDisk()
    opens: list[int] = []
    engine = create_engine(f"sqlite:///{tmp_path}/x.db", creator=lambda: _counted(opens, tmp_path))
    lane = ThreadLane(engine, "test", clock=clock)

    async def tries() -> int:
        before = len(opens)
        with pytest.raises(Exception, match="disk I/O error"):
            await lane.run(work)
        return len(opens) - before

    assert [await tries(), await tries(), await tries()] == [1, 1, 0]
    for _ in range(12):
        clock.advance(timedelta(seconds=REOPEN_MOST))
        assert [await tries(), await tries()] == [1, 0]
    clock.advance(timedelta(seconds=REOPEN_MOST))
    work.fails = False
    assert await lane.run(work) == 1
    work.fails = True
    assert [await tries(), await tries(), await tries()] == [0, 1, 0], "good work ends the patience"
    clock.advance(timedelta(seconds=REOPEN_FIRST * 4))
    assert await tries() == 1
    await lane.close()


def _counted(opens: list[int], folder: Path) -> sqlite3.Connection:
    opens.append(1)
    return sqlite3.connect(folder / "x.db", check_same_thread=False)
