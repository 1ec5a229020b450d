"""What one trader remembers: the fold of its facts, nothing else. Its parts are frozen values in dicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.core.facts import Breaker, Step, Trouble
from engine.core.ids import ClientOrderId, Coin, CommandId, ConnectionId, FillId, PositionId, PresetId, Symbol
from engine.core.ledger import Position
from engine.core.model import Mode, State
from engine.core.money import ZERO, Quote
from engine.core.orders import Order


@dataclass(frozen=True, slots=True)
class OngoingTrouble:
    """A trouble that has not ended: since when, and how often it was seen."""

    began: datetime
    detail: str
    count: int = 1


@dataclass(slots=True)
class TraderState:
    """The books of one connection in one mode.

    `orders` holds those that are not settled; `positions` those planned, open or being left. `holdings` is the
    account as our ledger has it, each coin's total. `seen_fills` are the fills of unsettled orders and of the
    last settled ones, so that one which comes twice is counted once. `done_commands` keeps the newest answers.
    """

    connection: ConnectionId = ConnectionId("")
    mode: Mode = Mode.PAPER
    nonce: str = ""
    quote: Coin = Coin("")
    opened_at: datetime | None = None
    state: State = State.STOPPED
    counter: int = 0
    running_presets: dict[PresetId, bool] = field(default_factory=dict)
    holdings: dict[Coin, Decimal] = field(default_factory=dict)
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    positions: dict[PositionId, Position] = field(default_factory=dict)
    settled_orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    seen_fills: dict[tuple[Symbol, FillId], datetime] = field(default_factory=dict)
    last_signals: dict[tuple[PresetId, Symbol], datetime] = field(default_factory=dict)
    done_commands: dict[CommandId, str] = field(default_factory=dict)
    equity: Quote = Quote(ZERO)
    equity_at: datetime | None = None
    high_water: Quote = Quote(ZERO)
    day: str = ""
    day_equity: Quote = Quote(ZERO)
    steps: dict[Breaker, Step] = field(default_factory=dict)
    halted: str = ""
    halted_at: datetime | None = None
    troubles: dict[tuple[Trouble, str], OngoingTrouble] = field(default_factory=dict)

    @property
    def is_halted(self) -> bool:
        return self.halted_at is not None

    @property
    def open_positions(self) -> list[Position]:
        """Positions that hold something or still may, oldest first."""
        return list(self.positions.values())

    def orders_of(self, position: PositionId) -> list[Order]:
        return [order for order in self.orders.values() if order.position_id == position]
