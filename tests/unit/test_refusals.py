"""Every refusal is a sentence for a person and names the way on (law 12): all that the engine can say is walked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.commands import BY_NAME
from bot.handlers.routes import ROUTES
from bot.screens import refusals
from bot.text import catalogue, plain
from engine import runner
from engine.core import risk

ROOT = Path(__file__).parents[2]
PLACES = [*sorted((ROOT / "engine" / "core").glob("*.py")), *(ROOT / "engine").glob("*.py")]
IN_WORDS = {"Denied", "Answer"}
"""What carries a refusal: its first argument is the sentence."""
MADE_ELSEWHERE = [
    *risk._BLOCKING.values(),
    "a position in BTC/USDT could not be protected: Filter failure",
    "the stop of a position in BTC/USDT is refused",
    "0.00001 BTC is below the venue's least of 0.0001",
    "4.99 USDT is below the venue's least of 5 USDT",
    "the limit of one position is used up",
    "the free balance is used up",
    "BTC/USDT is not known at this venue",
    "main is not led: its live book can't be read",
    "main was stopped before this was carried out: give it again",
    runner._HELD,
]


def said() -> Iterator[str]:
    """The sentences of `Denied(…)` and `Answer(…)`, with X where a value stands."""
    for path in PLACES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IN_WORDS:
                yield from (_text(one) for one in node.args[:1] if _text(one))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values)
    return ""


REASONS = sorted({*said(), *MADE_ELSEWHERE} - {"X: X", "X"})


def test_the_walk_finds_them() -> None:
    assert len(REASONS) > 45
    assert "halted: X" in REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_each_refusal_names_the_way_on(reason: str) -> None:
    way = refusals.way_of(reason)
    assert way is not None, f"a row for it is missing in bot/screens/refusals.py: {reason!r}"
    text = plain(refusals.told(reason))
    first, _, rest = text.partition("\n")
    assert first[-1] in ".!?:…"
    assert rest, text


def test_each_way_leads_somewhere() -> None:
    for way in refusals.WAYS:
        words = catalogue()[f"way.{way.key}"]
        named = [one.rstrip(".,;:") for one in words.split() if one.startswith("/")]
        assert all(one[1:] in BY_NAME for one in named), words
        assert named or way.key in ("allow",), words
        if way.verb:
            assert way.verb in ROUTES
            assert way.label in catalogue()
            assert set(ROUTES[way.verb].needs) <= set(way.needs)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("the connection is paused", "The connection is paused."),
        ("BTC/USDT is not known at this venue", "BTC/USDT is not known at this venue."),
        ("0.1 BTC is below it", "0.1 BTC is below it."),
        ("Is it so?", "Is it so?"),
        ("", ""),
    ],
)
def test_a_reason_is_made_a_sentence(reason: str, sentence: str) -> None:
    assert refusals.sentence(reason) == sentence


def test_a_reason_that_nobody_foresaw_is_told_as_it_is() -> None:
    assert plain(refusals.told("Account has insufficient balance")) == "Account has insufficient balance."
    assert refusals.ways_on("Account has insufficient balance", {"c": "main"}) == ()


def test_a_button_is_only_there_when_what_it_needs_is_known() -> None:
    barred = "a position in BTC/USDT could not be protected: full"
    assert refusals.ways_on(barred, {"c": "main"}) == ()
    (button,) = refusals.ways_on(barred, {"c": "main", "s": "BTC/USDT"})
    assert (button.verb, dict(button.args)) == ("allow", {"c": "main", "s": "BTC/USDT"})
