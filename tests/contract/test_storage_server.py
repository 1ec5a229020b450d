"""What only a server can do: go away in the middle, even between a commit and its answer."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from engine.clock import ManualClock
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage.database import Database
from storage.lanes import Work
from storage.store import Store
from storage.trouble import ConnectionLost
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


@pytest.mark.parametrize("stored", [True, False])
async def test_a_commit_without_an_answer_is_looked_for(
    running: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    store = await Store.open(await fresh_database(running), clock)
    await store.journal.append(BOOK, 0, [FACT])
    true_write, calls = store.database.write, list[bool]()

    async def write_and_lose(work: Work[int]) -> int:
        calls.append(stored)
        if len(calls) > 1:
            return await true_write(work)
        if stored:
            await true_write(work)
        raise ConnectionLost("the line was cut")

    monkeypatch.setattr(store.database, "write", write_and_lose)
    assert await store.journal.append(BOOK, 1, [FACT, FACT]) == 3
    assert len(calls) == 2
    monkeypatch.undo()
    assert len(await store.journal.read(BOOK)) == 3
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
