"""A live connection in the engine without a network, on a real database: each process anew from what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.modes import StoredModes
from engine.clock import SystemClock
from engine.core import inputs as i
from engine.core.ids import CommandId, ConnectionId
from engine.core.model import Mode, Side
from engine.core.settings import TraderSettings
from storage.outbox import AlertRow
from storage.store import Store
from tests.support.builders import BTC, START, preset, quote, settings
from tests.support.engine_world import Engine, LiveVenue, until

MAIN = ConnectionId("main")
ONE = settings(preset(symbols=(BTC,)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'desk.db'}", SystemClock())
    yield opened
    await opened.close()


def process(store: Store, venue: LiveVenue | None = None, *settings: TraderSettings) -> Engine:
    """A process with nothing in memory, on what the last one left on disk and at the venue."""
    engine = Engine(*(settings or (ONE,)), journal=store.journal, modes=StoredModes(store.settings))
    engine.live = venue or engine.live
    return engine


def mode(engine: Engine) -> Mode:
    return engine.desk.view(MAIN).settings.mode


async def ready(engine: Engine) -> None:
    await engine.push(BTC, "40000")
    await until(lambda: bool(engine.room.connections[0].runner.market.instruments), "the instruments")


async def live_with_a_position(engine: Engine) -> None:
    await ready(engine)
    assert (await engine.desk.go_live(MAIN)).refused == ""
    await until(lambda: engine.desk.view(MAIN).state.equity == 10000, "the money")
    await engine.push(BTC, "40000")
    await engine.desk.send(MAIN, i.Resume(START, CommandId("r"), "owner"))
    entry = i.ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
    assert (await engine.desk.send(MAIN, entry)).refused == ""
    await until(lambda: any(one.stop for one in engine.desk.view(MAIN).state.positions.values()), "a stop")


async def wished(store: Store) -> LiveVenue:
    """The owner taps back to paper with a position open, and the process ends."""
    engine = process(store)
    async with engine.running():
        await live_with_a_position(engine)
        assert (await engine.desk.go_paper(MAIN)).refused == ""
    return engine.live


async def told(store: Store, kind: str) -> list[AlertRow]:
    """What the owner was told, or is to be told, of that kind."""
    return [one for one in await store.outbox.recent(100) if one.kind == kind]
