"""Real candles: the ones that the project ships, and those beside it where they are present."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from engine.core.model import Candle
from engine.core.money import Price, Quantity

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "tests" / "data" / "BTC_USDT-1h.csv"
MARKET = ROOT.parent / "shared" / "market"


def read(path: Path) -> list[Candle]:
    """Candles of a CSV with a header: open time in ms, open, high, low, close, volume."""
    with _opened(path) as lines:
        return list(_candles(lines))


def shipped_or_real(name: str) -> list[Candle]:
    """The real file where it lies beside the project, else the shipped hours of Bitcoin."""
    path = MARKET / f"{name}.csv.gz"
    return read(path if path.exists() else SHIPPED)


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt") if path.suffix == ".gz" else path.open()


def _candles(lines: TextIO) -> Iterator[Candle]:
    for row in csv.DictReader(lines):
        opened, high, low, close = (Price(Decimal(row[name])) for name in ("open", "high", "low", "close"))
        moment = datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC)
        yield Candle(moment, opened, high, low, close, Quantity(Decimal(row["volume"])))
