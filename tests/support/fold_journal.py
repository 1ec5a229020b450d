"""A journal of every kind of fact, with what each one did to the state when it was written down.

`tests/data/fold.jsonl` holds it: a line of what the fold was then, and a line a fact. To write it anew, after a change
of the fold that is meant: `python -m tests.support.fold_journal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.simulate import PARTS
from engine.core import facts as f
from engine.core.evolve import evolve
from engine.core.facts import AnyFact
from engine.core.ids import ClientOrderId, Coin, PositionId
from engine.core.model import Direction, Fee, VenueStatus
from engine.core.money import Price, Quantity, Quote, Ratio
from engine.core.state import TraderState
from sandbox.simulation.play import play
from sandbox.simulation.script import day_of
from storage import snapshots
from storage.codec import decode, encode
from storage.memory import MemoryJournal
from tests.support.builders import BTC, CROSS, fill, report

PATH = Path(__file__).parents[1] / "data" / "fold.jsonl"
DAYS = 30
BNB_FEE = Fee(Decimal("0.00833333"), Coin("BNB"))
LONGEST = 250
FEW = ("EquityMarked", "CommandDone", "SignalDenied", "Reconciled", "OrderAsked")
"""Kinds that say much the same each time: the first few are enough, and the rest can be left out."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """`book` tells where another journal begins; `changes` is what of the state's JSON was another one afterwards."""

    book: int
    fact: AnyFact
    changes: Json


# ── what a fact changes ───────────────────────────────────────────────────────────────────


def lines_of(book: int, facts: Iterable[AnyFact]) -> Iterator[Line]:
    """Fold them, and say of each what it changed."""
    state = TraderState()
    before = _plain(state)
    for fact in facts:
        evolve(state, fact)
        after = _plain(state)
        yield Line(book, fact, _changes(before, after))
        before = after


def _plain(state: TraderState) -> Json:
    """The state as a snapshot has it, lists of pairs as objects."""
    raw: Json = json.loads(snapshots.encode_state(state))
    return {name: _pairs(value) for name, value in raw.items()}


def _pairs(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(one, list) and len(one) == 2 for one in value):
        return {" ".join(map(str, one[0])): one[1] for one in value}
    return {} if value == [] else value


def _changes(before: Any, after: Any) -> Any:
    """Only what differs; None in the place of what is gone."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    kept = {key: _changes(before.get(key), value) for key, value in after.items() if before.get(key) != value}
    return kept | {key: None for key in before if key not in after}


def field_names() -> list[str]:
    """Of everything that can be in a state now."""
    return sorted({line.partition(":")[0].partition(".")[2] for line in snapshots.shape_of_state()})


# ── the file ──────────────────────────────────────────────────────────────────────────────


def read() -> tuple[Json, list[Line]]:
    """What the fold was, and the facts with their changes."""
    head, *rest = map(json.loads, PATH.read_text("utf-8").splitlines())
    return head, [Line(row[0], decode(row[1], row[2], json.dumps(row[3])), row[4]) for row in rest]


def write() -> None:
    """Raises SystemExit while the fold has changed under the same number: old snapshots would be believed."""
    if PATH.exists() and read()[0]["fold"] == snapshots.FOLD and _differs():
        raise SystemExit(
            "evolve makes something else of these facts: raise FOLD in storage/snapshots.py first"
        )
    rows = [json.dumps({"fold": snapshots.FOLD, "fields": field_names()})]
    for book, facts in enumerate(_journals()):
        rows += [_row(line) for line in lines_of(book, facts)]
    PATH.write_text("\n".join(rows) + "\n", "utf-8")


def _row(line: Line) -> str:
    kind = type(line.fact)
    row = [line.book, kind.__name__, kind.VERSION, json.loads(encode(line.fact)), line.changes]
    return json.dumps(row, separators=(",", ":"))


def _differs() -> bool:
    return any(True for _ in differences())


def differences() -> Iterator[tuple[AnyFact, Json, Json]]:
    """Facts that are folded otherwise than they were, with what they changed then and what they change now. Fields
    that the state did not have then are left out: the shape of the state is part of a snapshot's version anyway."""
    head, lines = read()
    fresh = set(field_names()) - set(head["fields"])
    gone = set(head["fields"]) - set(field_names())
    for book in {line.book for line in lines}:
        then = [line for line in lines if line.book == book]
        now = lines_of(book, [line.fact for line in then])
        for old, new in zip(then, now, strict=True):
            was, became = _without(old.changes, gone), _without(new.changes, fresh)
            if was != became:
                yield old.fact, was, became


