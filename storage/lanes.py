"""One held connection each, used by one piece of work at a time.

SQLite works in a thread of its own, a whole transaction at a go: handing over each statement, as aiosqlite does,
costs four thread switches a statement and doubles the time of a durable append. PostgreSQL is spoken to by asyncpg.
Work is a plain function of a SQLAlchemy connection either way.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from engine.clock import Clock, SystemClock
from storage.trouble import is_broken

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")
Work = Callable[[Connection], T]


class Lane(Protocol):
    async def run(self, work: Work[T]) -> T:
        """Run `work` with the connection, after all work that was given before."""
        ...

    async def close(self) -> None: ...


REOPEN_FIRST, REOPEN_MOST = 0.25, 5.0
"""Seconds before a file that could not be opened again is tried the next time, doubled each time up to the most."""


class ThreadLane:
    """A synchronous engine in a thread of its own.

    A connection whose file or disk failed is dropped and opened again at the next work; after a failure of that, no
    more often than the waits allow: work in between fails with what failed last. `file` None: there is none. A file
    that was put in the place of ours is never written to: it is another one's, or was restored for the next start.
    """

    def __init__(
        self, engine: Engine, name: str, file: Path | None = None, clock: Clock | None = None
    ) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"storage-{name}")
        self._connection: Connection | None = None
        self._file = file
        self._inode: int | None = None
        self._clock = clock or SystemClock()
        self._failures = 0
        self._failed: Exception | None = None
        self._again_at = 0.0

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _run(self, work: Work[T]) -> T:
        connection = self._connection or self._open()
        try:
            done = work(connection)
        except DBAPIError as error:
            if is_broken(error):
                self._drop(connection, error)
            raise
        self._failures = 0
        return done

    def _open(self) -> Connection:
        if self._failed is not None and self._clock.monotonic() < self._again_at:
            raise self._failed.with_traceback(None)
        try:
            self._check_same_file()
            self._connection = self._engine.connect()
        except (SQLAlchemyError, OSError) as error:
            self._wait_after(error)
            raise
        if self._file is not None and self._file.exists():
            self._inode = self._file.stat().st_ino
        return self._connection

    def _check_same_file(self) -> None:
        """SQLite would make a new and empty database where ours is gone."""
        if self._file is None or self._inode is None:
            return
        if self._file.stat().st_ino != self._inode:
            raise FileExistsError(
                errno.EEXIST,
                "another file was put in its place while it was in use: restart",
                str(self._file),
            )

    def _drop(self, connection: Connection, error: Exception) -> None:
        """The first time it is opened again at once: a passing fault costs nothing."""
        self._connection = None
        connection.invalidate()
        connection.close()
        if self._failures:
            self._wait_after(error)
        self._failures += 1

    def _wait_after(self, error: Exception) -> None:
        wait = min(REOPEN_MOST, REOPEN_FIRST * 2.0 ** min(self._failures, 16))
        self._failures += 1
        self._failed, self._again_at = error, self._clock.monotonic() + wait

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


class AsyncLane:
    """An asynchronous engine; a connection that was lost is made anew by SQLAlchemy at the next work."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    async def run(self, work: Work[T]) -> T:
        async with self._lock:
            if self._connection is None:
                self._connection = await self._engine.connect()
            return await self._connection.run_sync(work)

    async def close(self) -> None:
        async with self._lock:
            if self._connection is not None:
                await self._connection.close()
            await self._engine.dispose()
