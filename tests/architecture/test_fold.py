"""A snapshot stands for the facts before it, so it must not outlive a change of what is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.core import evolve as fold
from engine.core import facts as f
from engine.core.state import TraderState
from storage import snapshots
from storage.codec import KINDS
from tests.support import fold_journal

ANEW = "then write the journal anew: python -m tests.support.fold_journal"


def test_a_change_of_the_fold_passes_over_the_snapshots_of_the_one_before() -> None:
    different = list(fold_journal.differences())
    told = [
        f"{type(fact).__name__} of {fact.at}: changed {was}, now {now}" for fact, was, now in different[:3]
    ]
    assert not different, "\n".join(
        [f"evolve makes something else of facts: raise FOLD in storage/snapshots.py, {ANEW}", *told]
    )


def test_the_journal_belongs_to_this_fold() -> None:
    head, _ = fold_journal.read()
    assert head["fold"] == snapshots.FOLD, f"FOLD was raised: {ANEW}"


def test_the_journal_has_every_kind_of_fact() -> None:
    _, lines = fold_journal.read()
    missing = set(KINDS) - {type(line.fact).__name__ for line in lines}
    assert not missing, f"add these to tests/support/fold_journal.py, {ANEW}: {missing}"


def test_a_change_of_meaning_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plausible one: a fill is forgotten as soon as it is booked, and would count twice."""
    book = fold._APPLY[f.FillBooked]

    def booked(state: TraderState, fact: f.FillBooked) -> None:
        book(state, fact)
        state.seen_fills.pop((fact.fill.symbol, fact.fill.id), None)

    monkeypatch.setitem(fold._APPLY, f.FillBooked, booked)
    assert {type(fact).__name__ for fact, _, _ in fold_journal.differences()} == {"FillBooked"}
    with pytest.raises(SystemExit, match="raise FOLD"):
        fold_journal.write()


def test_a_field_that_the_state_did_not_have_is_no_change_of_the_fold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The shape of the state is part of a snapshot's version by itself."""
    head, lines = fold_journal.read()

    def without_equity() -> tuple[fold_journal.Json, list[fold_journal.Line]]:
        known = {**head, "fields": [name for name in head["fields"] if name != "equity"]}
        return known, [_without_equity(line) for line in lines]

    monkeypatch.setattr(fold_journal, "read", without_equity)
    assert not list(fold_journal.differences())


def _without_equity(line: fold_journal.Line) -> fold_journal.Line:
    changes = {name: value for name, value in line.changes.items() if name != "equity"}
    return fold_journal.Line(line.book, line.fact, changes)


@pytest.fixture
def version() -> Iterator[str]:
    snapshots.state_version.cache_clear()
    yield snapshots.state_version()
    snapshots.state_version.cache_clear()


def test_the_fold_is_part_of_a_snapshots_version(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FOLD", snapshots.FOLD + 1)
    snapshots.state_version.cache_clear()
    assert snapshots.state_version() != version
