"""Standard output and standard error without secrets, whoever writes there: our own words, libraries, Python's last
words on a crash, a logger that failed (law 14).

Text is held back until its line is whole, so that no secret is written in two halves. What is not text, such as
`faulthandler`'s dump, goes past this, and has no values in it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

from engine.redaction import redaction

MOST_HELD = 65_536
"""Letters of a line without an end that are held back at most."""


class CleanStream:
    """A text stream before another one; all that is not writing is the other one's."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._held = ""
        # One that the same thread may take again: a signal's handler writes whenever it comes.
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        with self._lock:
            self._held += text
            whole, end, rest = self._held.rpartition("\n")
            if end or len(rest) > MOST_HELD:
                self._held = rest if end else ""
                self.stream.write(redaction.clean(whole + end if end else rest))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._lock:
            held, self._held = self._held, ""
            if held:
                self.stream.write(redaction.clean(held))
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def clean_output() -> Iterator[None]:
    """Both streams are clean within, and stay so when it ends by an exception: Python's own words on it come after."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = CleanStream(before[0]), CleanStream(before[1])
    yield
    sys.stdout.flush()
    sys.stderr.flush()
    sys.stdout, sys.stderr = before


def unclean(stream: TextIO) -> TextIO:
    """The stream itself: for what is secret and meant to be read there, which is the pairing link alone."""
    return stream.stream if isinstance(stream, CleanStream) else stream
