"""What is read from the facts, kept in the same transaction.

Each kind of fact adds rows or adds to rows; nothing here depends on anything but the fact and its number, so all
tables could be made again from the journal and come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from engine.core.facts import (
    AnyFact,
    EquityMarked,
    FeesPriced,
    FillBooked,
    HaltLatched,
    HaltLifted,
    PositionClosed,
)
from engine.core.ids import BookId
from engine.core.money import ZERO
from storage import schema
from storage.columns import EPOCH, Exact
from storage.sql import upsert

STEPS = (60, 600, 3_600, 86_400)
"""Seconds. Equity is kept as the last mark of each minute, ten minutes, hour and day."""
EXACT = Context(prec=100)
"""Sums over years keep every digit; the usual 28 digits would round a large sum with many places."""
Key = tuple[tuple[str, Any], ...]
"""A row's primary key, as pairs of column and value."""
Projector = Callable[["Batch", int, Any], None]


class Batch:
    """What the facts of one transaction add, gathered so that each table is written to once."""

    def __init__(self, connection: Connection, book: BookId) -> None:
        self.connection = connection
        self.book = book
        self._rows: dict[Table, list[dict[str, Any]]] = {}
        self._sums: dict[tuple[Table, Key], dict[str, Any]] = {}

    def insert(self, table: Table, row: dict[str, Any]) -> None:
        """One more row of `table`."""
        self._rows.setdefault(table, []).append(row)

    def add(self, table: Table, key: Mapping[str, Any], added: Mapping[str, Any]) -> None:
        """Add to the sums in one row of `table`, which is made if it is not there yet."""
        sums = self._sums.setdefault((table, tuple(key.items())), {})
        for name, value in added.items():
            sums[name] = _sum(sums[name], value) if name in sums else value

    def write(self) -> None:
        """Everything that was gathered."""
        for table, rows in self._rows.items():
            self.connection.execute(insert(table), rows)
        for (table, key), added in self._sums.items():
            _add(self.connection, table, dict(key), added)


def project(connection: Connection, book: BookId, after: int, facts: Sequence[AnyFact]) -> None:
    """Bring the read models up to date with `facts`, numbered from `after` + 1."""
    batch = Batch(connection, book)
    for number, fact in enumerate(facts, after + 1):
        projector = PROJECTORS.get(type(fact))
        if projector is not None:
            projector(batch, number, fact)
    batch.write()


def _fill(batch: Batch, number: int, fact: FillBooked) -> None:
    batch.insert(schema.fills, fill_row(batch.book, number, fact))
    added = {"fees": fact.fee_value, "volume": EXACT.multiply(fact.fill.quantity, fact.fill.price)}
    batch.add(schema.days, {"book": batch.book, "day": day_of(fact.fill.at)}, added)
    batch.add(schema.totals, {"book": batch.book}, added)


def _fees_priced(batch: Batch, number: int, fact: FeesPriced) -> None:
    """Of the day of the price, seconds after that of the fill."""
    added = {"fees": fact.value}
    batch.add(schema.days, {"book": batch.book, "day": day_of(fact.at)}, added)
    batch.add(schema.totals, {"book": batch.book}, added)


def _trade(batch: Batch, number: int, fact: PositionClosed) -> None:
    batch.insert(schema.trades, trade_row(batch.book, number, fact))
    won = fact.profit > ZERO
    result = {"profit": fact.profit, "trades": 1, "wins": int(won)}
    batch.add(schema.days, {"book": batch.book, "day": day_of(fact.at)}, result)
    result |= {"won" if won else "lost": abs(fact.profit)}
    batch.add(schema.totals, {"book": batch.book}, result)
    key = {"book": batch.book, "preset": fact.preset or "", "symbol": fact.symbol}
    batch.add(schema.performance, key, result | {"fees": fact.fees})


def _equity(batch: Batch, number: int, fact: EquityMarked) -> None:
    value = {"at": fact.at, "equity": fact.equity, "cash": fact.cash}
    buckets = [{"book": batch.book, "step": step, "bucket": bucket_of(fact.at, step)} for step in STEPS]
    upsert(batch.connection, schema.equity, [key | value for key in buckets])


def _halt(batch: Batch, number: int, fact: HaltLatched) -> None:
    values = {
        "book": batch.book,
        "number": number,
        "at": fact.at,
        "breaker": str(fact.breaker),
        "reason": fact.reason,
    }
    batch.connection.execute(insert(schema.halts).values(values))


def _lift(batch: Batch, number: int, fact: HaltLifted) -> None:
    table = schema.halts
    latched = (table.c.book == batch.book, table.c.lifted_at.is_(None))
    batch.connection.execute(update(table).where(*latched).values(lifted_at=fact.at, lifted_by=fact.by))


PROJECTORS: dict[type[Any], Projector] = {
    FillBooked: _fill,
    FeesPriced: _fees_priced,
    PositionClosed: _trade,
    EquityMarked: _equity,
    HaltLatched: _halt,
    HaltLifted: _lift,
}


def _add(connection: Connection, table: Table, key: dict[str, Any], added: Mapping[str, Any]) -> None:
    """Add to a row's sums, in Python: SQL would sum text as floats."""
    found = connection.execute(select(table).where(*_matches(table, key)))
    row = found.mappings().first()
    if row is None:
        sums = {column.name: 0 for column in table.columns if not column.primary_key}
        exact = {name: added.get(name, ZERO if _is_exact(table, name) else 0) for name in sums}
        connection.execute(insert(table).values(key | exact))
    else:
        total = {name: _sum(row[name], value) for name, value in added.items()}
        connection.execute(update(table).where(*_matches(table, key)).values(total))


def _sum(old: Any, added: Any) -> Any:
    return EXACT.add(old, added) if isinstance(old, Decimal) else old + added


def _is_exact(table: Table, name: str) -> bool:
    return isinstance(table.c[name].type, Exact)


def _matches(table: Table, key: dict[str, Any]) -> list[Any]:
    return [table.c[name] == value for name, value in key.items()]


def day_of(at: datetime) -> date:
    """The UTC day."""
    return at.astimezone(UTC).date()


def bucket_of(at: datetime, step: int) -> int:
    """The number of the span of `step` seconds that `at` lies in."""
    return int((at - EPOCH).total_seconds() // step)


def fill_row(book: BookId, number: int, fact: FillBooked) -> dict[str, Any]:
    """The row of a fill."""
    fill = fact.fill
    return {
        "book": book,
        "number": number,
        "fill_id": fill.id,
        "position_id": fact.position_id,
        "client_order_id": fill.client_order_id,
        "symbol": fill.symbol,
        "side": str(fill.side),
        "quantity": fill.quantity,
        "price": fill.price,
        "fees": [[str(fee.amount), fee.coin] for fee in fill.fees],
        "fee_value": fact.fee_value,
        "at": fill.at,
    }


def trade_row(book: BookId, number: int, fact: PositionClosed) -> dict[str, Any]:
    """The row of a closed position."""
    return {
        "book": book,
        "number": number,
        "position_id": fact.position_id,
        "symbol": fact.symbol,
        "direction": str(fact.direction),
        "preset": fact.preset,
        "quantity": fact.quantity,
        "entry_price": fact.entry_price,
        "exit_price": fact.exit_price,
        "profit": fact.profit,
        "fees": fact.fees,
        "share": fact.share,
        "dust": fact.dust,
        "opened_at": fact.opened_at,
        "closed_at": fact.at,
        "reason": fact.reason,
        "unpriced": ", ".join(f"{fee.amount:f} {fee.coin}" for fee in fact.unpriced),
    }
