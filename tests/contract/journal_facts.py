"""Random facts and states of every kind, made from the type hints of the core."""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from engine.core.facts import AnyFact
from engine.core.state import TraderState

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
decimals = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9),
    st.sampled_from([Decimal("0E-18"), Decimal("1E+20"), Decimal("0.10"), Decimal("1E-30"), Decimal("-0")]),
)
moments = st.integers(0, 10**15 * 3).map(lambda micros: FIRST + timedelta(microseconds=micros))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Decimal: decimals,
    datetime: moments,
    str: texts,
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    type(None): st.none(),
}


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type as the core writes them: dataclasses, enums, tuples, dicts, unions and NewTypes."""
    hint = getattr(hint, "__supertype__", hint)
    hint = getattr(hint, "__supertype__", hint)
    arguments = get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is tuple and arguments[-1] is Ellipsis:
        return st.lists(of_type(arguments[0]), max_size=3).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*map(of_type, arguments))
    if get_origin(hint) is dict:
        return st.dictionaries(of_type(arguments[0]), of_type(arguments[1]), max_size=3)
    if arguments:
        return st.one_of(*map(of_type, arguments))
    if is_dataclass(hint):
        return instances(hint)
    return st.sampled_from(list(hint))


def instances(kind: Any) -> st.SearchStrategy[Any]:
    """Instances with every field drawn, those with a default too."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name != "VERSION"}
    return st.builds(kind, **{name: of_type(hint) for name, hint in hints.items()})


any_fact: st.SearchStrategy[AnyFact] = st.one_of(*[instances(kind) for kind in get_args(AnyFact)])
states: st.SearchStrategy[TraderState] = instances(TraderState)
