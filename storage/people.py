"""Who may talk to the desk, and how the first of them becomes known.

A pairing code is shown once, on the machine that runs the desk. Only its salted hash is kept, it expires, and a few
wrong guesses end it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from storage.database import Database
from storage.schema import pairing, people
from storage.sql import upsert

CODE_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH = 12
"""59 bits, none of which look alike: to be typed from one screen into another."""
VALID = timedelta(minutes=15)
ATTEMPTS = 10
ROUNDS = 50_000


class Role(StrEnum):
    OWNER = "owner"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the gate lets in; ids are Telegram's."""

    user_id: int
    chat_id: int
    role: Role
    name: str
    added_at: datetime


class People:
    """The owner and the users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owner(self) -> Person | None:
        return next((person for person in await self.all() if person.role is Role.OWNER), None)

    async def get(self, user_id: int) -> Person | None:
        rows = await self._database.fetch(select(people).where(people.c.user_id == user_id))
        return _person(rows[0]) if rows else None

    async def all(self) -> list[Person]:
        """Oldest first."""
        rows = await self._database.fetch(select(people).order_by(people.c.added_at, people.c.user_id))
        return [_person(row) for row in rows]

    async def add(self, person: Person) -> None:
        """Add a person or change one. A new owner takes the place of the old one."""
        await self._database.write(lambda connection: _add(connection, person))

    async def remove(self, user_id: int) -> None:
        statement = delete(people).where(people.c.user_id == user_id)
        await self._database.write(lambda connection: connection.execute(statement))

    async def begin_pairing(self, now: datetime, valid: timedelta = VALID) -> str:
        """A new code, which whoever sends it becomes the owner by. Codes from before are void."""
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        salt = secrets.token_hex(16)
        row = {
            "id": 1,
            "salt": salt,
            "digest": _digest(code, salt),
            "expires_at": now + valid,
            "attempts_left": ATTEMPTS,
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(pairing))
            connection.execute(insert(pairing).values(row))

        await self._database.write(work)
        return code

    async def redeem(self, code: str, user_id: int, chat_id: int, name: str, now: datetime) -> Person | None:
        """The new owner, or None for a code that is wrong, used, void or too old. Each try counts."""
        person = Person(user_id, chat_id, Role.OWNER, name, now)

        def work(connection: Connection) -> Person | None:
            row = connection.execute(select(pairing)).first()
            if row is None or row.expires_at <= now or row.attempts_left <= 0:
                return None
            if not hmac.compare_digest(row.digest, _digest(code.strip().lower(), row.salt)):
                connection.execute(update(pairing).values(attempts_left=row.attempts_left - 1))
                return None
            connection.execute(delete(pairing))
            _add(connection, person)
            return person

        return await self._database.write(work)


def _add(connection: Connection, person: Person) -> None:
    if person.role is Role.OWNER:
        connection.execute(delete(people).where(people.c.role == Role.OWNER))
    upsert(connection, people, [asdict(person) | {"role": str(person.role)}])


def _person(row: Row[Any]) -> Person:
    return Person(row.user_id, row.chat_id, Role(row.role), row.name, row.added_at)


def _digest(code: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", code.encode(), bytes.fromhex(salt), ROUNDS).hex()
