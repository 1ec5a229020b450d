"""Reading candles from a CSV: `timestamp,open,high,low,close,volume`, plain or gzipped.

`timestamp` is the open time in milliseconds UTC. What cannot be true is refused with the file and the line;
holes are filled flat (no volume, at the last close) and counted, because a venue's clock has no holes.
"""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from sandbox.exchange.market.pairs import pair_for
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair

HEADER = ["timestamp", "open", "high", "low", "close", "volume"]
_MOST_FILLED = 100_000


class BadMarketFile(ValueError):
    """The file cannot be played; the text names the file, the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def read_market(name: str, path: Path) -> tuple[Pair, Tape, int]:
    """The instrument, its tape, and how many missing candles were filled in. Raises `BadMarketFile`."""
    rows = list(_rows(path))
    if len(rows) < 2:
        raise BadMarketFile(f"{path}: only {len(rows)} candles; at least 2 are needed")
    pair = pair_for(name, rows[-1].close)
    step_ms = Counter(after.time_ms - before.time_ms for before, after in pairwise(rows)).most_common(1)[0][0]
    bars: list[Bar] = []
    filled = 0
    for before, row in pairwise([rows[0], *rows]):
        missing = _missing(path, before, row, step_ms)
        filled += missing
        if filled > _MOST_FILLED:
            raise BadMarketFile(
                f"{path}, line {row.line}: more than {_MOST_FILLED} candles are missing up to here"
            )
        bars += [_flat(bars[-1].close)] * missing if missing else []
        bars.append(_bar(pair, row))
    return pair, Tape(bars), filled


def _missing(path: Path, before: _Row, row: _Row, step_ms: int) -> int:
    if row is before:
        return 0
    steps, odd = divmod(row.time_ms - before.time_ms, step_ms)
    if odd:
        raise BadMarketFile(
            f"{path}, line {row.line}: its time is not on the {step_ms // 1000} s grid of the others"
        )
    return steps - 1


def _flat(price: int) -> Bar:
    return Bar(price, price, price, price, 0)


def _bar(pair: Pair, row: _Row) -> Bar:
    """Open and close rounded to the nearest tick, high up and low down: the candle never becomes untrue."""
    nearest = [int((price / pair.tick).to_integral_value(ROUND_HALF_EVEN)) for price in (row.open, row.close)]
    high = int((row.high / pair.tick).to_integral_value(ROUND_CEILING))
    low = max(1, int((row.low / pair.tick).to_integral_value(ROUND_FLOOR)))
    return Bar(max(1, nearest[0]), high, low, max(1, nearest[1]), int(row.volume / pair.step))


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if [cell.strip().lower() for cell in header] != HEADER:
                raise BadMarketFile(
                    f"{path}, line 1: the columns must be {','.join(HEADER)}, not {','.join(header)}"
                )
            last_ms = -1
            for cells in reader:
                row = _row(path, reader.line_num, cells)
                if row.time_ms <= last_ms:
                    raise BadMarketFile(
                        f"{path}, line {row.line}: its time is not after that of the line before"
                    )
                last_ms = row.time_ms
                yield row
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise BadMarketFile(f"{path}: cannot be read: {problem}") from problem


def _row(path: Path, line: int, cells: list[str]) -> _Row:
    if len(cells) != len(HEADER):
        raise BadMarketFile(f"{path}, line {line}: {len(cells)} values, not {len(HEADER)}")
    try:
        time_ms = int(Decimal(cells[0]))
        numbers = [Decimal(cell) for cell in cells[1:]]
    except (InvalidOperation, ValueError, OverflowError) as problem:
        raise BadMarketFile(f"{path}, line {line}: not a number in “{','.join(cells)}”") from problem
    if not all(number.is_finite() for number in numbers):
        raise BadMarketFile(f"{path}, line {line}: NaN or infinite in “{','.join(cells)}”")
    row = _Row(line, time_ms, *numbers)
    if row.low <= 0 or row.volume < 0:
        raise BadMarketFile(f"{path}, line {line}: a price that is not above zero, or a negative volume")
    if not row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high:
        raise BadMarketFile(f"{path}, line {line}: high and low do not enclose open and close")
    return row
