"""Column types that keep what they are given: exact Decimals, times in UTC, JSON values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from engine.redaction import redaction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself only in a plain INTEGER key."""


class Exact(TypeDecorator[Decimal]):
    """A Decimal as text, with every digit: SQLAlchemy's Numeric goes through float on SQLite (law 13)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 in UTC: exact, and ordered in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + value * MICROSECOND


class Words(TypeDecorator[str]):
    """What somebody else may have said: an error that a venue, a strategy or Telegram put into words may hold a secret
    (law 14). All other columns keep what they are given, letter by letter: names, numbers and times are no words."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else redaction.clean_stored(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value


class Record(TypeDecorator[str]):
    """JSON as text; the words in it are kept as those of `Words`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else redaction.clean_record(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value


class Json(TypeDecorator[Any]):
    """Any JSON value as text; the words in it are kept as those of `Words`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return redaction.clean_record(text)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
