"""How the Bot API is reached: python-telegram-bot's requests through aiohttp, which the venues' clients use already.

The library's own transport is httpx, which takes four times as long for a message (docs/decisions/0023). Both pass the
same suite, `tests/contract/test_telegram_transport.py`.

An error's words never hold the address of the request: the bot's token is a part of it (law 14).
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from engine.redaction import redaction

_FORM = {"User-Agent": BaseRequest.USER_AGENT, "Content-Type": "application/x-www-form-urlencoded"}
_UPLOAD = {"User-Agent": BaseRequest.USER_AGENT}
_TEXTS = ("text", "caption", "media")
Timeout = float | None


class AiohttpRequest(BaseRequest):
    """telegram.request.BaseRequest over one aiohttp session with a pool of `connections`; all times are in seconds.

    `pool` and `connect` are waited for one after the other, and aiohttp knows only their sum. It has no limit of its
    own for writing either: the whole request may take as long as all four together. None is no limit.
    """

    __slots__ = ("_connect", "_connections", "_pool", "_read", "_session", "_upload", "_write")

    def __init__(
        self,
        connections: int,
        read: Timeout = 5.0,
        write: Timeout = 5.0,
        connect: Timeout = 5.0,
        pool: Timeout = 1.0,
        upload: Timeout = 20.0,
    ) -> None:
        self._connections = connections
        self._read, self._write, self._connect, self._pool, self._upload = read, write, connect, pool, upload
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> Timeout:
        return self._read

    async def initialize(self) -> None:
        """Open the pool; again after a shutdown."""
        if self._session is not None and not self._session.closed:
            return
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=_trusted()),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body, whatever the status is; sent once. Raises TimedOut and NetworkError."""
        session = self._session
        if session is None or session.closed:
            raise RuntimeError("this transport is not initialised")
        files = request_data is not None and request_data.contains_files
        timeout = _timeout(
            _given(pool_timeout, self._pool),
            _given(connect_timeout, self._connect),
            _given(write_timeout, self._upload if files else self._write),
            _given(read_timeout, self._read),
        )
        try:
            async with session.request(
                method, url, data=_body(request_data), headers=_UPLOAD if files else _FORM, timeout=timeout,
                allow_redirects=False, proxy=_proxy_for(url),
            ) as answer:  # fmt: skip
                return answer.status, await answer.read()
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(_words(error)) from None


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that httpx trusts, those named by SSL_CERT_FILE included: a slim image has none of its own."""
    return httpx.create_ssl_context()


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this host. Not by aiohttp's `trust_env`, which looks for a .netrc file
    in a thread at each request: that costs more than the request."""
    there = urlsplit(url)
    return _proxy(there.scheme, there.hostname or "")


@cache
def _proxy(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return None if found is None or proxy_bypass(host) else found


def _given(value: Any, otherwise: Timeout) -> Timeout:
    """What was asked for; None is a value of its own, no limit."""
    if value is BaseRequest.DEFAULT_NONE:
        return otherwise
    return None if value is None else float(value)


def _timeout(pool: Timeout, connect: Timeout, write: Timeout, read: Timeout) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=_sum(pool, connect, write, read),
        connect=_sum(pool, connect),
        sock_connect=connect,
        sock_read=read,
    )


def _sum(*parts: Timeout) -> Timeout:
    return None if None in parts else sum(part for part in parts if part is not None)


def _body(data: RequestData | None) -> bytes | aiohttp.FormData | None:
    if data is None:
        return None
    if not data.contains_files:
        return urlencode(_clean(data)).encode()
    form = aiohttp.FormData()
    for name, value in _clean(data).items():
        form.add_field(name, value)
    for name, (file_name, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=kind)
    return form


def _clean(data: RequestData) -> dict[str, str]:
    """Every message passes here, whoever made its words (law 14). Of what is no text, such as buttons, only
    the words are looked at: what Telegram and we read again stays as it is."""
    return {
        name: redaction.clean(value) if name in _TEXTS else redaction.clean_record(value)
        for name, value in data.json_parameters.items()
    }


def _words(error: Exception) -> str:
    """What went wrong without the address, which some of aiohttp's errors repeat."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__
