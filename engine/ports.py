"""Everything outside, on one page. Each port has a contract suite in tests/contract that all of its makers pass."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from engine.core.facts import AnyFact
from engine.core.ids import BookId, ClientOrderId, Coin, ConnectionId, Symbol
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Balance, Candle, Fill, Instrument, Mode, OrderReport, OrderRequest, Ticker
from engine.core.notices import Notice
from engine.core.state import TraderState


class MarketData(Protocol):
    """Public data of one venue; needs no key and has no way to place an order (law 7).

    Every method raises Unavailable when the venue can't be asked, Corrupt when its answer is not sound.
    """

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        """Filters, steps and fees; a symbol that the venue does not list is left out."""
        ...

    async def candles(
        self,
        symbol: Symbol,
        timeframe: int,
        since: datetime | None = None,
        limit: int = 500,
        running: bool = False,
    ) -> list[Candle]:
        """Oldest first, without repeats, only closed ones unless `running` asks for the one under way as well;
        `timeframe` in seconds."""
        ...

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Ticker]:
        """The newest prices by asking."""
        ...

    def stream(self, symbols: Sequence[Symbol]) -> AsyncIterator[Ticker]:
        """Prices as they come, for ever; raises Unavailable when the stream breaks, then may be opened again."""
        ...

    async def time(self) -> datetime:
        """The venue's clock."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class CountsUnread(Protocol):
    """A client that leaves out single rows of an answer which it can't read, and counts them (M12)."""

    unread_rows: int


def unread_of(client: object) -> int:
    """How many rows it has left out so far; none where it counts none."""
    return client.unread_rows if isinstance(client, CountsUnread) else 0


class Exchange(Protocol):
    """One account. `submit` and `cancel` raise Rejected or OutcomeUnknown; the rest raise Unavailable."""

    @property
    def stops_lock(self) -> bool:
        """Whether a stop that rests holds its coins: then balances without them contradict it."""
        ...

    def forget_rules(self) -> None:
        """The venue's steps and limits may have changed: they are read again before the next order."""
        ...

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Place an order, once; never repeats by itself (O3)."""
        ...

    async def cancel(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport:
        """Ask for its end. Rejected if the venue knows no such working order: it may have been filled."""
        ...

    async def order(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        """The order with its fills, or None when the venue answered and knows no such order."""
        ...

    async def open_orders(self, symbols: Sequence[Symbol]) -> list[OrderReport]:
        """Every working order in these instruments, the owner's own among them."""
        ...

    async def fills(self, symbols: Sequence[Symbol], since: datetime) -> list[Fill]:
        """Executions in these instruments since then, oldest first: of our orders, and of the owner's own where the
        venue tells them, which carry NOT_OURS for a name."""
        ...

    async def balances(self) -> list[Balance]: ...

    async def elsewhere(self, coins: Collection[Coin]) -> Mapping[Coin, Decimal]:
        """What the owner has of these coins in other accounts at the venue (earn, funding), as it tells (A13). Raises
        PartlyAsked, with what is known, where some of them could not be asked."""
        ...

    def reports(self) -> AsyncIterator[OrderSeen | FillSeen]:
        """What the venue tells by itself, for ever; raises Unavailable when the stream breaks."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """Facts with their place in the book: `number` counts from 1 without gaps."""

    number: int
    fact: AnyFact


class Journal(Protocol):
    """Append-only facts, per book. Whatever `append` returned from has been synced to disk."""

    async def append(
        self, book: BookId, after: int, facts: Sequence[AnyFact], notices: Sequence[Notice] = ()
    ) -> int:
        """Store facts, the notices that they cause and all that is read from them, in one transaction.

        `after` is the number of the book's last fact as the writer knows it; another one there means a second
        writer (law 11) and raises Corrupt. Returns the new last number. Raises StorageTrouble when the disk or the
        database refuses: nothing was stored then. Raises OutcomeUnknown when the database was lost at the commit
        and could not be asked again: the book must be read anew before anything else is decided.
        """
        ...

    async def read(self, book: BookId, after: int = 0) -> list[Recorded]:
        """All facts with a number above `after`, in order."""
        ...

    async def snapshot(self, book: BookId, number: int, state: TraderState) -> None:
        """Keep a state, so that opening a long book is quick. It may be dropped at any time."""
        ...

    async def latest(self, book: BookId) -> tuple[int, TraderState] | None:
        """The newest snapshot that this version can read, if any."""
        ...

    async def tell(self, notices: Sequence[Notice]) -> None:
        """Store notices that no fact caused: the process's own troubles."""
        ...


class CandleStore(Protocol):
    """Candles that were fetched and checked, so that a restart need not fetch them all again."""

    async def save(self, venue: str, symbol: Symbol, timeframe: int, candles: Sequence[Candle]) -> None: ...

    async def load(self, venue: str, symbol: Symbol, timeframe: int, limit: int) -> list[Candle]:
        """The newest `limit`, oldest first."""
        ...


class ModeStore(Protocol):
    """Which mode each connection was in last: paper where nothing is stored. What `keep_mode` returned from is on
    disk; it raises StorageTrouble where it could not be written down."""

    async def mode(self, connection: ConnectionId) -> Mode: ...

    async def leaves_live(self, connection: ConnectionId) -> bool:
        """Whether it is live, and the owner has asked for paper as soon as nothing is open."""
        ...

    async def keep_mode(
        self, connection: ConnectionId, mode: Mode, leaving: bool = False, notices: Sequence[Notice] = ()
    ) -> None:
        """Mode, wish and what is told of them in one write: none is ever stored without the others (law 10). Only
        live can be left."""
        ...


class Notifier(Protocol):
    """Called after notices were stored: a hint that there is something to send. It never raises and never waits."""

    def wake(self) -> None: ...
