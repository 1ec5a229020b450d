"""One connection at work: its runner, its exchange, and the tasks between them, restarted when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from loguru import logger

from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import PocketdeskError, StorageTrouble, Unavailable
from engine.core.facts import Trouble
from engine.core.ids import Symbol
from engine.core.model import Balance, Instrument, Mode, Ticker
from engine.core.notices import Notice, Weight
from engine.core.orders import Order
from engine.core.settings import TraderSettings
from engine.ports import Exchange, Journal, Notifier
from engine.runner import Runner

COOLDOWNS = (1.0, 5.0, 15.0, 60.0)
"""Seconds before a runner that failed is started again; the last one repeats."""


class PaperVenue(Exchange, Protocol):
    """An exchange of our own that has to be fed: what the paper venue has beyond the port."""

    def list_instruments(self, instruments: Iterable[Instrument]) -> None: ...

    def restore(self, balances: Iterable[Balance], open_orders: Iterable[Order]) -> None: ...

    def on_price(self, ticker: Ticker) -> None: ...


class Connection:
    """Supervises one trader. `make_exchange` gives a new exchange for each start."""

    def __init__(
        self,
        settings: TraderSettings,
        make_exchange: Callable[[TraderSettings], PaperVenue],
        journal: Journal,
        clock: Clock,
        notifier: Notifier,
        paper_fee: Decimal | None = None,
    ) -> None:
        """`paper_fee`: a share that a paper account pays instead of the venue's usual fees."""
        self.settings = settings
        self._paper_fee = paper_fee
        self.working = False
        self.restarts = 0
        self.runner = Runner(settings, journal, clock, notifier)
        self._make_exchange = make_exchange
        self._exchange = make_exchange(settings)
        self._journal = journal
        self._clock = clock
        self._notifier = notifier
        self._instruments: dict[Symbol, Instrument] = {}
        self._exchange_restored = False
        self._task: asyncio.Task[None] | None = None

    # ── what it is told ───────────────────────────────────────────────────────────────────

    def symbols(self) -> tuple[Symbol, ...]:
        """What its presets trade and its positions hold."""
        named = [symbol for preset in self.settings.presets.values() for symbol in preset.symbols]
        return tuple(dict.fromkeys((*named, *self.runner.state.positions_in)))

    def see_instruments(self, instruments: Iterable[Instrument]) -> None:
        """The venue's rules, at first and whenever they are read again."""
        mine = [self._with_our_fee(one) for one in instruments if one.symbol in self.symbols()]
        self._instruments.update({one.symbol: one for one in mine})
        self._exchange.list_instruments(mine)
        self._restore_exchange()
        self.runner.put(i.InstrumentsSeen(self._clock.now(), tuple(mine)))

    def _with_our_fee(self, instrument: Instrument) -> Instrument:
        if self._paper_fee is None or self.settings.mode is not Mode.PAPER:
            return instrument
        return replace(instrument, taker_fee=self._paper_fee, maker_fee=self._paper_fee)

    def see_price(self, ticker: Ticker) -> None:
        """The exchange first, so that a fill at this price precedes what the trader makes of it."""
        if self._exchange_restored:
            self._exchange.on_price(ticker)
        self.runner.put(i.PriceSeen(self._clock.now(), ticker))

    def _restore_exchange(self) -> None:
        """The paper account is what our books say it is; it can't match before it knows the venue's rules."""
        if self._exchange_restored or not self._instruments:
            return
        state = self.runner.state
        balances = [Balance(coin, amount) for coin, amount in state.holdings.items()]
        self._exchange.restore(balances, list(state.orders.values()))
        self._exchange_restored = True

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def start(self, clean: bool) -> None:
        """Restore the books and begin. Raises Corrupt or StorageTrouble: without its books nothing may trade."""
        await self.runner.restore()
        await self.runner.open(self._exchange, clean)
        self._task = asyncio.get_running_loop().create_task(self._supervise())

    async def _supervise(self) -> None:
        while True:
            self.working = True
            try:
                await self._work()
            except Exception as error:  # the top of this connection: told, counted, begun again (S8)
                self.working = False
                logger.exception("the runner of {} failed", self.settings.connection)
                await self._tell_failure(error)
            while True:
                await asyncio.sleep(COOLDOWNS[min(self.restarts, len(COOLDOWNS)) - 1])
                if await self._begin_again():
                    break

    async def _work(self) -> None:
        """Runs until one of the two fails, and then ends the other."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_endless(self.runner.run()))
            group.create_task(_endless(self._listen()))

    async def _listen(self) -> None:
        while True:
            try:
                async for input in self._exchange.reports():
                    self.runner.put(input)
            except Unavailable as error:
                logger.warning("reports of {} broke off: {}", self.settings.connection, error)
                await asyncio.sleep(COOLDOWNS[0])

    async def _begin_again(self) -> bool:
        """From the journal, as after a crash: what was in memory is not trusted any more. Whether it worked."""
        old = self.runner
        self.runner = Runner(self.settings, self._journal, self._clock, self._notifier)
        self.runner.market = old.market
        self._exchange = self._make_exchange(self.settings)
        self._exchange_restored = False
        try:
            await self.runner.restore()
            await self.runner.open(self._exchange, clean=False)
        except PocketdeskError as error:
            logger.error("{} can't be started again: {}", self.settings.connection, error)
            self.restarts += 1
            return False
        self.see_instruments(tuple(self._instruments.values()))
        return True

    async def _tell_failure(self, error: Exception) -> None:
        self.restarts += 1
        cause = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        notice = Notice(
            self._clock.now(),
            self.runner.book,
            "trouble",
            Weight.CRITICAL,
            {
                "connection": self.settings.connection,
                "mode": self.settings.mode.value,
                "trouble": Trouble.RUNNER_FAILED.value,
                "subject": "",
                "detail": f"{type(cause).__name__}: {cause}",
            },
            key=f"{self.runner.book}:runner_failed",
        )
        try:
            await self._journal.tell([notice])
        except StorageTrouble as trouble:
            logger.error("the failure could not be stored either: {}", trouble)
        self._notifier.wake()

    async def stop(self, seconds: float) -> bool:
        """Close the gate, let what is under way come back, write the rest down; whether all was settled in time."""
        self.runner.close_gate()
        settled = await self.runner.settle(seconds)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.working = False
        await self.runner.save_snapshot()
        await self._exchange.close()
        return settled


async def _endless(work: Coroutine[Any, Any, None]) -> None:
    """A loop that returns instead of going on has failed, too."""
    await work
    raise RuntimeError("a loop that should never end has ended")
