"""What an error of ccxt means for us, in one table (FAILURES O1, O4, O5, M11).

An order, a cancel or a change is Rejected only where the venue, or ccxt before it sent anything, said no for
certain. Whatever is not in the table is OutcomeUnknown for them, and Unavailable for a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from engine.core.errors import Corrupt, KeyRefused, OutcomeUnknown, PocketdeskError, Rejected, Unavailable
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

REJECTED_CLASSES: Mapping[type[Exception], str] = MappingProxyType(
    {
        _ccxt.InsufficientFunds: "INSUFFICIENT_BALANCE",
        _ccxt.InvalidOrder: "INVALID_ORDER",
        _ccxt.OrderNotFound: "UNKNOWN_ORDER",
        _ccxt.OrderImmediatelyFillable: "WOULD_FILL",
        _ccxt.OrderNotFillable: "WOULD_NOT_FILL",
        _ccxt.ContractUnavailable: "MARKET_CLOSED",
        _ccxt.MarketClosed: "MARKET_CLOSED",
        _ccxt.OperationRejected: "OPERATION_REJECTED",
        _ccxt.BadSymbol: "INVALID_SYMBOL",
        # An account or a key that may not trade: nothing was placed, and the owner has to act.
        _ccxt.AuthenticationError: "KEY_REFUSED",
        _ccxt.PermissionDenied: "KEY_REFUSED",
        _ccxt.AccountNotEnabled: "KEY_REFUSED",
        _ccxt.AccountSuspended: "KEY_REFUSED",
        # Raised by ccxt before anything leaves.
        _ccxt.ArgumentsRequired: "NOT_SENT",
        _ccxt.NotSupported: "NOT_SENT",
    }
)
"""Certain refusals by class, exactly: a subclass that is not listed itself is unknown. So DuplicateOrderId is:
it says that an order of this name is there, which only a question can settle."""

REJECTED_CODES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        # https://developers.binance.com/docs/binance-spot-api-docs/errors : the request was refused as it came in.
        # -1006 and -1007 (no answer from the backend, status unknown) are left out on purpose.
        "binance": MappingProxyType(
            {
                "-1013": "FILTER_FAILURE",
                "-1015": "TOO_MANY_ORDERS",
                "-1021": "CLOCK_OFF",
                "-1022": "KEY_REFUSED",
                "-1100": "BAD_PARAMETER",
                "-1102": "BAD_PARAMETER",
                "-1106": "BAD_PARAMETER",
                "-1111": "BAD_PRECISION",
                "-1121": "INVALID_SYMBOL",
                "-2011": "UNKNOWN_ORDER",
                "-2014": "KEY_REFUSED",
                "-2015": "KEY_REFUSED",
            }
        ),
    }
)
"""Certain refusals by the venue's own code, where ccxt's class says less than the code does."""

UNKNOWN_WORDS = ("Duplicate order",)
"""A refusal that shows that an order of this name is already there; Binance has no code of its own for it."""

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

_CODE = re.compile(r'"(?:code|retCode|sCode)"\s*:\s*"?(-?\d+)')
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


def for_order(error: Exception, venue: str) -> PocketdeskError:
    """What a failed submit, cancel or change raises: Rejected, or OutcomeUnknown."""
    words, code = words_of(error), code_of(error)
    if any(word in words for word in UNKNOWN_WORDS):
        return OutcomeUnknown(words)
    meaning = REJECTED_CODES.get(venue, {}).get(code) or REJECTED_CLASSES.get(type(error))
    return Rejected(words, code or meaning) if meaning else OutcomeUnknown(words or type(error).__name__)


def code_of(error: Exception) -> str:
    """The venue's own code in an error's text, empty if there is none."""
    found = _CODE.search(str(error))
    return found.group(1) if found else ""


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
