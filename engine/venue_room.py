"""One venue that connections share: its instruments, prices and candles, kept up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from loguru import logger

from engine.clock import Clock
from engine.connection import Connection
from engine.core import inputs as i
from engine.core.errors import Corrupt, Unavailable
from engine.core.facts import Trouble
from engine.core.ids import ConnectionId, Symbol
from engine.core.model import Instrument, Signal
from engine.cycle import Cycle, CycleResult
from engine.feed import Feed
from engine.feed_parts import Subscription
from engine.ports import MarketData
from engine.runner import Runner
from engine.timeframes import name_of

READ_AGAIN = timedelta(hours=1)
"""How often the venue's instruments are read anew."""
RETRY = (1.0, 2.0, 5.0, 10.0, 30.0)
CLOCK_MOST = timedelta(seconds=2)
CYCLE_DEADLINE = 45.0
"""Seconds after which a cycle that hangs is given up (C2)."""


@dataclass(frozen=True, slots=True)
class PriceWatch:
    """What a connection is subscribed to, and the runner that it was subscribed for."""

    runner: Runner
    subscription: Subscription


class VenueRoom:
    """Market data of one venue for all connections on it. Nothing in it can place an order."""

    def __init__(
        self,
        name: str,
        market: MarketData,
        feed: Feed,
        cycle: Cycle,
        connections: Sequence[Connection],
        clock: Clock,
    ) -> None:
        self.name = name
        self.market = market
        self.feed = feed
        self.cycle = cycle
        self.connections = connections
        self._cycled: dict[int, datetime] = {}
        self.last_cycle_ms: float | None = None
        self._clock = clock
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._running: set[int] = set()
        self._watches: dict[ConnectionId, PriceWatch] = {}
        self._ongoing: dict[tuple[Trouble, str], str] = {}
        self._read_now = asyncio.Event()
        for connection in connections:
            connection.want_rules = self._read_now.set
        self._rules_at: datetime | None = None

    # ── its life ──────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Begin in the background: a venue in maintenance holds up neither start nor chat (M6)."""
        self.feed.start()
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.feed.close()
        await self.market.close()

    async def _keep(self) -> None:
        while True:
            try:
                self._read_now.clear()
                await self._until_read()
                sound = await self._check_clock()
                if not self._ready.is_set():
                    self._rules_at = self._clock.now()
                    self.watch_prices()
                    await self._prepare()
                    self._ready.set()
                else:
                    self.watch_prices()
                await self._wanted_within(READ_AGAIN.total_seconds() if sound else RETRY[-1])
            except Exception as error:  # the top of this room: told, and begun again
                logger.exception("the room of {} failed", self.name)
                self._trouble(Trouble.RUNNER_FAILED, self.name, f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY[-1])

    async def _wanted_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._read_now.wait()

    async def _check_clock(self) -> bool:
        """A5: signed requests of a clock that is off are refused, and candles would be judged by the wrong time.

        Whether it is right as far as we know; one that is off is soon looked at again.
        """
        try:
            before = self._clock.now()
            theirs = await self.market.time()
            off = abs(before + (self._clock.now() - before) / 2 - theirs)
        except (Unavailable, Corrupt) as error:
            logger.warning("{} did not tell its time: {}", self.name, error)
            return True
        if off > CLOCK_MOST:
            self._trouble(
                Trouble.CLOCK_OFF, "", f"our clock and {self.name}'s are {off.total_seconds():.1f} s apart"
            )
            return False
        self._over(Trouble.CLOCK_OFF, "")
        return True

    async def _until_read(self) -> None:
        """Read the instruments, as often as it takes."""
        failed = 0
        while True:
            try:
                await self._read_instruments()
            except (Unavailable, Corrupt) as error:
                self._trouble(Trouble.VENUE_UNREACHABLE, "", str(error))
                wait = RETRY[min(failed, len(RETRY) - 1)]
                failed += 1
                await asyncio.sleep(max(wait, getattr(error, "retry_after", None) or 0.0))
            else:
                if failed:
                    self._over(Trouble.VENUE_UNREACHABLE, "")
                return

    async def _read_instruments(self) -> None:
        symbols = self.symbols()
        found: dict[Symbol, Instrument] = await self.market.instruments(symbols)
        for connection in self.connections:
            connection.see_instruments(found.values(), [one for one in symbols if one not in found])
        for symbol in symbols:
            one = found.get(symbol)
            if one is None or not one.active:
                self._trouble(Trouble.DATA_UNSOUND, symbol, f"{symbol} is not traded at {self.name} now")
            else:
                self._over(Trouble.DATA_UNSOUND, symbol)

    async def _prepare(self) -> None:
        self._judge(await self.cycle.prepare())

    def symbols(self) -> tuple[Symbol, ...]:
        return tuple(dict.fromkeys(symbol for one in self.connections for symbol in one.symbols()))

    # ── prices ────────────────────────────────────────────────────────────────────────────

    def watch_prices(self) -> None:
        """Subscribe each connection to what it trades and holds now; to be called every few seconds, since a position
        may be taken over and another book opened. A new runner is told of every trouble that lasts: its books forgot
        those of before."""
        if self._rules_at is None:
            return
        if any(one.lacks_rules for one in self.connections):
            self._read_now.set()
        for connection in self.connections:
            name, symbols, runner = connection.settings.connection, connection.listed(), connection.runner
            watch = self._watches.get(name)
            if watch is not None and watch.runner is runner and watch.subscription.symbols == set(symbols):
                continue
            new = self.feed.subscribe(symbols, connection.see_price, runner.put)
            self._watches[name] = PriceWatch(runner, new)
            if watch is not None:
                self.feed.unsubscribe(watch.subscription)
                if watch.runner is not runner:
                    self._retell(runner)

    def _retell(self, runner: Runner) -> None:
        for (trouble, subject), detail in self._ongoing.items():
            runner.put(i.TroubleSeen(self._clock.now(), trouble, subject, detail))

    # ── the cycle ─────────────────────────────────────────────────────────────────────────

    async def run_cycle(self, timeframe: int, close_at: datetime) -> None:
        """The work at one close. Bounded in time, never twice at once for a timeframe, and it raises nothing."""
        if not self._ready.is_set() or timeframe in self._running:
            return
        self._running.add(timeframe)
        try:
            async with asyncio.timeout(CYCLE_DEADLINE):
                result = await self.cycle.run(timeframe, close_at, self._deliver)
            self._judge(result)
            self._over(Trouble.CYCLE_FAILED, "")
            self._over(Trouble.CYCLE_MISSED, name_of(timeframe))
            self._cycled[timeframe], self.last_cycle_ms = self._clock.now(), result.took_ms
        except TimeoutError:
            self._trouble(Trouble.CYCLE_FAILED, "", f"not done within {CYCLE_DEADLINE:g} s")
        except Exception as error:  # the top of this cycle: told, and the next close tries again
            logger.exception("the cycle of {} failed", self.name)
            self._trouble(Trouble.CYCLE_FAILED, "", f"{type(error).__name__}: {error}")
        finally:
            self._running.discard(timeframe)

    def _deliver(self, signal: Signal) -> None:
        self._each(lambda one: signal.preset in one.settings.presets, lambda at: i.SignalSeen(at, signal))

    def _judge(self, result: CycleResult) -> None:
        for trouble, subject, detail in result.troubles:
            self._trouble(trouble, subject, detail)
        for trouble, subject in result.recovered:
            self._over(trouble, subject)
        for note in result.notes:
            logger.debug("{}: {}", self.name, note)

    @property
    def last_cycle_at(self) -> datetime | None:
        """When the newest cycle of any timeframe ended well."""
        return max(self._cycled.values(), default=None)

    def check_cycles(self, now: datetime) -> None:
        """Tell of a cycle that did not run: the scheduler may hang, or the machine slept (C2, P13)."""
        if self._rules_at is None:
            return
        for timeframe in self.cycle.timeframes:
            last = self._cycled.get(timeframe, self._rules_at)
            if now - last > timedelta(seconds=2 * timeframe + CYCLE_DEADLINE):
                name = name_of(timeframe)
                self._trouble(
                    Trouble.CYCLE_MISSED, name, f"the last one of {name} was at {last:%H:%M:%S} UTC"
                )

    # ── telling ───────────────────────────────────────────────────────────────────────────

    def see_storage(self, trouble: str) -> None:
        """How the database does, in words; empty when all is well."""
        if trouble:
            # Said once: while nothing can be written down, letters wait in the inboxes.
            if self._ongoing.get((Trouble.STORAGE, "")) != trouble:
                self._trouble(Trouble.STORAGE, "", trouble)
        elif (Trouble.STORAGE, "") in self._ongoing:
            self._over(Trouble.STORAGE, "")

    def _trouble(self, trouble: Trouble, subject: str, detail: str) -> None:
        self._ongoing[trouble, subject] = detail
        self._each(lambda one: True, lambda at: i.TroubleSeen(at, trouble, subject, detail))

    def _over(self, trouble: Trouble, subject: str) -> None:
        self._ongoing.pop((trouble, subject), None)
        self._each(lambda one: True, lambda at: i.TroubleGone(at, trouble, subject))

    def _each(self, which: Callable[[Connection], bool], make: Callable[[datetime], i.Input]) -> None:
        for connection in self.connections:
            if which(connection):
                connection.runner.put(make(self._clock.now()))
