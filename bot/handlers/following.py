"""Follows what was sent until nothing more is to come, or patience ends: a new screen for each change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from bot.handlers.base import Services
from bot.notices import whole_of as notice_line
from bot.screens import confirming, talk, trading
from bot.screens.base import Button, Screen, place
from bot.screens.summary import Holding
from bot.text import Html, word
from engine.core.ids import BookId, ClientOrderId, ConnectionId
from storage.outbox import AlertRow

FOLLOW_SECONDS = 12.0
LOOK_SECONDS = 0.25
_ALERTS = 60
_ENDINGS = ("order_rejected", "order_ended")


class Patience:
    """Turns of looking, up to a time."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + seconds

    async def next(self) -> bool:
        """Wait a moment; False once patience has ended."""
        if self._loop.time() >= self._until:
            return False
        await asyncio.sleep(LOOK_SECONDS)
        return True


# ── positions that are being left ─────────────────────────────────────────────────────────


async def leaving(services: Services, title: Html, held: Sequence[Holding]) -> AsyncIterator[Screen]:
    """A screen at once, then a new one for each change; notices tell the rest."""
    if not held:
        yield talk.done(title, Button(word("home.positions_plain"), "positions"))
        return
    patience, shown = Patience(FOLLOW_SECONDS), list[Html]()
    while True:
        found = [await _step(services, one) for one in held]
        steps, finished = [one.words for one in found], all(one.done for one in found)
        if steps != shown:
            shown = steps
            over = len(found) == 1 and found[0].closed  # it is no longer under way
            yield confirming.progress(None if over else title, steps, finished, services.now())
            for one in (one for one in found if one.closed):
                services.said.show(one.key)
        if finished or not await patience.next():
            return


@dataclass(frozen=True, slots=True)
class _Step:
    """`closed`: it is told with its result, as its notice would tell it."""

    key: tuple[BookId, str]
    words: Html
    done: bool
    closed: bool


async def _step(services: Services, held: Holding) -> _Step:
    view, it = services.desk.view(held.connection), held.position
    told = None if it.id in view.state.positions else await _closed_notice(services, view.book, it.id)
    gone = notice_line(told) if told is not None else None
    words, done = confirming.leaving_step(view.state, it.id, it.symbol, gone)
    return _Step((view.book, it.id), words, done, told is not None)


async def _closed_notice(services: Services, book: BookId, position_id: str) -> AlertRow | None:
    """What is stored to be told of it: the answer says the very same."""
    for row in await services.store.outbox.recent(_ALERTS):
        if row.kind == "position_closed" and row.book == book and row.data.get("position") == position_id:
            return row
    return None


# ── an order ──────────────────────────────────────────────────────────────────────────────


async def order(
    services: Services, connection: ConnectionId, order_id: ClientOrderId, title: Callable[[], Html]
) -> AsyncIterator[Screen]:
    """Sent, accepted, part filled, filled, refused, unknown: each as it comes."""
    args = place(connection, services.desk.view(connection).settings.mode)
    patience, shown = Patience(FOLLOW_SECONDS), ""
    while True:
        found = await _followed(services, connection, order_id)
        told = trading.step(found)
        if told != shown:
            shown = told
            yield trading.followed(title(), found, args, services.now())
        if found.finished or not await patience.next():
            return


async def _followed(
    services: Services, connection: ConnectionId, order_id: ClientOrderId
) -> trading.Followed:
    state = services.desk.view(connection).state
    found = state.order(order_id)
    position = state.positions.get(found.position_id) if found else None
    reason = await _why(services, order_id) if found is not None and found.status.ended else ""
    return trading.Followed(order_id, found, position, reason)


async def _why(services: Services, order_id: ClientOrderId) -> str:
    """Why it ended is in the notice that told of it; the books keep only how."""
    for row in await services.store.outbox.recent(_ALERTS):
        if row.kind in _ENDINGS and row.data.get("order") == order_id:
            return str(row.data.get("detail") or "")
    return ""
