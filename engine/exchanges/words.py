"""Why a venue could not be asked, in words for whoever has to decide what to do about it.

ccxt's own text for a broken connection is the request's method and address without any reason; the reason is in what
it was raised from. No address is repeated: a signed one carries its signature (law 14).
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator

import aiohttp

from engine.exchanges import lean
from engine.exchanges.codes import words_in
from engine.redaction import MOST_SAID, redaction

_ccxt = lean.errors()

LONGEST = 300
"""Characters of a sentence."""
_ADDRESS = re.compile(r"\b(?:https?|wss?)://\S+|\?\S+=\S+")
_STATUS = re.compile(r"^\w+ (?:[A-Z]+ \S+ )?([45]\d{2})\b")
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)

TOO_OFTEN = (418, 429)
"""HTTP statuses of a venue that wants to be left alone."""
_REFUSING = (403, 451)


def words_of(error: BaseException) -> str:
    """One clause, without capital and full stop: `the venue did not answer in time`."""
    text = " ".join(str(error).split())
    words = next((found for one in _causes(error) if (found := _of_kind(one))), "")
    found = words or _of_text(text) or _plain(text[:MOST_SAID]) or type(error).__name__
    return redaction.clean_start(found)[: LONGEST - 1]


def sentence(words: str) -> str:
    """The clause as a sentence of its own."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def status_words(status: int, body: str = "") -> str:
    """What an HTTP status above 399 tells, with the venue's own sentence where there is one."""
    if status in TOO_OFTEN:
        told = f"the venue says that it was asked too often (HTTP {status})"
    elif status in _REFUSING:
        told = f"the venue refuses to talk to this machine (HTTP {status})"
    elif status >= 500:
        told = f"the venue has trouble of its own (HTTP {status})"
    else:
        told = f"the venue answered HTTP {status}"
    said = _plain(words_in(body))
    return f"{told}: {said}" if said else told


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, the deepest first: that one knows the reason."""
    found: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in found:
        found.append(step)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    yield from reversed(found)


def _of_kind(error: BaseException) -> str:
    """By what happened to the connection; empty for what is told by the text."""
    if isinstance(error, TimeoutError | _ccxt.RequestTimeout):
        return "the venue did not answer in time"
    if isinstance(error, socket.gaierror | aiohttp.ClientConnectorDNSError):
        return "the venue's address can't be looked up; is this machine connected to the internet?"
    if isinstance(error, ssl.SSLError | ssl.CertificateError):
        return "no safe connection could be made: the certificate was not accepted"
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "the venue refused the connection"
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return "the venue can't be reached over the network; is this machine connected to the internet?"
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return status_words(error.status)
    if isinstance(error, ConnectionResetError | BrokenPipeError | aiohttp.ServerDisconnectedError):
        return "the venue closed the connection without an answer"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection to the venue could be made"
    return ""


def _of_text(text: str) -> str:
    """By the status that ccxt put behind the address, or the venue's own sentence in the answer it repeats."""
    body = answer_in(text)
    if found := _STATUS.match(text):
        return status_words(int(found[1]), body)
    said = words_in(body)
    return f"the venue says: {_plain(said)}" if said else ""


def answer_in(text: str) -> str:
    """The venue's answer as ccxt repeats it at the end of an error's text; empty if there is none."""
    start = text.find("{")
    return text[start:] if start >= 0 else ""


def _plain(text: str) -> str:
    """Without addresses. `binance GET` and nothing else is no reason."""
    cut = " ".join(_ADDRESS.sub("", text).split())
    return "the connection to the venue failed" if re.fullmatch(r"\w+ (GET|POST|PUT|DELETE)", cut) else cut
