"""Starts the desk again when it ended by itself, where nothing else does: `pocketdesk run` on a bare machine.

Under systemd, in a container, or with POCKETDESK_SUPERVISOR=off it is not there: those start the desk again themselves.
It imports next to nothing, and is ended together with the desk by the same signal.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from engine.clock import SystemClock

OFF = "POCKETDESK_SUPERVISOR"
FINAL = (0, 2)
"""Exit codes that nothing is gained by repeating: ended as told, and settings that can't be used."""
WAITS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before the next start, by how often it failed in a row; the last one repeats."""
WORKED_WELL = 300.0
MOST = 20
"""Failures in a row after which it gives up."""
_PR_SET_PDEATHSIG = 1


def is_needed(environment: Mapping[str, str]) -> bool:
    """Whether nobody else would start the desk again."""
    held = any(
        environment.get(name) for name in ("INVOCATION_ID", "NOTIFY_SOCKET", "KUBERNETES_SERVICE_HOST")
    )
    contained = os.getpid() == 1 or Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
    return environment.get(OFF, "").lower() not in ("off", "0", "no") and not held and not contained


def supervise(command: Sequence[str], waits: Sequence[float] = WAITS, most: int = MOST) -> int:
    """Run the command until it ends as told; its exit code."""
    return _Supervisor(command, waits, most).run()


class _Supervisor:
    def __init__(self, command: Sequence[str], waits: Sequence[float], most: int) -> None:
        self._command = command
        self._waits = waits
        self._most = most
        self._child: subprocess.Popen[bytes] | None = None
        self._told_to_stop = False
        self._now = SystemClock().monotonic

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._pass_on)
        failed = 0
        while True:
            began = self._now()
            code = self._once()
            if code in FINAL or self._stopped():
                return code
            failed = 1 if self._now() - began > WORKED_WELL else failed + 1
            if failed > self._most:
                sys.stderr.write(f"pocketdesk ended {failed} times in a row (code {code}): given up\n")
                return code
            wait = self._waits[min(failed, len(self._waits)) - 1]
            sys.stderr.write(f"pocketdesk ended with code {code}: started again in {wait:g} s\n")
            time.sleep(wait)
            if self._stopped():
                return code

    def _once(self) -> int:
        environment = {**os.environ, OFF: "off"}
        self._child = subprocess.Popen(self._command, env=environment, preexec_fn=_end_with_parent)
        code = self._child.wait()
        return code if code >= 0 else 128 - code

    def _stopped(self) -> bool:
        return self._told_to_stop

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._told_to_stop = True
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)


def _end_with_parent() -> None:
    """A supervisor that is killed takes the desk along: two would be one too many."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
