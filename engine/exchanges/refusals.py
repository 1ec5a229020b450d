"""What a failed call of an account means, in one place (FAILURES O1, O4, O5, A4, A5, M11).

What decides is the venue's own code in a readable answer below HTTP 500, held against engine/exchanges/codes.py.
All else is OutcomeUnknown for what acts, and Unavailable for a question.
"""

from __future__ import annotations

from engine.core.errors import (
    Corrupt,
    KeyRefused,
    KeyRejected,
    OutcomeUnknown,
    PocketdeskError,
    Rejected,
    RuleRejected,
    Unavailable,
)
from engine.exchanges import errors
from engine.exchanges.codes import CODES, Codes, code_in, said_in, words_in
from engine.exchanges.wire import Attempt, Repeated
from engine.exchanges.words import TOO_OFTEN, sentence, status_words, words_of

CAUGHT: tuple[type[Exception], ...] = (*errors.CAUGHT, PocketdeskError, Repeated)
"""What a call of an account is guarded against; Gate and Budget speak as PocketdeskError from inside the library."""

NOT_SENT = "NOT_SENT"


def meaning_of_act(error: Exception, venue: str, attempt: Attempt) -> PocketdeskError:
    """What a failed submit or cancel raises: Rejected, KeyRejected or OutcomeUnknown. A venue looks at the key before
    it looks at the order, so that its own word against the key is as certain as any refusal."""
    if isinstance(error, Rejected):
        return error
    if not attempt.sent:
        return Rejected(f"Nothing was sent: {words_of(error)}", NOT_SENT)
    words = _words(error, attempt)
    codes, code = _code(venue, attempt)
    if code in codes.duplicate or any(word in attempt.body for word in codes.duplicate_words):
        return OutcomeUnknown(f"An order of this name is there already: {words}")
    if code in codes.key:
        return KeyRejected(words, code)
    if code in codes.rules:
        return RuleRejected(words, code)
    if code in codes.refused or code in codes.missing or is_clock(venue, attempt):
        return Rejected(words, code)
    return OutcomeUnknown(words)


def meaning_of_question(error: Exception, venue: str, attempt: Attempt) -> PocketdeskError:
    """What a failed question raises: Unavailable or KeyRefused. An unreadable answer says nothing, too."""
    if isinstance(error, PocketdeskError):
        return Unavailable(str(error)) if isinstance(error, Corrupt) else error
    codes, code = _code(venue, attempt)
    if code in codes.key:
        return KeyRefused(_words(error, attempt))
    # Only the venue's own word condemns a key: a 401 of something in between does not.
    words = _words(error, attempt)
    if attempt.status in TOO_OFTEN or code in codes.limited:
        wait = errors.retry_after(attempt.headers) or errors.WAIT_WHEN_LIMITED
        return Unavailable(f"{words} It is left alone for {wait:.0f} s.", wait, code)
    return Unavailable(words, code=code)


def is_missing(venue: str, attempt: Attempt) -> bool:
    """The venue answered, and it knows no such order."""
    codes, code = _code(venue, attempt)
    return code in codes.missing


def is_limit_of_questions(venue: str, attempt: Attempt) -> bool:
    """The venue's own word that too much was asked, which says nothing of orders: they are counted apart there."""
    codes, code = _code(venue, attempt)
    return not attempt.acts and attempt.status not in TOO_OFTEN and code in codes.limited_questions


def is_clock(venue: str, attempt: Attempt) -> bool:
    """The venue refuses the time that we put on a request, which it looks at before it does anything."""
    codes, code = _code(venue, attempt)
    said = said_in(attempt.body).lower()
    named = not codes.clock_words or any(word in said for word in codes.clock_words)
    return code in codes.clock and named


def _words(error: Exception, attempt: Attempt) -> str:
    """The venue's own sentence, or what became of the request. ccxt's text is an address or a whole page."""
    if attempt.status is None:
        return sentence(words_of(error))
    if attempt.status >= 400 and (attempt.status >= 500 or attempt.status in TOO_OFTEN):
        return sentence(status_words(attempt.status, attempt.body))
    if said := words_in(attempt.body):
        return said
    if attempt.status >= 400:
        return sentence(status_words(attempt.status))
    return "The venue answered what can't be read."


def _code(venue: str, attempt: Attempt) -> tuple[Codes, str]:
    """No code from a failing server: what a 5xx says of an order is not to be trusted."""
    trusted = attempt.status is not None and attempt.status < 500
    return CODES[venue], code_in(attempt.body) if trusted else ""
