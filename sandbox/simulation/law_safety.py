"""Laws 6, 9 and 10: halts latch, a command acts once and is answered, an alert is stored with its fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.ids import CommandId
from engine.core.model import OrderType, State
from engine.core.money import ZERO
from engine.core.notices import Notice
from engine.core.state import TraderState
from sandbox.simulation.judge import Judge

_PROMISED: dict[type[f.AnyFact], str] = {
    f.FillBooked: "order_filled",
    f.OutcomeLost: "order_unknown",
    f.PositionClosed: "position_closed",
    f.ExitRefused: "exit_refused",
    f.StopRefused: "stop_refused",
    f.HaltLatched: "halted",
    f.ForeignFound: "foreign_found",
    f.ShortfallSeen: "shortfall",
    f.PositionReduced: "position_reduced",
}
"""Facts that the owner hears of, whatever else is told."""


MENDS_ITSELF = timedelta(seconds=26)
_ROUNDING = Decimal("1e-20")


class SafetyLaws:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._sent: Counter[str] = Counter()
        self._done: set[CommandId] = set()
        self._halted = False
        self._troubles = 0

    # ── commands ──────────────────────────────────────────────────────────────────────────

    def sent(self, command: i.Command) -> None:
        self._sent[type(command).__name__] += 1

    # ── facts ─────────────────────────────────────────────────────────────────────────────

    def look(self, fact: f.AnyFact, before: TraderState) -> None:
        """A halt is remembered here on its own, so that a desk that forgets one is seen."""
        if isinstance(fact, f.HaltLatched):
            self._halted = True
        elif isinstance(fact, f.HaltLifted):
            self._use("LiftHalt", "a halt was lifted, and nobody had said so")
            self._halted = False
        elif isinstance(fact, f.StateChanged) and fact.state is State.RUNNING:
            self._use("Resume", "the connection runs, and nobody had said so")
            self._judge.expect(not self._halted, 6, "it was resumed while halted")
        elif isinstance(fact, f.OrderIntended) and fact.order.type is OrderType.MARKET:
            entry = fact.order.purpose.value == "entry"
            self._judge.expect(not (entry and self._halted), 6, "an entry while a halt is latched")
        elif isinstance(fact, f.TroubleBegan):
            self._troubles += self._is_due(fact, before)
        elif isinstance(fact, f.CommandDone):
            self._judge.expect(fact.command_id not in self._done, 9, f"{fact.command_id} acted twice")
            self._done.add(fact.command_id)

    def _use(self, command: str, words: str) -> None:
        self._judge.expect(self._sent[command] > 0, 6, words)

    def _is_due(self, fact: f.TroubleBegan, before: TraderState) -> bool:
        """At once, but for what may mend itself, which is told once it lasts."""
        known = before.troubles.get((fact.trouble, fact.subject))
        if fact.trouble is not f.Trouble.RECONCILE_FAILED:
            return True
        return known is not None and not known.told and fact.at - known.began > MENDS_ITSELF

    def promised(self, facts: Sequence[f.AnyFact], notices: Sequence[Notice]) -> None:
        """Facts and alerts of one transaction."""
        wanted = [kind for fact in facts if (kind := _PROMISED.get(type(fact)))]
        wanted += ["trouble"] * self._troubles
        self._troubles = 0
        told = [one.kind for one in notices] if wanted else []
        for kind in wanted:
            enough = told.count(kind) >= wanted.count(kind)
            self._judge.expect(enough, 10, f"nobody was told of {kind}")

    def flowed(self, before: TraderState, after: TraderState) -> None:
        """Money that comes or goes by itself is neither profit nor loss, and moves no breaker (A14): what was lost
        stays the same share. Counted here by cross-multiplication, so that only the marks themselves are rounded."""
        gap = before.equity - before.day_equity == after.equity - after.day_equity
        self._judge.expect(gap, 6, "money that came or went moved the day's profit")
        if before.equity <= ZERO or after.equity <= ZERO:
            return
        for mark in ("high_water", "day_mark"):
            was, now = getattr(before, mark) * after.equity, getattr(after, mark) * before.equity
            self._judge.expect(abs(was - now) <= was * _ROUNDING, 6, f"money that came or went moved {mark}")

    def ends(self, unanswered: Sequence[CommandId]) -> None:
        self._judge.expect(not unanswered, 9, f"commands were never answered: {list(unanswered)}")
