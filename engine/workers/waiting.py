"""Frames within an event loop; apart, since a worker has none and is the smaller for it."""

from __future__ import annotations

import asyncio
import socket

from engine.workers.channel import HEAD, Message, read_words, sizes


async def receive(wire: socket.socket) -> Message:
    """One frame from a non-blocking socket. Raises EOFError when the other side is gone, Nonsense."""
    words, blob = sizes(await _exactly(wire, HEAD.size))
    body = await _exactly(wire, words)
    return read_words(body), await _exactly(wire, blob)


async def _exactly(wire: socket.socket, size: int) -> bytes:
    loop, parts, left = asyncio.get_running_loop(), [], size
    while left:
        part = await loop.sock_recv(wire, min(left, 65536))
        if not part:
            raise EOFError("it ended")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
