"""What the owner sent, kept before it is acknowledged to Telegram: a command survives whatever ends the process (T20).

An update is `waiting` until it was dealt with; its answer is kept with it for a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from storage.database import Database
from storage.schema import updates

LONGEST_ANSWER = 500


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """`body` is the update's own JSON, as the Bot API sent it."""

    update_id: int
    body: str
    received_at: datetime


class Updates:
    """Each update is kept once, by its number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, fresh: Sequence[StoredUpdate], done: Mapping[int, str], now: datetime) -> None:
        """Store what came and, in the same transaction, what became of earlier ones: their answers. Synced when this
        returns. Raises StorageTrouble."""

        def work(connection: Connection) -> None:
            wanted = [one.update_id for one in fresh]
            known = set(
                connection.scalars(select(updates.c.update_id).where(updates.c.update_id.in_(wanted)))
            )
            rows = [
                {"update_id": one.update_id, "body": one.body, "received_at": one.received_at}
                for one in fresh
                if one.update_id not in known
            ]
            if rows:
                connection.execute(insert(updates), rows)
            for number, answer in done.items():
                values = {"done_at": now, "answer": answer[:LONGEST_ANSWER]}
                connection.execute(update(updates).where(updates.c.update_id == number).values(values))

        await self._database.write(work)

    async def waiting(self) -> list[StoredUpdate]:
        """Those that nothing became of yet, oldest first."""
        statement = select(updates).where(updates.c.done_at.is_(None)).order_by(updates.c.update_id)
        rows = await self._database.fetch(statement)
        return [StoredUpdate(row.update_id, row.body, row.received_at) for row in rows]

    async def known(self) -> set[int]:
        """The numbers of all that are kept: Telegram may send again what was stored and not acknowledged."""
        rows = await self._database.fetch(select(updates.c.update_id))
        return {row.update_id for row in rows}

    async def purge(self, before: datetime) -> None:
        """Forget those that were dealt with before then."""
        statement = delete(updates).where(updates.c.done_at < before)
        await self._database.write(lambda connection: connection.execute(statement))
