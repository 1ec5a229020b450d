"""How a database is connected to: its address without secrets, and what is set on every connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from engine.core.errors import StorageTrouble
from storage.lanes import Lane, ThreadLane

BUSY_MS = 5_000
"""How long SQLite waits for another program's lock, such as a backup's."""
WRITER_CACHE_KIB = 1_024
READER_CACHE_KIB = 2_048
SERVER_TIMEOUT = 10.0
"""Seconds that PostgreSQL has for a connection or a statement."""
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is. `name` may be shown and logged: it holds no password. `path` only for SQLite."""

    url: str = field(repr=False)
    name: str
    path: Path | None

    @property
    def is_sqlite(self) -> bool:
        return self.path is not None


def parse_address(url: str) -> Address:
    """Understand `sqlite:///file.db` and `postgresql://user:password@host/name`, with or without a driver's name.

    Raises StorageTrouble with a sentence for anything else.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageTrouble(
            "the database's address can't be read; it looks like sqlite:///data/pocketdesk.db "
            "or postgresql://user:password@host/name"
        ) from error
    backend = parsed.get_backend_name()
    if backend not in DRIVERS:
        raise StorageTrouble(f"databases of the kind {backend!r} are not supported; use sqlite or postgresql")
    full = parsed.set(drivername=DRIVERS[backend]).render_as_string(hide_password=False)
    if backend != "sqlite":
        shown = URL.create(
            backend, parsed.username, host=parsed.host, port=parsed.port, database=parsed.database
        )
        return Address(full, shown.render_as_string(), None)
    if not parsed.database or parsed.database == ":memory:":
        raise StorageTrouble("the database needs a file: sqlite:///data/pocketdesk.db")
    return Address(full, parsed.database, Path(parsed.database))


def lane_for(address: Address, *, writes: bool) -> Lane:
    """A lane with one connection. The reader commits each query by itself, so it never holds the past open."""
    return (
        _sqlite_lane(address, writes=writes) if address.is_sqlite else _postgres_lane(address, writes=writes)
    )


def _sqlite_lane(address: Address, *, writes: bool) -> Lane:
    # No isolation level: sqlite3 itself would begin transactions late, and never for reading or for DDL.
    arguments = {"isolation_level": None, "timeout": BUSY_MS / 1000}
    engine = create_engine(address.url, poolclass=NullPool, connect_args=arguments)
    event.listen(engine, "connect", _set_pragmas_to_write if writes else _set_pragmas_to_read)
    if writes:
        event.listen(engine, "begin", _begin_immediate)
    return ThreadLane(engine, "writer" if writes else "reader", address.path)


def _postgres_lane(address: Address, *, writes: bool) -> Lane:
    from sqlalchemy.ext.asyncio import create_async_engine  # costs memory, and SQLite does without

    from storage.lanes import AsyncLane

    arguments = {
        "timeout": SERVER_TIMEOUT,
        "command_timeout": SERVER_TIMEOUT,
        "server_settings": {"application_name": "pocketdesk", "synchronous_commit": "on", "timezone": "UTC"},
    }
    level = "READ COMMITTED" if writes else "AUTOCOMMIT"
    engine = create_async_engine(
        address.url, poolclass=NullPool, connect_args=arguments, isolation_level=level
    )
    return AsyncLane(engine)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_pragmas_to_write(connection: Any, record: object) -> None:
    _run(
        connection,
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        f"PRAGMA busy_timeout = {BUSY_MS}",
        f"PRAGMA cache_size = -{WRITER_CACHE_KIB}",
        "PRAGMA journal_size_limit = 4194304",
    )


def _set_pragmas_to_read(connection: Any, record: object) -> None:
    _run(
        connection,
        "PRAGMA query_only = ON",
        f"PRAGMA busy_timeout = {BUSY_MS}",
        f"PRAGMA cache_size = -{READER_CACHE_KIB}",
    )


def _run(connection: Any, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
