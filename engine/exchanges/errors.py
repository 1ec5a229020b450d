"""What an error of ccxt means for a question about public data (FAILURES M11).

Calls of an account are judged by the venue's own codes instead: engine/exchanges/refusals.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.core.errors import Corrupt, PocketdeskError, Unavailable
from engine.exchanges import lean
from engine.exchanges.codes import code_in
from engine.exchanges.words import answer_in, sentence, words_of

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
        _ccxt.BadResponse: Corrupt,
        _ccxt.NullResponse: Corrupt,
    }
)

CAUGHT: tuple[type[Exception], ...] = (_ccxt.BaseError, TimeoutError, OSError, *UNREADABLE)
"""What a call into ccxt is guarded against."""

WAIT_WHEN_LIMITED = 30.0
"""Seconds to stay away after a 429 or 418 that does not say for how long."""


def for_read(error: Exception, headers: Mapping[str, str] | None = None) -> PocketdeskError:
    """What a failed question raises: Unavailable or Corrupt. No word against a key: none is shown for public data, and
    a 401 is a proxy's (A16)."""
    if isinstance(error, UNREADABLE) and not isinstance(error, _ccxt.BaseError):
        return Corrupt(f"The venue's answer can't be read ({type(error).__name__}).")
    kind = READ_CLASSES.get(type(error), Unavailable)
    words = words_of(error)
    if not issubclass(kind, Unavailable):
        return kind(sentence(words))
    if isinstance(error, _ccxt.RateLimitExceeded | _ccxt.DDoSProtection):
        wait = retry_after(headers) or WAIT_WHEN_LIMITED
        return kind(sentence(f"{words}; it is left alone for {wait:.0f} s"), wait)
    return kind(sentence(words), code=code_in(answer_in(str(error))))


def retry_after(headers: Mapping[str, str] | None) -> float | None:
    """Seconds to wait, from the answer's Retry-After; a date instead of seconds, or nonsense, counts as none."""
    value = next((text for key, text in (headers or {}).items() if key.lower() == "retry-after"), "")
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 < seconds < 7 * 86400 else None
