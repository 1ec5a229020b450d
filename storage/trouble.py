"""What a database's errors mean to the owner: one sentence each, and whether trying again can help.

Codes: https://www.sqlite.org/rescode.html and https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from engine.core.errors import StorageTrouble


class DiskFull(StorageTrouble):
    """No room was left to write."""


class ConnectionLost(StorageTrouble):
    """The server went away, or the disk under the file: what was under way is open, unless it had not come to its
    commit."""


class CommitLost(StorageTrouble):
    """The connection was lost at the commit: whether that was stored is not known (law 2)."""


class LeaseLost(StorageTrouble):
    """Another process writes to this database now; this one must stop."""


class LeaseHeld(StorageTrouble):
    """Another process has the lease: wait, or stop that one."""


SQLITE = {
    sqlite3.SQLITE_BUSY: "the database {where} is locked by another program",
    sqlite3.SQLITE_LOCKED: "the database {where} is locked by another program",
    sqlite3.SQLITE_CANTOPEN: "the database {where} can't be opened: check that its folder exists and may be written to",
    sqlite3.SQLITE_READONLY: "the database {where} may not be written to: check its owner and permissions",
    sqlite3.SQLITE_PERM: "the database {where} may not be written to: check its owner and permissions",
    sqlite3.SQLITE_NOTADB: "{where} is not a database: check the path, or restore a backup",
    sqlite3.SQLITE_CORRUPT: "the database {where} is damaged: restore a backup",
    sqlite3.SQLITE_IOERR: "the disk of the database {where} has trouble",
}
POSTGRES = {
    "28": "the database {where} refuses the user or password",
    "3D": "the database {where} does not exist: create it first",
    "42": "the database {where} lacks a table or a right: is it ours, and may this user write to it?",
    "55": "the database {where} is locked by another program",
    "25": "the database {where} may not be written to: is it a read-only copy?",
}
LOST = ("08", "57")


@contextmanager
def saying(where: str) -> Iterator[None]:
    """Turn whatever the database raises into StorageTrouble with a sentence; `where` names it without secrets."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise trouble(error, where) from error


def trouble(error: Exception, where: str) -> StorageTrouble:
    """The StorageTrouble that tells `error` in words."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, where)
    if isinstance(cause, OSError) and cause.filename:
        kind = DiskFull if cause.errno == errno.ENOSPC else StorageTrouble
        return kind(f"the database {where} can't be used: {cause.filename}: {cause.strerror}")
    state = str(getattr(cause, "sqlstate", None) or "")
    if state.startswith("53"):
        return DiskFull(f"the server of the database {where} has no room left: {cause}")
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    if gone or state.startswith(LOST) or isinstance(cause, OSError):
        return ConnectionLost(f"the database {where} can't be reached: {cause}")
    sentence = POSTGRES.get(state[:2], "the database {where} refused")
    return StorageTrouble(f"{sentence.format(where=where)} ({cause})")


def _of_sqlite(error: sqlite3.Error, where: str) -> StorageTrouble:
    # The lower byte is the kind of error, the rest refines it.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"the disk of the database {where} is full: make room, nothing was stored")
    sentence = SQLITE.get(code, "the database {where} refused")
    # A commit whose sync failed may be found whole by whoever opens the file next.
    kind = ConnectionLost if code == sqlite3.SQLITE_IOERR else StorageTrouble
    return kind(f"{sentence.format(where=where)} ({error})")


_OUR_OWN = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
    }
)
"""What says nothing against the connection: the statement was at fault, another program, or the room on the disk."""


def is_broken(error: DBAPIError) -> bool:
    """Whether a SQLite connection is not to be used again after `error`: its file or its disk failed."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) not in _OUR_OWN
