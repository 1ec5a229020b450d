"""Open a database and bring it to this program's schema.

A new one is made in one go, one at this schema is only asked for its version, and Alembic is imported just when an
older one must be migrated: it costs memory and start-up time.
"""

from __future__ import annotations

import glob
from pathlib import Path

from loguru import logger
from sqlalchemy import Connection, insert, inspect, select, text

from engine.core.errors import StorageTrouble
from storage.ballast import Ballast
from storage.connect import Address, parse_address
from storage.database import Database
from storage.private import FILE, close_files, close_folder, make_folder
from storage.schema import REVISION, alembic_version, metadata
from storage.trouble import saying

MIGRATIONS = Path(__file__).parent / "migrations"
MAKING = 7_240_001
"""Advisory lock on PostgreSQL: two processes that start at once must not both make the tables."""


def reach(url: str) -> Database:
    """A database that is not connected yet. Raises StorageTrouble for an address or a folder that can't be used."""
    address = parse_address(url)
    ballast = Ballast(None)
    if address.path is not None:
        _make_folder(address, address.path)
        with saying(address.name):
            address.path.touch(mode=FILE)
        if told := keep_private(address.path):
            logger.warning("{}", told)
        ballast = Ballast(address.path.with_name(address.path.name + ".ballast"))
        ballast.lay()
    return Database(address, ballast)


def _make_folder(address: Address, path: Path) -> None:
    with saying(address.name):
        make_folder(path.parent)
    if path.is_dir():
        raise StorageTrouble(f"the database {address.name} is a folder: name a file in it")


BESIDE = ("logs", "backups", "lost+found")
"""Names beside the database that are ours as well, or of the disk's."""


def keep_private(path: Path) -> str:
    """The database's files and its folder are for us only: balances and the owner's number are in them. A sentence
    where the folder can't be made so."""
    close_files(path.parent.glob(f"{glob.escape(path.name)}*"))
    return close_folder(path.parent, lambda name: name.startswith(path.name) or name in BESIDE)


async def prepare(database: Database, *, alone: bool) -> None:
    """Make or migrate the tables, in one transaction: killed in the middle, it begins anew (P11).

    `alone`: no other process works with this database; without that an older schema is left as it is. Raises
    StorageTrouble for a schema that is newer than this program, or not ours.
    """
    await database.write(lambda connection: _prepare(connection, database, alone))


def revision_of(connection: Connection) -> str | None:
    """The schema's version, None for a database without one."""
    names = _table_names(connection)
    if not names:
        return None
    if alembic_version.name not in names:
        raise StorageTrouble("this database belongs to another program: its tables are not Pocketdesk's")
    revision: str | None = connection.scalar(select(alembic_version.c.version_num))
    return revision


def _prepare(connection: Connection, database: Database, alone: bool) -> None:
    if not database.address.is_sqlite:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MAKING})"))
    revision = revision_of(connection)
    if revision is None:
        metadata.create_all(connection)
        connection.execute(insert(alembic_version).values(version_num=REVISION))
    elif revision != REVISION:
        _migrate(connection, database, revision, alone)


def _migrate(connection: Connection, database: Database, revision: str, alone: bool) -> None:
    name = database.address.name
    if revision not in known_revisions():
        raise StorageTrouble(
            f"the database {name} has schema {revision}, which is newer than this program ({REVISION}): "
            "install the newer Pocketdesk, or restore a backup"
        )
    if not alone:
        raise StorageTrouble(
            f"the database {name} must be migrated, but another process works with it: stop that first"
        )
    from storage.migrations.run import upgrade  # only now: see above

    if database.address.path is not None:
        from storage.backup import copy_database

        copy_database(database.address.path, _backup_path(database.address.path, revision))
    upgrade(connection)


def known_revisions() -> set[str]:
    """The versions that this program's migrations know."""
    return {file.stem.partition("_")[0] for file in (MIGRATIONS / "versions").glob("0*.py")}


def _backup_path(path: Path, revision: str) -> Path:
    return path.with_name(f"{path.name}.before-migration-from-{revision}")


def _table_names(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


async def verify(database: Database) -> None:
    """Look through a SQLite file for damage, after an end that was not orderly. Raises StorageTrouble naming it."""
    if not database.address.is_sqlite:
        return
    finding = await database.read(lambda connection: connection.scalar(text("PRAGMA quick_check(1)")))
    if finding != "ok":
        raise StorageTrouble(f"the database {database.address.name} is damaged, restore a backup: {finding}")
