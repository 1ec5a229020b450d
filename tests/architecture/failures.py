"""Writes docs/failures.md: each case that really went wrong somewhere, and the tests that carry its id.

A test carries an id in its name (`test_o20_…`) or in its docstring ('O20'); ALSO names older ones that don't. After a
change of any of them: `python -m tests.architecture.failures`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "failures.md"
ROW = re.compile(r"^\| ([A-Z]\d+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$")
NOT_YET = "not yet: "
ALSO = {
    "O9": ["unit/test_core_orders.py::test_law_2_a_lost_answer_is_unknown_and_is_asked_for_never_sent_again"],
    "O25": [
        "unit/test_engine_shell.py::test_live_begins_paused_with_books_of_its_own_and_the_accounts_money"
    ],
    "S5": [
        "unit/test_core_late_orders.py::"
        "test_O22_a_given_up_order_whose_position_is_gone_is_cancelled_again_when_the_first_cancel_did_not_take"
    ],
    "S11": ["unit/test_core_orders.py::test_law_2_a_live_not_found_counts_only_when_asked_twice"],
    "M8": ["unit/test_engine_shell.py::test_an_instrument_that_is_not_listed_stops_alone"],
    "A8": [
        "unit/test_core_limits.py::test_denied_where_the_account_holds_less_than_our_positions",
        "unit/test_core_limits.py::test_a_live_book_denies_entries_until_it_was_held_against_the_venue",
    ],
    "P2": ["unit/test_storage_opening.py::test_a_locked_database_is_told"],
    "P4": [
        "crash/test_storage_durability.py::test_a_full_disk_is_told_and_nothing_is_stored",
        "crash/test_storage_durability.py::test_the_ballast_makes_room_for_what_must_be_written",
    ],
    "P9": [
        "contract/test_storage_lease.py::test_a_second_process_is_refused_with_a_sentence",
        "contract/test_storage_lease.py::test_a_process_that_was_paused_for_long_can_not_write",
    ],
    "P11": ["unit/test_storage_opening.py::test_a_migration_that_is_cut_off_leaves_all_as_it_was"],
    "T1": ["unit/test_gate.py::test_an_old_command_is_refused_with_words_and_reading_is_answered"],
    "T3": ["unit/test_gate.py::test_forwarded_and_inline_bot_commands_are_refused_with_words"],
    "T4": ["unit/test_gate.py::test_group_is_silent_and_changes_nothing"],
    "T5": ["unit/test_gate.py::test_anonymous_admin_and_channel_are_dropped"],
    "T6": ["unit/test_gate.py::test_stranger_gets_silence_and_the_owner_is_told_once"],
    "T7": [
        "unit/test_conversation_robust.py::test_double_tap_at_the_same_moment_acts_once",
        "end_to_end/test_steering.py::test_close_by_a_double_tap_sells_once",
    ],
    "T8": ["unit/test_gate.py::test_buttons_work_after_a_restart_and_expired_ones_are_drawn_afresh"],
    "T9": ["unit/test_gate.py::test_forged_buttons_are_refused_counted_and_told"],
    "T14": [
        "unit/test_outbox.py::test_an_outage_loses_nothing_and_bursts_merge",
        "end_to_end/test_outages.py::"
        "test_trading_goes_on_without_telegram_and_everything_is_told_in_order_when_it_is_back",
    ],
    "T15": ["unit/test_outbox.py::test_429_is_obeyed_and_nothing_is_lost"],
    "T16": ["unit/test_outbox.py::test_broken_markup_goes_as_plain_text"],
    "T17": ["unit/test_outbox.py::test_blocked_is_seen_kept_and_told_once_unblocked"],
}
"""Tests of a case whose name and docstring don't carry its id."""


def ids_of(test: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The ids that a test's name and docstring carry."""
    in_name = {part.upper() for part in test.name.split("_")}
    in_words = set(re.findall(r"\b[A-Z]\d+\b", ast.get_docstring(test) or ""))
    return in_name | in_words


def tests_by_id() -> dict[str, list[str]]:
    """`file::name` of every test, under each id that it carries."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for one in sorted(ids_of(node)):
                    found[one].append(f"{path.relative_to(ROOT / 'tests').as_posix()}::{node.name}")
    return found


def exists(test: str) -> bool:
    """Whether `file::name` is there."""
    file, _, name = test.partition("::")
    path = ROOT / "tests" / file
    return path.exists() and re.search(rf"def {name}\(", path.read_text(encoding="utf-8")) is not None


def rows(text: str) -> dict[str, str]:
    """The last column of each row, by its id."""
    found = [row for line in text.split("\n") if (row := ROW.match(line)) is not None]
    return {row[1]: row[4] for row in found}


def page(text: str) -> str:
    """The page with its last column made anew. A row that no test carries keeps its 'not yet', if it has one."""
    found = tests_by_id()
    return "\n".join(_line(line, found) for line in text.split("\n"))


def _line(line: str, found: dict[str, list[str]]) -> str:
    row = ROW.match(line)
    if row is None:
        return line
    id, happens, right, before = row.groups()
    tests = "<br>".join(f"`{test}`" for test in sorted({*found.get(id, ()), *ALSO.get(id, ())}))
    return f"| {id} | {happens} | {right} | {tests or (before if before.startswith(NOT_YET) else '')} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
