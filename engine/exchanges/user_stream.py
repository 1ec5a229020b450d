"""What a venue tells of an account by itself, through ccxt.pro, watched so that a dead stream never looks quiet.

Three watches: ccxt pings the connection and gives up without a pong; signing in has a time limit; and an order that
the venue accepted must be heard of here soon, or the stream is deaf although it lives (FAILURES M1).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from engine.clock import Clock
from engine.core.errors import Corrupt, PocketdeskError, Unavailable
from engine.core.ids import ClientOrderId, Symbol, is_ours
from engine.core.inputs import FillSeen, OrderSeen
from engine.exchanges import answers, errors
from engine.exchanges.dialects.base import Dialect, Raw
from engine.exchanges.dialects.watching import Watching
from engine.exchanges.names import Names
from engine.exchanges.words import words_of

OPEN_WITHIN = 15.0
"""Seconds to connect and sign in."""
ECHO_WITHIN = 10.0
"""Seconds after an accepted order until the stream must have told of it."""
CLOSE_WITHIN = 2.0
PING_EVERY_MS = 10_000
"""ccxt's own is three minutes for Binance; two missed pongs end the connection."""

UNREADABLE: tuple[type[Exception], ...] = (Corrupt, *errors.CAUGHT)
"""What comes of reading a message that has another shape than it should have, or that is an error."""
ENDING: tuple[type[Exception], ...] = (PocketdeskError, *errors.CAUGHT)
"""What ends a stream that is open: besides that, questions of its own that may not be asked now."""

Item = OrderSeen | FillSeen | PocketdeskError


class UserStream:
    """One connection's life, with a client of its own: opening anew is really a new connection.

    `clock_off_ms` is how far our clock was found to be ahead of the venue's."""

    def __init__(
        self, client: Any, dialect: Dialect, names: Names, clock: Clock, clock_off_ms: int = 0
    ) -> None:
        client.streaming = {**client.streaming, "keepAlive": PING_EVERY_MS}
        client.handle_message = self._guarded(client.handle_message)
        self._client = client
        self._watching = Watching()
        self._dialect = dialect
        self._names = names
        self._clock = clock
        self._clock_off_ms = clock_off_ms
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._echoes: dict[ClientOrderId, asyncio.TimerHandle] = {}
        self._heard: deque[ClientOrderId] = deque(maxlen=1000)
        self._open = False

    def expect(self, order: ClientOrderId) -> None:
        """The venue has accepted `order`: the stream has to tell of it, unless it did already (O17)."""
        if self._open and order not in self._heard:
            loop = asyncio.get_running_loop()
            self._echoes[order] = loop.call_later(ECHO_WITHIN, self._is_deaf, order)

    def know(self, markets: Sequence[Any]) -> None:
        """The venue's rules of all instruments in use; to be called again whenever there are more."""
        self._client.set_markets(markets)

    async def events(self, markets: Sequence[Any]) -> AsyncIterator[OrderSeen | FillSeen]:
        """For ever; raises Unavailable when the stream breaks, falls silent or can't be opened."""
        await self._sign_in(markets)
        while True:
            item = await self._items.get()
            if isinstance(item, PocketdeskError):
                raise item
            yield item

    async def _sign_in(self, markets: Sequence[Any]) -> None:
        self.know(markets)
        try:
            async with asyncio.timeout(OPEN_WITHIN), _at_venue_time(self._client, self._clock_off_ms):
                await self._dialect.open_stream(self._client, self._hear, self._watching)
        except UNREADABLE as error:
            raise Unavailable(f"The user stream can't be opened: {words_of(error)}") from None
        self._open = True
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        try:
            await self._watching.broken()
            reason = "it ended"
        except ENDING as error:
            # Some dialects read messages in a call of their own: what is unsound there ends it, and must be told.
            reason = words_of(error)
        self._items.put_nowait(Unavailable(f"The user stream broke: {reason}"))

    def _guarded(self, read: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """ccxt's reading of a message, whose errors would end its receive loop without a word to anyone."""

        def guarded(connection: Any, message: Any) -> None:
            try:
                read(connection, message)
            except UNREADABLE as error:
                # What was told is lost: everything has to be asked for instead.
                words = words_of(error)
                self._items.put_nowait(Unavailable(f"The user stream told what can't be used: {words}"))

        return guarded

    def _hear(self, order: Raw | None, trade: Raw | None) -> None:
        """An execution is told before the order's own state, which may be the last one."""
        for seen in (self._trade(trade) if trade else None, self._order(order) if order else None):
            if seen is not None:
                self._items.put_nowait(seen)

    def _order(self, raw: Raw) -> OrderSeen | None:
        name = self._dialect.name_in_order(raw)
        self._names.note(str(raw.get("id") or ""), name)
        if not is_ours(name):
            return None
        order = ClientOrderId(name)
        self._is_heard(order)
        now = self._clock.now()
        return OrderSeen(now, answers.order_report(raw, order, self._symbol(raw), now))

    def _trade(self, raw: Raw) -> FillSeen | None:
        number = str(raw.get("order") or "")
        name = self._dialect.client_id_in_trade(raw) or self._names.ours(number)
        if not is_ours(name) or name is None:
            return None
        self._names.note(number, name)
        now = self._clock.now()
        return FillSeen(now, answers.fill(raw, ClientOrderId(name), self._symbol(raw), now))

    def _symbol(self, raw: Raw) -> Symbol:
        """Without a venue's rules ccxt leaves its own spelling, BTCUSDT: by that name a fill that we have already
        would look like another one. Raises Corrupt."""
        symbol = str(raw["symbol"])
        if symbol not in (self._client.markets or {}):
            raise Corrupt(f"the venue's rules of {symbol} are not loaded yet")
        return Symbol(symbol)

    def _is_heard(self, order: ClientOrderId) -> None:
        self._heard.append(order)
        timer = self._echoes.pop(order, None)
        if timer is not None:
            timer.cancel()

    def _is_deaf(self, order: ClientOrderId) -> None:
        self._items.put_nowait(
            Unavailable(f"The user stream is silent: it told nothing of order {order} in {ECHO_WITHIN:g} s.")
        )

    async def close(self) -> None:
        for timer in self._echoes.values():
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._watching.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._client.close()
        except TimeoutError:
            # A venue that hangs does not say goodbye either.
            if self._client.session is not None:
                await self._client.session.close()


@asynccontextmanager
async def _at_venue_time(client: Any, off_ms: int) -> AsyncIterator[None]:
    """ccxt signs a request by the venue's time, once that is known, but a stream by our own clock (A5). Pings and
    pongs are measured by our own all the while."""
    ours = type(client)
    client.milliseconds = lambda: ours.milliseconds() - off_ms
    client.seconds = lambda: ours.seconds() - off_ms // 1000
    client.handle_pong = lambda connection, _message: setattr(connection, "lastPong", ours.milliseconds())
    try:
        yield
    finally:
        del client.milliseconds, client.seconds, client.handle_pong
        client.options["timeDifference"] = off_ms
