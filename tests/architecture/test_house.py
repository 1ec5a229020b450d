"""The plan of the house, held by the tests: what may import what, how large a file is, who asks the time."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "engine", "storage", "sandbox")
LINES = 400
TIME_CALLS = {
    ("time", name) for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime")
} | {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
LOOP_TOPS = {
    "bot/application.py": 1,
    "bot/chart_worker.py": 1,
    "bot/conversation.py": 1,
    "bot/dashboard.py": 1,
    "bot/lifecycle.py": 1,
    "bot/outbox.py": 1,
    "bot/telegram/inbox.py": 1,
    "engine/connection.py": 3,
    "engine/cycle.py": 2,
    "engine/executor.py": 1,
    "engine/feed.py": 2,
    "engine/strategies/files.py": 1,
    "engine/strategies/own_worker.py": 1,
    "engine/venue_room.py": 2,
}
"""Where everything is caught: tops of loops, and the edge to the owner's own code. Each logs and tells someone."""


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for path in python_files(*folders):
        yield name_of(path), ast.parse(path.read_text(encoding="utf-8"))


def test_imports_go_the_way_of_the_plan() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_bot_imports_the_sandbox_only_for_its_commands() -> None:
    found = [
        name for name, tree in trees("bot") for module in imported(tree) if module.split(".")[0] == "sandbox"
    ]
    assert found == []  # `demo` starts it as a process, `sandbox` imports it by name when called


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_no_file_is_too_large_to_read_at_once() -> None:
    sizes = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*ROOMS)
    }
    assert {name: size for name, size in sizes.items() if size > LINES} == {}


def test_only_the_clock_asks_what_time_it_is() -> None:
    """The sandbox plays other people's machines and has clocks of its own."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees("bot", "engine", "storage")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node.func) in TIME_CALLS and name != "engine/clock.py"
    ]
    assert found == []


def called(function: ast.expr) -> tuple[str, str] | None:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id, function.attr
    return None


def test_everything_is_caught_only_at_the_listed_tops() -> None:
    """One that raises again catches nothing and may be anywhere."""
    found = Counter(
        name
        for name, tree in trees(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not raises_again(node)
    )
    assert dict(found) == LOOP_TOPS


def is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in ("Exception", "BaseException") for name in names)


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_nothing_is_suppressed_without_a_name() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and called(node.func) == ("contextlib", "suppress")
        and any(is_broad(argument) for argument in node.args)
    ]
    assert found == []


def test_no_test_is_skipped_or_left_for_later() -> None:
    """The browser test alone may be, where there is no browser; `.ci/run` installs one and accepts no skip."""
    marks = re.compile(r"pytest\.(skip|xfail|importorskip)\b|mark\.(skip|skipif|xfail)\b|\bTODO\b|\bFIXME\b")
    found = [
        f"{name_of(path)}:{number}"
        for path in python_files(*ROOMS, "tests", "benchmarks")
        if name_of(path) not in (name_of(Path(__file__)), "tests/end_to_end/test_chat_page.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("file", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_lock_files_have_hashes_and_name_no_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)
    pinned = re.findall(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert pinned
    assert [each.splitlines()[0] for each in pinned if "--hash=sha256:" not in each or "==" not in each] == []


def test_what_tests_need_is_what_the_bot_needs_and_more() -> None:
    """The same versions, so that `make demo` after `make test` installs nothing."""
    run, dev = (
        set(re.findall(r"^\S+==\S+", (ROOT / f"requirements/{name}.txt").read_text(), re.M))
        for name in ("run", "dev")
    )
    assert run <= dev


def test_every_script_can_be_run() -> None:
    for name in (".ci/run", "requirements/install", "requirements/lock", "requirements/program"):
        assert os.access(ROOT / name, os.X_OK), name
        subprocess.run(["bash", "-n", ROOT / name], check=True)


def test_every_law_has_a_test_that_carries_its_number() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in python_files("tests"))
    named = re.findall(r"laws?[ _](\d+(?:(?:, and|,| and) \d+)*)", text, flags=re.IGNORECASE)
    carried = {int(number) for each in named for number in re.findall(r"\d+", each)}
    assert set(range(1, 17)) - carried == set()
