"""Errors by what the caller can do about them.

    PocketdeskError
    ├── Denied          we refused it before anything left: tell the person, in words
    ├── Rejected        the venue said no, for certain: the order does not exist
    ├── OutcomeUnknown  it may or may not have happened: ask, never send again, never assume
    ├── Unavailable     a question could not be asked: ask again later; says nothing about the answer
    ├── Corrupt         what came in is not sound: use nothing of it
    └── StorageTrouble  disk or database refused: nothing was stored, nothing may be sent
        └── StillOpen   it may have been stored: read before anything is said of it

`Unavailable` is for reading only. An order, cancel or change that fails on the way is OutcomeUnknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.core.ids import Coin


class PocketdeskError(Exception):
    """Root of all that Pocketdesk raises on purpose; `str()` is a sentence fit for the owner."""


class Denied(PocketdeskError):
    """Refused by us, before an intent existed."""


class Rejected(PocketdeskError):
    """Refused by the venue with certainty. `code` is the venue's own word for it."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class RuleRejected(Rejected):
    """Refused for a step, a limit or a count of the venue's: its rules are other than we know, and are read again."""


class KeyRejected(Rejected):
    """The venue refused an order or cancel because of our key, before it looked at what was wanted: only the owner can
    mend that."""


class OutcomeUnknown(PocketdeskError):
    """The request left, or may have left, and no readable answer came."""


class Unavailable(PocketdeskError):
    """The venue or service could not be asked. `retry_after` in seconds, when it told us; `code`: the venue's own
    word for why, where it answered."""

    def __init__(self, message: str, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code


class KeyRefused(Unavailable):
    """The venue does not accept our key for a question, or the key lacks a right: only the owner can mend that."""


class PartlyAsked(Unavailable):
    """Not all of the owner's other accounts could be asked; `found` is what the others hold of each coin."""

    def __init__(self, message: str, found: Mapping[Coin, Decimal]) -> None:
        super().__init__(message)
        self.found = found


class Corrupt(PocketdeskError):
    """Data from outside or from disk that can't be trusted (NaN, zero, disorder, unknown version)."""


class StorageTrouble(PocketdeskError):
    """The database could not store: full disk, lost lease, lock. No effect may start on what was not stored."""


class StillOpen(StorageTrouble):
    """Whether it was stored is not known before the book is read again: 'not done' must not be said of it (law 12)."""
