"""Secrets that came by the environment, out of where everybody of the same user can read them: /proc/PID/environ.

Python has copies of its own, which settings are read from. Nothing that is started here inherits them: workers get an
environment made for them, and the desk gets its own from the supervisor, and hides it as well.
"""

from __future__ import annotations

import ctypes
import os

_PREFIX = "POCKETDESK__"
_SECRET = ("TOKEN", "URL", "KEY", "SECRET", "PASSPHRASE")


def hide() -> list[str]:
    """Write over them where the kernel shows them; the names of those that were."""
    find = ctypes.CDLL(None).getenv
    find.restype = ctypes.c_void_p
    hidden = []
    for name, value in os.environb.items():
        place = find(name) if _is_secret(name.decode(errors="replace"), value) else None
        if place and ctypes.string_at(place) == value:
            ctypes.memset(place, ord("*"), len(value))
            hidden.append(name.decode(errors="replace"))
    return hidden


def _is_secret(name: str, value: bytes) -> bool:
    """Those of the settings, by their last part, and addresses of proxies with a password in them."""
    upper = name.upper()
    if upper.startswith(_PREFIX):
        return upper.rpartition("__")[2] in _SECRET
    return upper.endswith("_PROXY") and b"@" in value
