"""What an answer in the chat is about to say, or has said: no notice says it a second time.

Only in memory: after a crash what is stored is told, since told twice is better than never (law 10).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from engine.core.ids import BookId
from storage.outbox import Waiting

Key = tuple[BookId, str]
"""A book and a position in it."""
_KEPT = 200


class Said:
    """Which closed positions the owner is shown as the answer to what he did himself."""

    def __init__(self) -> None:
        self._shown: deque[Key] = deque(maxlen=_KEPT)
        self._followed: list[Key] = []
        self.changed: Callable[[], None] = lambda: None
        """Called when a notice that waited for an answer need not wait any more."""

    @contextmanager
    def following(self, keys: Sequence[Key]) -> Iterator[None]:
        """While an answer goes on: the notices of these positions wait for it."""
        self._followed += keys
        try:
            yield
        finally:
            for one in keys:
                self._followed.remove(one)
            self.changed()

    def show(self, key: Key) -> None:
        """The owner sees that it is closed, with its result."""
        self._shown.append(key)

    def is_shown(self, one: Waiting) -> bool:
        return one.kind == "position_closed" and _key(one) in self._shown

    def waits(self, one: Waiting) -> bool:
        return one.kind == "position_closed" and _key(one) in self._followed


def _key(one: Waiting) -> Key:
    return one.book, str(one.data.get("position") or "")
