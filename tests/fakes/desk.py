"""Several real traders with their paper venues behind the Desk port, their facts and notices in a real store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import sin

from engine.clock import ManualClock
from engine.core.errors import StorageTrouble, Unavailable
from engine.core.facts import CommandDone
from engine.core.ids import BookId, ConnectionId, Symbol, book_id
from engine.core.inputs import Command
from engine.core.model import Candle, State
from engine.core.money import Price, Quantity
from engine.core.settings import TraderSettings
from engine.desk import Answer, CheckItem, ConnectionView, FeedState, Health, ParameterInfo, StrategyInfo
from storage.store import Store
from tests.support.builders import BTC, settings
from tests.support.desk import Desk as OneDesk


class FakeDesk:
    """`broken`: a sentence with which storage refuses commands. `mute`: candles can't be asked for."""

    def __init__(
        self, names: Sequence[str] = ("main",), store: Store | None = None, now: datetime | None = None
    ) -> None:
        self.store = store
        self.desks = {ConnectionId(one): self._open(one, now) for one in names}
        self.told: dict[ConnectionId, tuple[int, int]] = dict.fromkeys(self.desks, (0, 0))
        self.sent: list[Command] = []
        self.broken = ""
        self.mute = ""

    def _open(self, name: str, now: datetime | None) -> OneDesk:
        mine: TraderSettings = replace(settings(initial=State.RUNNING), connection=ConnectionId(name))
        desk = OneDesk(mine)
        if now is not None:
            desk.clock = ManualClock(now)
        return desk

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
        )

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
        return wave(self.desks[connection].now, timeframe, limit)

    def strategies(self) -> Sequence[StrategyInfo]:
        fast = ParameterInfo("fast", "int", "12", "2 to 200", "The quick average's candles.")
        return [
            StrategyInfo(
                "cross", "Average cross", "Buys when a quick average rises above a slow one.", [fast]
            )
        ]

    async def reconcile(self, connection: ConnectionId) -> None:
        """Nothing differs here."""

    async def checklist(self, connection: ConnectionId) -> Sequence[CheckItem]:
        return []

    async def go_live(self, connection: ConnectionId) -> Answer:
        return Answer(refused="this desk has only paper")

    async def go_paper(self, connection: ConnectionId) -> Answer:
        return Answer(refused="this desk has only paper")

    def leaving_live(self, connection: ConnectionId) -> bool:
        return False

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

    async def keep(self) -> None:
        """Write down what is new, as the runner does."""
        if self.store is None:
            return
        for connection, desk in self.desks.items():
            facts, notices = self.told[connection]
            if len(desk.facts) > facts:
                fresh = desk.notices[notices:]
                await self.store.journal.append(self.book(connection), facts, desk.facts[facts:], fresh)
                self.told[connection] = (len(desk.facts), len(desk.notices))


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
