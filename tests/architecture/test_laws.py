"""docs/laws.md: every law is there, is carried by tests that exist, and nothing cites one that isn't."""

from __future__ import annotations

import re

from tests.architecture.laws import HEAD, LAWS, PAGE, cited, page, tests_by_law


def test_the_page_has_each_law_once_and_in_order() -> None:
    heads = [int(head[1]) for line in PAGE.read_text(encoding="utf-8").split("\n") if (head := HEAD.match(line))]
    assert heads == list(LAWS)


def test_each_law_is_carried_by_tests() -> None:
    found = tests_by_law()
    assert [law for law in LAWS if not found[law]] == []


def test_the_page_names_the_tests_as_they_are() -> None:
    """After a test was renamed or added: `python -m tests.architecture.laws`. Counts may lag behind."""
    text = PAGE.read_text(encoding="utf-8")

    def bare(words: str) -> str:
        return re.sub(r"` \d+", "`", words)

    assert bare(text) == bare(page(text))


def test_nothing_cites_a_law_that_is_not_there() -> None:
    assert {name: laws - {*LAWS} for name, laws in cited().items() if laws - {*LAWS}} == {}
