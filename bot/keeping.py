"""`backup` and `restore` of the SQLite file: never a plain copy (P6), never over something without keeping it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.core.errors import StorageTrouble
from storage.backup import copy_database
from storage.connect import parse_address
from storage.presence import Presence


def back_up(database: Path, target: Path) -> str:
    """Copy a database that may be in use, and check the copy. Raises StorageTrouble with a sentence."""
    if not database.is_file():
        raise StorageTrouble(f"{database}: there is no database yet")
    if target.exists():
        raise StorageTrouble(f"{target}: is there already; name another file")
    try:
        copy_database(database, target)
        _check(target)
    except (sqlite3.Error, OSError, StorageTrouble) as error:
        target.unlink(missing_ok=True)
        raise StorageTrouble(f"{target}: the backup failed: {error}") from error
    target.chmod(0o600)
    return f"{target}: a sound copy, {target.stat().st_size // 1024} KB"


def restore(source: Path, database: Path) -> str:
    """Put a checked copy of `source` in the place of `database`, which is kept under another name."""
    if not source.is_file():
        raise StorageTrouble(f"{source}: there is no such file")
    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone(database):
        return _restore(source, database)


def _restore(source: Path, database: Path) -> str:
    fresh = database.with_name(database.name + ".restoring")
    kept = database.with_name(database.name + ".before-restore")
    try:
        fresh.unlink(missing_ok=True)
        copy_database(source, fresh)
        _check(fresh)
        if database.exists():
            copy_database(database, kept.with_suffix(".new"))
            os.replace(kept.with_suffix(".new"), kept)  # noqa: PTH105 - the plain name of an atomic step
        for leftover in ("-wal", "-shm"):
            database.with_name(database.name + leftover).unlink(missing_ok=True)
        os.replace(fresh, database)  # noqa: PTH105
    except (sqlite3.Error, OSError, StorageTrouble) as error:
        fresh.unlink(missing_ok=True)
        raise StorageTrouble(f"{source}: could not be restored: {error}") from error
    return f"{database}: restored from {source}" + (
        f"; what was there is kept as {kept}" if kept.exists() else ""
    )


def _check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        words = connection.execute("PRAGMA integrity_check").fetchone()[0]
        tables = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        ).fetchone()[0]
    if words != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {words}")
    if not tables:
        raise sqlite3.DatabaseError("it is not a database of Pocketdesk")


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """A bot that runs holds the file; replacing it under its feet would lose what it writes from then on."""
    presence = Presence()
    if not presence.enter_file(parse_address(f"sqlite:///{database}"), database):
        raise StorageTrouble(f"{database}: is in use; stop the bot first")
    try:
        yield
    finally:
        presence.leave()
