"""A few megabytes beside the database, kept to be given up when the disk is full (P4).

A desk that can't write may not send an order, not even one that closes a position. With the ballast gone there
is room again for some thousand facts: enough to leave every position and to write that down.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from storage.private import FILE

SIZE = 8 * 1024 * 1024
"""Bytes. A fact with all that is read from it takes about 2 KiB, and the write-ahead log doubles that for a while."""
ROOM = 4 * SIZE
"""Bytes that must be free before a new ballast is laid down."""


class Ballast:
    """`path` None: there is none to keep, as with a database on a server.

    `given_up` stays true until the disk has room again: no new entries meanwhile.
    """

    def __init__(self, path: Path | None, size: int = SIZE, room: int = ROOM) -> None:
        self._path = path
        self._size = size
        self._room = room
        self.given_up = False

    def give_up(self) -> bool:
        """Make room; false when there was nothing left to give."""
        self.given_up = True
        if self._path is None or not self._path.exists():
            return False
        self._path.unlink()
        return True

    def lay(self) -> bool:
        """Lay it down if it is missing and there is room for it; false when the disk is too full. Never raises."""
        if self._path is None:
            self.given_up = False
            return True
        if not self._is_whole(self._path) and not self._fill(self._path):
            return False
        self.given_up = False
        return True

    def _is_whole(self, path: Path) -> bool:
        return path.exists() and path.stat().st_size == self._size

    def _fill(self, path: Path) -> bool:
        if shutil.disk_usage(path.parent).free < self._room:
            return False
        try:
            path.touch(mode=FILE)
            with path.open("wb") as file:
                # Truly taken: a sparse file would keep no room.
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            path.unlink(missing_ok=True)
            return False
        return True
