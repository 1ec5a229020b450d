"""The queue of updates and the long poll on it, with the rules of the real getUpdates."""

from __future__ import annotations

import asyncio
from bisect import bisect_left

from pydantic import BaseModel, Field

from sandbox.telegram.errors import OTHER_POLLER, WEBHOOK_IS_SET, ApiError
from sandbox.telegram.model import Json

_ON_REQUEST_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_FIRST_ID = 700_000_001
_LONGEST_POLL = 50.0


class PendingUpdates(BaseModel):
    """What outlives a restart of the sandbox: unconfirmed updates and the remembered choice of kinds."""

    next_id: int = _FIRST_ID
    waiting: list[Json] = Field(default_factory=list)
    allowed: list[str] | None = None
    webhook: str = ""


class UpdateQueue:
    """One bot's updates: kept until an offset above them confirms them; one poller at a time."""

    def __init__(self, pending: PendingUpdates) -> None:
        self.pending = pending
        self._poller: asyncio.Future[None] | None = None

    def push(self, kind: str, payload: Json) -> int | None:
        """Queue an update; returns its id, or None when the bot did not ask for this kind."""
        if not self._wanted(kind):
            return None
        update_id = self.pending.next_id
        self.pending.next_id += 1
        self.pending.waiting.append({"update_id": update_id, kind: payload})
        self._wake()
        return update_id

    async def poll(self, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> list[Json]:
        """Updates from `offset` on, at most `limit`; waits up to `timeout` seconds when there are none.

        A negative offset means so many from the end and forgets the earlier ones. `allowed` replaces the remembered
        kinds unless it is None; an empty list restores the default. Raises `ApiError` 409 when another poll begins
        meanwhile: Telegram ends the earlier one.
        """
        if self.pending.webhook:
            raise ApiError(409, f"Conflict: {WEBHOOK_IS_SET}")
        self._end_earlier_poll()
        if allowed is not None:
            self.pending.allowed = allowed or None
        self._confirm(offset)
        if not self.pending.waiting and timeout > 0:
            await self._wait(min(timeout, _LONGEST_POLL))
        return self.pending.waiting[: max(1, min(limit, 100))]

    def drop(self) -> None:
        """Forget everything that waits (`drop_pending_updates`)."""
        self.pending.waiting.clear()

    def end_polls(self) -> None:
        """Answer whoever waits with what there is, so that a stopping server is not held up."""
        self._wake()

    def _wanted(self, kind: str) -> bool:
        if self.pending.allowed is None:
            return kind not in _ON_REQUEST_ONLY
        return kind in self.pending.allowed

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.pending.waiting = self.pending.waiting[offset:]
        elif offset > 0:
            cut = bisect_left(self.pending.waiting, offset, key=lambda one: int(one["update_id"]))
            del self.pending.waiting[:cut]

    def _end_earlier_poll(self) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(ApiError(409, f"Conflict: {OTHER_POLLER}"))

    async def _wait(self, timeout: float) -> None:
        poller = self._poller = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await poller
        except TimeoutError:
            pass
        finally:
            if self._poller is poller:
                self._poller = None

    def _wake(self) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)
