"""Clients of ccxt, without a key and with one, and the wait that a venue imposes on all of them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.clock import Clock
from engine.core.errors import PocketdeskError, Unavailable
from engine.exchanges import lean
from engine.exchanges.credentials import Credentials
from engine.exchanges.envelope import checked
from engine.exchanges.venues import VenueRow, redirect

TIMEOUT_MS = 10_000
CREDENTIALS = (
    "apiKey",
    "secret",
    "password",
    "uid",
    "login",
    "privateKey",
    "walletAddress",
    "token",
    "twofa",
)


def public_client(row: VenueRow, rest: str, stream: str) -> Any:
    """A ccxt.pro client without any key (law 7), its addresses turned to `rest` and `stream` where they are set."""
    client = _client(row, row.options, rest, stream)
    held = [name for name in CREDENTIALS if getattr(client, name, None)]
    if held:
        raise RuntimeError(f"a client for market data must not hold a key, this one has {', '.join(held)}")
    return client


def private_client(
    row: VenueRow,
    options: Mapping[str, Any],
    credentials: Credentials,
    rest: str,
    stream: str,
    timeout: float = TIMEOUT_MS / 1000,
) -> Any:
    """A ccxt.pro client that can act for an account: only CcxtExchange makes one, in live mode only (law 7)."""
    client = _client(row, {**row.options, **options}, rest, stream)
    client.timeout = round(timeout * 1000)
    client.number = str  # no float between the venue's text and our Decimal (law 13)
    client.apiKey, client.secret = credentials.api_key, credentials.secret
    client.password = credentials.passphrase or None
    return client


def _client(row: VenueRow, options: Mapping[str, Any], rest: str, stream: str) -> Any:
    client = lean.venue_class(row.ccxt_id)(
        {"enableRateLimit": True, "options": dict(options), "timeout": TIMEOUT_MS}
    )
    client.has["fetchCurrencies"] = False  # a request, signed on some venues, for what is never used
    client.options["maxRetriesOnFailure"] = 0  # repeating is decided here, not inside the library
    client.timeout_on_exit = 10  # milliseconds; by default a quarter of a second for each client
    client.verbose = False  # it would print whole requests
    client.ssl_context = _trusting(client.cafile)
    client.urls["api"] = redirect(client.urls["api"], row, rest, stream)
    client.fetch = checked(row.ccxt_id, client.fetch)
    client.sort_by_2 = _sorted
    return client


def _sorted(rows: list[Any], first: Any, second: Any, descending: bool = False) -> list[Any]:
    """In the place of ccxt's own, which compares a time with nothing: one execution without a time, and the whole list
    can't be read (M12)."""
    return sorted(rows, key=lambda row: (_rank(row[first]), _rank(row[second])), reverse=descending)


def _rank(value: Any) -> tuple[int, float, str]:
    """Nothing first, then numbers, then texts."""
    if value is None:
        return 0, 0, ""
    return (1, value, "") if isinstance(value, int | float) else (2, 0, str(value))


@cache
def _trusting(certificates: str) -> ssl.SSLContext:
    """One for all clients: reading a hundred certificates holds up the loop for 20 ms, again with every new stream."""
    return ssl.create_default_context(cafile=certificates)


class Gate:
    """Once a venue told us to wait, nobody asks it anything until the wait is over (FAILURES M11): a 429 that is
    not obeyed becomes a ban. Only orders that the venue counts apart don't wait for what was over with questions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = self._questions_until = clock.monotonic()

    def check(self, apart: bool = False) -> None:
        """Raise Unavailable while the wait lasts; `apart` is a request that is not counted among the questions."""
        until = self._until if apart else max(self._until, self._questions_until)
        left = until - self._clock.monotonic()
        if left > 0:
            raise Unavailable(f"The venue wants to be left alone for {left:.0f} s more.", retry_after=left)

    def learn(self, error: PocketdeskError, questions_only: bool = False) -> None:
        """Take over what an error tells of waiting; a shorter wait never cuts a longer one."""
        if not isinstance(error, Unavailable) or not error.retry_after:
            return
        until = self._clock.monotonic() + error.retry_after
        if questions_only:
            self._questions_until = max(self._questions_until, until)
        else:
            self._until = max(self._until, until)
