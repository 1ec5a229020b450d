"""What a button stands for: its callback data is only a token, the rest is kept here (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from storage.database import Database
from storage.schema import tokens


@dataclass(frozen=True, slots=True)
class Token:
    """Valid for one person in one chat until `expires_at`, and only once if `single_use`.

    `message_id` is the message that carries the button, None until it was sent.
    """

    token: str
    verb: str
    chat_id: int
    user_id: int
    expires_at: datetime
    args: Mapping[str, Any] = field(default_factory=dict)
    single_use: bool = False
    message_id: int | None = None
    used_at: datetime | None = None


class Tokens:
    """The buttons that are out in the chats."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_many(self, many: Sequence[Token]) -> None:
        """Store a screen's tokens at once, before the screen is sent."""
        rows = [asdict(token) | {"args": dict(token.args)} for token in many]
        if rows:
            await self._database.write(lambda connection: connection.execute(insert(tokens), rows))

    async def bind(self, names: Sequence[str], message_id: int) -> None:
        """Say which message carries them, once that is known."""
        statement = update(tokens).where(tokens.c.token.in_(names)).values(message_id=message_id)
        await self._database.write(lambda connection: connection.execute(statement))

    async def get(self, token: str) -> Token | None:
        """The token, used and expired ones too: the caller says in words why it is no longer good."""
        rows = await self._database.fetch(select(tokens).where(tokens.c.token == token))
        return _token(rows[0]) if rows else None

    async def use_once(self, token: str, now: datetime) -> Token | None:
        """Mark it used. None if it is unknown, expired or was used before: of two taps one gets it (law 9)."""
        good = (tokens.c.token == token, tokens.c.used_at.is_(None), tokens.c.expires_at > now)

        def work(connection: Connection) -> Token | None:
            if connection.execute(update(tokens).where(*good).values(used_at=now)).rowcount == 0:
                return None
            return _token(connection.execute(select(tokens).where(tokens.c.token == token)).one())

        return await self._database.write(work)

    async def purge(self, before: datetime) -> None:
        """Forget those that expired before then."""
        statement = delete(tokens).where(tokens.c.expires_at < before)
        await self._database.write(lambda connection: connection.execute(statement))


def _token(row: Row[Any]) -> Token:
    return Token(**row._mapping)
