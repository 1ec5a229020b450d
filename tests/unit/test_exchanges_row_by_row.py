"""How an answer is read again without its bad rows (M12)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.core.errors import Unavailable
from engine.exchanges.row_by_row import MOST_BAD, left_out, listen, rows_apart, told


class Client:
    """Answers what it is told to, and counts how often it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0
        listen(self)

    async def fetch(self, url: str) -> Any:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def throttle(self, cost: float) -> None:
        raise AssertionError("what is read again is not paced")

    async def numbers(self) -> list[int]:
        """Reads all rows, or fails at all."""
        return [row["n"] + 0 for row in (await self.fetch("rows"))["rows"]]


def rows(*values: Any) -> dict[str, Any]:
    return {"code": "0", "rows": [{"n": value, "of": "x"} for value in values]}


@pytest.mark.parametrize("bad", [[0], [7], [3, 4], [0, 7], list(range(MOST_BAD))])
async def test_m12_bad_rows_are_left_out_and_the_others_keep_their_order(bad: list[int]) -> None:
    values = [None if place in bad else place for place in range(MOST_BAD + 5)]
    client = Client(rows(*values))
    found, left = await rows_apart(client.numbers)
    assert found == [value for value in values if value is not None]
    assert left == [{"n": None, "of": "x"}] * len(bad)
    assert client.asked == 1


async def test_m12_an_answer_of_which_hardly_a_row_can_be_read_is_none() -> None:
    client = Client(rows(1, *[None] * (MOST_BAD + 1)))
    with pytest.raises(TypeError):
        await rows_apart(client.numbers)


async def test_m12_a_question_that_failed_is_not_picked_over() -> None:
    client = Client(Unavailable("away"))
    with pytest.raises(Unavailable):
        await rows_apart(client.numbers)
    assert client.asked == 1


async def test_m12_what_is_wrong_with_no_row_is_wrong_with_the_answer() -> None:
    async def stubborn() -> None:
        await client.fetch("rows")
        raise ValueError("whatever it says")

    client = Client(rows(1, 2))
    with pytest.raises(ValueError, match="whatever"):
        await rows_apart(stubborn)


async def test_m12_rows_by_name_are_rows_too() -> None:
    async def named() -> dict[str, int]:
        told = (await client.fetch("rows"))["result"]
        return {name: row["n"] for name, row in told.items()}

    client = Client({"error": [], "result": {"a": {"n": 1}, "b": None, "c": {"n": 3}}})
    assert await rows_apart(named) == ({"a": 1, "c": 3}, [None])


async def test_m12_a_page_that_was_full_stays_full_without_its_bad_rows() -> None:
    """Else what follows it would never be asked for."""

    async def page() -> tuple[list[int], int]:
        found = await client.numbers()
        return found, left_out()

    client = Client(rows(1, None, 3))
    assert (await rows_apart(page))[0] == ([1, 3], 1)
    assert left_out() == 0


async def test_m12_nothing_is_asked_while_an_answer_is_read_again() -> None:
    """A question about a row behind the bad one was never answered: the whole is not read, rather than asked anew."""

    async def with_names() -> list[Any]:
        found = (await client.fetch("rows"))["rows"]
        return [await client.fetch(f"name?of={row['n'] + 0}&timestamp={client.asked}") for row in found]

    client = Client(rows(1, 2, None), {"name": "one"}, {"name": "two"})
    assert (await rows_apart(with_names))[0] == [{"name": "one"}, {"name": "two"}]
    client = Client(rows(1, None, 3), {"name": "one"})
    with pytest.raises(TypeError):
        await rows_apart(with_names)
    assert client.asked == 2


async def test_m12_where_one_of_several_requests_failed_no_row_is_to_blame() -> None:
    """A refused listing was picked over with sixty more requests."""

    async def two() -> tuple[Any, Any]:
        return await asyncio.gather(client.fetch("spot"), client.fetch("swap"))

    client = Client(Unavailable("429"), rows(1, 2))
    with pytest.raises(Unavailable):
        await rows_apart(two)
    assert client.asked == 2


async def test_m12_what_belongs_to_one_row_is_not_taken_out_of_it() -> None:
    """An instrument would be left without its least, or its separate cap."""

    async def rules() -> list[str]:
        symbols = (await client.fetch("rules"))["symbols"]
        return [rule["type"] for symbol in symbols for rule in symbol["filters"]]

    symbol = {"id": "BTCUSDT", "filters": [{"type": "LOT", "min": "1", "max": "2", "step": "3"}, None]}
    client = Client({"symbols": [symbol]})
    assert await rows_apart(rules) == ([], [symbol])


async def test_m12_rows_that_the_library_drops_were_in_the_page() -> None:
    async def page() -> int:
        await client.fetch("rows")
        return told()

    client = Client(rows(1, None, 3))
    assert (await rows_apart(page))[0] == 3
