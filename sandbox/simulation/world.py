"""One simulated day: the market walks, strategies want in, faults befall, and the process lives and dies in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any, Protocol

from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import Rejected
from engine.core.ids import ClientOrderId, Symbol
from engine.core.ledger import Phase
from engine.core.model import Action, Instrument, OrderReport, OrderRequest, OrderType, Signal, Ticker
from engine.core.money import Price
from engine.core.orders import OrderStatus, Purpose
from engine.core.state import TraderState
from engine.ports import Journal
from sandbox.exchange.matching.model import OrderType as VenueType
from sandbox.simulation.befall import befall
from sandbox.simulation.chat import MakeEars, Shelf
from sandbox.simulation.loop import LoopClock, VirtualLoop
from sandbox.simulation.market import (
    BNB,
    FEE_COIN,
    PRICES,
    QUOTE,
    TRADED,
    instrument,
    pair_id,
    policy,
    to_tick,
)
from sandbox.simulation.oracle import Oracle
from sandbox.simulation.outside import bring_back
from sandbox.simulation.owner import Owner
from sandbox.simulation.process import Life
from sandbox.simulation.script import DAY, Day, Fault, Kind
from sandbox.simulation.settings import settings_for
from sandbox.simulation.telegram import Telegram
from sandbox.simulation.venue import Event, Venue
from sandbox.simulation.weather import Weather

SETTLING = 420.0
"""Seconds of good weather at the end before the books are compared: two of the desk's regular looks."""
QUIET = 65.0
IDLE = 300.0
"""Seconds between ticks of the timer while nothing hangs on time; a real desk ticks each second."""


class Parts(Protocol):
    """What other rooms make for a day: a journal in memory, and how a process hears the owner."""

    @property
    def journal(self) -> Callable[[], Journal]: ...

    @property
    def ears(self) -> MakeEars: ...


