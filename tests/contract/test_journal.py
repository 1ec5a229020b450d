"""Every journal keeps the same promises: in memory, in a SQLite file, on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.errors import Corrupt
from engine.core.facts import AnyFact, EquityMarked, HaltLifted
from engine.core.ids import BookId, Coin
from engine.core.money import Quote
from engine.core.notices import Notice, Weight
from engine.core.state import TraderState
from engine.ports import Journal, Recorded
from tests.contract.journal_facts import any_fact
from tests.contract.journal_fixtures import START, clock, journal, server

__all__ = ["clock", "journal", "server"]

BOOK = BookId("main.paper")
OTHER = BookId("main.live")


def lifted(by: str) -> HaltLifted:
    return HaltLifted(START, by)


async def test_a_new_book_is_empty(journal: Journal) -> None:
    assert await journal.read(BOOK) == []
    assert await journal.latest(BOOK) is None


async def test_facts_are_numbered_from_one_in_order(journal: Journal) -> None:
    assert await journal.append(BOOK, 0, [lifted("a"), lifted("b")]) == 2
    assert await journal.append(BOOK, 2, [lifted("c")]) == 3
    assert await journal.read(BOOK) == [Recorded(number, lifted(by)) for number, by in enumerate("abc", 1)]


async def test_reading_goes_on_after_a_number(journal: Journal) -> None:
    await journal.append(BOOK, 0, [lifted("a"), lifted("b")])
    assert await journal.read(BOOK, after=1) == [Recorded(2, lifted("b"))]
    assert await journal.read(BOOK, after=2) == []


async def test_books_are_apart(journal: Journal) -> None:
    await journal.append(BOOK, 0, [lifted("a")])
    assert await journal.append(OTHER, 0, [lifted("x"), lifted("y")]) == 2
    assert [recorded.fact for recorded in await journal.read(BOOK)] == [lifted("a")]


@pytest.mark.parametrize("after", [0, 1, 3, 99])
async def test_a_second_writer_is_refused_and_nothing_is_stored(journal: Journal, after: int) -> None:
    await journal.append(BOOK, 0, [lifted("a"), lifted("b")])
    with pytest.raises(Corrupt, match=f"ends at fact 2, not {after}"):
        await journal.append(BOOK, after, [lifted("b")])
    assert len(await journal.read(BOOK)) == 2
    assert await journal.append(BOOK, 2, [lifted("c")]) == 3


async def test_a_new_book_can_not_begin_with_a_gap(journal: Journal) -> None:
    with pytest.raises(Corrupt, match="ends at fact 0, not 5"):
        await journal.append(BOOK, 5, [lifted("a")])
    assert await journal.read(BOOK) == []


async def test_the_same_facts_twice_are_a_second_writer_too(journal: Journal) -> None:
    await journal.append(BOOK, 0, [lifted("a")])
    with pytest.raises(Corrupt):
        await journal.append(BOOK, 0, [lifted("a")])


async def test_of_two_writers_at_once_one_wins(journal: Journal) -> None:
    outcomes = await asyncio.gather(
        *(journal.append(BOOK, 0, [lifted(str(writer))]) for writer in range(5)), return_exceptions=True
    )
    assert outcomes.count(1) == 1
    assert sum(isinstance(outcome, Corrupt) for outcome in outcomes) == 4
    assert len(await journal.read(BOOK)) == 1


async def test_no_facts_are_no_change(journal: Journal) -> None:
    assert await journal.append(BOOK, 0, []) == 0
    await journal.append(BOOK, 0, [lifted("a")])
    assert await journal.append(BOOK, 1, []) == 1
    with pytest.raises(Corrupt):
        await journal.append(BOOK, 0, [])


async def test_a_snapshot_is_a_copy_of_the_state_at_its_number(journal: Journal) -> None:
    await journal.append(BOOK, 0, [lifted("a")])
    state = TraderState(counter=7, holdings={Coin("USDT"): Decimal("10.50")})
    await journal.snapshot(BOOK, 1, state)
    state.holdings[Coin("USDT")] = Decimal(0)
    found = await journal.latest(BOOK)
    assert found == (1, TraderState(counter=7, holdings={Coin("USDT"): Decimal("10.50")}))
    assert await journal.latest(OTHER) is None
    found[1].counter = 99
    again = await journal.latest(BOOK)
    assert again is not None
    assert again[1].counter == 7


async def test_the_newest_snapshot_counts(journal: Journal) -> None:
    for number in (1, 4, 3, 4):
        await journal.snapshot(BOOK, number, TraderState(counter=number))
    assert await journal.latest(BOOK) == (4, TraderState(counter=4))


async def test_notices_are_taken_with_facts_and_alone(journal: Journal) -> None:
    notice = Notice(START, BOOK, "halted", Weight.CRITICAL, {"reason": "<b>", "count": 2, "ok": None})
    assert await journal.append(BOOK, 0, [lifted("a")], [notice]) == 1
    await journal.tell([notice, notice])
    await journal.tell([])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(any_fact, max_size=6), max_size=5))
async def test_any_history_is_read_back_fact_for_fact(journal: Journal, batches: list[list[AnyFact]]) -> None:
    # Each random history gets a book of its own: BOOK only counts them.
    number = await journal.append(BOOK, len(await journal.read(BOOK)), [lifted("next")])
    book, last, written = BookId(f"random.{number}"), 0, list[AnyFact]()
    for batch in batches:
        last = await journal.append(book, last, batch)
        written += batch
    recorded = await journal.read(book)
    assert [one.number for one in recorded] == list(range(1, len(written) + 1))
    assert [one.fact for one in recorded] == written


async def test_equity_keeps_its_digits(journal: Journal) -> None:
    fact = EquityMarked(START + timedelta(microseconds=1), Quote(Decimal("0.10")), Quote(Decimal("1E-18")))
    await journal.append(BOOK, 0, [fact])
    [recorded] = await journal.read(BOOK)
    assert isinstance(recorded.fact, EquityMarked)
    assert str(recorded.fact.equity) == "0.10"
    assert recorded.fact.at.microsecond == 1
