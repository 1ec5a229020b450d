"""What errors of the library mean, row by row."""

from __future__ import annotations

import pytest

from engine.core.errors import Corrupt, KeyRefused, PocketdeskError, Unavailable
from engine.exchanges import errors, lean, refusals
from engine.exchanges.wire import Attempt

ccxt = lean.errors()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ccxt.AuthenticationError("no"), KeyRefused),
        (ccxt.PermissionDenied("no"), KeyRefused),
        (ccxt.BadResponse("<html>"), Corrupt),
        (ccxt.NullResponse("nothing"), Corrupt),
        (KeyError("symbol"), Corrupt),
        (ValueError("NaN"), Corrupt),
        (ccxt.RequestTimeout("late"), Unavailable),
        (ccxt.OnMaintenance("later"), Unavailable),
        (ccxt.ExchangeError("unheard of"), Unavailable),
        (TimeoutError(), Unavailable),
        (OSError("reset"), Unavailable),
    ],
)
def test_what_a_failed_question_raises(error: Exception, kind: type[PocketdeskError]) -> None:
    assert type(errors.for_read(error)) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, errors.WAIT_WHEN_LIMITED),
        ({"Retry-After": "nan"}, errors.WAIT_WHEN_LIMITED),
        ({"Retry-After": "-1"}, errors.WAIT_WHEN_LIMITED),
        (None, errors.WAIT_WHEN_LIMITED),
    ],
)
def test_m11_how_long_to_stay_away(headers: dict[str, str] | None, seconds: float) -> None:
    for error in (ccxt.DDoSProtection("418"), ccxt.RateLimitExceeded("429")):
        meaning = errors.for_read(error, headers)
        assert isinstance(meaning, Unavailable)
        assert meaning.retry_after == seconds


def test_a_break_without_a_limit_tells_no_wait() -> None:
    meaning = errors.for_read(ccxt.ExchangeNotAvailable("502"), {"Retry-After": "17"})
    assert isinstance(meaning, Unavailable)
    assert meaning.retry_after is None


def test_law_14_no_signature_is_repeated() -> None:
    error = ccxt.RequestTimeout("binance GET https://h/api/v3/order?timestamp=1&signature=test-signature 504")
    sent = Attempt(acts=True, sent=True)
    for meaning in (errors.for_read(error), refusals.meaning_of_act(error, "binance", sent)):
        assert "test-signature" not in str(meaning)
    assert "504" in str(errors.for_read(error))
    assert len(str(errors.for_read(ccxt.ExchangeError("x" * 5000)))) <= 300
