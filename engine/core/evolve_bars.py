"""What the facts about barred instruments change in the books; a part of `evolve`."""

from __future__ import annotations

from engine.core import facts as f
from engine.core.ids import Symbol
from engine.core.state import Barred, TraderState

BY_ITSELF = ("venue", "sale")
"""Who lifts a bar besides the owner: the venue that takes a stop again, and his sale of all of it by hand."""


def barred(state: TraderState, fact: f.EntriesBarred) -> None:
    """A second reason does not begin the time anew in which the first could have gone by itself."""
    before = state.barred.get(fact.symbol)
    since, position_id = (before.since, before.position_id) if before else (fact.at, fact.position_id)
    state.barred[fact.symbol] = Barred(since, position_id, fact.reason)


def allowed(state: TraderState, fact: f.EntriesAllowed) -> None:
    bar = state.barred.pop(fact.symbol, None)
    if bar is not None and fact.by not in BY_ITSELF:
        state.answered[fact.symbol] = bar.reason


def nothing_held(state: TraderState, symbol: Symbol) -> None:
    """His answer was about the positions that there were."""
    state.answered.pop(symbol, None)
