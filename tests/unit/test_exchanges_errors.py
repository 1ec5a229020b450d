"""What errors of the library mean, row by row."""

from __future__ import annotations

import pytest

from engine.core.errors import Corrupt, KeyRefused, OutcomeUnknown, PocketdeskError, Rejected, Unavailable
from engine.exchanges import errors, lean

ccxt = lean.errors()


def binance(code: int, words: str = "words") -> str:
    return f'binance {{"code":{code},"msg":"{words}"}}'


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ccxt.InsufficientFunds(binance(-2010, "Account has insufficient balance.")), "-2010"),
        (ccxt.InvalidOrder(binance(-2010, "Stop price would trigger immediately.")), "-2010"),
        (ccxt.InvalidOrder("binance order amount is no lot"), "INVALID_ORDER"),
        (ccxt.BadRequest(binance(-1013, "Filter failure: NOTIONAL")), "-1013"),
        (ccxt.InvalidNonce(binance(-1021)), "-1021"),
        (ccxt.RateLimitExceeded(binance(-1015)), "-1015"),
        (ccxt.OrderNotFound(binance(-2011)), "-2011"),
        (ccxt.BadSymbol("no such symbol"), "INVALID_SYMBOL"),
        (ccxt.AuthenticationError("no"), "KEY_REFUSED"),
        (ccxt.ArgumentsRequired("price"), "NOT_SENT"),
    ],
)
def test_a_certain_no_is_a_refusal_with_its_code(error: Exception, code: str) -> None:
    meaning = errors.for_order(error, "binance")
    assert isinstance(meaning, Rejected)
    assert meaning.code == code


@pytest.mark.parametrize(
    "error",
    [
        ccxt.RequestTimeout("o1: no answer"),
        ccxt.ExchangeNotAvailable(binance(-1006)),
        ccxt.RequestTimeout(binance(-1007)),
        ccxt.ExchangeNotAvailable("o5: 403 Forbidden"),
        ccxt.ExchangeNotAvailable("o5: 404 Not Found"),
        ccxt.DDoSProtection("o5: 418 I'm a teapot"),
        ccxt.OnMaintenance("503"),
        ccxt.BadRequest("of a kind that we don't know"),
        ccxt.ExchangeError("something"),
        ccxt.OperationFailed("something"),
        ccxt.BadResponse("<html>"),
        ccxt.DuplicateOrderId("there is one already"),
        ccxt.InvalidOrder(binance(-2010, "Duplicate order sent.")),
        TimeoutError(),
        OSError("reset"),
        KeyError("orderId"),
    ],
)
def test_o4_whatever_is_not_certain_is_unknown_for_an_order(error: Exception) -> None:
    meaning = errors.for_order(error, "binance")
    assert type(meaning) is OutcomeUnknown
    assert str(meaning)


def test_codes_belong_to_their_venue() -> None:
    assert isinstance(errors.for_order(ccxt.BadRequest(binance(-1013)), "okx"), OutcomeUnknown)


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
    for meaning in (errors.for_read(error), errors.for_order(error, "binance")):
        assert "test-signature" not in str(meaning)
        assert "504" in str(meaning)
    assert len(str(errors.for_read(ccxt.ExchangeError("x" * 5000)))) <= 300
