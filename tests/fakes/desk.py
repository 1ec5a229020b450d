"""Several real traders with their paper venues behind the Desk port, their facts and notices in a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import sin

from engine.clock import ManualClock
from engine.core import inputs as i
from engine.core.errors import Denied, StorageTrouble, Unavailable
from engine.core.facts import CommandDone
from engine.core.ids import BookId, ClientOrderId, ConnectionId, Symbol, book_id
from engine.core.inputs import Command
from engine.core.model import Candle, Mode, OrderReport, OrderRequest, OrderType, Side, State, VenuePicture
from engine.core.money import Price, Quantity
from engine.core.settings import TraderSettings
from engine.desk import (
    AccountSeen,
    Answer,
    CheckItem,
    ConnectionView,
    FeedState,
    Health,
    ParameterInfo,
    StrategyInfo,
)
from storage.store import Store
from tests.support.builders import BTC, START, settings
from tests.support.desk import Desk as OneDesk

POINTS = ("key", "rights", "withdraw", "account", "clock", "instruments", "balance", "flat")
FOREIGN = {Side.BUY: ClientOrderId("pd" + "b" * 16), Side.SELL: ClientOrderId("pd" + "s" * 16)}

FOREIGN_SIZE = Quantity(Decimal("0.5"))


class FakeDesk:
    """`broken`: a sentence with which storage refuses commands. `mute`: candles can't be asked
    for, `lacks`: those of some timeframes.

    `accounts`: what the venue is to say of one instead of what it has.
    Live books have a venue of their own here, of the same kind as the paper one. `checks` is the list before going
    live, `unasked` a sentence with which reconciliation fails, `silent`: it gets no answer at all.
    """

    def __init__(
        self, names: Sequence[str] = ("main",), store: Store | None = None, now: datetime | None = None
    ) -> None:
        self.store = store
        self._began = now
        self.books: dict[BookId, OneDesk] = {}
        self.desks = {ConnectionId(one): self._open(one, Mode.PAPER) for one in names}
        self.told: dict[BookId, tuple[int, int]] = {}
        self.sent: list[Command] = []
        self.stopped: list[tuple[ConnectionId, Command]] = []
        self.accounts: dict[ConnectionId, AccountSeen] = {}
        self.held: set[str] = set()
        self.broken = ""
        self.mute = ""
        self.lacks: set[int] = set()
        self.checks: list[CheckItem] = [CheckItem(key, True, "as it should be") for key in POINTS]
        self.checked = 0
        self.unasked = ""
        self.silent = False
        self._leaving: set[ConnectionId] = set()

    def _open(self, name: str, mode: Mode) -> OneDesk:
        """The book of that mode, as it was left; a live one begins paused, its account not read."""
        book = book_id(ConnectionId(name), mode)
        if book not in self.books:
            initial = State.RUNNING if mode is Mode.PAPER else State.PAUSED
            mine: TraderSettings = replace(
                settings(initial=initial, mode=mode), connection=ConnectionId(name)
            )
            self.books[book] = OneDesk(mine)
            if self._began is not None:
                self.books[book].clock = ManualClock(self._began)
        return self.books[book]

    def __getitem__(self, name: str) -> OneDesk:
        return self.desks[ConnectionId(name)]

    # ── the port ──────────────────────────────────────────────────────────────────────────

    def connections(self) -> Sequence[ConnectionId]:
        return list(self.desks)

    def view(self, connection: ConnectionId) -> ConnectionView:
        desk = self.desks[connection]
        at = desk.now
        health = Health(True, FeedState.STREAM, at, at, at + timedelta(seconds=60), 1.25, 0, 0)
        return ConnectionView(
            self.book(connection),
            desk.settings,
            desk.state,
            desk.market.prices,
            desk.market.instruments,
            health,
            self.accounts.get(connection) or AccountSeen(tuple(desk.venue.balances()), at),
        )

    def stop_entries(self, connection: ConnectionId, command: Command) -> asyncio.Future[Answer]:
        """See engine.desk.Desk.stop_entries."""
        self.stopped.append((connection, command))
        return asyncio.ensure_future(self._write_down(connection, command))

    async def _write_down(self, connection: ConnectionId, command: Command) -> Answer:
        while self.broken:
            await asyncio.sleep(0.02)
        return await self.send(connection, command)

    def hold_entries(self, reason: str) -> None:
        self.held.add(reason)

    def release_entries(self, reason: str) -> None:
        self.held.discard(reason)

    async def send(self, connection: ConnectionId, command: Command) -> Answer:
        if self.broken:
            raise StorageTrouble(self.broken)
        desk = self.desks[connection]
        self.sent.append(command)
        known = command.id in desk.state.done_commands
        refused_before = desk.state.done_commands.get(command.id, "")
        decision = desk.give(command)
        desk.settle()
        await self.keep()
        refused = next(
            (one.refused for one in decision.facts if isinstance(one, CommandDone)), refused_before
        )
        return Answer(refused, decision.facts, known)

    async def candles(
        self, connection: ConnectionId, symbol: Symbol, timeframe: int, limit: int
    ) -> Sequence[Candle]:
        if self.mute:
            raise Unavailable(self.mute)
        if timeframe in self.lacks:
            raise Denied("Binance has no candles of that length: it has 1m, 1h, 1d.")
        return wave(self.desks[connection].now, timeframe, limit)

    def strategies(self) -> Sequence[StrategyInfo]:
        fast = ParameterInfo("fast", "int", "12", "2 to 200", "The quick average's candles.")
        return [
            StrategyInfo(
                "cross", "Average cross", "Buys when a quick average rises above a slow one.", [fast]
            )
        ]

    async def reconcile(self, connection: ConnectionId) -> None:
        """The answer is there at once; the real desk's comes a moment later."""
        desk = self.desks[connection]
        if self.unasked:
            desk.give(i.ReconcileFailed(desk.now, self.unasked))
        elif not self.silent:
            desk.clock.advance(timedelta(seconds=1))
            desk.give(i.PictureSeen(desk.now, picture(desk), asked=True))
        desk.settle()
        await self.keep()

    async def checklist(self, connection: ConnectionId) -> Sequence[CheckItem]:
        self.checked += 1
        return list(self.checks)

    async def go_live(self, connection: ConnectionId) -> Answer:
        if self.broken:
            raise StorageTrouble(self.broken)
        failed = [one.detail for one in await self.checklist(connection) if not one.ok]
        if failed:
            return Answer("; ".join(failed))
        await self._switch(connection, Mode.LIVE)
        return Answer()

    async def _switch(self, connection: ConnectionId, mode: Mode) -> None:
        self._leaving.discard(connection)
        self.desks[connection] = self._open(connection, mode)
        if mode is Mode.LIVE:
            await self.reconcile(connection)

    async def go_paper(self, connection: ConnectionId) -> Answer:
        if self.broken:
            raise StorageTrouble(self.broken)
        desk = self.desks[connection]
        if desk.settings.mode is Mode.LIVE:
            desk.command(i.Pause)
            self._leaving.add(connection)
            await self.tick()
        return Answer()

    def leaving_live(self, connection: ConnectionId) -> bool:
        return connection in self._leaving

    async def tick(self) -> None:
        """A second goes by: what waits to be flat is switched once it is."""
        for connection in list(self._leaving):
            state = self.desks[connection].state
            if not state.positions and not state.orders:
                await self._switch(connection, Mode.PAPER)
        await self.keep()

    # ── what happens to it ────────────────────────────────────────────────────────────────

    def book(self, connection: ConnectionId) -> BookId:
        return book_id(connection, self.desks[connection].settings.mode)

    async def open_position(self, name: str = "main", symbol: Symbol = BTC, price: str = "100") -> None:
        """A strategy buys, and it is filled."""
        desk = self[name]
        desk.price(symbol, price)
        desk.signal(symbol)
        desk.price(symbol, price)
        await self.keep()

    async def leave_foreign(
        self, name: str = "main", side: Side = Side.BUY, price: str = "90"
    ) -> ClientOrderId:
        """An order with our mark works at the venue, and no book of ours has it; reconciliation finds it."""
        desk, foreign = self[name], FOREIGN[side]
        request = OrderRequest(foreign, BTC, side, OrderType.LIMIT, FOREIGN_SIZE, Price(Decimal(price)))
        desk.venue.submit(request, desk.now)
        await self.reconcile(ConnectionId(name))
        return foreign

    async def keep(self) -> None:
        """Write down what is new, as the runner does."""
        if self.store is None:
            return
        for book, desk in list(self.books.items()):
            facts, notices = self.told.get(book, (0, 0))
            if len(desk.facts) > facts:
                self.told[book] = (len(desk.facts), len(desk.notices))
                fresh = desk.notices[notices:]
                await self.store.journal.append(book, facts, desk.facts[facts:], fresh)


