"""Frames between the desk and a worker: a JSON object and, beside it, raw bytes. Nothing is ever unpickled."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

HEAD = struct.Struct("!II")
MOST_WORDS = 1_000_000
MOST_BYTES = 8_000_000
"""Beyond this an answer is nonsense, and is not even read."""
Message = tuple[dict[str, Any], bytes]


class Nonsense(ValueError):
    """What came is no frame of ours."""


def frame(words: dict[str, Any], blob: bytes = b"") -> bytes:
    body = json.dumps(words, allow_nan=False).encode()
    return HEAD.pack(len(body), len(blob)) + body + blob


def sizes(head: bytes) -> tuple[int, int]:
    """Of the two parts that follow. Raises Nonsense for what can't be."""
    words, blob = HEAD.unpack(head)
    if words > MOST_WORDS or blob > MOST_BYTES:
        raise Nonsense(f"an answer of {words + blob} bytes")
    return words, blob


def read_words(body: bytes) -> dict[str, Any]:
    """Raises Nonsense unless it is one JSON object."""
    try:
        words = json.loads(body)
    except (ValueError, RecursionError):
        raise Nonsense("an answer that is no JSON") from None
    if not isinstance(words, dict):
        raise Nonsense("an answer that is no object")
    return words


def receive_now(wire: socket.socket) -> Message:
    """One frame from a blocking socket. Raises EOFError when the other side is gone, Nonsense, and TimeoutError."""
    words, blob = sizes(_exactly_now(wire, HEAD.size))
    body = _exactly_now(wire, words)
    return read_words(body), _exactly_now(wire, blob)


def _exactly_now(wire: socket.socket, size: int) -> bytes:
    parts, left = [], size
    while left:
        part = wire.recv(min(left, 65536))
        if not part:
            raise EOFError("it ended")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
