"""Whether another living process works with a database: told by a lock that dies with its process.

The lease alone would make a restart after a crash wait until it expires.
"""

from __future__ import annotations

import fcntl
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import text

from storage.connect import Address
from storage.database import Database
from storage.private import FILE
from storage.trouble import saying

PRESENT = 7_240_002
"""Advisory lock on PostgreSQL, held by the writing connection."""


class Presence:
    """Held until `leave`, or until the process ends in whatever way."""

    def __init__(self) -> None:
        self._held = ExitStack()

    async def enter(self, database: Database) -> bool:
        """Whether we are alone now: no other process holds the lock, and from now on we do."""
        path = database.address.path
        if path is not None:
            return self.enter_file(database.address, path)
        statement = text(f"SELECT pg_try_advisory_lock({PRESENT})")
        return bool(await database.on_writer(lambda connection: connection.scalar(statement)))

    def enter_file(self, address: Address, path: Path) -> bool:
        """The same for a SQLite file, which need not exist yet."""
        with saying(address.name):
            # flock is taken by the open file, so a forked worker would keep it: workers are spawned.
            lock = path.with_name(path.name + ".lock")
            lock.touch(mode=FILE)
            file = lock.open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._held.enter_context(file)
            return True

    def leave(self) -> None:
        """Let go of the lock of a file; on a server it ends with the connection."""
        self._held.close()
