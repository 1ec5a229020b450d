"""The journal in a database (`engine.ports.Journal`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from loguru import logger
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.core.errors import Corrupt, OutcomeUnknown, StorageTrouble
from engine.core.facts import AnyFact
from engine.core.ids import BookId
from engine.core.notices import Notice
from engine.core.state import TraderState
from engine.ports import Recorded
from engine.redaction import redaction
from storage import schema
from storage.codec import decode, encode
from storage.database import Database
from storage.notices import enqueue
from storage.projection import project
from storage.snapshots import decode_state, encode_state, state_version
from storage.trouble import CommitLost, ConnectionLost, LeaseLost

PAGE = 5_000
"""Facts read at once: a long book must not be in memory twice."""
KEPT_SNAPSHOTS = 2
SETTLE_PAUSES = (0.0, 0.5, 1.5)
"""Seconds before each question whether a commit without an answer came through."""
# Made once: an order waits for these, and making one anew takes as long as carrying it out.
_LAST = select(schema.books.c.last).where(schema.books.c.book == bindparam("of"))
_CLAIM = (
    update(schema.books)
    .where(schema.books.c.book == bindparam("of"), schema.books.c.last == bindparam("after"))
    .values(last=bindparam("until"))
)
_STORE = insert(schema.facts)


class SqlJournal:
    """Facts, what is read from them, and the notices they cause: one transaction each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.refused = ""
        """Why the last facts could not be stored, in words; empty when they were."""

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        """See `engine.ports.Journal.append`."""
        try:
            number = await self._append(book, after, facts, notices)
        except StorageTrouble as error:
            self.refused = str(error)
            raise
        self.refused = ""
        return number

    async def _append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice]
    ) -> int:
        rows = [_row(book, number, fact) for number, fact in enumerate(facts, after + 1)]

        def store(connection: Connection, again: bool = False) -> int:
            # The claim first: it waits for a commit of ours that the server may still be busy with.
            if not _advance(connection, book, after, len(rows)):
                if again and _is_there(connection, book, after, rows):
                    return after + len(rows)
                raise _out_of_step(connection, book, after)
            if rows:
                connection.execute(_STORE, rows)
                project(connection, book, after, facts)
            enqueue(connection, notices)
            return after + len(rows)

        try:
            return await self._write(store)
        except CommitLost as error:
            return await self._settle(book, error, lambda connection: store(connection, again=True))

    async def _write(self, store: Callable[[Connection], int]) -> int:
        try:
            return await self._database.write(store)
        except ConnectionLost:
            # Lost before the commit, so nothing was stored: the next connection is a new one.
            return await self._database.write(store)

    async def _settle(self, book: BookId, error: StorageTrouble, store: Callable[[Connection], int]) -> int:
        """The commit may have come through before the line was cut: trying again tells. What can't be told in a
        few seconds stays unknown: whoever goes on must read the book anew first."""
        for pause in SETTLE_PAUSES:
            await asyncio.sleep(pause)
            try:
                return await self._database.write(store)
            except LeaseLost:
                raise
            except StorageTrouble as still:
                logger.warning("whether the last facts of {} were stored can't be asked yet: {}", book, still)
        raise OutcomeUnknown(f"book {book} has to be read again: {error}") from error

    async def read(self, book: BookId, after: int = 0) -> list[Recorded]:
        """See `engine.ports.Journal.read`. Raises Corrupt for a gap or a fact that can't be read."""
        recorded: list[Recorded] = []
        while True:
            rows = await self._database.fetch(
                select(*schema.facts.c["number", "kind", "version", "body"])
                .where(schema.facts.c.book == book, schema.facts.c.number > after + len(recorded))
                .order_by(schema.facts.c.number)
                .limit(PAGE)
            )
            for row in rows:
                if row.number != after + len(recorded) + 1:
                    raise Corrupt(
                        f"fact {after + len(recorded) + 1} of book {book} is missing: restore a backup"
                    )
                recorded.append(Recorded(row.number, decode(row.kind, row.version, row.body)))
            if len(rows) < PAGE:
                return recorded

    async def snapshot(self, book: BookId, number: int, state: TraderState) -> None:
        """See `engine.ports.Journal.snapshot`."""
        row = {"book": book, "number": number, "version": state_version(), "body": encode_state(state)}
        table = schema.snapshots

        def work(connection: Connection) -> None:
            connection.execute(delete(table).where(table.c.book == book, table.c.number == number))
            connection.execute(insert(table), row)
            newest = select(table.c.number).where(table.c.book == book).order_by(table.c.number.desc())
            kept = newest.limit(KEPT_SNAPSHOTS)
            connection.execute(delete(table).where(table.c.book == book, table.c.number.not_in(kept)))

        await self._database.write(work)

    async def latest(self, book: BookId) -> tuple[int, TraderState] | None:
        """See `engine.ports.Journal.latest`: one that was made of another shape of state is passed over."""
        table = schema.snapshots
        rows = await self._database.fetch(
            select(table.c.number, table.c.body)
            .where(table.c.book == book, table.c.version == state_version())
            .order_by(table.c.number.desc())
        )
        for row in rows:
            # A snapshot saves time only: one that is damaged is passed over, and the facts are folded instead.
            with suppress(Corrupt):
                return row.number, decode_state(row.body)
        return None

    async def tell(self, notices: Sequence[Notice]) -> None:
        """See `engine.ports.Journal.tell`."""
        await self._database.write(lambda connection: enqueue(connection, notices))


def _row(book: BookId, number: int, fact: AnyFact) -> dict[str, Any]:
    kind = type(fact)
    return {
        "book": book,
        "number": number,
        "kind": kind.__name__,
        "version": kind.VERSION,
        "at": fact.at,
        "body": encode(fact),
    }


def _advance(connection: Connection, book: BookId, after: int, count: int) -> bool:
    """Claim the next numbers; false when the book's last number is not `after`."""
    moved = connection.execute(_CLAIM, {"of": book, "after": after, "until": after + count})
    if moved.rowcount == 1:
        return True
    if after > 0 or _last(connection, book) is not None:
        return False
    connection.execute(insert(schema.books).values(book=book, last=count))
    return True


def _last(connection: Connection, book: BookId) -> int | None:
    last: int | None = connection.scalar(_LAST, {"of": book})
    return last


def _out_of_step(connection: Connection, book: BookId, after: int) -> Corrupt:
    last = _last(connection, book) or 0
    return Corrupt(f"book {book} ends at fact {last}, not {after}: a second writer was at work")


def _is_there(connection: Connection, book: BookId, after: int, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether the facts after `after` are these very ones."""
    table = schema.facts
    stored = connection.execute(
        select(*table.c["number", "kind", "body"])
        .where(table.c.book == book, table.c.number > after)
        .order_by(table.c.number)
    )
    return bool(rows) and [tuple(row) for row in stored] == [
        (row["number"], row["kind"], redaction.clean_record(row["body"])) for row in rows
    ]
