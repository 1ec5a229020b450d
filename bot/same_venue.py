"""No connection works at another venue while its live book is open: the books of one account would be held against
another's, and what seems to be missing there would be taken off the positions (law 3). It alone stays behind, and the
owner is told what to do; the others' books must not be left to nobody because of it (law 16)."""

from __future__ import annotations

from collections.abc import Iterable

from loguru import logger

from engine.books import read_book, what_is_open
from engine.clock import Clock
from engine.connection import Connection
from engine.core.errors import Corrupt
from engine.core.ids import ConnectionId, book_id
from engine.core.model import Mode
from engine.leaving_live import elsewhere
from storage.store import Store


async def bar_moved(connections: Iterable[Connection], store: Store, clock: Clock) -> frozenset[ConnectionId]:
    """Before anything starts: remember at which venue each connection is, and bar those whose open live book is at
    another one. Returns the barred ones, told at each start. Raises StorageTrouble."""
    barred = set()
    for one in connections:
        name, venue = one.settings.connection, one.settings.venue
        before = str(await store.settings.get(_key(name), ""))
        if before == venue:
            continue
        still_open = await _what_is_open(store, name) if before else {}
        if not any(still_open.values()):
            await store.settings.set(_key(name), venue)
            continue
        await store.journal.tell([elsewhere(name, clock.now(), before, venue, still_open)])
        reason = _sentence(name, before, venue)
        logger.error("{}", reason)
        one.bar(reason)
        barred.add(name)
    return frozenset(barred)


async def _what_is_open(store: Store, name: ConnectionId) -> dict[str, str]:
    """In words; what can't be read may have something open."""
    try:
        return what_is_open((await read_book(store.journal, book_id(name, Mode.LIVE))).state)
    except Corrupt as error:
        return {"reason": str(error)}


def _sentence(name: ConnectionId, before: str, venue: str) -> str:
    return (
        f"{name} was not started: the config says {venue}, but its live book is at {before}. Write {before} again as "
        f"connections.{name}.venue and start the desk again"
    )


def _key(connection: ConnectionId) -> str:
    return f"connection.{connection}.venue"
