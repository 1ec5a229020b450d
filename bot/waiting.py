"""What the bot has asked the owner to write: a confirmation word or a price. One at a time, and not for long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`verb` is asked with `args` and the owner's text. `typed`: the exact words that count, if only those do."""

    verb: str
    args: Mapping[str, str]
    until: datetime
    typed: str = ""


class Waiting:
    """Forgotten with the process: a confirmation must not outlive it."""

    def __init__(self) -> None:
        self._wanted: Wanted | None = None

    def expect(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def forget(self) -> None:
        self._wanted = None

    def take(self, now: datetime) -> Wanted | None:
        """What is waited for, at most once; None when nothing is, or it has expired."""
        wanted, self._wanted = self._wanted, None
        return wanted if wanted is not None and now <= wanted.until else None
