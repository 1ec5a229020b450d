"""What a worker may use, set by itself before it runs anything foreign."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

MEMORY = 512 * 1024 * 1024
"""Bytes of private memory (RLIMIT_DATA): a strategy with all of numpy takes a tenth of it."""
ADDRESSES = 2 * 1024 * 1024 * 1024
FILES = 64
FILE_SIZE = 1024 * 1024
PROCESSES = 64
_PR_SET_PDEATHSIG = 1


def apply() -> None:
    """No more than this from here on, and not a moment longer than the desk that started it."""
    _end_with_parent()
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_AS, ADDRESSES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(5)  # exits before strategies


def _end_with_parent() -> None:
    """Killed with the desk, whatever ends that; a desk that is gone already is seen by the socket's end."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
