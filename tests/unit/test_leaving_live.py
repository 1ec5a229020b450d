"""The wish to go back to paper outlives the process that took it (laws 8 and 9); real coordinator, real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.modes import StoredModes
from engine.clock import SystemClock
from engine.core import inputs as i
from engine.core.errors import StorageTrouble
from engine.core.ids import CommandId, ConnectionId
from engine.core.model import Mode, Side, State
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


def process(store: Store, venue: LiveVenue | None = None) -> Engine:
    """A process with nothing in memory, on what the last one left on disk and at the venue."""
    engine = Engine(ONE, journal=store.journal, modes=StoredModes(store.settings))
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


async def test_law_8_a_wish_to_leave_live_outlives_a_restart_and_is_carried_out_once_flat(
    store: Store,
) -> None:
    again = process(store, await wished(store))
    async with again.running(clean=False):
        await ready(again)
        assert again.desk.leaving_live(MAIN)
        resumed = await again.desk.send(MAIN, i.Resume(START, CommandId("again"), "owner"))
        assert "on its way back to paper" in resumed.refused
        assert again.desk.view(MAIN).state.state is State.PAUSED
        again.desk.tick()
        await asyncio.sleep(0.05)
        assert mode(again) is Mode.LIVE, "something is open"
        state = again.desk.view(MAIN).state
        assert len(state.positions) == 1
        await again.desk.send(MAIN, i.Flatten(START, CommandId("flat"), "owner"))
        await until(lambda: not again.desk.view(MAIN).state.positions, "flat")
        await until(lambda: not again.desk.view(MAIN).state.orders, "nothing under way")
        again.desk.tick()
        await until(lambda: mode(again) is Mode.PAPER, "paper")
        await until(lambda: not again.desk.leaving_live(MAIN), "the wish is done")
    third = process(store, again.live)
    async with third.running():
        assert (mode(third), third.desk.leaving_live(MAIN)) == (Mode.PAPER, False)


async def test_a_wish_that_was_carried_out_does_not_end_the_next_time_on_live(store: Store) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        assert (await engine.desk.go_live(MAIN)).refused == ""
        await engine.desk.go_paper(MAIN)
        await until(lambda: mode(engine) is Mode.PAPER and not engine.desk.leaving_live(MAIN), "paper")
        assert (await engine.desk.go_live(MAIN)).refused == ""
    again = process(store, engine.live)
    async with again.running(clean=False):
        again.desk.tick()
        await asyncio.sleep(0.05)
        assert (mode(again), again.desk.leaving_live(MAIN)) == (Mode.LIVE, False)


async def test_law_8_a_second_tap_while_the_first_is_carried_out_does_not_bring_live_back(
    store: Store,
) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        assert (await engine.desk.go_live(MAIN)).refused == ""
        for _ in range(2):
            await engine.desk.go_paper(MAIN)
        await until(lambda: mode(engine) is Mode.PAPER and not engine.desk.leaving_live(MAIN), "paper")
    stored = StoredModes(store.settings)
    assert (await stored.mode(MAIN), await stored.leaves_live(MAIN)) == (Mode.PAPER, False)


async def test_a_wish_that_could_not_be_written_down_is_not_taken_but_it_is_paused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    async with engine.running():
        await live_with_a_position(engine)

        async def refuse(*_: object, **__: object) -> None:
            raise StorageTrouble("the database is locked")

        monkeypatch.setattr(store.settings, "set", refuse)
        with pytest.raises(StorageTrouble):
            await engine.desk.go_paper(MAIN)
        assert not engine.desk.leaving_live(MAIN), "what was answered with 'not stored' must not happen later"
        assert engine.desk.view(MAIN).state.state is State.PAUSED


async def test_what_an_older_program_stored_is_read(store: Store) -> None:
    modes = StoredModes(store.settings)
    assert (await modes.mode(MAIN), await modes.leaves_live(MAIN)) == (Mode.PAPER, False)
    for text in ("live", "paper"):
        await store.settings.set("connection.main.mode", text)
        assert (await modes.mode(MAIN), await modes.leaves_live(MAIN)) == (Mode(text), False)
    await modes.keep_mode(MAIN, Mode.LIVE, leaving=True)
    assert (await modes.mode(MAIN), await modes.leaves_live(MAIN)) == (Mode.LIVE, True)
    await modes.keep_mode(MAIN, Mode.PAPER, leaving=True)
    assert (await modes.mode(MAIN), await modes.leaves_live(MAIN)) == (Mode.PAPER, False)
