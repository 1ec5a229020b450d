"""Notices on their way into the outbox, inside the transaction of what caused them (law 10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from engine.core.notices import Notice, Weight
from storage.schema import WAITING, outbox

FRESH = timedelta(minutes=15)
"""A repeat within this time of the last one is the same message with a count; later it is a new message."""
NEW, CHANGED, SENT, DROPPED = "new", "changed", "sent", "dropped"
# Made once: an order waits for these, and making one anew takes as long as carrying it out.
_STORE = insert(outbox)
_NEWEST = (
    select(*outbox.c["id", "kind", "weight", "state", "repeated_at"])
    .where(outbox.c.book == bindparam("of"), outbox.c.key == bindparam("keyed"))
    .order_by(outbox.c.id.desc())
    .limit(1)
)
_NOT_OVER = (
    update(outbox)
    .where(outbox.c.book == bindparam("of"), outbox.c.key == bindparam("end"), WAITING)
    .values(state=SENT)
)
_REPEAT = update(outbox).where(outbox.c.id == bindparam("row")).values(count=outbox.c.count + 1)


def enqueue(connection: Connection, notices: Sequence[Notice]) -> None:
    """Store each notice, or put it in the place of what the fresh row with its key said."""
    for notice in notices:
        if notice.kind == "trouble" and notice.key:
            _end_is_past(connection, notice)
        if not (notice.key and _merge(connection, notice)):
            connection.execute(_STORE, _row(notice))


def _end_is_past(connection: Connection, notice: Notice) -> None:
    """A trouble that is back before anybody was told of its end: 'over' weighs no more than the trouble, so it would
    be told after it, as the last word about an outage that goes on (law 12). It stays in the list of alerts."""
    connection.execute(_NOT_OVER, {"of": notice.book, "end": f"{notice.key}:over"})


def _merge(connection: Connection, notice: Notice) -> bool:
    row = connection.execute(_NEWEST, {"of": notice.book, "keyed": notice.key}).first()
    if row is None or row.state == DROPPED or notice.at - row.repeated_at > FRESH:
        return False
    if _is_of_its_own(notice, row):
        return False
    said = {
        "row": row.id,
        "kind": notice.kind,
        "data": dict(notice.data),
        "weight": max(row.weight, int(notice.weight)),
        "repeated_at": notice.at,
        "state": NEW if row.state == NEW else CHANGED,
    }
    connection.execute(_REPEAT, said)
    return True


def _is_of_its_own(notice: Notice, row: Row[Any]) -> bool:
    """Whether it must ring beside what the row says. The edit of a message that was sent does not ring; of two that
    ring and say different things, neither takes the other's place; and no step takes the place of a result: an order
    that was given up may be heard of after its position was closed (O22)."""
    if row.state != NEW and notice.weight > row.weight:
        return True
    if row.weight == Weight.TRADE and notice.weight < row.weight:
        return True
    rings = notice.weight > Weight.STEP and notice.kind != row.kind
    return rings and (row.state != NEW or row.weight > Weight.STEP)


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "at": notice.at,
        "book": notice.book,
        "kind": notice.kind,
        "weight": int(notice.weight),
        "data": dict(notice.data),
        "thread": notice.thread,
        "key": notice.key,
        "count": 1,
        "state": NEW,
        "repeated_at": notice.at,
        "not_before": notice.at,
        "attempts": 0,
        "error": "",
    }
