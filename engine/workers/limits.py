"""What a worker may use, set by itself before it runs anything."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_MB = 1024 * 1024
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """`memory`: bytes of private memory (RLIMIT_DATA). `processes` counts all of this user's, None leaves it as it is.
    `ours`: it runs no foreign code, so that it may keep compiled files and need not be the smallest. `folders`: the
    names in our environment of folders that it needs."""

    memory: int = 512 * _MB
    addresses: int = 2048 * _MB
    files: int = 64
    file_size: int = _MB
    processes: int | None = 64
    ours: bool = False
    folders: tuple[str, ...] = ()


LIMITS: Mapping[str, Limits] = MappingProxyType(
    {
        # A strategy with all of numpy takes a tenth of that memory.
        "foreign": Limits(),
        # matplotlib keeps a list of the machine's fonts in a file of its own; without it each start takes seconds.
        "drawing": Limits(file_size=16 * _MB, ours=True, folders=("MPLCONFIGDIR", "HOME", "TMPDIR")),
        # Looking up a venue's address takes a thread.
        "asking": Limits(processes=None, ours=True),
    }
)


def apply(name: str) -> None:
    """No more than this from here on, and not a moment longer than the desk that started it."""
    limits = LIMITS[name]
    _end_with_parent()
    for what, most in (
        (resource.RLIMIT_DATA, limits.memory),
        (resource.RLIMIT_AS, limits.addresses),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_CORE, 0),
    ):
        if most is not None:
            resource.setrlimit(what, (most, most))
    os.nice(5)  # exits before strategies


def _end_with_parent() -> None:
    """Killed with the desk, whatever ends that; a desk that is gone already is seen by the socket's end."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
