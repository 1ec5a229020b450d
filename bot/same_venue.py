"""No connection is pointed at another venue while its live book is open: the books of one account would be held against
another's, and what seems to be missing there would be taken off the positions (law 3)."""

from __future__ import annotations

from collections.abc import Mapping

from bot.config import ConfigError
from engine.books import read_book, what_is_open
from engine.core.ids import ConnectionId, book_id
from engine.core.model import Mode
from storage.store import Store


async def check_venues(venues: Mapping[ConnectionId, str], store: Store) -> None:
    """At each start, before anything else: remember at which venue each connection is, and refuse to go on where an
    open live book is at another one. Raises ConfigError with a sentence for each, StorageTrouble, Corrupt."""
    moved: list[str] = []
    for name, venue in venues.items():
        before = str(await store.settings.get(_key(name), ""))
        if before == venue:
            continue
        still_open = await _what_is_open(store, name) if before else ""
        if still_open:
            moved.append(_sentence(name, before, venue, still_open))
        else:
            await store.settings.set(_key(name), venue)
    if moved:
        raise ConfigError(moved)


async def _what_is_open(store: Store, name: ConnectionId) -> str:
    book = await read_book(store.journal, book_id(name, Mode.LIVE))
    return "; ".join(part for part in what_is_open(book.state).values() if part)


def _sentence(name: ConnectionId, before: str, venue: str, still_open: str) -> str:
    return (
        f"connections.{name}.venue: says {venue}, but its live book is open at {before} ({still_open}). Write {before} "
        f"again, or close that first; for an account at {venue} add a connection with another name."
    )


def _key(connection: ConnectionId) -> str:
    return f"connection.{connection}.venue"
