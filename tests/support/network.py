"""What lies between a desk and its venue, and everything that may go wrong there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from random import Random

from engine.core import inputs as i
from engine.core.effects import Cancel, Effect, Query, Submit


class Fault(StrEnum):
    """What may befall one request."""

    LOST_BEFORE = "the request never reaches the venue"
    LOST_AFTER = "the venue acts, its answer is lost"
    REFUSED = "the venue refuses"
    HANGS = "no answer comes before a crash"


@dataclass(slots=True)
class Network:
    """`faults`: by kind of effect, used up from the front, None for a request that fares well.

    `delay`: how long answers and reports travel. `copies`: how often each report of the venue arrives (0: the
    stream is silent). `apart`: fills come by themselves, after or before their order's report. `reorder` shuffles
    what arrives at the same moment.
    """

    faults: dict[type[Effect], list[Fault | None]] = field(default_factory=dict)
    delay: timedelta = timedelta(0)
    copies: int = 1
    apart: bool = False
    reorder: Random | None = None

    def befalls(self, effect: Effect) -> Fault | None:
        waiting = self.faults.get(type(effect))
        return waiting.pop(0) if waiting else None

    def plan(self, kind: type[Submit] | type[Cancel] | type[Query], *faults: Fault | None) -> None:
        """The next requests of this kind fare so, in this order."""
        self.faults.setdefault(kind, []).extend(faults)

    def carry(self, input: i.OrderSeen, asked: bool = False) -> list[i.Input]:
        """How a report of the venue arrives. One that was `asked` for comes even while the stream is silent."""
        copies = max(self.copies, 1) if asked else self.copies
        if not self.apart or not input.report.fills:
            return [input] * copies
        bare = replace(input, report=replace(input.report, fills=()))
        return [bare, *(i.FillSeen(input.at, fill) for fill in input.report.fills)] * copies
