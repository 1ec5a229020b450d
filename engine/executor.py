"""Effects in the world: each runs as a task of its own, and what came of it goes back to the inbox as an input.

An effect is started once. Nothing here repeats a submit: what got no readable answer is unknown (law 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from loguru import logger

from engine import entry_hold
from engine.clock import Clock
from engine.core import inputs as i
from engine.core.effects import Cancel, Effect, Query, Submit
from engine.core.errors import (
    KeyRefused,
    KeyRejected,
    OutcomeUnknown,
    PocketdeskError,
    Rejected,
    RuleRejected,
)
from engine.core.facts import Trouble
from engine.entry_hold import EntryHold
from engine.ports import Exchange

TOO_OLD = 5.0
"""Seconds after which an order that was decided on is not sent any more: it is asked for, and found not to be there."""
DEADLINE = 20.0
"""Seconds after which an effect counts as unanswered, whatever the library under it still waits for."""


class Executor:
    """Carries effects to one exchange and hands each outcome to `put`."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        put: Callable[[i.Input], None],
        rules_refused: Callable[[], None] = lambda: None,
        hold: EntryHold | None = None,
    ) -> None:
        """`rules_refused`: called when the venue refuses an order for a step, a limit or a count (law 18). `hold`: no
        order that adds to what is held leaves while it is on."""
        self._hold = EntryHold() if hold is None else hold
        self._rules_refused = rules_refused
        self._exchange = exchange
        self._clock = clock
        self._put = put
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def start(self, effect: Effect) -> None:
        """Begin at once; only for effects whose fact is on disk."""
        began = self._clock.monotonic()
        task = asyncio.get_running_loop().create_task(self._carry(effect, began))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, seconds: float) -> bool:
        """Wait for what is under way; whether all of it came back in time."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        return not self._tasks

    async def give_up(self) -> None:
        """Cancel what is under way and wait for that. Whoever comes next asks for the outcomes, and must not be
        overtaken by a submit that still waits for its turn."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, effect: Effect, began: float) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                outcome = await self._do(effect, began)
        except TimeoutError:
            outcome = self._lost(effect, f"no answer within {DEADLINE:g} s")
        except PocketdeskError as error:
            if isinstance(error, KeyRefused | KeyRejected):
                self._put(i.TroubleSeen(self._clock.now(), Trouble.KEY_REFUSED, "", str(error)))
            if isinstance(error, RuleRejected):
                self._exchange.forget_rules()
                self._rules_refused()
            outcome = self._failed(effect, error)
        except Exception as error:  # the top of this task: an outcome nobody foresaw is an unknown one
            logger.exception("effect {} failed", type(effect).__name__)
            outcome = self._lost(effect, f"{type(error).__name__}: {error}")
        self._put(outcome)

    async def _do(self, effect: Effect, began: float) -> i.Input:
        if isinstance(effect, Submit):
            if self._clock.monotonic() - began > TOO_OLD:
                # The process was stopped in between: another may have taken over and asked for this order already.
                return self._lost(effect, "it was not sent in time")
            with self._hold.guarding(effect.request.reduces):
                entry_hold.check()
                report = await self._exchange.submit(effect.request)
            return i.OrderSeen(self._clock.now(), report)
        if isinstance(effect, Cancel):
            report = await self._exchange.cancel(effect.client_order_id, effect.symbol)
            return i.OrderSeen(self._clock.now(), report)
        found = await self._exchange.order(effect.client_order_id, effect.symbol)
        if found is None:
            return i.OrderNotFound(self._clock.now(), effect.client_order_id)
        return i.OrderSeen(self._clock.now(), found)

    def _failed(self, effect: Effect, error: PocketdeskError) -> i.Input:
        """Only a venue's certain no to a submit is a refusal; all else leaves the outcome open."""
        if isinstance(effect, Submit) and isinstance(error, Rejected):
            request = effect.request
            return i.OrderRefused(self._clock.now(), request.client_order_id, str(error), error.code)
        if not isinstance(error, Rejected | OutcomeUnknown):
            logger.warning("{}: {}", type(effect).__name__, error)
        return self._lost(effect, str(error))

    def _lost(self, effect: Effect, reason: str) -> i.Input:
        now = self._clock.now()
        if isinstance(effect, Submit):
            return i.OrderOutcomeUnknown(now, effect.request.client_order_id, reason)
        if isinstance(effect, Query):
            return i.AskFailed(now, effect.client_order_id, reason)
        return i.CancelRefused(now, effect.client_order_id, reason)
