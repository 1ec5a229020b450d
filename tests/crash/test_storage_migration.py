"""A real process, killed at any step of a real migration: the next start comes up whole (FAILURES P11)."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage.backup import check_backup
from storage.opening import MIGRATIONS
from storage.schema import REVISION
from storage.store import Store

START = datetime(2026, 1, 2, tzinfo=UTC)
BOOK = BookId("main.paper")
FACTS = 3_000
"""With their text more than the writer's cache, so that half a migration really lies in the write-ahead log."""

NEXT_REVISION = f"{int(REVISION) + 1:04d}"
"""Of a version that isn't written yet, whatever this one's is."""

NEXT = '''
"""A step of each kind: a table made, a table rebuilt, rows changed."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "@NEXT@", "@NOW@", None, None


def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))
    op.execute("INSERT INTO extra (name) VALUES ('one')")
    with op.batch_alter_table("facts", recreate="always") as facts:
        facts.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE facts SET note = 'moved'")
    op.execute("INSERT INTO extra (name) VALUES ('two')")
'''

PROCESS = """
import asyncio, os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine

import storage.backup, storage.opening, storage.migrations.run
from engine.clock import SystemClock
from storage.store import Store

url, folder, point = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
storage.opening.REVISION, storage.opening.MIGRATIONS, storage.migrations.run.HERE = "@NEXT@", folder, folder
true_upgrade, true_fsync = storage.migrations.run.upgrade, os.fsync
seen = {"statements": 0, "upgrading": False}

def die(here):
    if here == point:
        os.kill(os.getpid(), signal.SIGKILL)

def upgrade(connection):
    seen["upgrading"] = True
    true_upgrade(connection)
    die("before the commit")

def fsync(number):
    true_fsync(number)
    die("in the copy before it")

def after_execute(*_):
    if seen["upgrading"]:
        seen["statements"] += 1
        die(f"statement {seen['statements']}")

async def main():
    true_prepare = sys.modules["storage.store"].prepare

    async def prepare(*arguments, **names):
        await true_prepare(*arguments, **names)
        die("after the commit")

    sys.modules["storage.store"].prepare = prepare
    storage.migrations.run.upgrade, os.fsync = upgrade, fsync
    event.listen(Engine, "after_cursor_execute", after_execute)
    store = await Store.open(url, SystemClock())
    await store.close()
    print(seen["statements"])

asyncio.run(main())
"""


def _named(text: str) -> str:
    return text.replace("@NEXT@", NEXT_REVISION).replace("@NOW@", REVISION)


@pytest.fixture(scope="module")
def migrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program's own migrations and one more."""
    folder = tmp_path_factory.mktemp("program") / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{NEXT_REVISION}_next.py").write_text(_named(NEXT))
    return folder


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the version before left it."""
    path = tmp_path_factory.mktemp("older") / "desk.db"
    asyncio.run(_write(path))
    return path


async def _write(path: Path) -> None:
    store = await Store.open(f"sqlite:///{path}", SystemClock())
    text = "x" * 500
    await store.journal.append(BOOK, 0, [HaltLifted(START, f"{number} {text}") for number in range(FACTS)])
    await store.close()


def start(path: Path, migrations: Path, point: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _named(PROCESS), f"sqlite:///{path}", str(migrations), point],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


POINTS = [
    "in the copy before it",
    *(f"statement {number}" for number in (1, 6, 12)),
    "before the commit",
    "after the commit",
]


@pytest.mark.parametrize("point", POINTS)
def test_p11_killed_in_the_middle_of_a_migration(
    tmp_path: Path, older: Path, migrations: Path, point: str
) -> None:
    path = tmp_path / "desk.db"
    shutil.copy(older, path)
    killed = start(path, migrations, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = tmp_path / f"desk.db.before-migration-from-{REVISION}"
    assert before.exists() == (point != POINTS[0]), "a copy is there whole or not at all"
    again = start(path, migrations)
    assert again.returncode == 0, again.stderr
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEXT_REVISION,)]
        assert database.execute("SELECT name FROM extra ORDER BY id").fetchall() == [("one",), ("two",)]
        assert database.execute("SELECT count(*), min(note) FROM facts").fetchone() == (FACTS, "moved")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert check_backup(before).facts == FACTS
    assert {file.name for file in tmp_path.iterdir()} <= {
        "desk.db", "desk.db.lock", "desk.db.ballast", "desk.db-wal", "desk.db-shm", before.name
    }  # fmt: skip


def test_the_points_lie_within_the_migration(tmp_path: Path, older: Path, migrations: Path) -> None:
    path = tmp_path / "desk.db"
    shutil.copy(older, path)
    statements = int(start(path, migrations).stdout)
    assert statements > 12
