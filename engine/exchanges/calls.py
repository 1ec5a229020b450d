"""Calling the venue for one account: its two clients, what they may spend, and what becomes of their errors.

Orders have a client of their own, without ccxt's rate limiter: it carries debt over idle time, so that an exit would
wait behind yesterday's bulk reading. What may be sent is bounded by the Budget instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import localcontext
from typing import Any, TypeVar

from loguru import logger

from engine.clock import Clock
from engine.core.errors import PocketdeskError, Unavailable
from engine.core.ids import Symbol
from engine.exchanges import refusals
from engine.exchanges.budget import Allowance, Budget
from engine.exchanges.client import Gate
from engine.exchanges.dialects.base import Raw
from engine.exchanges.listing import listed
from engine.exchanges.row_by_row import listen, rows_apart
from engine.exchanges.venues import VenueRow
from engine.exchanges.wire import Attempt, Wire, attempt

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds; no venue's allowance is counted over a longer time."""
RULES_WITHIN = 3.0
"""Seconds."""
MOST_WAITS = 5
"""Others may take what was waited for."""


class AccountCalls:
    """`orders` acts and looks for single orders, `reads` does the rest; they share one allowance. `on_learned` gets
    the markets whenever they are loaded."""

    def __init__(
        self,
        row: VenueRow,
        allowance: Allowance,
        clock: Clock,
        make_client: Callable[[], Any],
        on_learned: Callable[[Sequence[Any]], None],
    ) -> None:
        self._row = row
        self._make_client = make_client
        self._on_learned = on_learned
        self.gate, self.budget = Gate(clock), Budget(allowance, clock)
        self.orders, self.reads = make_client(), make_client()
        self.orders.enableRateLimit = False
        Wire(self.orders, self.budget, self.gate, again=False)
        Wire(self.reads, self.budget, self.gate, again=True)
        listen(self.orders)
        listen(self.reads)
        self._symbols: set[Symbol] = set()
        self._outdated = False
        self._loading = asyncio.Lock()

    def stream_client(self) -> Any:
        """A client for one user stream. What it asks, such as a token or an execution, counts as reading: it leaves the
        reserve alone, waits where the venue wants to be left alone, and tells all of us when it does."""
        client = self._make_client()
        Wire(client, self.budget, self.gate, again=True)
        send = client.fetch

        async def fetch(*request: Any) -> Any:
            self.budget.check(urgent=False)
            with attempt(acts=False) as asking:
                try:
                    return await send(*request)
                except refusals.CAUGHT as error:
                    if asking.status is not None:
                        self._obey(refusals.meaning_of_question(error, self._row.ccxt_id, asking), asking)
                    raise

        client.fetch = fetch
        return client

    async def ask(self, call: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """A question, repeated once if the venue found our clock off and we could set it (A5)."""
        try:
            return await self._ask_once(call, *arguments)
        except _ClockOff:
            await self._set_clock()
        try:
            return await self._ask_once(call, *arguments)
        except _ClockOff:
            raise Unavailable(
                "The venue refuses the time of our clock, even after it was set anew."
            ) from None

    async def ask_in_turn(self, call: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """One of many questions, which together may be more than is allowed at once: it waits a few times until there
        is room. Raises what `ask` does."""
        for _ in range(MOST_WAITS):
            if not 0 < (wait := self.budget.wait) <= PATIENCE:
                break
            await asyncio.sleep(wait)
        return await self.ask(call, *arguments)

    async def ask_rows(self, call: Callable[..., Awaitable[T]], *arguments: object) -> tuple[T, list[Any]]:
        """As `ask_in_turn`, for a list: what is in it, and its rows that could not be read, as the venue sent them."""
        return await self.ask_in_turn(rows_apart, call, *arguments)

    async def _ask_once(self, call: Callable[..., Awaitable[T]], *arguments: object) -> T:
        self.budget.check(urgent=False)
        with attempt(acts=False) as asking:
            try:
                return await undisturbed(call, *arguments)
            except refusals.CAUGHT as error:
                if refusals.is_clock(self._row.ccxt_id, asking):
                    raise _ClockOff from None
                if refusals.is_missing(self._row.ccxt_id, asking):
                    raise _Missing from None
                meaning = refusals.meaning_of_question(error, self._row.ccxt_id, asking)
                if (
                    asking.status is not None
                ):  # our own Budget's wait is not the venue's: exits don't wait for it
                    self._obey(meaning, asking)
                # Not chained: ccxt's own text may carry a whole address.
                raise meaning from None

    def _obey(self, meaning: PocketdeskError, asking: Attempt) -> None:
        """Leave the venue alone, if that is what it wants."""
        self.gate.learn(meaning, refusals.is_limit_of_questions(self._row.ccxt_id, asking))

    async def find(
        self, how: Callable[[Any, Any, Symbol], Awaitable[Raw | None]], name: str, symbol: Symbol
    ) -> Raw | None:
        """None only on the venue's word that it knows no such order: 'could not ask' is not 'is not there'. In turn,
        since a picture asks for every order that changed: where they are many they wait, or none is ever told."""
        await self.ensure(symbol)
        try:
            return await self.ask_in_turn(how, self.orders, name, symbol)
        except _Missing:
            return None

    async def failed(self, error: Exception, sending: Attempt) -> PocketdeskError:
        """What a failed submit or cancel raises. A refused time is mended, but nothing is sent again."""
        meaning = refusals.meaning_of_act(error, self._row.ccxt_id, sending)
        if sending.status is not None:
            self._obey(refusals.meaning_of_question(error, self._row.ccxt_id, sending), sending)
        if refusals.is_clock(self._row.ccxt_id, sending):
            try:
                await self._set_clock()
            except Unavailable as trouble:
                logger.warning("{}'s time could not be asked: {}", self._row.title, trouble)
        return meaning

    async def _set_clock(self) -> None:
        """Take over the venue's time for what we sign."""
        for client in (self.orders, self.reads):
            await self._ask_once(client.load_time_difference)
        logger.warning(
            "{} found our clock off; its own is taken, {} ms apart",
            self._row.title,
            self.reads.options.get("timeDifference"),
        )

    @property
    def clock_off_ms(self) -> int:
        """How far our clock is ahead of the venue's, as far as we had to ask."""
        return int(self.reads.options.get("timeDifference") or 0)

    async def ensure(self, *symbols: Symbol) -> None:
        """Load the venue's rules of what was never asked for, all at once; both clients share them. What is known waits
        for nobody: an exit may not stand behind a listing of something else."""
        known = self._symbols.issuperset(symbols)
        if known and not self._outdated:
            return
        if known:
            await self._read_again(symbols)
            return
        async with self._loading:
            if self._symbols.issuperset(symbols):
                return
            wanted = self._symbols.union(symbols)
            found = await listed(self.ask, self.reads, self._row, sorted(wanted))
            markets = found.with_known(self.reads.markets)
            self.learn([market for market in markets if market["symbol"] in wanted])
            # What else was delisted meanwhile is no matter of this call.
            unlisted = sorted(set(symbols) - self._symbols)
            if unlisted:
                raise Unavailable(f"{self._row.title} does not list {', '.join(unlisted)}.")

    async def _read_again(self, symbols: Sequence[Symbol]) -> None:
        """What is known may be old. An order waits for that answer for a moment, and never hangs on it: with the old
        rules it may be refused, without an answer it would not even be sent."""
        async with self._loading:
            if not self._outdated:
                return
            try:
                async with asyncio.timeout(RULES_WITHIN):
                    listing = await listed(self.ask, self.reads, self._row, sorted(self._symbols))
            except (Unavailable, TimeoutError) as error:
                logger.warning("{}'s rules could not be read again: {}", self._row.title, error)
                return
            markets = listing.with_known(self.reads.markets)
            found = [market for market in markets if market["symbol"] in self._symbols]
            if {*symbols} <= {market["symbol"] for market in found}:
                self.learn(found)

    def forget_rules(self) -> None:
        """What is asked about next has its rules read again, by both clients."""
        self._outdated = True

    def learn(self, markets: Sequence[Any]) -> None:
        """Take over ccxt's markets, in place of those known; otherwise each symbol is asked for when first needed."""
        for client in (self.reads, self.orders):
            client.set_markets(markets)
        # ccxt puts what it needs besides aside on the client that asked only. Kraken's orders name their pair XBTUSD
        # where its id is XXBTZUSD: without it, an order that is there is taken for one of another instrument.
        for name in self.reads.options.get("marketHelperProps", ()):
            self.orders.options[name] = self.reads.options[name]
        self._on_learned(markets)
        self._symbols = {Symbol(market["symbol"]) for market in markets}
        self._outdated = False

    async def close(self) -> None:
        await asyncio.gather(self.orders.close(), self.reads.close())


class _ClockOff(Exception):
    """The venue refused the time on a request."""


class _Missing(Unavailable):
    """The venue answered and knows no such order."""

    def __init__(self) -> None:
        super().__init__("The venue knows no such order.")


async def undisturbed(call: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """ccxt sets the rounding of the decimal context that it finds; ours stays as it is."""
    with localcontext():
        return await call(*arguments)
