"""A worker that does what it is told in its words: for what becomes of those that do wrong."""

from __future__ import annotations

import os
import socket
import time

from engine.workers.channel import HEAD, frame, receive_now


def main(wire: socket.socket, words: list[str]) -> None:
    """`hangs`, `ends`, `raves`, `digs`, `fails` to do it, or answers with its environment and what it was asked."""
    while True:
        asked, _ = receive_now(wire)
        if words == ["hangs"]:
            time.sleep(60)
        elif words == ["ends"]:
            raise SystemExit(3)
        elif words == ["raves"]:
            wire.sendall(HEAD.pack(2**31, 2**31))
        elif words == ["digs"]:
            body = b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}"
            wire.sendall(HEAD.pack(len(body), 0) + body)
        elif words == ["digs less"]:
            body = b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}"
            wire.sendall(HEAD.pack(len(body), 0) + body)
        elif words == ["answers"]:
            wire.sendall(frame({"environment": dict(os.environ), "pid": os.getpid(), "asked": asked}))
        else:
            wire.sendall(frame({}, b"no picture"))
