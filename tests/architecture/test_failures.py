"""docs/failures.md: every case that really went wrong has a test, or says why not."""

from __future__ import annotations

import re

from tests.architecture.failures import ALSO, NOT_YET, PAGE, exists, rows


def test_each_case_has_tests_that_exist_or_says_why_not() -> None:
    """After a test was renamed: `python -m tests.architecture.failures`."""
    column = rows(PAGE.read_text(encoding="utf-8"))
    assert len(column) > 60
    bare = [id for id, tests in column.items() if "::" not in tests and not tests.startswith(NOT_YET)]
    named = [test for tests in column.values() for test in re.findall(r"`([^`]+::[^`]+)`", tests)]
    assert bare == []
    assert [test for test in named if not exists(test)] == []


def test_what_is_named_beside_exists() -> None:
    assert [test for tests in ALSO.values() for test in tests if not exists(test)] == []
