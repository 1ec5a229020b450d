"""Writes the tests into docs/laws.md: each law, and the tests that carry its number.

A test carries a law in its name (`test_law_2_…`) or in its docstring ('law 2', 'laws 2 and 3'); one whose docstring says
nothing carries what its file's says. After a change of any of them: `python -m tests.architecture.laws`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "laws.md"
LAWS = range(1, 19)
HEAD = re.compile(r"^## (\d+)\. ")
NAMED = re.compile(r"\blaws?[ _](\d+(?:(?:, and|,| and) \d+)*)", re.IGNORECASE)
ROOMS = ("bot", "engine", "storage", "sandbox")


def laws_in(text: str) -> set[int]:
    """The numbers that a text cites."""
    return {int(number) for each in NAMED.findall(text) for number in re.findall(r"\d+", each)}


def tests_by_law() -> dict[int, dict[str, int]]:
    """How many tests of each file carry each law."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        of_file = laws_in(ast.get_docstring(tree) or "")
        name = path.relative_to(ROOT / "tests").as_posix()
        for test in _tests(tree):
            for law in laws_in(f"{test.name}\n{ast.get_docstring(test) or ''}") or of_file:
                found[law][name] += 1
    return found


def _tests(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def cited() -> dict[str, set[int]]:
    """The laws that each file of the product cites."""
    files = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    found = {
        path.relative_to(ROOT).as_posix(): laws_in(path.read_text(encoding="utf-8")) for path in sorted(files)
    }
    return {name: laws for name, laws in found.items() if laws}


def page(text: str) -> str:
    """The page with the line of tests under each law made anew."""
    found = tests_by_law()
    lines: list[str] = []
    law = 0
    for line in text.split("\n"):
        if (head := HEAD.match(line)) is not None:
            law = int(head[1])
        lines.append(_line(found[law]) if line.startswith("Tests: ") else line)
    return "\n".join(lines)


def _line(files: dict[str, int]) -> str:
    return "Tests: " + " · ".join(f"`{name}` {count}" for name, count in sorted(files.items()))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
