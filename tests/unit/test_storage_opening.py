"""A database that can't be used is told of in a sentence; an older one is migrated whole or not at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from engine.clock import ManualClock
from engine.core.errors import Corrupt, StorageTrouble
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage import opening, schema
from storage.backup import backup, check_backup, restore
from storage.connect import parse_address
from storage.migrations.run import upgrade
from storage.opening import keep_private
from storage.people import Person, Role
from storage.store import Store

START = datetime(2026, 1, 2, tzinfo=UTC)
BOOK = BookId("main.paper")
FACT = HaltLifted(START, "owner")


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


async def opened(path: Path) -> Store:
    return await Store.open(url_of(path), ManualClock(START))


async def written(path: Path, facts: int = 3) -> None:
    store = await opened(path)
    await store.journal.append(BOOK, 0, [FACT] * facts)
    await store.close()


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


# ── addresses and files ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "can't be read; it looks like sqlite:///"),
        ("mysql://desk@host/name", "'mysql' are not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_wrong_address_is_explained(url: str, words: str) -> None:
    with pytest.raises(StorageTrouble, match=words):
        parse_address(url)


def test_the_name_of_an_address_holds_no_password() -> None:
    address = parse_address("postgresql://desk:test-key@host/name?password=test-key")
    assert address.name == "postgresql://desk@host/name"
    assert "test-key" not in repr(address)
    assert address.url.startswith("postgresql+asyncpg://desk:test-key@")


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    await written(tmp_path / "new" / "folder" / "desk.db")


async def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageTrouble, match="is a folder"):
        await opened(tmp_path)


async def test_a_path_through_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageTrouble, match=r"can't be used: .*File exists"):
        await opened(tmp_path / "file" / "desk.db")


async def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_text("not a database, but long enough to be taken for one\n" * 99)
    before = path.read_bytes()
    with pytest.raises(StorageTrouble, match="is not a database"):
        await opened(path)
    assert path.read_bytes() == before


async def test_the_database_of_another_program_is_told(tmp_path: Path) -> None:
    execute(tmp_path / "desk.db", "CREATE TABLE cats (name TEXT)")
    with pytest.raises(StorageTrouble, match="belongs to another program"):
        await opened(tmp_path / "desk.db")


async def test_a_newer_schema_is_told(tmp_path: Path) -> None:
    await written(tmp_path / "desk.db")
    execute(tmp_path / "desk.db", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageTrouble, match="schema 9999, which is newer than this program"):
        await opened(tmp_path / "desk.db")


async def test_a_locked_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.connect.BUSY_MS", 20)
    store = await opened(tmp_path / "desk.db")
    with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageTrouble, match="locked by another program"):
            await store.journal.append(BOOK, 0, [FACT])
        other.execute("ROLLBACK")
    assert await store.journal.append(BOOK, 0, [FACT]) == 1
    await store.close()


async def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageTrouble, match="can't be reached") as caught:
        await Store.open(f"postgresql://desk:test-key@/name?host={tmp_path}", ManualClock(START))
    assert "test-key" not in str(caught.value)


async def test_damage_is_found_after_an_end_that_was_not_orderly(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = await opened(path)
    await store.journal.append(BOOK, 0, [FACT] * 2_000)
    await store._let_go()
    damage(path)
    with pytest.raises(StorageTrouble, match="is damaged"):
        await opened(path)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-40_000:-4_000] = b"\xaa" * 36_000
    path.write_bytes(content)


async def test_a_fact_that_is_missing_is_never_read_over(tmp_path: Path) -> None:
    await written(tmp_path / "desk.db")
    execute(tmp_path / "desk.db", "DELETE FROM facts WHERE number = 2")
    store = await opened(tmp_path / "desk.db")
    with pytest.raises(Corrupt, match=r"fact 2 of book main.paper is missing"):
        await store.journal.read(BOOK)
    await store.close()


async def test_facts_are_read_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.journal.PAGE", 2)
    store = await opened(tmp_path / "desk.db")
    await store.journal.append(BOOK, 0, [FACT] * 5)
    assert [one.number for one in await store.journal.read(BOOK, 1)] == [2, 3, 4, 5]
    await store.close()


# ── migrations ────────────────────────────────────────────────────────────────────────────


def test_the_migrations_make_the_same_schema_as_the_program(tmp_path: Path) -> None:
    by_migration, by_program = tmp_path / "migrated.db", tmp_path / "made.db"
    with create_engine(url_of(by_migration)).begin() as connection:
        upgrade(connection)
    with create_engine(url_of(by_program)).begin() as connection:
        schema.metadata.create_all(connection)
    assert _objects(by_migration) == _objects(by_program)
    with closing(sqlite3.connect(by_migration)) as made:
        assert made.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.REVISION,)]


def _objects(path: Path) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name, type FROM sqlite_master ORDER BY name").fetchall()
        return {
            name: [
                connection.execute(f"PRAGMA table_xinfo('{name}')").fetchall(),
                connection.execute(f"PRAGMA index_xinfo('{name}')").fetchall(),
            ]
            for name, _ in names
            if not name.startswith("sqlite_autoindex_alembic")
        }


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as if a version 0000 had come before."""
    monkeypatch.setattr(opening, "known_revisions", lambda: {"0000", "0001"})


