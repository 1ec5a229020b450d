"""Facts and states are read back exactly as they were written, or refused by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import Corrupt
from engine.core.facts import AnyFact, EquityMarked, HaltLifted
from engine.core.money import Quote
from engine.core.state import TraderState
from storage import codec, snapshots
from tests.contract.journal_facts import instances, states

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.mark.parametrize("kind", get_args(AnyFact), ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_kind_is_read_back_exactly(kind: type[AnyFact], data: st.DataObject) -> None:
    fact = data.draw(instances(kind))
    back = codec.decode(kind.__name__, kind.VERSION, codec.encode(fact))
    assert type(back) is kind
    assert back == fact
    assert _digits(back) == _digits(fact)


@settings(max_examples=40, deadline=None)
@given(state=states)
def test_a_state_is_read_back_exactly(state: TraderState) -> None:
    back = snapshots.decode_state(snapshots.encode_state(state))
    assert back == state
    assert _digits(back) == _digits(state)


def test_a_state_may_be_changed_after_it_was_read_back() -> None:
    back = snapshots.decode_state(snapshots.encode_state(TraderState()))
    back.counter += 1
    back.holdings["BTC"] = Decimal(1)  # type: ignore[index]
    assert TraderState().holdings == {}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "sNaN"])
def test_a_number_that_is_none_is_never_written(value: str) -> None:
    with pytest.raises(Corrupt, match="EquityMarked can't be written down"):
        codec.encode(EquityMarked(AT, Quote(Decimal(value)), Quote(Decimal(1))))


@pytest.mark.parametrize("at", [AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=2)))])
def test_a_time_that_is_not_utc_is_never_written(at: datetime) -> None:
    with pytest.raises(Corrupt, match="not in UTC"):
        codec.encode(HaltLifted(at, "owner"))


def test_a_value_of_the_wrong_type_is_never_written() -> None:
    with pytest.raises(Corrupt, match="HaltLifted can't be written down"):
        codec.encode(HaltLifted(AT, 7))  # type: ignore[arg-type]


def test_a_value_that_comes_back_another_is_never_written() -> None:
    with pytest.raises(Corrupt, match="can't be written down"):
        codec.encode(HaltLifted(AT, "lone surrogate \ud800"))


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(Corrupt, match="unknown kind 'MoonLanded'"):
        codec.decode("MoonLanded", 1, "{}")


def test_an_unreadable_body_is_named() -> None:
    with pytest.raises(Corrupt, match=r"HaltLifted \(version 1\) that can't be read: by: Field required"):
        codec.decode("HaltLifted", 1, '{"at":"2026-01-02T03:04:05Z"}')


@dataclass(frozen=True, slots=True)
class Lifted:
    """A kind of which two versions came before."""

    VERSION: ClassVar[int] = 3
    at: datetime
    name: str
    count: int


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(body: dict[str, Any]) -> dict[str, Any]:
        return {"at": body["at"], "name": body["nickname"]}

    def count(body: dict[str, Any]) -> dict[str, Any]:
        return body | {"count": 7}

    monkeypatch.setattr(codec, "KINDS", {"Lifted": Lifted})
    monkeypatch.setattr(codec, "UPCASTERS", {("Lifted", 1): rename, ("Lifted", 2): count})


@pytest.mark.usefixtures("third_version")
def test_an_old_version_is_lifted_step_by_step() -> None:
    body = json.dumps({"at": AT.isoformat(), "nickname": "ann"})
    assert _read(1, body) == Lifted(AT, "ann", 7)
    body = json.dumps({"at": AT.isoformat(), "name": "bob"})
    assert _read(2, body) == Lifted(AT, "bob", 7)


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize(
    ("version", "words"), [(0, "of version 0"), (4, "version 4; this program knows up to 3")]
)
def test_a_version_that_nothing_can_read_is_named(version: int, words: str) -> None:
    with pytest.raises(Corrupt, match=words):
        codec.decode("Lifted", version, "{}")


def test_a_damaged_snapshot_is_refused() -> None:
    with pytest.raises(Corrupt, match="snapshot"):
        snapshots.decode_state('{"counter": "many"}')


def test_a_state_that_can_not_be_kept_is_refused() -> None:
    with pytest.raises(Corrupt, match="can't be written down"):
        snapshots.encode_state(TraderState(counter="many"))  # type: ignore[arg-type]


def test_the_version_of_a_snapshot_follows_the_shape_of_all_that_is_in_it() -> None:
    shape = list(snapshots._shape(TraderState, set()))
    names = {line.partition(":")[0] for line in shape}
    assert {"TraderState.nonce", "Position.stop", "Order.status", "OngoingTrouble.count"} <= names
    assert len(snapshots.state_version()) == 16


def _read(version: int, body: str) -> object:
    return codec.decode("Lifted", version, body)


def _digits(value: object) -> list[str]:
    """Every Decimal in it with all of its digits and its sign: equality alone takes 0.1 for 0.10."""
    text = repr(value)
    return [part.partition(")")[0] for part in text.split("Decimal(")[1:]]
