"""The last step before a request of ccxt leaves, and the only one that all of them pass.

It counts the request against the allowance, holds it back while the venue wants to be left alone, lets a call that
may act leave only once, and follows no redirect: a redirected POST would be a second order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

from engine import entry_hold
from engine.exchanges.budget import Budget
from engine.exchanges.client import Gate


class Repeated(Exception):
    """The library wanted to send again what may leave only once (FAILURES O3)."""


class Redirected(aiohttp.ClientError):
    """The venue, or something in between, wants the request to go somewhere else."""


@dataclass(slots=True)
class Attempt:
    """What one call of ours came to. `acts`: it is no question; `once`: and may not be sent twice. `sent`: a request
    that acts has left, or may have; the rest is of the last answer, None and empty while there is none."""

    acts: bool
    once: bool = True
    sent: bool = False
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: str = ""


_attempt: ContextVar[Attempt | None] = ContextVar("_attempt", default=None)


@contextmanager
def attempt(acts: bool, once: bool = True) -> Iterator[Attempt]:
    """Within it, requests of this task are noted; one that `acts` may send one request besides GETs, no second."""
    noted = Attempt(acts, once)
    token = _attempt.set(noted)
    try:
        yield noted
    finally:
        _attempt.reset(token)


class Wire:
    """Put between a ccxt client and its HTTP session. Without `again`, a request that found its connection closed is
    not repeated: aiohttp would do so for all but POST, and a second cancel is refused although the first one worked."""

    def __init__(self, client: Any, budget: Budget, gate: Gate, again: bool) -> None:
        self._client: Any = client
        self._again = again
        self._budget = budget
        self._gate = gate
        self._fetch = client.fetch
        client.fetch = self.fetch
        client.on_rest_response = self.note

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """What ccxt calls for each request. Raises Unavailable, before anything leaves, while we are to wait."""
        noted = _attempt.get()
        if noted is None or not noted.acts:
            await self._budget.room(url)
        self._gate.check(apart=self._budget.is_apart(url))
        if noted is not None:
            noted.status, noted.headers, noted.body = None, None, ""
        if noted is not None and noted.acts and method != "GET":
            if noted.sent and noted.once:
                raise Repeated(f"a second {method} within one call was held back")
            entry_hold.check()
            noted.sent = True
        self._open()
        self._budget.sent(url)
        try:
            return await self._fetch(url, method, headers, body)
        finally:
            self._budget.learn(self._client.last_response_headers)

    def note(
        self,
        status: int,
        _reason: str,
        _url: str,
        _method: str,
        headers: Mapping[str, str],
        body: str,
        _sent_headers: Any,
        _sent_body: Any,
    ) -> str:
        """ccxt's hook for every answer: its errors often leave out the status and the venue's own code."""
        noted = _attempt.get()
        if noted is not None:
            noted.status, noted.headers, noted.body = status, headers, body
        return body.strip()

    def _open(self) -> None:
        """ccxt's own session would follow redirects, and for 307 and 308 send a POST again."""
        before = self._client.session
        if before is not None:
            return
        self._client.open()
        own: aiohttp.ClientSession = self._client.session
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_refuse_redirect)
        session = aiohttp.ClientSession(connector=own.connector, trace_configs=[trace])
        session._retry_connection = self._again  # it has no public name; a test holds it
        self._client.session = session
        own.detach()


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _params: aiohttp.TraceRequestRedirectParams
) -> None:
    raise Redirected("the answer was a redirect, which is not followed")
