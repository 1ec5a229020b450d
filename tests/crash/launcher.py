"""Starts the real bot so that it kills itself at one point: `python -m tests.crash.launcher POINT MARKER run …`.

The product knows nothing of this: the real functions are wrapped from outside before the bot begins. The marker is
a file that is written just before the SIGKILL, so that the test knows that the process died there and nowhere else.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.crash.points import POINTS


class Doom:
    """Ends the process at the `times`-th call, without any chance to tidy up."""

    def __init__(self, number: int, times: int, marker: Path) -> None:
        self._number = number
        self._left = times
        self._marker = marker

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._marker.write_text(str(self._number), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    number, marker, *words = sys.argv[1:]
    point = POINTS[int(number)]
    point.hook(Doom(point.number, point.times, Path(marker)))
    from bot import cli

    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main())
