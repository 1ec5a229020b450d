"""One database: a held connection that writes, one transaction at a time, and another that reads.

Holding the writer saves half a commit's time. Each write is one `BEGIN IMMEDIATE` transaction, since a read
transaction that turns into a write fails at once on SQLite (P3), and it begins by proving that the lease is still
ours (law 11).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Row, select

from storage.ballast import Ballast
from storage.connect import Address, lane_for
from storage.lanes import Work
from storage.schema import lease
from storage.trouble import CommitLost, ConnectionLost, DiskFull, LeaseLost, saying

T = TypeVar("T")
_HELD = select(lease.c.fence).with_for_update(read=True)
"""On PostgreSQL the shared lock keeps a takeover waiting until this transaction ended."""


class Database:
    """Connects at its first use. `fence` is set once the lease is held."""

    def __init__(self, address: Address, ballast: Ballast) -> None:
        self.address = address
        self.ballast = ballast
        self.fence: int | None = None
        self._writer = lane_for(address, writes=True)
        self._reader = lane_for(address, writes=False)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own; what it wrote is synced to disk when this returns.

        Raises StorageTrouble when nothing was stored: LeaseLost when another process took over, ConnectionLost when
        the server or the disk went away; but CommitLost when that came at the commit, which leaves it open. A caller
        that is cancelled waits for the end of its transaction, so that none is ever cut in two.
        """
        task = asyncio.create_task(self._write(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which only reads, on the reading connection. It sees each commit as soon as it is done."""
        with saying(self.address.name):
            return await self._reader.run(lambda connection: _ending(connection, work))

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """All rows of a query."""
        return await self.read(lambda connection: connection.execute(statement).all())

    async def on_writer(self, work: Work[T]) -> T:
        """Run `work` on the writing connection outside of a transaction: for what must be tied to that connection."""
        with saying(self.address.name):
            return await self._writer.run(lambda connection: _ending(connection, work))

    async def close(self) -> None:
        """Let what is under way end, then close both connections."""
        await self._reader.close()
        await self._writer.close()

    async def _write(self, work: Work[T]) -> T:
        try:
            return await self._transact(work)
        except DiskFull:
            if not self.ballast.give_up():
                raise
            # There is a little room now: it is for what closes positions.
            return await self._transact(work)

    async def _transact(self, work: Work[T]) -> T:
        committing = False

        def transaction(connection: Connection) -> T:
            nonlocal committing
            with connection.begin():
                self._prove_lease(connection)
                done = work(connection)
                committing = True
            return done

        try:
            with saying(self.address.name):
                return await self._writer.run(transaction)
        except ConnectionLost as error:
            if not committing:
                raise
            raise CommitLost(f"{error}: whether the last of it was stored is not known") from error

    def _prove_lease(self, connection: Connection) -> None:
        if self.fence is None:
            return
        held = connection.scalar(_HELD)
        if held != self.fence:
            raise LeaseLost(
                f"another process took over the database {self.address.name}; this one stops writing"
            )


def _ending(connection: Connection, work: Work[T]) -> T:
    try:
        return work(connection)
    finally:
        connection.rollback()
