"""What one process sees of the venue: engine.ports.Exchange, with every fault between them.

It belongs to one process: once that is dead, nothing that it asked for comes back, and nothing more of it arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from engine.core.changed import changed
from engine.core.errors import OutcomeUnknown, Rejected, RuleRejected, Unavailable
from engine.core.ids import ClientOrderId, Coin, Symbol
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Action, Balance, Fill, OrderReport, OrderRequest, OrderType
from sandbox.exchange.matching.model import Pair
from sandbox.simulation.lies import Lies, NothingThereError
from sandbox.simulation.script import Kind
from sandbox.simulation.stream import Stream

if TYPE_CHECKING:
    from sandbox.simulation.process import Life

LOOKS = ("account", "openOrders", "myTrades")
"""The questions of each look at the account."""
LAG = 8.0
"""Seconds by which a venue lists new orders and executions late."""


class Access:
    """The account, from inside one life of the process."""

    stops_lock = True

    async def elsewhere(self, coins: Collection[Coin]) -> dict[Coin, Decimal]:
        """See engine.ports.Exchange.elsewhere."""
        if await self._hinder("get-funding-asset"):
            return {}
        if self._weather.on(Kind.ELSEWHERE_MUTE):
            raise Unavailable("the key may not read the other accounts")
        return {coin: self._venue.elsewhere[coin] for coin in coins}

    def forget_rules(self) -> None:
        """The client has a copy of its own, and holds each order against it."""
        self._rules.clear()

    def __init__(self, life: Life, stream: Stream, random: Random) -> None:
        self._life = life
        self._world = life.world
        self._weather = life.world.weather
        self._venue = life.world.venue
        self._trust = life.world.oracle.trust
        self._stream = stream
        self._random = random
        self._rules: dict[Symbol, Pair] = {}
        self.lies = Lies(self._weather, random)

    # ── orders ────────────────────────────────────────────────────────────────────────────

    async def submit(self, request: OrderRequest) -> OrderReport:
        """See engine.ports.Exchange.submit."""
        self._world.oracle.orders.leaves(request)
        self._trust.leaves(request, self._world.now)
        self._world.oracle.commands.leaves(request, self._world.now)
        await self._dies_at(Kind.CRASH_BEFORE_SUBMIT)
        self._fits(request)
        await self._travel()
        self._unreachable(OutcomeUnknown)
        self._refuses_stops(request)
        if self.lies.is_in_between():
            if self._random.random() < 0.5:
                self._world.place_late(request)
            raise self.lies.of_an_act()
        fate = self._weather.strikes(
            Kind.SUBMIT_LOST_BEFORE,
            Kind.SUBMIT_LATE,
            Kind.SUBMIT_REFUSED,
            Kind.SUBMIT_LOST_AFTER,
            Kind.SUBMIT_HANGS,
        )
        if fate is not None:
            self._and_more(request.symbol)
        if fate in (Kind.SUBMIT_LOST_BEFORE, Kind.SUBMIT_LATE):
            if fate is Kind.SUBMIT_LATE:
                self._world.later(self._random.uniform(1, 9), lambda: self._world.place_late(request))
            await self._travel()
            raise OutcomeUnknown("the connection was lost")
        if fate is Kind.SUBMIT_REFUSED:
            raise Rejected("refused for the simulation", "SIMULATED")
        report = self._world.place(request)
        await self._dies_at(Kind.CRASH_AFTER_SUBMIT)
        await self._answer(fate is Kind.SUBMIT_LOST_AFTER, fate is Kind.SUBMIT_HANGS)
        return self._bare(self.lies.accepted(report))

    def _fits(self, request: OrderRequest) -> None:
        """As `engine.exchanges.exact` does before anything leaves. Raises RuleRejected."""
        rules = self._rules.setdefault(request.symbol, self._venue.rules(request.symbol))
        prices = (one for one in (request.price, request.stop_price) if one is not None)
        if request.quantity % rules.step or any(one % rules.tick for one in prices):
            raise RuleRejected("a number does not fit the steps", "STEPS")

    def _refuses_stops(self, request: OrderRequest) -> None:
        if request.type is OrderType.STOP and self._weather.on(Kind.STOPS_REFUSED):
            kind = Rejected if self._weather.sizes[Kind.STOPS_REFUSED] < 0.5 else RuleRejected
            raise kind("no stop is taken now", "NO_STOPS")

    async def cancel(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport:
        """See engine.ports.Exchange.cancel."""
        self._world.oracle.orders.cancels(client_order_id)
        await self._travel()
        self._unreachable(OutcomeUnknown)
        fate = self._weather.strikes(
            Kind.CANCEL_LOST_BEFORE,
            Kind.CANCEL_REFUSED,
            Kind.CANCEL_LOST_AFTER,
            Kind.CANCEL_HANGS,
            Kind.CRASH_AROUND_CANCEL,
        )
        if self.lies.is_in_between():
            if self._random.random() < 0.5 and not self._hidden(client_order_id):
                with suppress(Rejected):
                    self._world.cancel(client_order_id)
            raise self.lies.of_an_act()
        if fate is Kind.CANCEL_LOST_BEFORE:
            raise OutcomeUnknown("the connection was lost")
        if fate is Kind.CANCEL_REFUSED:
            raise Rejected("refused for the simulation", "SIMULATED")
        if self._hidden(client_order_id):
            raise Rejected("unknown order", "UNKNOWN_ORDER")
        report = self._world.cancel(client_order_id)
        if fate is Kind.CRASH_AROUND_CANCEL:
            await self._life.die()
        await self._answer(fate is Kind.CANCEL_LOST_AFTER, fate is Kind.CANCEL_HANGS)
        return self._bare(self.lies.accepted(report))

    # ── questions ─────────────────────────────────────────────────────────────────────────

    async def order(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        """See engine.ports.Exchange.order."""
        await self._dies_at(Kind.CRASH_WHILE_ASKING)
        if not self._weather.is_fair and await self._hinder("order"):
            return None
        hidden = self._hidden(client_order_id)
        report = None if hidden else self._venue.report(client_order_id)
        if report is not None and self._weather.on(Kind.TRADES_LATE):
            report = changed(report, fills=tuple(self._listed(report.fills)))
        if report is not None and not self._weather.is_fair:
            report = self.lies.order(report)
        if self._something_between():
            await self._wait_a_little()
        return report

    async def open_orders(self, symbols: Sequence[Symbol]) -> list[OrderReport]:
        """See engine.ports.Exchange.open_orders."""
        if not self._weather.is_fair and await self._hinder("openOrders"):
            return []
        found = [one for symbol in symbols for one in self._venue.open_reports(symbol)]
        if not self._weather.is_fair:
            found = self.lies.open_orders([one for one in found if not self._hidden(one.client_order_id)])
        if self._something_between():
            await self._wait_a_little()
        return found

    async def fills(self, symbols: Sequence[Symbol], since: datetime) -> list[Fill]:
        """See engine.ports.Exchange.fills."""
        if not self._weather.is_fair and await self._hinder("myTrades"):
            return []
        told = [one for symbol in symbols for one in self._venue.fills_since(symbol, since)]
        found = sorted(self._listed(told), key=lambda fill: fill.at)
        if not self._weather.is_fair:
            found = self.lies.fills(found)
        self._trust.asked_all()
        if self._something_between():
            await self._wait_a_little()
        return found

    async def balances(self) -> list[Balance]:
        """See engine.ports.Exchange.balances."""
        if not self._weather.is_fair and await self._hinder("account"):
            return []
        found = self._venue.balances()
        if not self._weather.is_fair:
            found = self.lies.balances(found)
        self._trust.told(found)
        if not self._weather.is_fair:
            found = self.lies.balance_rows(found)
        if self._something_between():
            await self._wait_a_little()
        return found

    async def reports(self) -> AsyncIterator[OrderSeen | FillSeen]:
        """See engine.ports.Exchange.reports."""
        async for one in self._stream.listen():
            yield one

    async def close(self) -> None:
        """Nothing is held open."""

    # ── what lies between ─────────────────────────────────────────────────────────────────

    async def _hinder(self, path: str) -> bool:
        """What befalls a question on its way: whether nothing is what is told. Raises Unavailable."""
        try:
            await self._stand_in_its_way(path)
        except NothingThereError:
            return True
        except Unavailable:
            if path in LOOKS:
                self._trust.could_not_ask(self._world.now)
            raise
        return False

    async def _stand_in_its_way(self, path: str) -> None:
        if self.lies.is_in_between():
            await self.lies.of_a_question(path)
        if self._weather.on(Kind.ANSWERS_SLOW):
            await asyncio.sleep(self._random.uniform(0, 3))
        self._unreachable(Unavailable)
        if self._weather.on(Kind.READS_FAIL) and self._random.random() < 0.7:
            raise Unavailable("the venue is busy")

    def _something_between(self) -> bool:
        """Answers come mostly at once: now and then something happens between the venue's look and our hearing of it.
        Asked ten thousand times a day, so without a coroutine."""
        return self._random.random() < 0.05 or self._life.dead

    async def _wait_a_little(self) -> None:
        if not self._life.dead:
            await asyncio.sleep(0.05)
        await self._life.alive()

    async def _travel(self) -> None:
        slow = self._weather.on(Kind.ANSWERS_SLOW)
        await asyncio.sleep(self._random.uniform(0.5, 6) if slow else self._random.uniform(0.01, 0.2))
        await self._life.alive()

    async def _answer(self, lost: bool, hangs: bool) -> None:
        if hangs:
            await asyncio.get_running_loop().create_future()
        await self._travel()
        if lost:
            raise OutcomeUnknown("the connection was lost")

    def _and_more(self, symbol: Symbol) -> None:
        """A fault seldom comes alone: the strategies want in again, questions fail, and the stream is silent."""
        self._world.later(self._random.uniform(0.5, 12), lambda: self._world.wants(symbol, Action.ENTER))
        bad = self._random.random()
        if bad < 0.3:
            self._weather.hold(Kind.READS_FAIL, 60)
        if bad < 0.2:
            self._weather.hold(Kind.STREAM_SILENT, 60)

    async def _dies_at(self, point: Kind) -> None:
        if self._weather.strikes(point):
            await self._life.die()

    def _unreachable(self, error: type[OutcomeUnknown] | type[Unavailable]) -> None:
        """Cut off, or held off: a limit of requests is a certain no to an order and none to a question."""
        if self._weather.on(Kind.UNREACHABLE):
            raise error("the venue can't be reached")
        if self._weather.on(Kind.RATE_LIMITED):
            raise (
                Rejected("too many requests", "429") if error is OutcomeUnknown else Unavailable("429", 10.0)
            )

    def _hidden(self, client_order_id: ClientOrderId) -> bool:
        """Accepted, but not listed yet."""
        if not self._weather.on(Kind.LISTED_LATE):
            return False
        accepted = self._venue.accepted_at.get(client_order_id)
        return accepted is not None and self._world.now - accepted < LAG

    def _listed(self, fills: Sequence[Fill]) -> Sequence[Fill]:
        if not self._weather.on(Kind.TRADES_LATE):
            return fills
        now = self._world.clock.now()
        return [one for one in fills if (now - one.at).total_seconds() >= LAG]

    def _bare(self, report: OrderReport) -> OrderReport:
        """Some venues answer with the order's id and nothing else."""
        return changed(report, fills=()) if self._world.day.bare_answers else report
