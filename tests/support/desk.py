"""One trader and one paper venue in a plain loop: no process, no task, no real time.

    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.advance(3)

After every input the facts are folded into a second state, which must equal the decided one: a restart at any moment
finds everything as it was. `crash` then is that restart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import TypeVar

from engine.clock import ManualClock
from engine.core import inputs as i
from engine.core.effects import Cancel, Effect, Submit
from engine.core.errors import Rejected
from engine.core.evolve import evolve, restore
from engine.core.facts import AnyFact, CommandDone
from engine.core.ids import ClientOrderId, CommandId, PresetId, Symbol
from engine.core.ledger import Position
from engine.core.market import Market
from engine.core.model import Action, Balance, Instrument, OrderReport, Side
from engine.core.money import Price, Quote
from engine.core.notices import Notice
from engine.core.orders import Order, Purpose
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.core.trader import Decision, decide
from engine.exchanges.paper_book import PaperBook
from engine.exchanges.paper_rules import PaperRules
from tests.support.builders import BTC, CROSS, ETH, START, USDT, instrument, ratio, seconds, signal, ticker
from tests.support.builders import settings as usual_settings
from tests.support.network import Fault, Network

Kind = TypeVar("Kind", bound=AnyFact)

EXACT = PaperRules(spread=ratio("0"), slippage=ratio("0"), impact=ratio("0"), participation=ratio("1"))
"""Fills at the last price, as much as its volume."""


class Desk:
    """Drives decide and evolve as a runner would; `laws` is called after every decision."""

    def __init__(
        self,
        settings: TraderSettings | None = None,
        instruments: Iterable[Instrument] = (),
        rules: PaperRules = EXACT,
        laws: Callable[[Desk, Decision], None] | None = None,
    ) -> None:
        self.settings = settings or usual_settings()
        self.clock = ManualClock(START)
        self.instruments = tuple(instruments) or (instrument(BTC), instrument(ETH))
        money = [Balance(USDT, self.settings.starting_balance)]
        self.venue = PaperBook(self.instruments, money, rules)
        self.network = Network()
        self.state, self.folded = TraderState(), TraderState()
        self.market = Market()
        self.facts: list[AnyFact] = []
        self.notices: list[Notice] = []
        self.sent: list[Effect] = []
        self.laws = laws
        self._mail: deque[tuple[datetime, i.Input]] = deque()
        self._commands = count(1)
        self.open()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    # ── what happens to it ────────────────────────────────────────────────────────────────

    def open(self, clean: bool = False) -> None:
        self.give(i.Opened(self.now, "cafe", clean))
        self.give(i.InstrumentsSeen(self.now, self.instruments))

    def record(self, fact: AnyFact) -> None:
        """A fact that no input of this harness leads to."""
        self.facts.append(fact)
        for state in (self.state, self.folded):
            evolve(state, fact)

    def crash(self, venue_forgets: bool = False) -> None:
        """The process dies with all that was on its way; another begins from the facts alone.

        `venue_forgets`: the paper venue was part of the process and is made anew from the books, as in life.
        """
        self._mail.clear()
        self.market = Market()
        self.state = restore(self.facts)
        if venue_forgets:
            held = [Balance(coin, max(amount, Decimal(0))) for coin, amount in self.state.holdings.items()]
            self.venue.restore(held, self.state.orders.values())
        self.open()

    def price(self, symbol: Symbol, last: str | Decimal, volume: str | None = None) -> None:
        """A price reaches the venue, then the trader."""
        seen = ticker(symbol, last, self.now, volume)
        for report in self.venue.on_price(seen, self.now):
            self._tell(report)
        self.give(i.PriceSeen(self.now, seen))
        self.settle()

    def signal(
        self,
        symbol: Symbol = BTC,
        action: Action = Action.ENTER,
        by: PresetId = CROSS,
        stop_distance: str | None = None,
    ) -> Decision:
        """A strategy wants something, on the candle that closed now."""
        last = self.market.price(symbol) or Price(Decimal(100))
        wish = signal(symbol, self.now, action, str(last), by, stop_distance)
        decision = self.give(i.SignalSeen(self.now, wish))
        self.settle()
        return decision

    def command(self, kind: type[i.Command], *details: object) -> str:
        """The owner's word; what it was refused with, empty if carried out."""
        made = kind(self.now, CommandId(f"c{next(self._commands)}"), "owner", *details)
        decision = self.give(made)
        self.settle()
        return next(one.refused for one in decision.facts if isinstance(one, CommandDone))

    def buy(self, symbol: Symbol, value: str) -> str:
        return self.command(i.ManualEntry, symbol, Side.BUY, Quote(Decimal(value)))

    def advance(self, count: int = 1) -> None:
        """Seconds go by, each with its tick of the timer."""
        for _ in range(count):
            self.clock.advance(seconds(1))
            self.settle()
            self.give(i.TimerTicked(self.now))
            self.settle()

    def settle(self) -> None:
        """Deliver everything that has arrived by now, and what follows from it."""
        while due := [one for one in self._mail if one[0] <= self.now]:
            chosen = self.network.reorder.choice(due) if self.network.reorder else due[0]
            self._mail.remove(chosen)
            self.give(chosen[1])

    # ── the loop ──────────────────────────────────────────────────────────────────────────

    def give(self, input: i.Input) -> Decision:
        """One input through the one door; its effects start once its facts are kept."""
        self.market.see(input)
        decision = decide(self.settings, self.state, self.market, input)
        self.facts += decision.facts
        self.notices += decision.notices
        self.state = decision.state
        restore(list(decision.facts), self.folded)
        assert self.folded == self.state, f"folding the facts of {input} gives another state"
        if self.laws is not None:
            self.laws(self, decision)
        for effect in decision.effects:
            self._carry(effect)
        return decision

    def _carry(self, effect: Effect) -> None:
        self.sent.append(effect)
        fault = self.network.befalls(effect)
        if fault is Fault.HANGS:
            return
        if fault is Fault.REFUSED:
            self._post(_refused(effect, self.now, "refused for the test"))
            return
        answers = [] if fault is Fault.LOST_BEFORE else self._ask_venue(effect)
        for one in answers if fault is None else [_lost(effect, self.now)]:
            self._post(one)

    def _ask_venue(self, effect: Effect) -> list[i.Input]:
        try:
            report = self._act(effect)
        except Rejected as error:
            return [_refused(effect, self.now, str(error))]
        if report is None:
            return [i.OrderNotFound(self.now, effect_id(effect))]
        return self.network.carry(i.OrderSeen(self.now, report), asked=True)

    def _act(self, effect: Effect) -> OrderReport | None:
        if isinstance(effect, Submit):
            return self.venue.submit(effect.request, self.now)
        if isinstance(effect, Cancel):
            return self.venue.cancel(effect.client_order_id, self.now)
        return self.venue.order(effect.client_order_id, self.now)

    def _tell(self, report: OrderReport) -> None:
        """The venue's stream."""
        for one in self.network.carry(i.OrderSeen(self.now, report)):
            self._post(one)

    def _post(self, input: i.Input) -> None:
        self._mail.append((self.now + self.network.delay, input))

    # ── what is looked at ─────────────────────────────────────────────────────────────────

    @property
    def position(self) -> Position:
        """The one position; fails if there are others."""
        (only,) = self.state.positions.values()
        return only

    def orders(self, purpose: Purpose) -> list[Order]:
        """Orders that are not settled."""
        return [order for order in self.state.orders.values() if order.purpose is purpose]

    def order(self, purpose: Purpose) -> Order:
        (only,) = self.orders(purpose)
        return only

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def told(self, kind: str) -> list[Notice]:
        return [notice for notice in self.notices if notice.kind == kind]

    def submitted(self) -> list[ClientOrderId]:
        return [one.request.client_order_id for one in self.sent if isinstance(one, Submit)]


def effect_id(effect: Effect) -> ClientOrderId:
    return effect.request.client_order_id if isinstance(effect, Submit) else effect.client_order_id


def _refused(effect: Effect, at: datetime, reason: str) -> i.Input:
    if isinstance(effect, Submit):
        return i.OrderRefused(at, effect_id(effect), reason)
    return _lost(effect, at)


def _lost(effect: Effect, at: datetime) -> i.Input:
    order = effect_id(effect)
    if isinstance(effect, Submit):
        return i.OrderOutcomeUnknown(at, order, "no answer")
    if isinstance(effect, Cancel):
        return i.CancelRefused(at, order, "no answer")
    return i.AskFailed(at, order, "no answer")
