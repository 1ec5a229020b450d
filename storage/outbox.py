"""Messages that wait to be told, most important first (law 10).

The sender asks what is `due`, sends, and says what came of it. After a crash between sending and `sent` a message is
sent again: told twice is better than never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from engine.core.ids import BookId
from engine.core.notices import Notice, Weight
from storage.database import Database
from storage.notices import CHANGED, DROPPED, NEW, SENT
from storage.schema import WAITING, outbox


class WaitingState(StrEnum):
    """NEW: send it. CHANGED: it was sent as `message_id`, and its count or data are newer now: edit that."""

    NEW = NEW
    CHANGED = CHANGED


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that waits. `count` is how often it came, `at` the first time and `last_at` the newest; `attempts` how
    often sending failed since it last worked."""

    id: int
    at: datetime
    book: BookId
    kind: str
    weight: Weight
    data: Mapping[str, str | int | bool | None]
    thread: str
    key: str
    count: int
    state: WaitingState
    chat_id: int | None
    message_id: int | None
    attempts: int
    sent_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def notice(self) -> Notice:
        return Notice(self.at, self.book, self.kind, self.weight, self.data, self.thread, self.key)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A notice as the list of alerts shows it. `state`: new, changed, sent or dropped; `error` says why not sent."""

    id: int
    at: datetime
    last_at: datetime
    book: BookId
    kind: str
    weight: Weight
    data: Mapping[str, str | int | bool | None]
    count: int
    state: str
    sent_at: datetime | None
    error: str


class Outbox:
    """One sender works on it at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._handed: dict[int, tuple[int, int]] = {}

    async def due(self, now: datetime, limit: int = 20) -> list[Waiting]:
        """What may be sent now: falling weight, then in the order it came."""
        rows = await self._database.fetch(
            select(outbox)
            .where(WAITING, outbox.c.not_before <= now)
            .order_by(outbox.c.weight.desc(), outbox.c.id)
            .limit(limit)
        )
        # A repeat may be merged into a row while it is being sent: `sent` must notice that.
        self._handed |= {row.id: (row._mapping["count"], row.weight) for row in rows}
        return [_waiting(row) for row in rows]

    async def sent(self, id: int, chat_id: int, message_id: int | None, at: datetime) -> None:
        """It is in the chat now; `message_id` None: in one message with others, which is not to be edited for it.

        If it was repeated meanwhile it is due again, to be edited; or anew, when it weighs more now: an edit does
        not ring.
        """
        told = self._handed.pop(id, None)

        def work(connection: Connection) -> None:
            row = connection.execute(select(*outbox.c["count", "weight"]).where(outbox.c.id == id)).one()
            values = {"chat_id": chat_id, "message_id": message_id, "sent_at": at, "attempts": 0, "error": ""}
            values["state"] = _after_sending(told or tuple(row), tuple(row))
            connection.execute(update(outbox).where(outbox.c.id == id).values(values))

        await self._database.write(work)

    async def postponed(self, id: int, until: datetime, error: str) -> None:
        """It could not be sent; it is due again at `until`."""
        self._handed.pop(id, None)
        await self._change(id, not_before=until, error=error, attempts=outbox.c.attempts + 1)

    async def dropped(self, id: int, reason: str) -> None:
        """It can never be sent (a chat that is gone); it stays in the list of alerts with the reason."""
        self._handed.pop(id, None)
        await self._change(id, state=DROPPED, error=reason)

    async def thread_message(self, thread: str) -> tuple[int, int] | None:
        """(chat id, message id) of the thread's first message that was sent: later ones are replies to it."""
        rows = await self._database.fetch(
            select(outbox.c.chat_id, outbox.c.message_id)
            .where(outbox.c.thread == thread, outbox.c.message_id.is_not(None))
            .order_by(outbox.c.id)
            .limit(1)
        )
        return (rows[0].chat_id, rows[0].message_id) if thread and rows else None

    async def waiting_count(self) -> int:
        """How many messages have not been told yet."""
        rows = await self._database.fetch(select(func.count()).select_from(outbox).where(WAITING))
        return int(rows[0][0])

    async def recent(self, limit: int, offset: int = 0, least_weight: Weight = Weight.INFO) -> list[AlertRow]:
        """Newest first, of at least that weight, told or not."""
        rows = await self._database.fetch(
            select(outbox)
            .where(outbox.c.weight >= int(least_weight))
            .order_by(outbox.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_alert(row) for row in rows]

    async def purge(self, before: datetime) -> None:
        """Forget what was told or dropped, and last repeated before then."""
        done = outbox.c.state.in_([SENT, DROPPED])
        statement = delete(outbox).where(done, outbox.c.repeated_at < before)
        await self._database.write(lambda connection: connection.execute(statement))

    async def _change(self, id: int, **values: Any) -> None:
        statement = update(outbox).where(outbox.c.id == id).values(**values)
        await self._database.write(lambda connection: connection.execute(statement))


def _after_sending(handed: tuple[int, int], now: tuple[int, int]) -> str:
    """From count and weight: as they were handed out, and as they are."""
    if handed == now:
        return SENT
    return NEW if now[1] > handed[1] else CHANGED


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        id=row.id,
        at=row.at,
        book=BookId(row.book),
        kind=row.kind,
        weight=Weight(row.weight),
        data=row.data,
        thread=row.thread,
        key=row.key,
        count=row._mapping["count"],
        state=WaitingState(row.state),
        chat_id=row.chat_id,
        message_id=row.message_id,
        attempts=row.attempts,
        sent_at=row.sent_at,
        last_at=row.repeated_at,
    )


def _alert(row: Row[Any]) -> AlertRow:
    return AlertRow(
        id=row.id,
        at=row.at,
        last_at=row.repeated_at,
        book=BookId(row.book),
        kind=row.kind,
        weight=Weight(row.weight),
        data=row.data,
        count=row._mapping["count"],
        state=row.state,
        sent_at=row.sent_at,
        error=row.error,
    )
