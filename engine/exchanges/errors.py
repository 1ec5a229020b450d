"""What an error of ccxt means for a question about public data (FAILURES M11).

Calls of an account are judged by the venue's own codes instead: engine/exchanges/refusals.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from engine.core.errors import Corrupt, KeyRefused, PocketdeskError, Unavailable
from engine.exchanges import lean

_ccxt = lean.errors()

UNREADABLE: tuple[type[Exception], ...] = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
)
"""What ccxt raises of itself when an answer does not have the shape that it expects."""

READ_CLASSES: Mapping[type[Exception], type[PocketdeskError]] = MappingProxyType(
    {
        _ccxt.AuthenticationError: KeyRefused,
        _ccxt.PermissionDenied: KeyRefused,
        _ccxt.AccountNotEnabled: KeyRefused,
        _ccxt.AccountSuspended: KeyRefused,
        _ccxt.BadResponse: Corrupt,
        _ccxt.NullResponse: Corrupt,
    }
)

CAUGHT: tuple[type[Exception], ...] = (_ccxt.BaseError, TimeoutError, OSError, *UNREADABLE)
"""What a call into ccxt is guarded against."""

WAIT_WHEN_LIMITED = 30.0
"""Seconds to stay away after a 429 or 418 that does not say for how long."""

_SECRETS = re.compile(r"\?\S+")
_LONGEST = 300


def for_read(error: Exception, headers: Mapping[str, str] | None = None) -> PocketdeskError:
    """What a failed question raises: Unavailable, KeyRefused or Corrupt."""
    if isinstance(error, UNREADABLE) and not isinstance(error, _ccxt.BaseError):
        return Corrupt(f"The venue's answer can't be read ({type(error).__name__}).")
    kind = READ_CLASSES.get(type(error), Unavailable)
    if not issubclass(kind, Unavailable):
        return kind(words_of(error))
    limited = isinstance(error, _ccxt.RateLimitExceeded | _ccxt.DDoSProtection)
    return kind(words_of(error), (retry_after(headers) or WAIT_WHEN_LIMITED) if limited else None)


def words_of(error: Exception) -> str:
    """An error's text without what follows a '?' in an address: a signed request carries its signature there."""
    return _SECRETS.sub("?…", " ".join(str(error).split()))[:_LONGEST] or type(error).__name__


def retry_after(headers: Mapping[str, str] | None) -> float | None:
    """Seconds to wait, from the answer's Retry-After; a date instead of seconds, or nonsense, counts as none."""
    value = next((text for key, text in (headers or {}).items() if key.lower() == "retry-after"), "")
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 < seconds < 7 * 86400 else None
