"""Copies of a SQLite database by its backup interface, never by a plain copy of the file (P6).

A copy counts only once it was opened and checked; until then it bears another name. A database on a server has its
own tools for this (`pg_dump`, `pg_restore`).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from engine.core.errors import StorageTrouble
from storage.connect import Address, parse_address
from storage.opening import known_revisions
from storage.presence import Presence
from storage.private import FILE, close_folder, close_made, make_folder
from storage.trouble import saying


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a sound copy holds."""

    path: Path
    revision: str
    books: int
    facts: int
    bytes: int


def backup(url: str, target: Path) -> BackupReport:
    """Copy the database to `target`, while a bot may go on writing to it, and check the copy.

    Raises StorageTrouble when `target` exists, when there is no database, or when the copy is not sound.
    """
    source = _sqlite_path(url)
    if target.exists():
        raise StorageTrouble(f"{target} exists already: choose another name")
    if not source.exists():
        raise StorageTrouble(f"there is no database {source}")
    copy_database(source, target)
    if told := close_folder(
        target.parent, lambda name: name.startswith(source.name) or name.endswith(target.suffix)
    ):
        logger.warning("{}", told)
    return check_backup(target)


def check_backup(path: Path) -> BackupReport:
    """What is in a backup. Raises StorageTrouble with the reason when it could not be restored from."""
    if not path.exists():
        raise StorageTrouble(f"there is no backup {path}")
    with saying(str(path)), closing(sqlite3.connect(path)) as connection:
        finding = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if finding != "ok":
            raise StorageTrouble(f"the backup {path} is damaged: {finding}")
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            raise StorageTrouble(f"{path} is not a backup of Pocketdesk")
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        if revision not in known_revisions():
            raise StorageTrouble(f"the backup {path} has schema {revision}, newer than this program")
        books, facts = connection.execute("SELECT count(*), coalesce(sum(last), 0) FROM books").fetchone()
        if connection.execute("SELECT count(*) FROM facts").fetchone()[0] != facts:
            raise StorageTrouble(f"the backup {path} lacks facts: its books count {facts}")
    return BackupReport(path, revision, books, facts, path.stat().st_size)


def restore(source: Path, url: str) -> tuple[BackupReport, Path | None]:
    """Put a backup in the database's place. Returns what it holds, and where the old database lies now, if any.

    Who may speak to the bot stays as it is now: a backup never brings back an owner who was replaced (T23). Raises
    StorageTrouble for a bad backup, or while a bot works with the database.
    """
    report = check_backup(source)
    address = parse_address(url)
    path = _sqlite_path(url)
    presence = Presence()
    if not presence.enter_file(address, path):
        raise StorageTrouble(f"a Pocketdesk works with {path}: stop it first")
    try:
        fresh = path.with_name(path.name + ".restoring")
        fresh.unlink(missing_ok=True)
        copy_database(source, fresh)
        check_backup(fresh)
        if path.exists():
            _keep_people(path, fresh)
        replaced = _set_aside(address, path)
        fresh.rename(path)
        return report, replaced
    finally:
        presence.leave()


def _keep_people(current: Path, fresh: Path) -> None:
    """Put those who are known now in place of those known then, and void codes that were not used yet. A database that
    can't be read knows nobody: then the backup's people are all there are."""
    try:
        with closing(sqlite3.connect(current)) as connection:
            found = connection.execute("SELECT user_id, chat_id, role, name, added_at FROM people").fetchall()
    except sqlite3.Error as error:
        logger.warning("{} can't be read ({}): the backup's owner is the owner; see /users", current, error)
        return
    with saying(str(fresh)), closing(sqlite3.connect(fresh)) as connection, connection:
        connection.execute("DELETE FROM pairing")
        if found:
            connection.execute("DELETE FROM people")
            insert = "INSERT INTO people (user_id, chat_id, role, name, added_at) VALUES (?, ?, ?, ?, ?)"
            connection.executemany(insert, found)


def copy_database(source: Path, target: Path) -> None:
    """Copy `source`, as of its last commit, into one file `target`, which is there whole or not at all."""
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with saying(str(target)):
        make_folder(target.parent)
        unfinished.touch(mode=FILE)
        close_made(unfinished)
        try:
            _copy(source, unfinished)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.rename(target)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        # One file, with no write-ahead log beside it that could be forgotten.
        copy.execute("PRAGMA journal_mode = DELETE")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _set_aside(address: Address, path: Path) -> Path | None:
    if not path.exists():
        return None
    number = 1
    while (aside := path.with_name(f"{path.name}.replaced-{number}")).exists():
        number += 1
    # Taken over by the backup interface, so that what is still in the write-ahead log comes along.
    copy_database(path, aside)
    with saying(address.name):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


def _sqlite_path(url: str) -> Path:
    path = parse_address(url).path
    if path is None:
        raise StorageTrouble(
            "only a SQLite database is copied here: use pg_dump and pg_restore for PostgreSQL"
        )
    return path
