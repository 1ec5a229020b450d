"""What errors of the library mean, row by row."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from engine.core.errors import Corrupt, PocketdeskError, Unavailable
from engine.exchanges import errors, lean, refusals
from engine.exchanges.wire import Attempt

ccxt = lean.errors()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ccxt.AuthenticationError("no"), Unavailable),
        (ccxt.PermissionDenied("no"), Unavailable),
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
    assert len(str(errors.for_read(ccxt.ExchangeError("x" * 5000)))) <= 300


# ── in words ──────────────────────────────────────────────────────────────────────────────

ADDRESS = "binance GET http://127.0.0.1:1/api/v3/depth?symbol=BTCUSDT"


def raised(error: Exception, cause: BaseException | None) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (raised(ccxt.RequestTimeout(ADDRESS), TimeoutError()), "did not answer in time"),
        (TimeoutError(), "did not answer in time"),
        (raised(ccxt.ExchangeNotAvailable(ADDRESS), socket.gaierror(-2, "no name")), "can't be looked up"),
        (raised(ccxt.ExchangeNotAvailable(ADDRESS), ssl.SSLError("odd")), "certificate"),
        (raised(ccxt.ExchangeNotAvailable(ADDRESS), ConnectionResetError(104, "reset")), "closed the connection"),
        (raised(ccxt.ExchangeNotAvailable(ADDRESS), OSError(errno.ENETUNREACH, "no")), "over the network"),
        (ccxt.ExchangeNotAvailable(ADDRESS), "The connection to the venue failed"),
        (ccxt.ExchangeNotAvailable(f"{ADDRESS} 503 Service Unavailable <html>x</html>"), "own (HTTP 503)."),
        (ccxt.DDoSProtection(f"{ADDRESS} 429 Too Many Requests {{}}"), "asked too often (HTTP 429)"),
        (ccxt.DDoSProtection("binance 429 Too Many Requests Wait"), "asked too often (HTTP 429)"),
        (ccxt.PermissionDenied(f"{ADDRESS} 403 Forbidden"), "refuses to talk to this machine (HTTP 403)"),
        (ccxt.BadSymbol('binance {"code":-1121,"msg":"Invalid symbol."}'), "The venue says: Invalid symbol."),
        (ccxt.ExchangeError("bybit markets not loaded from https://h/a?b=c"), "Bybit markets not loaded from."),
        (KeyError("symbol"), "answer can't be read"),
    ],
)  # fmt: skip
def test_a_venue_that_could_not_be_asked_says_why_in_words(error: Exception, words: str) -> None:
    told = str(errors.for_read(error))
    assert words in told
    assert "http" not in told.lower().replace("(http", ""), "no address"
    assert told[0].isupper()


async def test_the_librarys_own_error_of_a_closed_port_is_told_in_words() -> None:
    client = lean.venue_class("binance")({"timeout": 2000})
    client.urls["api"] = dict.fromkeys(client.urls["api"], f"http://127.0.0.1:{free_port()}")
    try:
        with pytest.raises(ccxt.NetworkError) as caught:
            await client.fetch_time()
    finally:
        await client.close()
    assert str(errors.for_read(caught.value)) == "The venue refused the connection."


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (None, "", "The venue did not answer in time."),
        (200, "<html>", "The venue answered what can't be read."),
        (503, "", "The venue has trouble of its own (HTTP 503)."),
        (502, '{"msg":"Internal error"}', "The venue has trouble of its own (HTTP 502): Internal error."),
        (404, "<html>", "The venue answered HTTP 404."),
        (400, '{"code":-1021,"msg":"Timestamp outside of recvWindow."}', "Timestamp outside of recvWindow."),
        (429, "", "asked too often (HTTP 429). It is left alone for 30 s."),
    ],
)
def test_a_question_that_failed_says_what_the_venue_said(status: int | None, body: str, words: str) -> None:
    asked = Attempt(acts=False, status=status, body=body)
    told = str(refusals.meaning_of_question(ccxt.RequestTimeout(ADDRESS), "binance", asked))
    assert words in told
    assert "127.0.0.1" not in told


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_venues_code_goes_along_with_its_words() -> None:
    """By it a list of instruments with an unknown one among them is asked for in halves."""
    body = '{"code":-1121,"msg":"Invalid symbol."}'
    asked = refusals.meaning_of_question(
        ccxt.BadSymbol("x"), "binance", Attempt(acts=False, status=400, body=body)
    )
    for meaning in (asked, errors.for_read(ccxt.BadSymbol(f"binance {body}"))):
        assert isinstance(meaning, Unavailable)
        assert meaning.code == "-1121"
        assert "Invalid symbol" in str(meaning)
