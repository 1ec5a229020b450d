"""A connection that was pointed at another venue: not started while its live book is open, remembered otherwise; the
others work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.same_venue import bar_moved
from engine.core.errors import Corrupt
from engine.core.ids import BookId, CommandId, ConnectionId
from engine.core.inputs import Flatten, Pause
from engine.core.model import Mode
from engine.core.notices import Weight
from engine.ports import Recorded
from storage.store import Store
from tests.support.builders import START
from tests.support.engine_world import Engine, until
from tests.support.stored_live import MAIN, ONE, live_with_a_position, process, store, told

__all__ = ["store"]

OTHER = ConnectionId("other")
LIVE_BOOK = BookId("main.live")


def desk_at(store: Store, venue: str) -> Engine:
    """A process whose config has `main` at that venue, and another connection beside it."""
    return process(store, None, replace(ONE, venue=venue), replace(ONE, connection=OTHER, venue=venue))


async def barred(store: Store, engine: Engine) -> frozenset[ConnectionId]:
    return await bar_moved(engine.room.connections, store, engine.clock)


async def lived(store: Store, flat: bool = False, remembered: bool = True) -> None:
    """`main` was live at Binance, with a position or after it."""
    engine = process(store)
    if remembered:
        assert not await barred(store, engine)
    async with engine.running():
        await live_with_a_position(engine)
        if flat:
            await engine.desk.send(MAIN, Flatten(START, CommandId("flat"), "owner"))
            await until(lambda: engine.room.connections[0].is_flat, "flat")


async def test_law_3_an_open_live_book_is_not_held_against_another_venue_and_the_others_work(
    store: Store,
) -> None:
    await lived(store)
    facts = await store.journal.read(LIVE_BOOK)
    engine = desk_at(store, "kraken")
    assert await barred(store, engine) == {MAIN}
    async with engine.running():
        await until(lambda: engine.desk.view(OTHER).health.working, "the other one at work")
        view = engine.desk.view(MAIN)
        assert (view.settings.mode, view.health.working) == (Mode.LIVE, False)
        assert view.state.positions, "the book is shown as it is"
        assert engine.made == [Mode.PAPER], "nobody can send anything to the new venue for it"
        answer = await engine.desk.send(MAIN, Pause(START, CommandId("p"), "owner"))
        assert "Write binance again" in answer.refused
        assert "Write binance again" in (await engine.desk.go_paper(MAIN)).refused
        assert not engine.desk.leaving_live(MAIN)
        assert not (await engine.desk.send(OTHER, Pause(START, CommandId("p"), "owner"))).refused
        engine.clock.advance(timedelta(seconds=1))
        engine.desk.tick()
        engine.desk.mark_equity()
        await engine.desk.reconcile(MAIN)
    assert await store.journal.read(LIVE_BOOK) == facts
    (notice,) = await told(store, "elsewhere")
    assert (notice.weight, notice.data["connection"]) == (Weight.CRITICAL, MAIN)
    assert (notice.data["before"], notice.data["venue"]) == ("binance", "kraken")
    assert str(notice.data["positions"]).startswith("BTC/USDT 0.01")


async def test_back_at_its_venue_it_goes_on_and_until_then_it_is_told_at_each_start(store: Store) -> None:
    await lived(store)
    for _ in range(2):
        assert await barred(store, desk_at(store, "kraken")) == {MAIN}
    assert len(await told(store, "elsewhere")) == 2
    engine = desk_at(store, "binance")
    assert not await barred(store, engine)
    async with engine.running():
        await until(lambda: engine.desk.view(MAIN).health.working, "at work")
        assert engine.desk.view(MAIN).settings.mode is Mode.LIVE
        assert Mode.LIVE in engine.made


async def test_a_live_book_that_can_not_be_read_may_be_open_and_stops_only_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(store)
    read = store.journal.read

    async def damaged(book: BookId, after: int = 0) -> list[Recorded]:
        if book == LIVE_BOOK:
            raise Corrupt(f"fact 3 of book {book} is missing: restore a backup")
        return list(await read(book, after))

    monkeypatch.setattr(store.journal, "read", damaged)
    engine = desk_at(store, "kraken")
    assert await barred(store, engine) == {MAIN}
    async with engine.running():
        await until(lambda: engine.desk.view(OTHER).health.working, "the other one at work")
        assert not engine.desk.view(MAIN).health.working
        assert not engine.room.connections[0].is_flat, "nobody knows, so it may not change its mode"
    (notice,) = await told(store, "elsewhere")
    assert "main.live is missing" in str(notice.data["reason"])


async def test_a_connection_with_nothing_open_may_go_anywhere(store: Store) -> None:
    await lived(store, flat=True)
    assert not await barred(store, desk_at(store, "kraken"))
    assert not await barred(store, desk_at(store, "okx"))


async def test_a_database_of_before_learns_where_its_connections_are(store: Store) -> None:
    await lived(store, remembered=False)
    assert not await barred(store, desk_at(store, "binance"))
    assert await barred(store, desk_at(store, "kraken")) == {MAIN}
