"""One writer (law 11): the lease names the process that may write, its fence number proves it in each transaction.

A process that was paused for long wakes up with an old number, and its next transaction is refused, whatever the
clocks say: they decide only when a second process may take over.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select, update

from engine.clock import Clock
from storage.database import Database
from storage.schema import lease
from storage.sql import upsert
from storage.trouble import LeaseHeld

LASTS = timedelta(seconds=20)
"""Without a renewal for this long it may be taken over. Renew at least three times as often."""


class Lease:
    """The right to write to `database`, for `holder` (a name for the owner to read: host and process)."""

    def __init__(self, database: Database, clock: Clock, holder: str, lasts: timedelta = LASTS) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._lasts = lasts

    async def acquire(self, *, alone: bool = False) -> int:
        """Take it and return the fence number. `alone`: the last holder is known to be dead, however new its lease.

        Raises LeaseHeld with a sentence while another process has it.
        """
        self._database.fence = None
        fence = await self._database.write(lambda connection: self._take(connection, alone))
        self._database.fence = fence
        return fence

    async def renew(self) -> None:
        """Hold it for longer. Raises LeaseLost when another process took over: this one must stop."""
        until = self._clock.now() + self._lasts
        await self._database.write(
            lambda connection: connection.execute(update(lease).values(expires_at=until))
        )

    async def release(self) -> None:
        """Give it back, so that another may begin at once; nothing can be written from here afterwards."""
        given_back = update(lease).values(expires_at=self._clock.now(), fence=lease.c.fence + 1)
        await self._database.write(lambda connection: connection.execute(given_back))

    def _take(self, connection: Connection, alone: bool) -> int:
        now = self._clock.now()
        row = connection.execute(select(lease).with_for_update()).first()
        if row is not None and row.expires_at > now and not alone:
            raise LeaseHeld(
                f"the database {self._database.address.name} is in use by another Pocketdesk ({row.holder}): "
                f"stop that one first, or wait {(row.expires_at - now).seconds + 1} s if it is gone already"
            )
        fence = 1 if row is None else int(row.fence) + 1
        values = {"id": 1, "holder": self._holder, "fence": fence, "expires_at": now + self._lasts}
        upsert(connection, lease, [values])
        return fence
