"""One result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """`warn` is allowed and likely not meant; with a `fail` something will not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence for the owner, with its weight."""

    level: Level
    sentence: str

    @property
    def is_failure(self) -> bool:
        return self.level is Level.FAIL

    def __str__(self) -> str:
        return f"{self.level:<5} {self.sentence}"


def ok(sentence: str) -> Finding:
    return Finding(Level.OK, sentence)


def warn(sentence: str) -> Finding:
    return Finding(Level.WARN, sentence)


def fail(sentence: str) -> Finding:
    return Finding(Level.FAIL, sentence)
