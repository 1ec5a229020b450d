"""Keeps our books and the venue's together: listens to what the venue tells, glances at the account every minute, and
asks for everything now and then."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from loguru import logger

from engine.bell import Bell
from engine.clock import Clock
from engine.core import inputs as i
from engine.core.closing import CANCEL_AGAIN
from engine.core.errors import Corrupt, KeyRefused, OutcomeUnknown, PocketdeskError, Unavailable
from engine.core.facts import Trouble
from engine.core.glance import Calm, beyond, shows_nothing_new
from engine.core.ids import Coin, Symbol
from engine.core.model import Balance
from engine.core.reconcile import is_quiet
from engine.core.state import TraderState
from engine.desk import AccountSeen
from engine.ports import Exchange
from engine.reconciler import ask_everything, glance
from engine.runner import Runner

EVERY = 180.0
"""Seconds between reconciliations while all is well."""
GLANCE = 24.0
"""Seconds between glances at the account: a report that a silent stream lost, or what the owner did by hand, is known
and confirmed within a minute (law 3). A lost stop is missed by it, asked for, cancelled to be sure and placed anew:
some 15 s more, 40 s in all (S14)."""
SOON = 6.0
"""Seconds to the next reconciliation while something differs, and between glances while the stream of reports is down:
then this is how we hear of fills."""
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
        reconnected: Callable[[], None] = lambda: None,
    ) -> None:
        """`symbols`: what is asked about; `left_out`: what the venue does not list, and so can't be; `reconnected` is
        called when the venue can be heard again."""
        self._reconnected = reconnected
        self._runner = runner
        self._exchange = exchange
        self._symbols = symbols
        self._left_out = left_out
        self._clock = clock
        self._wanted = Bell()
        self._ready = asyncio.Event()
        self._streaming = True
        self._opened_at = clock.monotonic()
        self._failures = 0
        self._asked = False
        self._beyond: Mapping[Coin, Decimal] = {}
        self._calm: Calm | None = None
        self.account: AccountSeen | None = None

    def begin(self) -> None:
        """The venue's rules are known: the first reconciliation may be made."""
        self._ready.set()

    def look_now(self, asked: bool = False) -> None:
        """`asked`: by the owner, who waits for the outcome, so that agreement is written down too."""
        self._asked = self._asked or asked
        self._wanted.ring()

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
            self._reconnected()
            self.look_now()

    async def look(self) -> None:
        """Reconcile at the start, when asked to, and every few minutes; sooner while something is amiss."""
        await self._ready.wait()
        while True:
            self._wanted.silence()
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
        self._calm = None
        self._keep(seen.picture.balances)
        self._beyond = beyond(seen.picture.held_before or {}, seen.picture.balances)
        return seen

    def _tell_of_the_key(self, error: PocketdeskError) -> None:
        """A4: a key that expired shows here first, while no order is under way."""
        if isinstance(error, KeyRefused):
            self._runner.put(i.TroubleSeen(self._clock.now(), Trouble.KEY_REFUSED, "", str(error)))

    async def _until_next(self, before: TraderState) -> None:
        """Whether something is amiss is known only once the runner has dealt with what was seen: so a first look
        at our own state comes soon; where anything was put right balances were not judged, and are now. Then a
        glance every so often, until one shows something or a whole picture is due."""
        if self._failures:
            await self._wanted.rings_within(RETRY[min(self._failures, len(RETRY)) - 1])
            return
        if await self._wanted.rings_within(SOON) or self._amiss() or self._put_right(before):
            return
        until = self._clock.monotonic() + EVERY
        while self._clock.monotonic() < until:
            pause = GLANCE if self._stream_is_up() else SOON
            if await self._wanted.rings_within(pause) or self._amiss() or not await self._is_as_it_was():
                return

    def _put_right(self, before: TraderState) -> bool:
        """Every repair is written down as a reconciliation; agreement is only now and then."""
        return self._runner.state.reconciled_at != before.reconciled_at

    async def _is_as_it_was(self) -> bool:
        """At a glance; a venue that can't be asked is no reason to believe it, and the look that follows tells."""
        try:
            left_out = self._left_out()
            seen = await glance(self._exchange, self._runner.state, left_out)
        except (Unavailable, OutcomeUnknown, Corrupt):
            return False
        state = self._runner.state
        self._keep(seen.balances)
        if self._calm is None or not self._calm.still_holds(state, seen):
            calm = shows_nothing_new(state, seen, self._beyond, left_out)
            self._calm = Calm(state, seen) if calm else None
        return self._calm is not None

    def _keep(self, balances: Sequence[Balance]) -> None:
        """To be shown; not while an order is under way that may be in the balances and not yet in our books."""
        state = self._runner.state
        if is_quiet(state):
            self.account = AccountSeen(balances, self._clock.now(), dict(state.holdings))

    def _amiss(self) -> bool:
        """A refused stop or exit among it: the coins that it would sell may be gone (A1). So is a foreign order that
        the owner wants gone, until its cancel was tried a few times; and a key that is said to be good again."""
        state = self._runner.state
        if state.troubles and not state.is_halted and (Trouble.KEY_REFUSED, "") in state.troubles:
            return True
        if state.shortfalls or any(one.asked < len(CANCEL_AGAIN) for one in state.closing.values()):
            return True
        if any(one.cancel_refusals and one.cancel_wanted for one in state.orders.values()):
            return True  # it may not be there any more, and something waits for its end (S14)
        return any(one.stop_refusals or one.exit_refusals for one in state.positions.values())

    def _stream_is_up(self) -> bool:
        return self._streaming or self._clock.monotonic() - self._opened_at >= HELD
