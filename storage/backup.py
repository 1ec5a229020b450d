"""Copies of a SQLite database by its backup interface, never by a plain copy of the file (P6)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def copy_database(source: Path, target: Path) -> None:
    """Copy `source`, as of its last commit, to `target`; a program may go on writing to it meanwhile."""
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
