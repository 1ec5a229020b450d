"""A decision in the making: facts are collected and at once applied to a copy of the state.

So each later part of one decision sees what the earlier ones decided, while the state that was given stays as it is
until the facts are on disk. A price that changes nothing, the common case, copies nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from engine.core.effects import Effect, effects_of
from engine.core.evolve import evolve
from engine.core.facts import AnyFact
from engine.core.market import Market
from engine.core.notices import Notice
from engine.core.notify import notice_of
from engine.core.settings import TraderSettings
from engine.core.state import TraderState


@dataclass(slots=True)
class Draft:
    """What `decide` works on. `state` is the one given until the first fact, then a copy with the facts applied."""

    settings: TraderSettings
    state: TraderState
    market: Market
    at: datetime
    facts: list[AnyFact] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def emit(self, fact: AnyFact) -> None:
        """Decide one more fact."""
        if not self.facts:
            self.state = self.state.copy()
        evolve(self.state, fact)
        self.facts.append(fact)
        if effect := effects_of(fact, self.state):
            self.effects.append(effect)
        if notice := notice_of(fact, self.state, self.settings.venue):
            self.notices.append(notice)
