"""The databases that the storage suites run over. A test module imports what it uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.clock import ManualClock
from engine.ports import Journal
from storage.memory import MemoryJournal
from storage.store import Store
from tests.contract.journal_makers import fresh_database, postgres_folder, postgres_server

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DATABASES = ["sqlite", "postgres"] if postgres_folder() else ["sqlite"]
"""PostgreSQL is left out where its server is not installed: there is nothing to run the suite over then."""
JOURNALS = ["memory", *DATABASES]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/desk.db"
    return await fresh_database(request.getfixturevalue("server"))


@pytest.fixture
async def store(url: str, clock: ManualClock) -> AsyncIterator[Store]:
    opened = await Store.open(url, clock, holder="test")
    yield opened
    await opened.close()


@pytest.fixture(params=JOURNALS)
async def journal(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    sqlite = request.param == "sqlite"
    url = (
        f"sqlite:///{tmp_path}/desk.db" if sqlite else await fresh_database(request.getfixturevalue("server"))
    )
    opened = await Store.open(url, clock, holder="test")
    yield opened.journal
    await opened.close()
