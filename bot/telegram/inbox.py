"""What the owner sends, from the wire to the handlers and to disk: nothing of it is acknowledged before it is stored.

    getUpdates ─► UpdateInbox ─► what makes things safer: at once, in memory (law 8)
                             ├─► the handlers
                             └─► storage.updates, then the offset moves on

Reading it costs nothing for strangers, however many they are (T22). One update that can't be read is skipped, counted
and told in the log, and the next one is heard (T18). What a process left undone is taken up by the next one (T20).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from loguru import logger

from bot.telegram.reading import Raw, number_of, sender_of
from bot.telegram.salvage import UNREADABLE
from engine.clock import Clock
from engine.core.errors import StorageTrouble
from storage.updates import StoredUpdate

MOST_STRANGERS = 20
"""Of those who are not the owner so many are looked at in a minute; the rest is counted."""
STRANGERS_EVERY = 60.0
FLUSH_AFTER = 0.5
"""Seconds that what became of updates may wait to be written down, together with what comes meanwhile."""
AGAIN = 0.3
"""Seconds between tries of a database that takes nothing."""


class Keeper(Protocol):
    """storage.updates.Updates, as this sees it."""

    async def keep(self, fresh: Sequence[StoredUpdate], done: Mapping[int, str], now: Any) -> None: ...

    async def waiting(self) -> list[StoredUpdate]: ...

    async def known(self) -> set[int]: ...


class UpdateInbox:
    """`hand_over` gives an update to the handlers, and raises anything for one that can't be read; `make_safer` acts on
    what can't wait."""

    def __init__(
        self,
        keeper: Keeper,
        clock: Clock,
        hand_over: Callable[[Raw], object],
        make_safer: Callable[[Raw], None],
    ) -> None:
        self._keeper = keeper
        self._clock = clock
        self._hand_over = hand_over
        self._make_safer = make_safer
        self._known: set[int] = set()
        self._taken_up = False
        self._fresh: dict[int, StoredUpdate] = {}
        self._done: dict[int, str] = {}
        self._under_way: set[int] = set()
        self._storing: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        self._strangers = 0
        self._strangers_since = clock.monotonic()
        self.owner_id: int | None = None
        self.unreadable = 0
        self.passed_over = 0

    async def recall(self) -> None:
        """At the start, before Telegram is reached: a halt or a pause that the last process stored and did not come to
        do is in force again at once (law 8). Raises StorageTrouble."""
        for one in await self._keeper.waiting():
            self._guarded(one.update_id, partial(self._act, one.body))

    async def take_up(self) -> None:
        """What the last process left undone; once, as soon as the database tells it. Raises StorageTrouble."""
        if self._taken_up:
            return
        self._known |= await self._keeper.known()
        waiting = await self._keeper.waiting()
        self._taken_up = True
        for one in waiting:
            logger.info("update {} was left undone by the last process and is taken up", one.update_id)
            self._give(one.update_id, one.body)

    # ── what comes ────────────────────────────────────────────────────────────────────────

    def take(self, raws: Sequence[Any]) -> int | None:
        """Deal with a batch as it came; the offset that would acknowledge it, None for an empty one."""
        offset: int | None = None
        for raw in raws:
            number = number_of(raw)
            if number is None:
                self._skip("an update without a number")
                continue
            offset = number + 1
            if number not in self._known:
                self._known.add(number)
                self._look(number, raw)
        return offset

    def forget_before(self, offset: int) -> None:
        """Telegram was told, or is told next, that these were received: it sends none of them again."""
        self._known = {number for number in self._known if number >= offset}

    def _look(self, number: int, raw: Raw) -> None:
        if UNREADABLE in raw:
            self._skip(f"update {number}")
        elif self.owner_id is None or sender_of(raw) != self.owner_id:
            self._stranger(number, raw)
        else:
            self._guarded(number, lambda: self._make_safer(raw))
            body = json.dumps(raw)
            self._fresh[number] = StoredUpdate(number, body, self._clock.now())
            self._give(number, body)

    def _act(self, body: str) -> None:
        self._make_safer(json.loads(body))

    def _give(self, number: int, body: str) -> None:
        self._under_way.add(number)
        if not self._guarded(number, lambda: self._hand_over(json.loads(body))):
            self.done(number, "it could not be read")

    def _guarded(self, number: int, work: Callable[[], object]) -> bool:
        """The top of all that is done with one update before the handlers have it: whatever is odd about it, it takes
        no other along (T18)."""
        try:
            work()
        except Exception as error:
            logger.debug("update {}: {!r}", number, error)
            self._skip(f"update {number}")
            return False
        return True

    def _skip(self, what: str) -> None:
        self.unreadable += 1
        logger.warning("{} can't be read and is skipped ({} so far)", what, self.unreadable)

    def _stranger(self, number: int, raw: Raw) -> None:
        """Not stored: it can change nothing. A few are looked at, since one may be the owner with a pairing code."""
        now = self._clock.monotonic()
        if now - self._strangers_since > STRANGERS_EVERY:
            self._strangers, self._strangers_since = 0, now
        self._strangers += 1
        if self._strangers > MOST_STRANGERS:
            self.passed_over += 1
        else:
            self._guarded(number, lambda: self._hand_over(raw))

    # ── to disk ───────────────────────────────────────────────────────────────────────────

    @property
    def stored(self) -> bool:
        """Whether everything that came from the owner is on disk."""
        return not self._fresh

    async def stored_within(self, seconds: float) -> bool:
        """Wait a moment for that. The work goes on if it takes longer, so that new updates can be read meanwhile."""
        if self.stored:
            return True
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        await asyncio.wait([self._storing], timeout=seconds)
        return self.stored

    def done(self, number: int, answer: str) -> None:
        """What became of one of the owner's: written down soon."""
        if number not in self._under_way:
            return
        self._under_way.discard(number)
        self._done[number] = answer
        self._more.set()

    async def run(self) -> None:
        """Write down what became of updates, for ever."""
        while True:
            await self._more.wait()
            await asyncio.sleep(FLUSH_AFTER)
            self._more.clear()
            if not await self.flush():
                self._more.set()

    async def flush(self) -> bool:
        """Everything that waits to be written down; whether the database took it."""
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store(once=True))
        await asyncio.wait([self._storing])
        return self.stored and not self._done

    async def _store(self, once: bool = False) -> None:
        """What came is stored before what became of it, and both together where both wait."""
        while True:
            fresh, done = dict(self._fresh), dict(self._done)
            try:
                await self._keeper.keep(tuple(fresh.values()), done, self._clock.now())
            except StorageTrouble as trouble:
                logger.warning(
                    "what the owner sent can't be stored yet, and is not acknowledged: {}", trouble
                )
                await asyncio.sleep(AGAIN)
                if once:
                    return
                continue
            for number in fresh:
                self._fresh.pop(number, None)
            for number, answer in done.items():
                if self._done.get(number) == answer:
                    del self._done[number]
            return
