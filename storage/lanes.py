"""One held connection each, used by one piece of work at a time.

SQLite works in a thread of its own, a whole transaction at a go: handing over each statement, as aiosqlite does,
costs four thread switches a statement and doubles the time of a durable append. PostgreSQL is spoken to by asyncpg.
Work is a plain function of a SQLAlchemy connection either way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")
Work = Callable[[Connection], T]


class Lane(Protocol):
    async def run(self, work: Work[T]) -> T:
        """Run `work` with the connection, after all work that was given before."""
        ...

    async def close(self) -> None: ...


class ThreadLane:
    """A synchronous engine in a thread of its own."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"storage-{name}")
        self._connection: Connection | None = None

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _run(self, work: Work[T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        return work(self._connection)

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