def _step(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE added (x INTEGER)")
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")


@pytest.mark.usefixtures("older")
async def test_an_older_schema_is_migrated_after_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desk.db"
    await written(path)
    execute(path, "UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr("storage.migrations.run.upgrade", _step)
    await (await opened(path)).close()
    kept = tmp_path / "desk.db.before-migration-from-0000"
    with closing(sqlite3.connect(kept)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0000",)]
        assert copy.execute("SELECT count(*) FROM facts").fetchone() == (3,)
    execute(path, "SELECT x FROM added")


@pytest.mark.usefixtures("older")
async def test_a_migration_that_is_cut_off_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desk.db"
    await written(path)
    execute(path, "UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr("storage.migrations.run.upgrade", _fails_half_way)
    with pytest.raises(StorageTrouble):
        await opened(path)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        execute(path, "SELECT x FROM added")
    monkeypatch.setattr("storage.migrations.run.upgrade", _step)
    await (await opened(path)).close()
    execute(path, "SELECT x FROM added")


def _fails_half_way(connection: Connection) -> None:
    _step(connection)
    connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


@pytest.mark.usefixtures("older")
async def test_no_migration_while_another_process_works_with_it(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = await opened(path)
    execute(path, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StorageTrouble, match="must be migrated, but another process"):
        await opened(path)
    await store.close()


def test_opening_a_database_that_is_up_to_date_needs_no_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from engine.clock import SystemClock\n"
        "from storage.store import Store\n"
        "async def main():\n"
        f"    await (await Store.open({url_of(tmp_path / 'desk.db')!r}, SystemClock())).close()\n"
        "asyncio.run(main())\n"
        "asyncio.run(main())\n"
        "print([name for name in ('alembic', 'asyncpg', 'sqlalchemy.orm') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


# ── backups ───────────────────────────────────────────────────────────────────────────────


async def test_a_backup_of_a_running_database_is_whole_and_can_be_restored(tmp_path: Path) -> None:
    path, copy = tmp_path / "desk.db", tmp_path / "backups" / "copy.db"
    store = await opened(path)
    await store.journal.append(BOOK, 0, [FACT] * 3)
    report = backup(url_of(path), copy)
    assert (report.books, report.facts, report.revision) == (1, 3, schema.REVISION)
    await store.journal.append(BOOK, 3, [FACT])
    with pytest.raises(StorageTrouble, match="stop it first"):
        restore(copy, url_of(path))
    await store.close()
    _, replaced = restore(copy, url_of(path))
    again = await opened(path)
    assert len(await again.journal.read(BOOK)) == 3
    await again.close()
    assert replaced is not None
    assert check_backup(replaced).facts == 4


def person(user: int, role: Role) -> Person:
    return Person(user, user, role, "somebody", datetime(2024, 1, 1, tzinfo=UTC))


async def test_t23_a_restore_never_brings_back_an_owner_who_was_replaced(tmp_path: Path) -> None:
    path, copy = tmp_path / "desk.db", tmp_path / "copy.db"
    store = await opened(path)
    await store.people.add(person(1, Role.OWNER))
    code = await store.people.begin_pairing(START)
    backup(url_of(path), copy)
    await store.people.remove(1)
    await store.people.add(person(2, Role.OWNER))
    await store.close()
    restore(copy, url_of(path))
    again = await opened(path)
    owner = await again.people.owner()
    assert owner is not None
    assert owner.user_id == 2
    assert await again.people.redeem(code, 1, 1, "before", START) is None
    await again.close()


async def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await written(path)
    path.chmod(0o644)
    store = await opened(path)
    modes = {
        file.name: file.stat().st_mode & 0o777
        for file in tmp_path.iterdir()
        if file.name.startswith("desk.db")
    }
    assert set(modes.values()) == {0o600}
    await store.close()


async def test_law_14_a_folder_of_ours_alone_is_closed_and_one_with_other_things_warned_of(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    path = folder / "desk.db"
    old = folder / "desk.db.before-migration-from-0001"
    old.touch()
    old.chmod(0o644)
    (folder / "logs").mkdir()
    store = await opened(path)
    await store.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir() if one.is_file()} == {0o600}
    (folder / "letters.txt").touch()
    folder.chmod(0o755)
    assert "holds more than Pocketdesk's files" in keep_private(path)
    assert folder.stat().st_mode & 0o777 == 0o755
    folder.chmod(0o700)
    assert keep_private(path) == ""


def test_law_14_backups_and_what_is_new_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        asyncio.run(written(tmp_path / "data" / "desk.db"))
        backup(url_of(tmp_path / "data" / "desk.db"), tmp_path / "copies" / "deep" / "one.db")
    finally:
        os.umask(before)
    folders = ("data", "copies", "copies/deep")
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in folders} == {0o700}
    files = [*(tmp_path / "data").iterdir(), tmp_path / "copies" / "deep" / "one.db"]
    assert {one.name: one.stat().st_mode & 0o777 for one in files} == {one.name: 0o600 for one in files}


async def test_a_backup_is_restored_where_there_is_nothing(tmp_path: Path) -> None:
    await written(tmp_path / "desk.db")
    backup(url_of(tmp_path / "desk.db"), tmp_path / "copy.db")
    _, replaced = restore(tmp_path / "copy.db", url_of(tmp_path / "new.db"))
    assert replaced is None
    assert check_backup(tmp_path / "new.db").facts == 3


async def test_a_bad_backup_is_never_restored(tmp_path: Path) -> None:
    path, copy = tmp_path / "desk.db", tmp_path / "copy.db"
    await written(path, 2_000)
    backup(url_of(path), copy)
    damage(copy)
    before = path.read_bytes()
    with pytest.raises(StorageTrouble, match="damaged"):
        restore(copy, url_of(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM facts WHERE number = 2", "lacks facts"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer than this program"),
        ("DROP TABLE alembic_version", "not a backup of Pocketdesk"),
    ],
)
async def test_a_backup_that_lacks_something_is_told(tmp_path: Path, statement: str, words: str) -> None:
    await written(tmp_path / "desk.db")
    backup(url_of(tmp_path / "desk.db"), tmp_path / "copy.db")
    execute(tmp_path / "copy.db", statement)
    with pytest.raises(StorageTrouble, match=words):
        check_backup(tmp_path / "copy.db")


async def test_a_backup_never_overwrites_and_needs_a_database(tmp_path: Path) -> None:
    await written(tmp_path / "desk.db")
    with pytest.raises(StorageTrouble, match="exists already"):
        backup(url_of(tmp_path / "desk.db"), tmp_path / "desk.db")
    with pytest.raises(StorageTrouble, match="there is no database"):
        backup(url_of(tmp_path / "none.db"), tmp_path / "copy.db")
    with pytest.raises(StorageTrouble, match="there is no backup"):
        check_backup(tmp_path / "none.db")
    with pytest.raises(StorageTrouble, match="pg_dump"):
        backup("postgresql://desk@host/name", tmp_path / "copy.db")


async def test_a_database_of_the_version_before_has_room_for_updates(tmp_path: Path) -> None:
    """As 0.1 left it: what the owner sends is kept from now on."""
    path = tmp_path / "desk.db"
    await written(path)
    execute(path, "DROP TABLE updates")
    execute(path, "ALTER TABLE trades DROP COLUMN unpriced")
    execute(path, "UPDATE alembic_version SET version_num = '0001'")
    store = await opened(path)
    assert await store.updates.waiting() == []
    await store.close()
    assert (tmp_path / "desk.db.before-migration-from-0001").exists()
