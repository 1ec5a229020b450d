"""The jobs and the end of the process: the clock set back, late jobs, a lost lease, SQLite's transactions."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection, text

from bot.lifecycle import FORCED
from bot.schedule import Schedule
from engine.clock import SystemClock
from engine.coordinator import Coordinator
from engine.core.settings import TraderSettings
from storage.store import Store
from tests.support.builders import BTC, preset, settings
from tests.support.engine_world import Engine, until

ONE: TraderSettings = settings(preset(symbols=(BTC,)))
HANGING = """
import asyncio, sys
from bot.lifecycle import run

async def lose_the_lease(stop):
    stop.set()
    await asyncio.sleep(60)

sys.exit(run(lose_the_lease, drain_seconds=0.3))
"""


class Ticks:
    """Counts the ticks of a coordinator."""

    def __init__(self, desk: Coordinator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(desk, "tick", self._tick)

    def _tick(self) -> None:
        self.count += 1


@asynccontextmanager
async def armed(desk: Coordinator) -> AsyncIterator[AsyncIOScheduler]:
    scheduler = AsyncIOScheduler(timezone=UTC)
    schedule = Schedule(scheduler, desk, SystemClock())
    schedule.arm()
    scheduler.start()
    try:
        yield scheduler
    finally:
        await schedule.disarm()
        scheduler.shutdown(wait=False)


async def test_p13_the_jobs_go_on_when_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler sees its jobs an hour away then: no deadline would be kept, no limit judged."""
    monkeypatch.setattr("bot.schedule.LATE", 0.6)
    monkeypatch.setattr("bot.schedule.TICK", 0.1)
    engine = Engine(ONE)
    ticks = Ticks(engine.desk, monkeypatch)
    async with armed(engine.desk) as scheduler:
        for job in scheduler.get_jobs():
            job.modify(next_run_time=job.next_run_time + timedelta(hours=1))
        await until(lambda: ticks.count > 0, "a tick")


async def test_c1_c2_no_job_is_dropped_for_being_late_and_none_waits_for_its_work() -> None:
    engine = Engine(ONE)
    async with armed(engine.desk) as scheduler:
        jobs = scheduler.get_jobs()
        assert {job.id for job in jobs} >= {"tick", "equity"}
        assert {(job.misfire_grace_time, job.coalesce) for job in jobs} == {(None, True)}
        tick = next(job for job in jobs if job.id == "tick")
        before = len(asyncio.all_tasks())
        await tick.func(*tick.args)
        assert len(asyncio.all_tasks()) == before


def test_p8_an_end_that_begins_from_inside_is_bounded_too() -> None:
    """Law 11: who lost the lease must not linger."""
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, timeout=20, check=False)
    assert ended.returncode == FORCED


async def test_p3_a_write_that_reads_first_has_the_lock_from_its_beginning(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", SystemClock())
    other = await asyncio.to_thread(_second_writer, tmp_path / "desk.db")
    try:
        held = await store.database.write(lambda connection: _locked_out(other, connection))
        assert held == "database is locked"
    finally:
        other.close()
        await store.close()


def _second_writer(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)


def _locked_out(other: sqlite3.Connection, ours: Connection) -> str:
    """What another program is told that wants to write after our transaction has only read."""
    ours.execute(text("SELECT count(*) FROM books")).scalar()
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return str(error)
    other.execute("ROLLBACK")
    return "it may write"
