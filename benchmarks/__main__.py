"""`make bench`: everything that the project promises in numbers, measured on this machine.

The whole takes ten minutes, five of them for the memory; `--quick` takes three and says what it did less of.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from benchmarks.whole_bot import program


@dataclass(frozen=True)
class Promise:
    """One line of the table: which figure of which benchmark, and the most that it may be.

    `full` and `quick` are what the benchmark is called with; the title names them, so that a row says what was
    really measured.
    """

    title: str
    module: str
    figure: str
    limit: float
    unit: str
    full: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)


PROMISES = (
    Promise("`make demo`, fresh clone, to first answer", "bench_demo", "demo_to_first_answer_s", 10, "s"),
    Promise("first paper trade in the demo, told", "bench_demo", "demo_to_first_trade_s", 120, "s"),
    Promise(
        "program start to first answer, median of {starts}",
        "bench_start", "start_to_first_answer_s", 1.5, "s", {"starts": 5}, {"starts": 3},
    ),
    Promise(
        "main process after {seconds:g} s, 20 instruments, RSS",
        "bench_memory", "main_rss_mb", 114, "MB", {"seconds": 300.0}, {"seconds": 30.0},
    ),
    Promise("with a worker for own strategies, in all, RSS", "bench_memory", "all_rss_mb", 150, "MB"),
    Promise(
        "candle close to decision, three strategies",
        "bench_strategies", "close_to_decision_ms", 1, "ms", {"rounds": 2000}, {"rounds": 500},
    ),
    Promise(
        "500 positions, one price each: all exits", "bench_exits", "exits_500_prices_quiet_ms", 10, "ms"
    ),
    Promise(
        "command to answer, median, {fills:,} fills stored",
        "bench_chat", "command_to_answer_ms", 10, "ms", {"fills": 100_000, "rounds": 60},
        {"fills": 100_000, "rounds": 30},
    ),
    Promise("tick to order, above a bare loop, median", "bench_order", "above_bare_ms", 2.5, "ms"),
    Promise("tick to order, 95th percentile", "bench_order", "tick_to_order_p95_ms", 5, "ms"),
)  # fmt: skip


def main() -> int:
    """Print the table; the exit code tells whether every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, to see that they work")
    parser.add_argument("only", nargs="*", metavar="NAME", help="just these, e.g. start or bench_chat")
    options = parser.parse_args()
    wanted = {name if name.startswith("bench_") else f"bench_{name}" for name in options.only}
    modules = list(dict.fromkeys(one.module for one in PROMISES if not wanted or one.module in wanted))
    if unknown := wanted - set(modules):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {program()[0]}")
    print(f"  {'what':<50} {'measured':>12} {'at most':>12}")
    kept = [_run(module, options.quick) for module in modules if find_spec(f"benchmarks.{module}")]
    return 0 if all(kept) else 1


def _run(name: str, quick: bool) -> bool:
    """All rows of one benchmark, and below them what else it found."""
    promises = [one for one in PROMISES if one.module == name]
    arguments = promises[0].quick if quick else promises[0].full
    figures: dict[str, float] = dict(importlib.import_module(f"benchmarks.{name}").measure(**arguments))
    kept = [_row(one, figures.pop(one.figure), arguments) for one in promises]
    for other, value in figures.items():
        print(f"      beside it, {other}: {value:.2f}", flush=True)
    return all(kept)


def _row(promise: Promise, value: float, arguments: Mapping[str, Any]) -> bool:
    kept = value <= promise.limit
    title = promise.title.format(**arguments)
    measured, limit = f"{value:.2f} {promise.unit}", f"{promise.limit:g} {promise.unit}"
    print(f"{'✓' if kept else '✗'} {title:<50} {measured:>12} {limit:>12}", flush=True)
    return kept


if __name__ == "__main__":
    sys.exit(main())
