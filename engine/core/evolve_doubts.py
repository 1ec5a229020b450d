"""What the facts about missing coins change in the books; a part of `evolve`."""

from __future__ import annotations

from engine.core import facts as f
from engine.core.state import OngoingShortfall, TraderState


def seen(state: TraderState, fact: f.ShortfallSeen) -> None:
    """When books and account agreed last is remembered from before: each look at a difference is written down too.
    What begins to be missing now is not believed for what was missing, or was elsewhere, before."""
    known = state.shortfalls.get(fact.coin)
    since, agreed = (known.since, known.agreed_at) if known else (fact.at, state.reconciled_at)
    if known is not None and (fact.theirs < known.theirs or (fact.doubt.is_open and not known.doubt.is_open)):
        since = fact.at
    state.shortfalls[fact.coin] = OngoingShortfall(fact.theirs, since, agreed, fact.doubt)


def over(state: TraderState, fact: f.ShortfallOver) -> None:
    state.shortfalls.pop(fact.coin, None)
