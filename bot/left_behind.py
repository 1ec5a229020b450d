"""Connections that the config lost while their live book is open: nobody leads it, and the owner must know (law 5).

Nothing is done at the venue, and the book stays as it is: with the connection back in the config it goes on.
"""

from __future__ import annotations

from collections.abc import Collection

from loguru import logger

from engine.books import is_open, read_book
from engine.clock import Clock
from engine.core.errors import Corrupt
from engine.core.ids import BookId, ConnectionId
from engine.core.model import Mode
from engine.core.notices import Notice
from engine.leaving_live import left_behind, unreadable
from storage.store import Store


async def tell_left_behind(configured: Collection[ConnectionId], store: Store, clock: Clock) -> None:
    """At each start, since the config is read only then: told once, and anew when it was back and is gone again.

    Raises StorageTrouble.
    """
    for book in await store.queries.books():
        name, _, mode = book.rpartition(".")
        connection = ConnectionId(name)
        if mode != Mode.LIVE:
            continue
        was_told = bool(await store.settings.get(_key(connection), False))
        if connection in configured:
            if was_told:
                await store.settings.delete(_key(connection))
            continue
        notice = None if was_told else await _look(store, connection, book, clock)
        if notice is not None:
            await store.settings.set(_key(connection), True, [notice])


async def _look(store: Store, connection: ConnectionId, book: BookId, clock: Clock) -> Notice | None:
    try:
        state = (await read_book(store.journal, book)).state
    except Corrupt as error:
        logger.error("{}", error)
        return unreadable(connection, clock.now(), str(error))
    return left_behind(connection, clock.now(), state) if is_open(state) else None


def _key(connection: ConnectionId) -> str:
    return f"connection.{connection}.left_behind"
