"""What a database holds once its process has ended, read from a copy: the original stays as it was left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.clock import SystemClock
from engine.core.evolve import evolve
from engine.core.facts import AnyFact
from engine.core.ids import BookId
from engine.core.state import TraderState
from storage.store import Store


@dataclass(frozen=True)
class Stored:
    """A book as its journal has it, and what the desk itself keeps. `clean`: the last process ended in good order."""

    facts: list[AnyFact]
    state: TraderState
    owner: int
    dashboard: object
    clean: bool
    waiting: int


async def read_stored(database: Path, aside: Path, book: BookId) -> Stored:
    """Read a copy of `database` in the folder `aside`, every fact folded anew, no snapshot used."""
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for part in ("", "-wal", "-shm"):
        if (source := database.with_name(database.name + part)).exists():
            shutil.copy(source, aside / source.name)
    store = await Store.open(f"sqlite:///{aside / database.name}", SystemClock())
    try:
        state, facts = TraderState(), [one.fact for one in await store.journal.read(book)]
        for fact in facts:
            evolve(state, fact)
        owner = await store.people.owner()
        dashboard = await store.settings.get("dashboard.message")
        waiting = await store.outbox.waiting_count()
        return Stored(facts, state, owner.user_id if owner else 0, dashboard, store.was_clean, waiting)
    finally:
        await store.close()