def picture(desk: OneDesk) -> VenuePicture:
    """What the venue answers to every question about the account."""
    reports = {name: desk.venue.order(name, desk.now) for name in desk.state.orders}
    symbols = [rules.symbol for rules in desk.instruments]
    return VenuePicture(
        tuple(desk.venue.balances()),
        tuple(_whole(one) for symbol in symbols for one in desk.venue.open_orders(symbol, desk.now)),
        tuple(one for one in reports.values() if one is not None),
        tuple(name for name, one in reports.items() if one is None),
        tuple(one for symbol in symbols for one in desk.venue.fills(symbol, START)),
    )


def _whole(report: OrderReport) -> OrderReport:
    """With side and quantity, which a real venue repeats in its list and the paper one does not."""
    side = next((one for one, name in FOREIGN.items() if name == report.client_order_id), None)
    return replace(report, side=side, quantity=FOREIGN_SIZE) if side else report


def wave(until: datetime, timeframe: int, limit: int) -> list[Candle]:
    """Candles that go up and down, ending before `until`."""
    newest = int(until.timestamp()) // timeframe * timeframe - timeframe
    moments = [newest - timeframe * index for index in reversed(range(limit))]
    return [_candle(moment, index) for index, moment in enumerate(moments)]


def _candle(moment: int, index: int) -> Candle:
    level = [
        Decimal(str(round(100 + 4 * sin((index + step) / 9) + sin(index * 1.7 + step), 2))) for step in (0, 1)
    ]
    high, low = max(level) + Decimal("0.4"), min(level) - Decimal("0.35")
    opened = datetime.fromtimestamp(moment, UTC)
    volume = Quantity(Decimal(20 + index * 37 % 50))
    return Candle(opened, Price(level[0]), Price(high), Price(low), Price(level[1]), volume)
