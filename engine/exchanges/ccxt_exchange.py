"""One real account at one venue, through ccxt. Only this module makes a client that holds a key (law 7)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from loguru import logger

from engine.clock import Clock
from engine.core.errors import Corrupt, KeyRefused, PartlyAsked, Rejected, Unavailable
from engine.core.ids import NOT_OURS, ClientOrderId, Coin, Symbol, is_ours
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Balance, Fill, OrderReport, OrderRequest, Side, VenueStatus
from engine.core.money import ZERO
from engine.exchanges import answers, errors, exact, refusals
from engine.exchanges.calls import AccountCalls, undisturbed
from engine.exchanges.client import private_client
from engine.exchanges.credentials import Credentials
from engine.exchanges.dialects import dialect_of
from engine.exchanges.dialects.base import AccountMode, Page, Raw, Span
from engine.exchanges.history import executions, executions_of
from engine.exchanges.key_rights import KeyRights
from engine.exchanges.names import Names
from engine.exchanges.user_stream import UserStream
from engine.exchanges.venues import row_of
from engine.exchanges.wire import attempt
from engine.redaction import redaction

T = TypeVar("T")

READING: tuple[type[Exception], ...] = (Corrupt, *errors.UNREADABLE)
"""What comes of reading an answer that has another shape than it should have."""


COIN_KEYS = ("asset", "coin", "ccy", "currency")
"""What venues call the coin in a row of balances."""
MOST_TOLD = 500
"""Different sentences about unreadable rows; a venue whose every row is new nonsense must not fill the memory."""


class CcxtExchange:
    """engine.ports.Exchange of one live account. Besides what the port says, every question may raise KeyRefused.

    `rest` and `stream` are origins that stand in for the venue's own, such as those of the sandbox; `timeout` is how
    many seconds an answer may take.
    """

    def __init__(
        self,
        venue: str,
        clock: Clock,
        credentials: Credentials,
        rest: str = "",
        stream: str = "",
        timeout: float = 10.0,
    ) -> None:
        redaction.register(credentials.api_key, credentials.secret, credentials.passphrase)
        self._row, self._dialect = row_of(venue), dialect_of(venue)
        self._clock = clock

        def client() -> Any:
            return private_client(self._row, self._dialect.options, credentials, rest, stream, timeout)

        self._calls = AccountCalls(self._row, self._dialect.allowance, clock, client, self._tell_stream)
        self._names = Names()
        self._stream: UserStream | None = None
        self.unread_rows = 0
        self._told_of: set[str] = set()

    # ── engine.ports.Exchange: what acts ──────────────────────────────────────────────────

    async def submit(self, request: OrderRequest) -> OrderReport:
        """One request, never repeated, with exactly our numbers (O3)."""
        with attempt(acts=True) as sending:
            try:
                await self._calls.ensure(request.symbol)
                self._calls.budget.check_order(urgent=request.reduces)
                exact.check(self._calls.orders, request)
                raw = await undisturbed(self._dialect.place, self._calls.orders, request)
                report = self._accepted(raw, request)
            except refusals.CAUGHT as error:
                raise await self._calls.failed(error, sending) from None
        if self._stream is not None:
            self._stream.expect(request.client_order_id)
        return report

    async def cancel(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport:
        """Cancels always go out: they only free what is bound, and a second one does no harm."""
        with attempt(acts=True, once=False) as sending:
            try:
                await self._calls.ensure(symbol)
                raw = await undisturbed(self._dialect.cancel, self._calls.orders, client_order_id, symbol)
                report = self._cancelled(raw, client_order_id, symbol)
            except refusals.CAUGHT as error:
                raise await self._calls.failed(error, sending) from None
        return report

    # ── engine.ports.Exchange: what asks ──────────────────────────────────────────────────

    async def order(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        found = await self._calls.find(self._dialect.find, client_order_id, symbol)
        if found is None:
            return None
        filled = self._report(found, client_order_id, symbol).filled
        trades = self._sound(self._dialect.trades_in, found)
        if not trades and filled > ZERO:
            trades = await self._trades_of(found, symbol)
        now = self._clock.now()
        fills = [self._fill(trade, client_order_id, symbol, now) for trade in trades]
        return self._report(found, client_order_id, symbol, fills)

    async def open_orders(self, symbols: Sequence[Symbol]) -> list[OrderReport]:
        found = await self._in_each(symbols, self._open_in)
        told = (self._row_or_not(self._open_row, raw, symbol) for raw, symbol in found)
        return [one for one in told if one is not None]

    async def fills(self, symbols: Sequence[Symbol], since: datetime) -> list[Fill]:
        """Venues rarely repeat our name in an execution: an order that we don't know by number is asked for once. Those
        of the owner's own orders carry no name: they tell what he sold himself (A15)."""
        now = self._clock.now()
        told = await self._in_each(symbols, partial(self._executions_in, since=since, now=now))
        owned = [(raw, symbol, await self._owner(raw, symbol)) for raw, symbol in told]
        read = (
            self._row_or_not(self._fill, raw, who, symbol, now)
            for raw, symbol, who in owned
            if who is not None
        )
        fills = [one for one in read if one is not None]
        return sorted((fill for fill in fills if fill.at >= since), key=lambda fill: fill.at)

    async def balances(self) -> list[Balance]:
        found, bad = await self._calls.ask_rows(self._dialect.balances, self._calls.reads)
        if bad:
            found = self._sound(answers.untold, found, [self._coin_in(row) for row in bad])
        return self._sound(answers.balances, found, self._unread)

    async def elsewhere(self, coins: Collection[Coin]) -> dict[Coin, Decimal]:
        """Raises PartlyAsked where only what earns there could not be asked: not every key may."""
        accounts = await self._calls.ask_in_turn(self._other_accounts, self._calls.reads)
        untold = "" if self._dialect.has_one_account else f"{self._row.title} does not tell what earns there."
        if self._dialect.earn is not None:
            try:
                accounts = [*accounts, await self._calls.ask_in_turn(self._dialect.earn, self._calls.reads)]
                untold = ""
            except Unavailable as error:
                untold = f"What earns at {self._row.title} could not be asked: {error}"
        found = {coin: self._sound(answers.total_in, accounts, coin) for coin in coins}
        if untold:
            raise PartlyAsked(untold, found)
        return found

    async def _other_accounts(self, client: Any) -> list[Raw]:
        return await self._dialect.other_accounts(client)

    async def reports(self) -> AsyncIterator[OrderSeen | FillSeen]:
        if not self._dialect.streams:
            raise Unavailable(f"{self._row.title} is asked at short intervals: its user stream is not used.")
        self._calls.gate.check()
        markets = list((self._calls.reads.markets or {}).values())
        off = self._calls.clock_off_ms
        self._stream = UserStream(self._calls.stream_client(), self._dialect, self._names, self._clock, off)
        try:
            async for seen in self._stream.events(markets):
                yield seen
        finally:
            stream, self._stream = self._stream, None
            await stream.close()

    async def close(self) -> None:
        await self._calls.close()

    # ── what else the desk wants to know ──────────────────────────────────────────────────

    def forget_rules(self) -> None:
        self._calls.forget_rules()

    @property
    def stops_lock(self) -> bool:
        return self._dialect.stops_lock

    @property
    def rate_left(self) -> int:
        """What the venue's allowance still lets us ask now, reserve included."""
        return self._calls.budget.left

    async def check_rights(self) -> KeyRights | None:
        """Raises KeyRefused if the key is not accepted, Unavailable if that could not be asked. Otherwise what the
        key may do (`trade` should be True, the others False, but for `bound`), None where the venue does not tell."""
        told = await self._calls.ask(self._dialect.rights, self._calls.reads)
        if told is not None:
            return told
        try:
            return await self._calls.ask(self._dialect.key_info, self._calls.reads)
        except (KeyRefused, Unavailable) as error:
            # The key was accepted just now; this one question it may not ask.
            logger.info("{} does not tell what the key may do: {}", self._row.title, error)
            return None

    async def check_account(self) -> AccountMode | None:
        """In which mode the account is, None where the venue knows no modes (A6). Raises as check_rights does."""
        return await self._calls.ask(self._dialect.account_mode, self._calls.reads)

    def learn(self, markets: Sequence[Any]) -> None:
        """Take over ccxt's markets, in place of those known; otherwise each symbol is asked for when first needed."""
        self._calls.learn(markets)

    # ── inside ────────────────────────────────────────────────────────────────────────────

    def _tell_stream(self, markets: Sequence[Any]) -> None:
        if self._stream is not None:
            self._stream.know(markets)

    def _accepted(self, raw: Any, request: OrderRequest) -> OrderReport:
        now = self._clock.now()
        fills = [
            self._fill(trade, request.client_order_id, request.symbol, now, request.side)
            for trade in (self._dialect.trades_in(raw) if isinstance(raw, dict) else [])
        ]
        report = answers.accepted(raw, request.client_order_id, request.symbol, now, fills)
        self._names.learn(report)
        return report

    def _cancelled(self, raw: Any, name: ClientOrderId, symbol: Symbol) -> OrderReport:
        """Some venues answer a cancel with ids or less: it will be cancelled, and its last state is asked for later."""
        if isinstance(raw, dict) and raw.get("status") is None:
            report = answers.still_open(raw, name, symbol, self._clock.now())
        else:
            report = self._report(raw, name, symbol)
        if report.status is VenueStatus.FILLED:
            raise Rejected("It was filled before it could be cancelled.", "FILLED")
        return report

    async def _in_each(
        self, symbols: Sequence[Symbol], ask: Callable[[Symbol | None], Awaitable[list[Raw]]]
    ) -> list[tuple[Raw, Symbol]]:
        """Instrument by instrument, or by one question where the venue answers it for all of them together: with ten
        instruments one by one would use up what it allows."""
        await self._calls.ensure(*symbols)
        if self._dialect.whole_account and symbols:
            told = [(raw, Symbol(str(raw.get("symbol") or self._no_symbol()))) for raw in await ask(None)]
            return [(raw, symbol) for raw, symbol in told if symbol in symbols]
        return [(raw, symbol) for symbol in symbols for raw in await ask(symbol)]

    def _no_symbol(self) -> str:
        self._unread("it names no instrument")
        return ""

    async def _open_in(self, symbol: Symbol | None) -> list[Raw]:
        found, bad = await self._calls.ask_rows(self._dialect.open_orders, self._calls.reads, symbol)
        for _ in bad:
            self._unread("an open order can't be read")
        return found

    async def _executions_in(self, symbol: Symbol | None, since: datetime, now: datetime) -> list[Raw]:
        return await executions(self._trades_page, self._dialect, symbol, since, now)

    async def _trades_of(self, order: Raw, symbol: Symbol) -> list[Raw]:
        """The executions of an order that does not carry them, or it would be told with less than was filled."""
        page = await self._calls.ask_in_turn(self._dialect.trades_of, self._calls.orders, order, symbol)
        if page.more is None:
            return page.rows
        return await executions_of(self._trades_page, self._dialect, order, symbol, self._clock.now())

    def _report(
        self, raw: Any, name: ClientOrderId, symbol: Symbol, fills: Sequence[Fill] = ()
    ) -> OrderReport:
        report = self._sound(answers.order_report, raw, name, symbol, self._clock.now(), fills)
        self._names.learn(report)
        return report

    async def _trades_page(self, symbol: Symbol | None, span: Span) -> Page:
        page, bad = await self._calls.ask_rows(self._dialect.trades, self._calls.reads, symbol, span)
        for _ in bad:
            self._unread("an execution can't be read")
        return page

    async def _owner(self, trade: Raw, symbol: Symbol) -> ClientOrderId | None:
        """Whose execution it is: our name, or NOT_OURS; None where the venue has forgotten the order, which may be
        ours: it is evidence for nothing."""
        number = str(trade.get("order") or "")
        if not number:
            self._unread("an execution names no order")
            return None
        told = self._dialect.client_id_in_trade(trade)
        if told is None and number in self._names:
            return self._names.ours(number) or NOT_OURS
        if told is None:
            found = await self._calls.find(self._dialect.find_by_venue_id, number, symbol)
            if found is None:
                return None
            told = self._dialect.name_in_order(found)
        self._names.note(number, told)
        return ClientOrderId(told) if is_ours(told) and told else NOT_OURS

    def _open_row(self, raw: Raw, symbol: Symbol) -> OrderReport:
        return self._report(raw, self._sound(self._name, raw), symbol)

    def _row_or_not(self, read: Callable[..., T], *arguments: Any) -> T | None:
        """One row of a list; None for one that can't be read, which takes no other along (M12). If it is of ours, it is
        missed: an order that no list shows is asked for by its name, and its fills with it."""
        try:
            return read(*arguments)
        except Unavailable as error:
            self._unread(str(error))
            return None

    def _unread(self, words: str) -> None:
        """Counted, and in the log once for each thing that is wrong."""
        self.unread_rows += 1
        if words not in self._told_of and len(self._told_of) < MOST_TOLD:
            self._told_of.add(words)
            logger.warning("{}: a row is left out: {}", self._row.title, words)

    def _coin_in(self, row: Any) -> Coin | None:
        """Which coin a balance is of that can't be read; None if not even that can."""
        name = (
            next((row[key] for key in COIN_KEYS if isinstance(row.get(key), str)), "")
            if isinstance(row, dict)
            else ""
        )
        return Coin(self._calls.reads.safe_currency_code(name)) if name else None

    def _name(self, raw: Raw) -> ClientOrderId:
        """The owner's own orders have names that are not ours, or none."""
        return ClientOrderId(self._dialect.name_in_order(raw))

    def _fill(
        self, raw: Raw, name: ClientOrderId, symbol: Symbol, now: datetime, side: Side | None = None
    ) -> Fill:
        return self._sound(answers.fill, raw, name, symbol, now, side)

    def _sound(self, read: Callable[..., T], *arguments: Any) -> T:
        """An answer that can't be read says nothing: it is as if we could not ask."""
        try:
            return read(*arguments)
        except READING as error:
            raise Unavailable(f"{self._row.title}'s answer can't be used: {error}") from None
