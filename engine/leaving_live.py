"""What the owner is told when a live book and the mode that was asked for do not go together, and once they do."""

from __future__ import annotations

from datetime import datetime

from engine.books import what_is_open
from engine.core.ids import ConnectionId, book_id
from engine.core.model import Mode
from engine.core.notices import Notice, Weight
from engine.core.state import TraderState


def on_paper(connection: ConnectionId, at: datetime) -> Notice:
    """A switch that had to wait until nothing was open is done. The owner may have forgotten that he asked."""
    data = {"connection": connection, "mode": Mode.PAPER.value}
    return Notice(at, book_id(connection, Mode.PAPER), "on_paper", Weight.INFO, data)


def kept_live(connection: ConnectionId, at: datetime, state: TraderState) -> Notice:
    """Paper was stored, and the live book is open: nobody would lead it, so it goes on live and paused."""
    return _of_live_book("kept_live", connection, at, what_is_open(state))


def unreadable(connection: ConnectionId, at: datetime, reason: str) -> Notice:
    """Nobody can say whether the live book of a connection that is not live has something open."""
    return _of_live_book("live_unreadable", connection, at, {"reason": reason})


def left_behind(connection: ConnectionId, at: datetime, state: TraderState) -> Notice:
    """The config no longer has the connection, and its live book is open."""
    return _of_live_book("left_behind", connection, at, what_is_open(state))


def elsewhere(
    connection: ConnectionId, at: datetime, before: str, venue: str, open_: dict[str, str]
) -> Notice:
    """The config says `venue`, and the live book is open at `before`, or can't be read: it was not started. `open_`:
    what is open, or why nobody knows."""
    return _of_live_book("elsewhere", connection, at, {"before": before, "venue": venue} | open_)


def _of_live_book(kind: str, connection: ConnectionId, at: datetime, data: dict[str, str]) -> Notice:
    place = {"connection": connection, "mode": Mode.LIVE.value}
    return Notice(at, book_id(connection, Mode.LIVE), kind, Weight.CRITICAL, data | place)
