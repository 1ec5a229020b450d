"""Keeps our books and the venue's together: listens to what the venue tells, and asks for everything now and then."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from loguru import logger

from engine.clock import Clock
from engine.core import inputs as i
from engine.core.closing import CANCEL_AGAIN
from engine.core.errors import Corrupt, KeyRefused, OutcomeUnknown, PocketdeskError, Unavailable
from engine.core.facts import Trouble
from engine.core.ids import Coin, Symbol
from engine.core.money import ZERO
from engine.core.reconcile import QUOTE_NOISE
from engine.core.state import TraderState
from engine.ports import Exchange
from engine.reconciler import ask_everything
from engine.runner import Runner

EVERY = 180.0
"""Seconds between reconciliations while all is well and nothing is held."""
HOLDING = 40.0
"""Seconds between them while a position is open: a report that a silent stream lost, or what the owner did by hand, is
known and confirmed within a minute (law 3). While nothing is held, the account's money alone is asked for as often."""
SOON = 6.0
"""Seconds to the next while something differs, or the stream of reports is down: then this is how we hear of fills."""
HELD = 15.0
"""A stream that was opened and has held for so long counts as up: of an account at rest nothing is told."""
RETRY = (2.0, 5.0, 8.0)
"""Seconds to the next after one that could not be asked, and before a broken stream is opened again. No longer: they
bound how late it is known what happened during an outage, and one that fails costs no more than its first question."""


class AccountWatch:
    """`listen` and `look` run beside the runner, which gets all that they find. `begin` lets the looking start."""

    def __init__(
        self,
        runner: Runner,
        exchange: Exchange,
        symbols: Callable[[], Sequence[Symbol]],
        clock: Clock,
        left_out: Callable[[], Collection[Symbol]] = frozenset,
    ) -> None:
        """`symbols`: what is asked about; `left_out`: what the venue does not list, and so can't be."""
        self._runner = runner
        self._exchange = exchange
        self._symbols = symbols
        self._left_out = left_out
        self._clock = clock
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._streaming = True
        self._opened_at = clock.monotonic()
        self._failures = 0
        self._asked = False

    def begin(self) -> None:
        """The venue's rules are known: the first reconciliation may be made."""
        self._ready.set()

    def look_now(self, asked: bool = False) -> None:
        """`asked`: by the owner, who waits for the outcome, so that agreement is written down too."""
        self._asked = self._asked or asked
        self._wanted.set()

    async def listen(self) -> None:
        """Hand over what the venue tells by itself. Fills made while the stream was down are not told by it again:
        after each break everything is asked for (FACTS, ccxt)."""
        broken = 0
        while True:
            try:
                self._opened_at = self._clock.monotonic()
                async for input in self._exchange.reports():
                    broken = 0
                    self._heard_of()
                    self._runner.put(input)
            except (Unavailable, Corrupt) as error:
                # What can't be read is asked for like what was missed: one bad report is no reason to start anew.
                logger.warning("reports of {} broke off: {}", self._runner.book, error)
                self._tell_of_the_key(error)
            self._streaming, self._opened_at = False, math.inf
            self.look_now()
            await asyncio.sleep(RETRY[min(broken, len(RETRY) - 1)])
            broken += 1

    def _heard_of(self) -> None:
        if not self._streaming:
            self._streaming = True
            self.look_now()

    async def look(self) -> None:
        """Reconcile at the start, when asked to, and every few minutes; sooner while something is amiss."""
        await self._ready.wait()
        while True:
            self._wanted.clear()
            asked, self._asked = self._asked, False
            before = self._runner.state
            self._runner.put(await self._ask(asked))
            await self._until_next(before)

    async def _ask(self, asked: bool) -> i.PictureSeen | i.ReconcileFailed:
        try:
            seen = await ask_everything(
                self._exchange, self._runner.state, self._symbols(), self._clock, asked, self._left_out()
            )
        except (Unavailable, OutcomeUnknown, Corrupt) as error:
            self._failures += 1
            self._tell_of_the_key(error)
            return i.ReconcileFailed(self._clock.now(), str(error))
        self._failures = 0
        return seen

    def _tell_of_the_key(self, error: PocketdeskError) -> None:
        """A4: a key that expired shows here first, while no order is under way."""
        if isinstance(error, KeyRefused):
            self._runner.put(i.TroubleSeen(self._clock.now(), Trouble.KEY_REFUSED, "", str(error)))

    async def _until_next(self, before: TraderState) -> None:
        """Whether something is amiss is known only once the runner has dealt with what was seen: so a first look
        at our own state comes soon; where anything was put right balances were not judged, and are now. Then one in
        every so often, while a position is open or once anything moved since `before`, so that what came of it is
        compared as well, and once the account's money has moved by itself."""
        if self._failures:
            await self._wanted_within(RETRY[min(self._failures, len(RETRY)) - 1])
            return
        if await self._wanted_within(SOON) or self._amiss() or self._put_right(before):
            return
        for _ in range(round(EVERY / HOLDING)):
            if await self._wanted_within(HOLDING) or self._has_moved(before.holdings) or self._amiss():
                return
            if await self._money_has_moved():
                return

    def _put_right(self, before: TraderState) -> bool:
        """Every repair is written down as a reconciliation; agreement is only now and then."""
        return self._runner.state.reconciled_at != before.reconciled_at

    def _has_moved(self, held: Mapping[Coin, Decimal]) -> bool:
        state = self._runner.state
        return bool(state.positions) or bool(state.closing) or state.holdings != held

    async def _money_has_moved(self) -> bool:
        """One question in place of the several for each instrument: while nothing is held, all that can move is money
        that comes or goes from outside. What could not be asked, the look that follows tells."""
        try:
            balances = await self._exchange.balances()
        except (Unavailable, OutcomeUnknown, Corrupt):
            return True
        state = self._runner.state
        theirs = sum((one.total for one in balances if one.coin == state.quote), ZERO)
        return abs(theirs - state.holdings.get(state.quote, ZERO)) > QUOTE_NOISE

    async def _wanted_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return False
        return True

    def _amiss(self) -> bool:
        """A refused stop or exit among it: the coins that it would sell may be gone (A1). So is a foreign order that
        the owner wants gone, until its cancel was tried a few times."""
        state = self._runner.state
        refused = any(one.stop_refusals or one.exit_refusals for one in state.positions.values())
        closing = any(one.asked < len(CANCEL_AGAIN) for one in state.closing.values())
        return refused or closing or not self._stream_is_up() or bool(state.shortfalls)

    def _stream_is_up(self) -> bool:
        return self._streaming or self._clock.monotonic() - self._opened_at >= HELD
