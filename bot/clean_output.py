"""Standard output and standard error without secrets, whoever writes there: our own words, libraries, Python's last
words on a crash, a logger that failed (law 14).

Text is held back until its line is whole, so that no secret is written in two halves. What is not text, such as
`faulthandler`'s dump, goes past this, and has no values in it.
"""

from __future__ import annotations

import atexit
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
            if end:
                self._held = rest
                self.stream.write(redaction.clean(whole + end))
            if len(rest) > MOST_HELD:
                self._let_go()
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Half a line goes out without what may begin a secret: the rest of that may come with the next words."""
        with self._lock:
            self._let_go()
            self.stream.flush()

    def finish(self) -> None:
        """All that is held goes out: nothing comes after it."""
        with self._lock:
            held, self._held = self._held, ""
            self.stream.write(redaction.clean(held))
            self.stream.flush()

    def _let_go(self) -> None:
        end = len(self._held) - redaction.begun(self._held)
        held, self._held = self._held[:end], self._held[end:]
        if held:
            self.stream.write(redaction.clean(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def clean_output() -> Iterator[None]:
    """Both streams are clean within, and stay so when it ends by an exception: Python's own words on it come after."""
    before = sys.stdout, sys.stderr
    ours = CleanStream(before[0]), CleanStream(before[1])
    for stream in ours:
        atexit.register(stream.finish)
    sys.stdout, sys.stderr = ours
    yield
    for stream in ours:
        stream.finish()
        atexit.unregister(stream.finish)
    sys.stdout, sys.stderr = before


def unclean(stream: TextIO) -> TextIO:
    """The stream itself: for what is secret and meant to be read there, which is the pairing link alone."""
    return stream.stream if isinstance(stream, CleanStream) else stream
