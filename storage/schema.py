"""Every table. The facts are the truth; what is below 'read models' is made from them in the same transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

from storage.columns import BigId, Exact, Json, Moment, Record, Words

REVISION = "0003"
"""The newest migration. A database that says so is opened without importing Alembic."""

metadata = MetaData()
WAITING = text("state IN ('new', 'changed')")

alembic_version = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))

# ── the truth ─────────────────────────────────────────────────────────────────────────────

books = Table(
    "books",
    metadata,
    Column("book", Text, primary_key=True),
    Column("last", BigId, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("book", Text, primary_key=True),
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Record, nullable=False),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("book", Text, primary_key=True),
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("body", Record, nullable=False),
)

# ── read models ───────────────────────────────────────────────────────────────────────────

fills = Table(
    "fills",
    metadata,
    Column("book", Text, primary_key=True),
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("fill_id", Text, nullable=False),
    Column("position_id", Text, nullable=False),
    Column("client_order_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Exact, nullable=False),
    Column("price", Exact, nullable=False),
    Column("fees", Json, nullable=False),
    Column("fee_value", Exact, nullable=False),
    Column("at", Moment, nullable=False),
    Index("fills_of_position", "book", "position_id", "number"),
    Index("fills_of_symbol", "book", "symbol", "at"),
)

trades = Table(
    "trades",
    metadata,
    Column("book", Text, primary_key=True),
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("position_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("preset", Text),
    Column("quantity", Exact, nullable=False),
    Column("entry_price", Exact, nullable=False),
    Column("exit_price", Exact, nullable=False),
    Column("profit", Exact, nullable=False),
    Column("fees", Exact, nullable=False),
    Column("share", Exact, nullable=False),
    Column("dust", Exact, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment, nullable=False),
    Column("reason", Words, nullable=False),
    Column("unpriced", Text, nullable=False, server_default=""),
    Index("trades_of_position", "book", "position_id"),
)

days = Table(
    "days",
    metadata,
    Column("book", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("profit", Exact, nullable=False),
    Column("fees", Exact, nullable=False),
    Column("volume", Exact, nullable=False),
    Column("trades", Integer, nullable=False),
    Column("wins", Integer, nullable=False),
)

totals = Table(
    "totals",
    metadata,
    Column("book", Text, primary_key=True),
    Column("profit", Exact, nullable=False),
    Column("fees", Exact, nullable=False),
    Column("volume", Exact, nullable=False),
    Column("won", Exact, nullable=False),
    Column("lost", Exact, nullable=False),
    Column("trades", Integer, nullable=False),
    Column("wins", Integer, nullable=False),
)

performance = Table(
    "performance",
    metadata,
    Column("book", Text, primary_key=True),
    Column("preset", Text, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("profit", Exact, nullable=False),
    Column("fees", Exact, nullable=False),
    Column("won", Exact, nullable=False),
    Column("lost", Exact, nullable=False),
    Column("trades", Integer, nullable=False),
    Column("wins", Integer, nullable=False),
)

equity = Table(
    "equity",
    metadata,
    Column("book", Text, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("bucket", BigId, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("equity", Exact, nullable=False),
    Column("cash", Exact, nullable=False),
    sqlite_with_rowid=False,
)

halts = Table(
    "halts",
    metadata,
    Column("book", Text, primary_key=True),
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("breaker", Text, nullable=False),
    Column("reason", Words, nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", Text),
)

# ── the conversation ──────────────────────────────────────────────────────────────────────

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("book", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("data", Json, nullable=False),
    Column("thread", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("repeated_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Words, nullable=False),
    Column("chat_id", BigId),
    Column("message_id", BigId),
    Column("sent_at", Moment),
    Index("outbox_key", "book", "key", "id"),
    Index("outbox_thread", "thread", "id"),
)
_outbox_waiting = Index("outbox_waiting", outbox.c.weight.desc(), outbox.c.id, sqlite_where=WAITING)


@event.listens_for(metadata, "before_create")
def _partial_on_postgres(target: MetaData, connection: Connection, **_: Any) -> None:
    """`postgresql_where` above would import PostgreSQL's dialect for everyone, which costs 2 MB."""
    if connection.dialect.name == "postgresql":
        _outbox_waiting.dialect_options["postgresql"]["where"] = WAITING


settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Json, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("user_id", BigId, primary_key=True, autoincrement=False),
    Column("chat_id", BigId, nullable=False),
    Column("role", Text, nullable=False),
    Column("name", Words, nullable=False),
    Column("added_at", Moment, nullable=False),
)

pairing = Table(
    "pairing",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("salt", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("attempts_left", Integer, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("args", Json, nullable=False),
    Column("chat_id", BigId, nullable=False),
    Column("user_id", BigId, nullable=False),
    Column("message_id", BigId),
    Column("expires_at", Moment, nullable=False),
    Column("single_use", Boolean, nullable=False),
    Column("used_at", Moment),
    Index("tokens_expiry", "expires_at"),
)

updates = Table(
    "updates",
    metadata,
    Column("update_id", BigId, primary_key=True, autoincrement=False),
    Column("body", Record, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("answer", Words),
)

# ── the rest ──────────────────────────────────────────────────────────────────────────────

candles = Table(
    "candles",
    metadata,
    Column("venue", Text, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("timeframe", Integer, primary_key=True, autoincrement=False),
    Column("open_time", Moment, primary_key=True, autoincrement=False),
    Column("open", Exact, nullable=False),
    Column("high", Exact, nullable=False),
    Column("low", Exact, nullable=False),
    Column("close", Exact, nullable=False),
    Column("volume", Exact, nullable=False),
    sqlite_with_rowid=False,
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("fence", BigId, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
