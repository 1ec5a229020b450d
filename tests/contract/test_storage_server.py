"""What only a server can do: go away in the middle, even between a commit and its answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text

from engine.clock import ManualClock
from engine.core.errors import OutcomeUnknown
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage.database import Database
from storage.lanes import Work
from storage.store import Store
from storage.trouble import CommitLost, ConnectionLost
from tests.contract.journal_fixtures import DATABASES, START, clock, server
from tests.contract.journal_makers import fresh_database

__all__ = ["clock", "server"]

BOOK = BookId("main.paper")
FACT = HaltLifted(START, "owner")
SERVERS = [name for name in DATABASES if name == "postgres"]


@pytest.fixture(params=SERVERS)
def running(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("server")
    return url


async def cut(store: Store) -> None:
    """End every connection of this database, as a restart of the server does."""
    statement = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await store.database.read(lambda connection: connection.execute(statement).all())


async def test_a_cut_connection_is_made_anew(running: str, clock: ManualClock) -> None:
    store = await Store.open(await fresh_database(running), clock)
    await store.journal.append(BOOK, 0, [FACT])
    await cut(store)
    assert await store.journal.append(BOOK, 1, [FACT]) == 2
    assert len(await store.journal.read(BOOK)) == 2
    await cut(store)
    with pytest.raises(ConnectionLost, match="can't be reached"):
        await store.settings.set("key", 1)
    await store.settings.set("key", 2)
    assert await store.settings.get("key") == 2
    await store.close()


class CutLine:
    """Loses the answers to commits: in `stored`, one for each in a row, whether it had come through before."""

    def __init__(self, store: Store, stored: Sequence[bool]) -> None:
        self._write = store.database.write
        self._stored = deque(stored)

    async def write(self, work: Work[int]) -> int:
        if not self._stored:
            return await self._write(work)
        if self._stored.popleft():
            await self._write(work)
        raise CommitLost("the line was cut")


@pytest.mark.parametrize("stored", [[True], [False], [False, False], [True, False], [False, True]])
async def test_a_commit_without_an_answer_is_looked_for(
    running: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, stored: list[bool]
) -> None:
    store = await Store.open(await fresh_database(running), clock)
    await store.journal.append(BOOK, 0, [FACT])
    monkeypatch.setattr(store.database, "write", CutLine(store, stored).write)
    assert await store.journal.append(BOOK, 1, [FACT, FACT]) == 3
    assert await store.journal.append(BOOK, 3, [FACT]) == 4
    assert len(await store.journal.read(BOOK)) == 4
    monkeypatch.undo()
    await store.close()


@pytest.mark.parametrize("stored", [True, False])
async def test_law_2_a_commit_that_can_not_be_asked_for_is_unknown_and_read_back(
    running: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    monkeypatch.setattr("storage.journal.SETTLE_PAUSES", (0.0, 0.0))
    store = await Store.open(await fresh_database(running), clock)
    await store.journal.append(BOOK, 0, [FACT])
    monkeypatch.setattr(store.database, "write", CutLine(store, [False, stored, False]).write)
    with pytest.raises(OutcomeUnknown, match=r"main\.paper has to be read again"):
        await store.journal.append(BOOK, 1, [FACT, FACT])
    last = len(await store.journal.read(BOOK))
    assert last == (3 if stored else 1)
    assert await store.journal.append(BOOK, last, [FACT]) == last + 1
    monkeypatch.undo()
    await store.close()


async def test_a_line_that_is_cut_at_the_commit_itself_leaves_it_open(
    running: str, clock: ManualClock
) -> None:
    store = await Store.open(await fresh_database(running), clock)

    def work(connection: Connection) -> None:
        """The server ends a transaction that does nothing for a moment."""
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 1"))
        time.sleep(0.2)

    with pytest.raises(CommitLost, match="whether the last of it was stored is not known"):
        await store.database.write(work)
    await store.settings.set("key", 1)
    await store.close()


async def test_a_wrong_database_is_told(running: str, clock: ManualClock) -> None:
    with pytest.raises(Exception, match="does not exist: create it first"):
        await Store.open(running.format(name="nowhere"), clock)


async def test_a_table_that_is_missing_is_told(running: str, clock: ManualClock) -> None:
    store = await Store.open(await fresh_database(running), clock)

    def drop(connection: Connection) -> None:
        connection.execute(text("DROP TABLE settings"))

    database: Database = store.database
    await database.write(drop)
    with pytest.raises(Exception, match="lacks a table or a right"):
        await store.settings.get("key")
    await store._let_go()
