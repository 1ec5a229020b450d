"""The first schema. Written out, since what a migration makes must never change with the program."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXACT = JSON = sa.Text()
MOMENT = sa.BigInteger()
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("state IN ('new', 'changed')")


def upgrade() -> None:
    """Make every table."""
    make_the_truth()
    make_the_read_models()
    make_the_conversation()
    make_the_rest()


def make_the_truth() -> None:
    op.create_table(
        "books",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.PrimaryKeyConstraint("book"),
    )
    op.create_table(
        "facts",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "snapshots",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", "number"),
    )


def make_the_read_models() -> None:
    op.create_table(
        "fills",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("fill_id", sa.Text(), nullable=False),
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", EXACT, nullable=False),
        sa.Column("price", EXACT, nullable=False),
        sa.Column("fees", JSON, nullable=False),
        sa.Column("fee_value", EXACT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("book", "number"),
    )
    op.create_index("fills_of_position", "fills", ["book", "position_id", "number"])
    op.create_index("fills_of_symbol", "fills", ["book", "symbol", "at"])
    op.create_table(
        "trades",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("quantity", EXACT, nullable=False),
        sa.Column("entry_price", EXACT, nullable=False),
        sa.Column("exit_price", EXACT, nullable=False),
        sa.Column("profit", EXACT, nullable=False),
        sa.Column("fees", EXACT, nullable=False),
        sa.Column("share", EXACT, nullable=False),
        sa.Column("dust", EXACT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", "number"),
    )
    op.create_index("trades_of_position", "trades", ["book", "position_id"])
    op.create_table(
        "days",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("profit", EXACT, nullable=False),
        sa.Column("fees", EXACT, nullable=False),
        sa.Column("volume", EXACT, nullable=False),
        sa.Column("trades", sa.Integer(), nullable=False),
        sa.Column("wins", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("book", "day"),
    )
    op.create_table(
        "totals",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("profit", EXACT, nullable=False),
        sa.Column("fees", EXACT, nullable=False),
        sa.Column("volume", EXACT, nullable=False),
        sa.Column("won", EXACT, nullable=False),
        sa.Column("lost", EXACT, nullable=False),
        sa.Column("trades", sa.Integer(), nullable=False),
        sa.Column("wins", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("book"),
    )
    op.create_table(
        "performance",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("profit", EXACT, nullable=False),
        sa.Column("fees", EXACT, nullable=False),
        sa.Column("won", EXACT, nullable=False),
        sa.Column("lost", EXACT, nullable=False),
        sa.Column("trades", sa.Integer(), nullable=False),
        sa.Column("wins", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("book", "preset", "symbol"),
    )
    op.create_table(
        "equity",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", BIG, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("equity", EXACT, nullable=False),
        sa.Column("cash", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("book", "step", "bucket"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "halts",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("breaker", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("book", "number"),
    )


def make_the_conversation() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("repeated_at", MOMENT, nullable=False),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("chat_id", BIG, nullable=True),
        sa.Column("message_id", BIG, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_key", "outbox", ["book", "key", "id"])
    op.create_index("outbox_thread", "outbox", ["thread", "id"])
    op.create_index(
        "outbox_waiting",
        "outbox",
        [sa.text("weight DESC"), "id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "people",
        sa.Column("user_id", BIG, autoincrement=False, nullable=False),
        sa.Column("chat_id", BIG, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "pairing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("attempts_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tokens",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("args", JSON, nullable=False),
        sa.Column("chat_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("single_use", sa.Boolean(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("tokens_expiry", "tokens", ["expires_at"])


def make_the_rest() -> None:
    op.create_table(
        "candles",
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("open_time", MOMENT, autoincrement=False, nullable=False),
        sa.Column("open", EXACT, nullable=False),
        sa.Column("high", EXACT, nullable=False),
        sa.Column("low", EXACT, nullable=False),
        sa.Column("close", EXACT, nullable=False),
        sa.Column("volume", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("venue", "symbol", "timeframe", "open_time"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
