"""The wish to go back to paper outlives the process that took it (laws 8 and 9); real coordinator, real database."""

from __future__ import annotations

import asyncio

import pytest

from bot.modes import StoredModes
from engine.core import inputs as i
from engine.core.errors import StorageTrouble
from engine.core.ids import CommandId
from engine.core.model import Mode, State
from storage.store import Store
from tests.support.builders import START
from tests.support.engine_world import until
from tests.support.stored_live import MAIN, live_with_a_position, mode, process, ready, store, wished

__all__ = ["store"]


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
