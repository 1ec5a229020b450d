"""One cause rings once: which trouble follows from which, and from when on one is told for itself.

A trouble counts from the moment that it is written down: it bars entries at once and stands on the screens. Whether
it is a message of its own is another question, decided here from the state alone, so that a restored trader tells the
same:

- What follows from a venue that can't be reached (books that can't be compared, stale prices, missing candles) is said
  by that one alarm, if it is told. It becomes news when it is still there some time after the venue is back, and when
  it outlasts a venue that comes and goes.
- What happens to one order happens once: nothing says it again, so it is told at once.
- What mends itself within seconds (`PATIENCE`) was no news.
- The same trouble of several instruments that began together is one message that names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from engine.core.alarms import Trouble
from engine.core.state import OngoingTrouble, TraderState

Key = tuple[Trouble, str]

CAUSE: Key = (Trouble.VENUE_UNREACHABLE, "")
SETTLES = timedelta(seconds=60)
"""So long after the venue is back what followed from its absence may last: streams are opened again one by one."""
OUTLASTS = 2 * SETTLES
"""So long after the venue was back for the first time it is told whatever the venue does: one that is away for some
seconds each minute must not keep stale prices silent for hours."""
TOGETHER = timedelta(seconds=60)
"""Of several instruments within this time: one incident."""
INSTRUMENTS = "*"
"""The subject of the one message of several instruments."""
NAMED = 3
"""So many instruments are named in one message, the others counted."""

_FOLLOWS = frozenset(
    {
        Trouble.RECONCILE_FAILED,
        Trouble.PRICES_STALE,
        Trouble.CYCLE_FAILED,
        Trouble.CYCLE_MISSED,
        Trouble.DATA_UNSOUND,
    }
)
_PATIENCE = {
    Trouble.VENUE_UNREACHABLE: timedelta(seconds=4),
    Trouble.RECONCILE_FAILED: timedelta(seconds=45),
    Trouble.CYCLE_FAILED: timedelta(seconds=10),
}
"""How long each may last before it is told; all others are told at once, a cycle that did not run too: the next one
ends that, and what was missed stays missed. A reconciliation is tried again within seconds, and one that fails is often
the first sign of a venue that goes away: then that is what has to be told. Where nothing answers at all it takes
the feed up to half a minute to say so."""
_OF_INSTRUMENTS = frozenset(
    {Trouble.PRICES_STALE, Trouble.CYCLE_FAILED, Trouble.CYCLE_MISSED, Trouble.DATA_UNSOUND}
)
_AT_ONCE = timedelta(0)


def follows(state: TraderState, key: Key, one: OngoingTrouble, at: datetime) -> bool:
    """Whether the owner knows it by the alarm of what it came from, or will within seconds."""
    if not _may_follow(key) or (one.back is not None and at - one.back >= OUTLASTS):
        return False
    cause, back = state.troubles.get(CAUSE), state.reachable_since
    if cause is not None and (cause.told or at - cause.began < _PATIENCE[CAUSE[0]]):
        return True
    return back is not None and _AT_ONCE <= at - back < SETTLES


def _may_follow(key: Key) -> bool:
    """A trouble of an order is an event, not a state: held back it would be lost."""
    return key[0] in _FOLLOWS and (key[1] == "" or shared(key))


def is_news(state: TraderState, key: Key, one: OngoingTrouble, at: datetime) -> bool:
    """Whether it is told for itself by now."""
    return at - one.began >= _PATIENCE.get(key[0], _AT_ONCE) and not follows(state, key, one, at)


def now_news(state: TraderState, at: datetime) -> Iterator[tuple[Key, OngoingTrouble]]:
    """What was not told so far, and is to be now: it lasts, and nothing else explains it."""
    for key, one in state.troubles.items():
        if not one.told and is_news(state, key, one, at):
            yield key, one


def shared(key: Key) -> bool:
    """Whether it is one message with the same trouble of other instruments."""
    return key[0] in _OF_INSTRUMENTS and ("/" in key[1] or key[0] is Trouble.CYCLE_MISSED)


def subject_of(key: Key) -> str:
    """What its messages are about: not "", which is the venue-wide trouble of the same kind, and another message."""
    return INSTRUMENTS if shared(key) else key[1]


def alike(state: TraderState, key: Key) -> list[str]:
    """The subjects that one message about `key` names: those that are told of, this one first."""
    others = [
        subject
        for (kind, subject), one in state.troubles.items()
        if kind is key[0] and subject != key[1] and one.told and shared((kind, subject))
    ]
    return [key[1], *others] if shared(key) else [key[1]]


def episode(state: TraderState, key: Key) -> datetime:
    """When the incident began that this trouble is a part of: a new one rings again, a further instrument does not."""
    began = sorted(
        (state.troubles[key[0], subject].began for subject in alike(state, key)),
        reverse=True,
    )
    first = state.troubles[key].began
    for earlier in began:
        if _AT_ONCE <= first - earlier <= TOGETHER:
            first = earlier
    return first


def named(subjects: list[str]) -> tuple[str, int]:
    """The first few, and how many more."""
    return ", ".join(subjects[:NAMED]), max(len(subjects) - NAMED, 0)


def standing(state: TraderState) -> list[tuple[Trouble, list[str]]]:
    """What is wrong now, for a screen: a venue that is away without what follows from that, instruments with the same
    trouble in one line."""
    found: dict[Trouble | Key, list[str]] = {}
    away = CAUSE in state.troubles
    for key in state.troubles:
        if not (away and _may_follow(key)):
            found.setdefault(key[0] if shared(key) else key, []).append(key[1])
    return [(one[0] if isinstance(one, tuple) else one, subjects) for one, subjects in found.items()]
