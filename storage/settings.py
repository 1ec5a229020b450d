"""Small things to remember: pinned messages, the last update that was handled, whether the end was orderly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from engine.core.notices import Notice
from storage.database import Database
from storage.notices import enqueue
from storage.schema import settings
from storage.sql import upsert


class Settings:
    """JSON values by key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str, default: Any = None) -> Any:
        rows = await self._database.fetch(select(settings.c.value).where(settings.c.key == key))
        return rows[0].value if rows else default

    async def set(self, key: str, value: Any, notices: Sequence[Notice] = ()) -> None:
        """Store it, with what is to be told of it, in one transaction. Raises TypeError for what JSON can't say."""

        def work(connection: Connection) -> None:
            upsert(connection, settings, [{"key": key, "value": value}])
            enqueue(connection, notices)

        await self._database.write(work)

    async def delete(self, key: str) -> None:
        statement = delete(settings).where(settings.c.key == key)
        await self._database.write(lambda connection: connection.execute(statement))
