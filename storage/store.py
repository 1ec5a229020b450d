"""The whole storage room, opened at once."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import timedelta

from engine.clock import Clock
from storage.candles import SqlCandleStore
from storage.database import Database
from storage.journal import SqlJournal
from storage.lease import Lease
from storage.opening import prepare, reach, verify
from storage.outbox import Outbox
from storage.people import People
from storage.presence import Presence
from storage.queries import Queries
from storage.settings import Settings
from storage.tokens import Tokens
from storage.trouble import LeaseHeld
from storage.updates import Updates

RETRY_SECONDS = 0.5
CLEAN = "store.clean"
OUTBOX_KEPT = timedelta(days=90)
UPDATES_KEPT = timedelta(days=3)
"""Longer than Telegram keeps what was not acknowledged, which is a day."""
TOKENS_KEPT = timedelta(days=2)
"""Expired ones are kept for a while, so that an old button gets a sentence instead of silence."""


class Store:
    """Everything that lasts. Made by `open`; `was_clean`: the last process ended with `close`, or there was none."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        self.database = database
        self.journal = SqlJournal(database)
        self.outbox = Outbox(database)
        self.queries = Queries(database)
        self.people = People(database)
        self.settings = Settings(database)
        self.tokens = Tokens(database)
        self.updates = Updates(database)
        self.candles = SqlCandleStore(database)
        self.lease = Lease(database, clock, holder)
        self.was_clean = True
        self._clock = clock
        self._presence = Presence()
        self._alone = False

    @classmethod
    async def open(
        cls, url: str, clock: Clock, *, holder: str = "", wait: timedelta | None = timedelta(0)
    ) -> Store:
        """Open, check, make or migrate the database, and take the lease.

        While another process has it: waits for `wait` (None: for ever) as a standby, then raises LeaseHeld. Raises
        StorageTrouble with a sentence for all else that stands in the way.
        """
        store = cls(reach(url), clock, holder or f"{socket.gethostname()}, process {os.getpid()}")
        try:
            await store._begin(wait)
        except BaseException:
            await store._let_go()
            raise
        return store

    @property
    def disk_full(self) -> bool:
        """The disk ran full: the last room is for exits, and no entry should be made."""
        return self.database.ballast.given_up

    async def tend(self) -> None:
        """To be called every five seconds: renews the lease, and looks whether a full disk has room again.

        Raises LeaseLost when another process took over: end this one without writing.
        """
        await self.lease.renew()
        # A standby that took over from a paused process gets the lock once that one is gone.
        self._alone = self._alone or await self._presence.enter(self.database)
        if self.disk_full:
            await asyncio.to_thread(self.database.ballast.lay)

    async def tidy(self) -> None:
        """To be called once a day: forgets old messages and buttons."""
        now = self._clock.now()
        await self.outbox.purge(now - OUTBOX_KEPT)
        await self.tokens.purge(now - TOKENS_KEPT)
        await self.updates.purge(now - UPDATES_KEPT)

    async def close(self, *, orderly: bool = True) -> None:
        """Give the lease back and let go of everything. `orderly`: nothing was left under way, which the next start
        is told."""
        try:
            if orderly:
                await self.settings.set(CLEAN, True)
            await self.lease.release()
        finally:
            await self._let_go()

    async def _begin(self, wait: timedelta | None) -> None:
        self._alone = await self._presence.enter(self.database)
        await prepare(self.database, alone=self._alone)
        await self._acquire(None if wait is None else self._clock.monotonic() + wait.total_seconds())
        self.was_clean = bool(await self.settings.get(CLEAN, True))
        if not self.was_clean:
            await verify(self.database)
        await self.settings.set(CLEAN, False)

    async def _acquire(self, until: float | None) -> None:
        while True:
            try:
                await self.lease.acquire(alone=self._alone)
                return
            except LeaseHeld:
                if until is not None and self._clock.monotonic() >= until:
                    raise
            await asyncio.sleep(RETRY_SECONDS)
            self._alone = self._alone or await self._presence.enter(self.database)

    async def _let_go(self) -> None:
        await self.database.close()
        self._presence.leave()
