"""A connection that left the config while its live book is open: told once, and nothing else is done."""

from __future__ import annotations

import pytest

from bot.left_behind import tell_left_behind
from engine.clock import ManualClock
from engine.core.errors import Corrupt, StorageTrouble
from engine.core.ids import BookId, CommandId, ConnectionId
from engine.core.inputs import Flatten, ManualEntry
from engine.core.model import Side
from engine.core.notices import Weight
from engine.ports import Recorded
from storage.store import Store
from tests.support.builders import BTC, START, quote
from tests.support.engine_world import LiveVenue, until
from tests.support.stored_live import MAIN, live_with_a_position, process, ready, store, told

__all__ = ["store"]

OTHER = ConnectionId("other")
CLOCK = ManualClock(START)


async def lived(store: Store, flat: bool = False) -> LiveVenue:
    """`main` was live with a position, and its process ended."""
    engine = process(store)
    async with engine.running():
        await live_with_a_position(engine)
        if flat:
            await engine.desk.send(MAIN, Flatten(START, CommandId("flat"), "owner"))
            await until(lambda: engine.room.connections[0].is_flat, "flat")
    return engine.live


async def test_law_5_a_live_book_without_a_connection_is_told_once_and_left_as_it_is(store: Store) -> None:
    venue = await lived(store)
    facts = await store.journal.read(BookId("main.live"))
    orders = await venue.open_orders([BTC])
    for _ in range(3):
        await tell_left_behind([OTHER], store, CLOCK)
    (notice,) = await told(store, "left_behind")
    assert (notice.weight, notice.data["connection"]) == (Weight.CRITICAL, "main")
    assert str(notice.data["positions"]).startswith("BTC/USDT 0.01")
    (order,) = orders
    assert str(order.client_order_id) in str(notice.data["orders"])
    assert await store.journal.read(BookId("main.live")) == facts
    assert await venue.open_orders([BTC]) == orders


async def test_with_its_connection_back_it_goes_on_and_is_told_when_it_is_lost_again(store: Store) -> None:
    venue = await lived(store)
    await tell_left_behind([OTHER], store, CLOCK)
    again = process(store, venue)
    async with again.running():
        await ready(again)
        assert len(again.desk.view(MAIN).state.positions) == 1
    await tell_left_behind([MAIN, OTHER], store, CLOCK)
    assert len(await told(store, "left_behind")) == 1
    await tell_left_behind([OTHER], store, CLOCK)
    assert len(await told(store, "left_behind")) == 2


async def test_nothing_is_told_of_a_live_book_that_is_empty(store: Store) -> None:
    await lived(store, flat=True)
    await tell_left_behind([OTHER], store, CLOCK)
    assert not await told(store, "left_behind")
    assert {"main.live", "main.paper"} == set(await store.queries.books())


async def test_nothing_is_told_of_what_is_open_on_paper(store: Store) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        entry = ManualEntry(START, CommandId("b"), "owner", BTC, Side.BUY, quote("500"))
        assert (await engine.desk.send(MAIN, entry)).refused == ""
        await until(lambda: bool(engine.desk.view(MAIN).state.positions), "a position")
    await tell_left_behind([OTHER], store, CLOCK)
    assert not await told(store, "left_behind")


async def test_a_notice_that_could_not_be_stored_is_told_at_the_next_start(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(store)

    async def refuse(*_: object) -> None:
        raise StorageTrouble("the database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(store.settings, "set", refuse)
        with pytest.raises(StorageTrouble):
            await tell_left_behind([OTHER], store, CLOCK)
    await tell_left_behind([OTHER], store, CLOCK)
    assert len(await told(store, "left_behind")) == 1


async def test_a_book_that_can_not_be_read_is_told_once_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(store)

    async def damaged(book: BookId, after: int = 0) -> list[Recorded]:
        raise Corrupt(f"fact 3 of book {book} is missing: restore a backup")

    monkeypatch.setattr(store.journal, "read", damaged)
    for _ in range(2):
        await tell_left_behind([OTHER], store, CLOCK)
    (notice,) = await told(store, "live_unreadable")
    assert "main.live is missing" in str(notice.data["reason"])
