"""What the phone's side sees of the engine: views to read, commands to send. The coordinator is its maker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from engine.core.facts import AnyFact
from engine.core.ids import BookId, Coin, ConnectionId, Symbol
from engine.core.inputs import Command
from engine.core.model import Balance, Candle, Instrument, Ticker
from engine.core.money import ZERO
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.strategies.info import ParameterInfo as ParameterInfo
from engine.strategies.info import StrategyInfo as StrategyInfo


class FeedState(StrEnum):
    """Where prices come from now."""

    STREAM = "stream"
    POLLING = "polling"
    SILENT = "silent"
    STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Health:
    """How one connection does. Times are None until it happened once."""

    working: bool
    feed: FeedState
    last_price_at: datetime | None
    last_cycle_at: datetime | None
    next_cycle_at: datetime | None
    last_cycle_ms: float | None
    restarts: int
    waiting_inputs: int
    unread_rows: int = 0
    """Rows of the venue's answers that could not be read, and were left out alone, since the process began."""


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """What the venue last said the account holds, every coin of it, ours or not, and when it was asked. `held`: what
    our books held of each coin then, so that a fill since is no contradiction."""

    balances: Sequence[Balance]
    at: datetime
    held: Mapping[Coin, Decimal] = field(default_factory=dict)

    def total(self, one: Balance, held_now: Mapping[Coin, Decimal]) -> Decimal:
        """As it is by now: what was told, and what our books have changed since."""
        if not self.held:
            return one.total
        return one.total + held_now.get(one.coin, ZERO) - self.held.get(one.coin, ZERO)


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection as it is at this moment. `state` is the live object: read it, never change or keep it."""

    book: BookId
    settings: TraderSettings
    state: TraderState
    prices: Mapping[Symbol, Ticker]
    instruments: Mapping[Symbol, Instrument]
    health: Health
    account: AccountSeen | None = None
    """None until the venue has told it once in this process."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command. `refused` is a sentence for the owner, empty when it was carried out.

    `facts` are those that the command led to at once; `repeated`: it had been carried out before, and was not again.
    """

    refused: str = ""
    facts: Sequence[AnyFact] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One point of the list before going live: `key` names it in the catalogue, `detail` says what was found.
    `warns`: it does not stand in the way, and should be looked at."""

    key: str
    ok: bool
    detail: str
    warns: bool = False


class Desk(Protocol):
    """The whole desk. An unknown connection raises KeyError: the caller offers the ones there are."""

    def connections(self) -> Sequence[ConnectionId]: ...

    def view(self, connection: ConnectionId) -> ConnectionView: ...

    async def send(self, connection: ConnectionId, command: Command) -> Answer:
        """Put a command into the connection's inbox, ahead of market data, and wait for its outcome.

        Raises StorageTrouble when it could not be written down: it was not carried out then.
        """
        ...

    def stop_entries(self, connection: ConnectionId, command: Command) -> asyncio.Future[Answer]:
        """What makes things safer, at once (law 8): when this returns nothing is entered on the connection any more,
        in memory, whatever the database does. `command`, a Halt or a Pause, is written down as soon as that is
        possible, however long it takes: then the future has its answer, and what it says is in force lastingly. It has
        one id, and is carried out once. Cancelling the future would leave it unwritten: shield it."""
        ...

    def hold_entries(self, reason: str) -> None:
        """Nothing is entered on any connection until `release_entries` with the same reason; in memory only."""
        ...

    def release_entries(self, reason: str) -> None: ...

    async def candles(
        self, connection: ConnectionId, symbol: Symbol, timeframe: int, limit: int
    ) -> Sequence[Candle]:
        """Candles to look at, oldest first; the last one is still under way. Raises Unavailable, or Denied for a
        timeframe that the venue lacks."""
        ...

    def strategies(self) -> Sequence[StrategyInfo]: ...

    async def reconcile(self, connection: ConnectionId) -> None:
        """Begin to hold our books against the venue's; what differs is told by notices."""
        ...

    async def checklist(self, connection: ConnectionId) -> Sequence[CheckItem]:
        """What must be true before going live, checked now."""
        ...

    async def go_live(self, connection: ConnectionId) -> Answer:
        """Switch to the live book, paused; refused unless the whole list holds at this moment."""
        ...

    async def go_paper(self, connection: ConnectionId) -> Answer:
        """Pause at once, and switch to paper as soon as nothing is open on the live book."""
        ...

    def leaving_live(self, connection: ConnectionId) -> bool:
        """Whether it waits to be flat before it goes back to paper."""
        ...
