"""Looks at every step of a day with the venue's own knowledge, and says which law was broken first."""

from __future__ import annotations

from collections.abc import Sequence

from engine.clock import Clock
from engine.core import facts as f
from engine.core.evolve import evolve
from engine.core.ids import ClientOrderId, CommandId, is_ours
from engine.core.notices import Notice
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from sandbox.simulation.judge import Judge
from sandbox.simulation.law_books import BookLaws
from sandbox.simulation.law_commands import CommandLaws
from sandbox.simulation.law_orders import OrderLaws
from sandbox.simulation.law_protection import ProtectionLaw
from sandbox.simulation.law_safety import SafetyLaws
from sandbox.simulation.law_shares import ShareLaws
from sandbox.simulation.law_trust import TrustLaws
from sandbox.simulation.venue import Event, Venue
from sandbox.simulation.weather import Weather

WAITED = 240.0
"""Three minutes that executions of a lost order are waited for, and what comes before and after."""
CALM = 62.0
"""Seconds without a fault, a trade or a movement from outside after which the books must agree at any time of the day:
law 3's minute, and the time that an answer takes."""


class Oracle:
    """`state` is folded from every fact that was ever written, across all lives of the process."""

    def __init__(self, venue: Venue, weather: Weather, clock: Clock, settings: TraderSettings) -> None:
        self.state = TraderState()
        self.facts: list[f.AnyFact] = []
        self.notices = 0
        self.judge = Judge(clock)
        self.orders = OrderLaws(self.judge, venue)
        self.books = BookLaws(self.judge, venue)
        self.safety = SafetyLaws(self.judge)
        self.protection = ProtectionLaw(self.judge, venue, weather, self.books)
        self.trust = TrustLaws(self.judge, venue, weather, self.books)
        self.shares = ShareLaws(self.judge)
        self.commands = CommandLaws(self.judge)
        self._venue = venue
        self._weather = weather
        self._clock = clock
        self._moved = 0.0
        self._outside = -WAITED
        self.books.intended = self.orders.intended

    # ── the desk's side ───────────────────────────────────────────────────────────────────

    def written(self, facts: Sequence[f.AnyFact], notices: Sequence[Notice]) -> None:
        """One transaction is on disk."""
        for fact in facts:
            self._look(fact)
        self.safety.promised(facts, notices)
        self.notices += len(notices)
        self.protection.told(notices, self._clock.monotonic())

    def _look(self, fact: f.AnyFact) -> None:
        if isinstance(fact, f.OrderIntended | f.OrderAdopted | f.OrderEnded):
            self._moved = self._clock.monotonic()
        self.orders.look(fact, self.state)
        self.books.look(fact, self.state)
        self.safety.look(fact, self.state)
        self.protection.look(fact)
        self.trust.look(fact, self.state, self._clock.monotonic())
        self.shares.look(fact)
        self.commands.look(fact)
        before = self.state.copy() if isinstance(fact, f.BalanceFlowed) else None
        self.facts.append(fact)
        evolve(self.state, fact)
        if before is not None:
            self.safety.flowed(before, self.state)

    def told(self, notices: Sequence[Notice]) -> None:
        """The process tells of itself: a runner that failed is a flaw of the desk, whatever the weather."""
        for one in notices:
            self.judge.blame(16, f"{one.kind}: {one.data.get('detail')}")

    def restored(self, state: TraderState) -> None:
        """A new process has its books, and has written that it began."""
        self.trust.asked_all()
        self.judge.expect(state == self.state, 3, "the restored books differ from the facts")

    def ended(self, state: TraderState, number: int) -> None:
        """A process is gone that had written `number` facts when it last believed this."""
        if number == len(self.facts):
            self.judge.expect(state == self.state, 3, "what the process believed differs from what it wrote")

    # ── the venue's side ──────────────────────────────────────────────────────────────────

    def happened(self, event: Event) -> None:
        ours = is_ours(event.report.client_order_id)
        self._moved = self._clock.monotonic()
        self.books.happened(event, ours)

    def outside(self) -> None:
        """Money or coins come or go by the owner's hand."""
        self._moved = self._outside = self._clock.monotonic()

    # ── both ──────────────────────────────────────────────────────────────────────────────

    @property
    def moved_at(self) -> float:
        """When anything last moved at the venue or was decided on, in virtual seconds."""
        return self._moved

    @property
    def uncovered(self) -> bool:
        return self.protection.uncovered

    def watch(self) -> None:
        """A lost stop is put back soon; not while money moves by the owner's hand, since then nothing proves what it
        did but the executions, which are waited for."""
        if self._clock.monotonic() - self._outside < WAITED and self._asks_for_the_lost():
            return
        self.protection.watch(self.state, self._clock.monotonic())

    def looks(self) -> None:
        """At any time of the day: once it was calm for long enough, the books agree."""
        self.watch()
        if self._asks_for_the_lost():
            return
        if self._clock.monotonic() - max(self._weather.calm_since, self._moved) > CALM:
            self.compare("after calm")

    def _asks_for_the_lost(self) -> bool:
        """Of an order that the venue has forgotten three minutes are waited for executions, where nothing else proves
        that it sold nothing; until then no balance says anything, and the owner was told."""
        uncertain = [one for one in self.state.troubles if one[0] is f.Trouble.ORDER_UNCERTAIN]
        return any(self._venue.is_forgotten(ClientOrderId(name)) for _, name in uncertain)

    def compare(self, when: str) -> None:
        self.books.compare(self.state, when)

    def ends(self, unanswered: Sequence[CommandId]) -> None:
        """The day is over, the storm settled and the owner has ordered all to be sold."""
        self.safety.ends(unanswered)
        self.books.ends()
        self.judge.expect(not self.state.positions, 5, f"not flat in the end: {list(self.state.positions)}")
        self.judge.expect(not self.state.orders, 2, f"never settled: {list(self.state.orders)}")
        orphans = [
            one.client_id for one in self._venue.matching.open_orders() if one.client_id in self.orders.sent
        ]
        self.judge.expect(not orphans, 4, f"orders of ours still work when all is sold (S5): {orphans}")
        self.orders.ends()
