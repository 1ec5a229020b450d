"""P7, the limits: what the service gives the process, and that nothing in the process grows without a bound."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITH_CHARTS_MB = 190
"""Measured resident: the desk alone has 115 MB, and this while the chart worker lives."""
MOST_MB = 512
"""A limit above this would be none on the small machines that it is made for."""
QUEUES = {
    "deque": "maxlen",
    "Queue": "maxsize",
    "PriorityQueue": "maxsize",
    "LifoQueue": "maxsize",
    "SimpleQueue": "",
}
UNBOUNDED = {
    "bot/demo.py": 1,  # lines that three processes say, for as long as the demo is watched
    "engine/exchanges/budget.py": 1,  # what was asked in one window, and no more than the venue allows is asked
    "engine/exchanges/dialects/one_by_one.py": 1,  # messages of our own orders; a stream that breaks takes it along
    "engine/exchanges/market_data.py": 1,  # prices, taken out as they come: who takes them never waits for others
    "engine/exchanges/paper.py": 1,  # what came of our own orders
    "engine/exchanges/user_stream.py": 1,  # what came of our own orders
    "engine/inbox.py": 3,  # prices are dropped beyond MOST_PRICES; commands and the venue's word must not be lost
}
"""Queues without a length of their own, each with what bounds it."""


def compose() -> str:
    return (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")


def limit_mb(text: str, name: str) -> int:
    found = re.search(rf"{name}[=: ]+(\d+)m\b", text)
    assert found is not None, f"no {name}"
    return int(found[1])


def test_p7_the_service_has_a_limit_of_memory_with_room_for_charts_and_begins_again_after_it() -> None:
    """What is written to a tmpfs counts as memory, too."""
    tmpfs = re.search(r"tmpfs: \[\"/tmp:size=(\d+)m\"\]", compose())
    assert tmpfs is not None
    assert WITH_CHARTS_MB + int(tmpfs[1]) <= limit_mb(compose(), "mem_limit") <= MOST_MB
    assert re.search(r"^ +restart: (unless-stopped|always)$", compose(), re.MULTILINE)
    assert "oom_kill_disable" not in compose()


def test_p7_the_command_that_the_image_is_described_with_has_the_limit_as_well() -> None:
    described = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert limit_mb(described, "--memory") == limit_mb(compose(), "mem_limit")
    assert re.search(r"docker run --restart (unless-stopped|always)", described)


def test_p7_no_queue_grows_without_a_bound() -> None:
    found = Counter(name for name, call in calls() if kind_of(call) and not has_length(call))
    assert dict(found) == UNBOUNDED


def calls() -> Iterator[tuple[str, ast.Call]]:
    for room in ("bot", "engine", "storage"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield path.relative_to(ROOT).as_posix(), node


def kind_of(call: ast.Call) -> str:
    """The kind of queue that is made here; empty for any other call."""
    made = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
    return name if name in QUEUES else ""


def has_length(call: ast.Call) -> bool:
    return any(one.arg == QUEUES[kind_of(call)] for one in call.keywords)
