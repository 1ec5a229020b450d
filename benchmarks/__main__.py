"""`make bench`: everything that the project promises in numbers, measured on this machine. `--quick` takes a minute."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Promise:
    """One line of the table: which figure of which benchmark, and the most that it may be."""

    title: str
    module: str
    figure: str
    limit: float
    unit: str
    quick: Mapping[str, Any]


PROMISES = (
    Promise(
        "program start to first answer", "bench_start", "start_to_first_answer_s", 1.5, "s", {"starts": 2}
    ),
    Promise(
        "resident memory after 5 minutes and a chart",
        "bench_memory",
        "resident_mb",
        130,
        "MB",
        {"seconds": 20},
    ),
    Promise(
        "candle close to decision, three strategies",
        "bench_strategies",
        "close_to_decision_ms",
        1,
        "ms",
        {"rounds": 300},
    ),
    Promise("500 positions, one price each, all exits", "bench_exits", "all_exits_ms", 10, "ms", {}),
    Promise(
        "command to answer, 100,000 fills stored",
        "bench_chat",
        "command_to_answer_ms",
        10,
        "ms",
        {"fills": 2000},
    ),
)


def main() -> int:
    """Print the table; the exit code tells whether every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, to see that they work")
    parser.add_argument("only", nargs="*", help="names such as bench_start")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print(f"{'':1} {'what':<46} {'measured':>12} {'at most':>12}")
    kept = [
        _run(promise, options.quick)
        for promise in PROMISES
        if not options.only or promise.module in options.only
    ]
    return 0 if all(kept) else 1


def _run(promise: Promise, quick: bool) -> bool:
    module = importlib.import_module(f"benchmarks.{promise.module}")
    figures: Mapping[str, float] = module.measure(**promise.quick) if quick else module.measure()
    value = figures[promise.figure]
    sign = "✓" if value <= promise.limit else "✗"
    print(
        f"{sign} {promise.title:<46} {value:>9.2f} {promise.unit:<2} {promise.limit:>9g} {promise.unit}",
        flush=True,
    )
    for name, other in figures.items():
        if name != promise.figure:
            print(f"    beside it, {name}: {other:.3f}")
    return value <= promise.limit


if __name__ == "__main__":
    sys.exit(main())