class World:
    """Everything outside the process, and the process."""

    def __init__(self, day: Day, parts: Parts, loop: VirtualLoop) -> None:
        self.day = day
        self.journal = parts.journal()
        self.make_ears = parts.ears
        self.clock: Clock = LoopClock(loop)
        self.random = Random(f"world {day.seed}")
        self.weather = Weather(loop)
        self.life: Life | None = None
        self.crashes = 0
        self.storm_over = False
        self.prices = dict(PRICES)
        self._loop = loop
        self.venue = Venue(policy(day.fees), self._balances(), loop.time, self._happened)
        self.settings = settings_for(day)
        self.oracle = Oracle(self.venue, self.weather, self.clock, self.settings)
        self.shelf = Shelf()
        self.telegram = Telegram(
            loop, self.weather, lambda number, text: self.oracle.commands.heard(number, text, self.now)
        )
        self.owner = Owner(self, Random(f"owner {day.seed}"))
        self._clean = False
        self._main: asyncio.Task[None] | None = None
        self._lives: asyncio.Task[None] | None = None
        self._beginning: asyncio.Task[None] | None = None
        self.stopping: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tick_by = 0.0

    # ── time ──────────────────────────────────────────────────────────────────────────────

    @property
    def now(self) -> float:
        return self._loop.now

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        self._loop.call_later(seconds, action)

    @property
    def runner_state(self) -> TraderState | None:
        """What the living process believes."""
        return self.life.connection.runner.state if self.life is not None and self.life.up else None

    # ── the day ───────────────────────────────────────────────────────────────────────────

    async def play(self) -> None:
        """From midnight to midnight, and then until everything has settled."""
        self._beat(first=True)
        self._main = asyncio.current_task()
        self._lives = lives = self._loop.create_task(self._live())
        self.owner.begin()
        for fault in self.day.faults:
            self._loop.call_at(fault.at, self._befall, fault)
        self._tick()
        try:
            await self._until(DAY)
            await self._settle()
        finally:
            lives.cancel()
            await asyncio.gather(lives, return_exceptions=True)
            await self._bury()

    async def _until(self, moment: float) -> None:
        """Or until a law is broken."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(moment - self.now, 0)):
                await self.oracle.judge.wait()

    async def _settle(self) -> None:
        """The storm is over. The books must come to equal the venue's, and once flat nothing may be left."""
        self.storm_over = True
        self.weather.clear()
        for symbol in TRADED:
            bring_back(self, symbol)
        for symbol in TRADED:
            self.venue.matching.set_trading(pair_id(symbol), True)
        self.tell_instruments()
        await self._until(self.now + SETTLING)
        await self._compare()
        self.owner.order_flatten()
        await self._until(self.now + SETTLING)
        await self._compare()
        self.oracle.ends(self.owner.unanswered)

    async def _compare(self) -> None:
        if self.life is not None and self.life.up:
            self.life.connection.reconcile()
        await self._until(self.now + QUIET)
        # An order of the owner's own may have been filled in between: then that minute was not quiet.
        while self.oracle.judge.broken is None and self.now < self.oracle.moved_at + QUIET:
            await self._until(self.oracle.moved_at + QUIET)
        self.oracle.compare("after a quiet minute")

    # ── the market ────────────────────────────────────────────────────────────────────────

    def _beat(self, first: bool = False) -> None:
        for symbol in (*TRADED, BNB) if first or self.random.random() < 0.02 else TRADED:
            self.move(symbol, self.random.gauss(0, 0.0002 if self.storm_over else self.day.volatility))
        if not self.weather.on(Kind.PRICES_SILENT):
            self.show_prices()
        if not first:
            self.oracle.looks()
        self.later(self._gap(), self._beat)

    def _gap(self) -> float:
        if self.storm_over:
            return 20.0
        burst = self.random.random() < 0.3
        return self.random.uniform(1, 15) if burst else self.random.uniform(180, 900)

    def move(self, symbol: Symbol, share: float) -> None:
        """The price moves by a share of itself, and something is traded there."""
        home = float(PRICES[symbol])
        pull = 0.02 * (home - float(self.prices[symbol])) / home
        rules = self.venue.rules(symbol)
        moved = self.prices[symbol] * Decimal(str(round(1 + share + pull, 7)))
        self.prices[symbol] = to_tick(moved, rules.tick)
        volume = Decimal(self.random.choice((0, 4000, 20000))) / PRICES[symbol]
        self.oracle.trust.priced(symbol, Price(self.prices[symbol]))
        self.venue.move(symbol, Price(self.prices[symbol]), volume // rules.step * rules.step)

    def to_tick(self, symbol: Symbol, price: Decimal) -> Price:
        return to_tick(price, self.venue.rules(symbol).tick)

    def show_prices(self) -> None:
        """They reach the process, and a strategy may want in or out."""
        if self.life is None or not self.life.up:
            return
        for symbol in TRADED:
            self.life.see_price(symbol)
        if self.random.random() < 0.5:
            self.put(i.EquityDue(self.clock.now()))
        if not self.storm_over:
            self._signals()

    def _signals(self) -> None:
        for preset in self.settings.presets.values():
            for symbol in preset.symbols:
                drawn = self.random.random()
                if drawn < self.day.eagerness:
                    action = Action.EXIT if drawn < self.day.eagerness / 8 else Action.ENTER
                    at = self.clock.now()
                    price = Price(self.prices[symbol])
                    self.put(i.SignalSeen(at, Signal(preset.id, symbol, action, at, price, "it wants to")))

    def wants(self, symbol: Symbol, action: Action) -> None:
        """Its strategies want in, or have changed their minds."""
        if self.storm_over:
            return
        self.show_price(symbol)
        for preset in self.settings.presets.values():
            at, price = self.clock.now(), Price(self.prices[symbol])
            self.put(i.SignalSeen(at, Signal(preset.id, symbol, action, at, price, "it wants to")))

    def show_price(self, symbol: Symbol) -> None:
        if self.life is not None and not self.weather.on(Kind.PRICES_SILENT):
            self.life.see_price(symbol)

    def ticker(self, symbol: Symbol) -> Ticker:
        price = Price(self.prices[symbol])
        return Ticker(symbol, price, self.clock.now(), price, price)

    def put(self, input: i.Input) -> None:
        if self.life is not None and self.life.up:
            self.life.connection.runner.put(input)

    def is_trading(self, symbol: Symbol) -> bool:
        return self.venue.rules(symbol).trading

    def instruments(self) -> list[Instrument]:
        """The venue's rules, as they are now."""
        return [instrument(self.venue.rules(one)) for one in TRADED]

    def tell_instruments(self) -> None:
        if self.life is not None and self.life.up:
            self.life.connection.see_instruments(self.instruments())

    # ── the venue ─────────────────────────────────────────────────────────────────────────

    def place(self, request: OrderRequest) -> OrderReport:
        """An order arrives. Raises Rejected."""
        report = self.venue.submit(request, self.weather.on(Kind.THIN_MARKET))
        order = self.venue.order(request.client_order_id)
        if order.type is VenueType.LIMIT and order.is_open:
            self.weather.feel(30)
            self.later(self.random.uniform(1, 8), lambda: self._sweep(request, False))
            self.later(self.random.uniform(9, 28), lambda: self._sweep(request, True))
            if self.random.random() < 0.6:
                self.later(self.random.uniform(1, 9), lambda: self.wants(request.symbol, Action.EXIT))
        return report

    def place_late(self, request: OrderRequest) -> None:
        """It arrives when nobody waits for it any more."""
        with suppress(Rejected):
            self.place(request)

    def _sweep(self, request: OrderRequest, whole: bool) -> None:
        """Somebody trades against what is left of an order that fills slowly."""
        order = self.venue.order(request.client_order_id)
        if not order.is_open:
            return
        if not self.is_trading(request.symbol):
            self.later(20, lambda: self._sweep(request, whole))
            return
        lots = max(order.remaining / 3 // order.pair.step, Decimal(1)) * order.pair.step
        volume = Decimal(100_000) if whole else lots
        self.venue.move(request.symbol, Price(order.price), volume)

    def cancel(self, client_order_id: ClientOrderId) -> OrderReport:
        """A cancel arrives. Raises Rejected."""
        order = self.venue.order(client_order_id) if self.venue.knows(client_order_id) else None
        coin, freed = (order.lock_coin, order.locked) if order is not None else ("", Decimal(0))
        report = self.venue.cancel(client_order_id)
        if self.weather.on(Kind.LOCKS_LINGER) and freed:
            self.venue.account.lock(coin, freed)
            self.later(self.random.uniform(1, 4), lambda: self.venue.account.unlock(coin, freed))
        return report

    def _happened(self, event: Event) -> None:
        self.oracle.happened(event)
        self.kick()
        if self.life is not None:
            self.life.stream.tell(event)

    def _balances(self) -> dict[str, Decimal]:
        owned = {"BTC": Decimal("0.5"), "SOL": Decimal(40)} if self.day.owns_coins else {}
        return {QUOTE: Decimal(10000), FEE_COIN: Decimal("0.03"), **owned}

    # ── the process ───────────────────────────────────────────────────────────────────────

    async def _live(self) -> None:
        number = 0
        while True:
            self.life = Life(self, self.settings, self._clean, number)
            self._clean = False
            beginning = self._loop.create_task(self.life.begin())
            self._beginning = beginning  # a task that nobody holds may be collected
            await self.life.died
            await self._bury()
            number += 1
            await asyncio.sleep(self.random.choice((0.5, 2, 10, 60)))

    async def _bury(self) -> None:
        """All that the process still had in hand is gone."""
        if self.life is None:
            return
        self.life.end()
        ours = {self._main, self._lives}
        tasks = [one for one in asyncio.all_tasks(self._loop) if one not in ours]
        tasks.sort(key=_number)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.oracle.commands.ended(set(self.shelf.kept))
        self.oracle.ended(self.life.connection.runner.state, self.life.written)
        self.crashes += 1
        self.life = None

    def left_clean(self) -> None:
        """The next process may know that this one left in good order."""
        self._clean = True

    def _befall(self, fault: Fault) -> None:
        befall(self, fault)

    def _tick(self) -> None:
        """Once a second while something is under way, else now and then."""
        if self.runner_state is None:
            self.weather.feel()  # nobody is there to place a stop
        self.oracle.watch()
        busy = self.oracle.uncovered or (self.runner_state is not None and is_busy(self.runner_state))
        if busy or self.now >= self._tick_by:
            self.put(i.TimerTicked(self.clock.now()))
            self._tick_by = self.now + IDLE
        self._timer = self._loop.call_later(1.0 if busy else self._tick_by - self.now, self._tick)

    def kick(self) -> None:
        """Something was written down: see within a second whether it takes ticks."""
        if self._timer is not None and self._timer.when() - self.now > 1.0:
            self._timer.cancel()
            self._timer = self._loop.call_later(1.0, self._tick)


def _number(task: asyncio.Task[Any]) -> int:
    """Tasks are ended in the order in which they were made: a set of them has none."""
    return int(task.get_name().removeprefix("Task-"))


def is_busy(state: TraderState) -> bool:
    """Whether anything hangs on time. A stop that rests does not, nor an adopted order that has not begun to fill."""
    begun = {one.id for one in state.positions.values() if one.phase is not Phase.PLANNED}
    resting = [
        order
        for order in state.orders.values()
        if order.status is OrderStatus.WORKING
        and not order.cancel_wanted
        and (
            order.purpose is Purpose.STOP
            or (order.type is OrderType.LIMIT and order.position_id not in begun)
        )
    ]
    covered = {order.position_id for order in resting}
    return len(resting) < len(state.orders) or any(
        one.phase is Phase.LEAVING or one.stop_touched_at is not None or one.id not in covered
        for one in state.positions.values()
    )
