"""Tells the chat page and waiting tests that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.telegram.model import Json

_QUEUE_LIMIT = 2000


@dataclass(frozen=True)
class Event:
    """One change; `chat_id` None concerns everybody, `user_id` one person alone."""

    kind: str
    data: Json
    chat_id: int | None = None
    user_id: int | None = None


class Hub:
    """Hands every event to every listener; a listener that falls too far behind is cut off and reconnects."""

    def __init__(self) -> None:
        self.published = 0
        self._listeners: set[asyncio.Queue[Event | None]] = set()

    def publish(self, event: Event) -> None:
        """Hand `event` to all who listen now."""
        self.published += 1
        for queue in list(self._listeners):
            if queue.qsize() >= _QUEUE_LIMIT:
                self._listeners.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def close(self) -> None:
        """End every listener, so that open streams don't hold up the shutdown."""
        for queue in self._listeners:
            queue.put_nowait(None)
        self._listeners.clear()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Event | None]]:
        """A queue of events from here on; None means that the stream ended."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