def _without(changes: Any, names: set[str]) -> Any:
    if not isinstance(changes, dict):
        return changes
    return {key: _without(value, names) for key, value in changes.items() if key not in names}


def _journals() -> Iterator[list[AnyFact]]:
    """The fewest days of the simulation that lead to every kind that any of them does, and what no day leads to."""
    days = [_day(seed) for seed in range(1, DAYS + 1)]
    seen: set[type[AnyFact]] = set()
    while fresh := max((_as_far_as_new(day, seen) for day in days), key=lambda new: _kinds(new, seen)):
        yield fresh
        seen |= set(map(type, fresh))
    yield [days[0][0], *_rest(days[0][0])]


def _day(seed: int) -> list[AnyFact]:
    journal = MemoryJournal()
    play(day_of(seed), replace(PARTS, journal=lambda: journal))
    [book] = journal.books.values()
    return list(_without_chatter(book))[:LONGEST]


def _as_far_as_new(day: list[AnyFact], seen: set[type[AnyFact]]) -> list[AnyFact]:
    """Up to the last fact whose kind is the first of it."""
    places = {kind: place for place, kind in reversed(list(enumerate(map(type, day))))}
    return day[: max((place + 1 for kind, place in places.items() if kind not in seen), default=0)]


def _kinds(new: list[AnyFact], seen: set[type[AnyFact]]) -> int:
    return len(set(map(type, new)) - seen)


def _without_chatter(book: list[AnyFact]) -> Iterator[AnyFact]:
    told: dict[str, int] = {}
    for fact in book:
        kind = type(fact).__name__
        told[kind] = told.get(kind, 0) + 1
        if kind not in FEW or told[kind] <= 5:
            yield fact


def _rest(first: AnyFact) -> Iterator[AnyFact]:
    at = first.at + timedelta(days=1)
    name, position = ClientOrderId("pdcafe1"), PositionId("p1")
    yield f.DayBegan(at, at.date().isoformat(), Quote(Decimal(9000)))
    yield f.BreakerMoved(at, f.Breaker.DRAWDOWN, f.Step.WARN, Ratio(Decimal("0.1")), Ratio(Decimal("0.08")))
    yield f.HaltLatched(at, f.Breaker.FAILURE, "by a test")
    yield f.HaltLifted(at, "owner")
    yield f.PositionPlanned(at, position, BTC, Direction.LONG, CROSS, Price(Decimal(1)), None, None, None)
    yield f.FillBooked(
        at, fill(name, "0.1", "50000", fees=(BNB_FEE,)), position, Quote(Decimal(0)), (BNB_FEE,)
    )
    yield f.FeesPriced(at, position, BNB_FEE.coin, Price(Decimal(600)), Quote(Decimal("4.999998")))
    yield f.PresetSwitched(at, CROSS, False, "owner")
    yield f.PresetGone(at, position, BTC, CROSS)
    yield f.PresetBack(at, position, BTC, CROSS)
    yield f.EntriesBarred(at, BTC, position, "full")
    yield f.EntriesAllowed(at, BTC, "owner")
    yield f.ForeignFound(at, report(name, VenueStatus.OPEN))
    yield f.ForeignResolved(at, name, BTC, f.ForeignChoice.CLOSE, "owner")
    yield f.ForeignCancelRepeated(at, name, BTC, 2, Quantity(Decimal(0)))
    yield f.ForeignEnded(at, name, BTC, None, Quantity(Decimal(0)))


if __name__ == "__main__":
    write()
