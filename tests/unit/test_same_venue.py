"""A connection that was pointed at another venue: refused while its live book is open, remembered otherwise."""

from __future__ import annotations

import pytest

from bot.config import ConfigError
from bot.same_venue import check_venues
from engine.core.ids import BookId, CommandId, ConnectionId
from engine.core.inputs import Flatten
from storage.store import Store
from tests.support.builders import START
from tests.support.engine_world import until
from tests.support.stored_live import MAIN, live_with_a_position, process, store

__all__ = ["store"]

OTHER = ConnectionId("other")


async def lived(store: Store, flat: bool = False) -> None:
    """`main` was live, with a position or after it."""
    engine = process(store)
    async with engine.running():
        await live_with_a_position(engine)
        if flat:
            await engine.desk.send(MAIN, Flatten(START, CommandId("flat"), "owner"))
            await until(lambda: engine.room.connections[0].is_flat, "flat")


async def test_law_3_an_open_live_book_is_not_held_against_another_venue(store: Store) -> None:
    await check_venues({MAIN: "binance"}, store)
    await lived(store)
    facts = await store.journal.read(BookId("main.live"))
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            await check_venues({MAIN: "kraken", OTHER: "okx"}, store)
        (sentence,) = refused.value.problems
        assert sentence.startswith(
            "connections.main.venue: says kraken, but its live book is open at binance"
        )
        assert "BTC/USDT 0.01" in sentence
    await check_venues({MAIN: "binance", OTHER: "okx"}, store)
    assert await store.journal.read(BookId("main.live")) == facts


async def test_a_connection_with_nothing_open_may_go_anywhere(store: Store) -> None:
    await check_venues({MAIN: "binance"}, store)
    await lived(store, flat=True)
    await check_venues({MAIN: "kraken"}, store)
    await check_venues({MAIN: "okx"}, store)


async def test_a_database_of_before_learns_where_its_connections_are(store: Store) -> None:
    await lived(store)
    await check_venues({MAIN: "binance"}, store)
    with pytest.raises(ConfigError):
        await check_venues({MAIN: "kraken"}, store)
