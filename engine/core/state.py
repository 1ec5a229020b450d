"""What one trader remembers: the fold of its facts, nothing else. Its parts are frozen values in dicts."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal

from engine.core.facts import Breaker, Doubt, Step, Trouble
from engine.core.ids import ClientOrderId, Coin, CommandId, ConnectionId, FillId, PositionId, PresetId, Symbol
from engine.core.ledger import Position
from engine.core.model import Mode, OrderReport, State
from engine.core.money import ZERO, Quantity, Quote
from engine.core.orders import Order


@dataclass(frozen=True, slots=True)
class OngoingTrouble:
    """A trouble that has not ended: since when, when it was last written down, how often it was seen, whether the owner
    was told of it for itself, and when the venue was first back from an absence since it began (see `causes`)."""

    began: datetime
    last: datetime
    detail: str
    count: int = 1
    told: bool = True
    back: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A foreign order that the owner wants gone: as it was then, when its cancel was last decided on, and how often."""

    report: OrderReport
    asked_at: datetime
    asked: int = 1


@dataclass(frozen=True, slots=True)
class OngoingShortfall:
    """What a coin's account held when it was less than ours; since when it is less; when our books and the account
    last agreed before that, None if they were not compared; and why it is not believed yet."""

    theirs: Quantity
    since: datetime
    agreed_at: datetime | None
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Barred:
    """An instrument in which nothing is entered: since when, for which position, and the venue's word."""

    since: datetime
    position_id: PositionId
    reason: str


@dataclass(slots=True)
class TraderState:
    """The books of one connection in one mode.

    `orders` holds those that are not settled; `positions` those planned, open or being left. `holdings` is the
    account as our ledger has it, each coin's total. `seen_fills` are the fills of `orders` and `settled_orders`, each
    with its order, so that one which comes twice is counted once. `done_commands` keeps the newest answers.
    `unled` are the positions that were told to have lost their preset, and which that was.
    `running_presets` holds only what the owner switched; a preset that he never touched runs.
    `reconciled_at` is None from each start until our books were held against the venue's. `foreign` has the orders
    with our mark that are not in our books, None for one that the owner has decided about; `closing` those of them that
    he wants gone and that may still work. `outside_sales`: how much of the newest executions of the owner's own orders
    our books have taken for sales of positions. `barred`: instruments in which a position could not be protected;
    `answered`: for what the owner has lifted the newest such bar, while something is held there.
    `day_equity` is equity at the day's begin with what flowed since, for the day's figure; `day_mark` and `high_water`
    are what losses are counted from (see `evolve_equity`), and `drained` the equity that they belong to while all money
    is withdrawn.
    `reachable_since`: when the venue last came back from an absence that the owner was told of, None if there was none.
    `positions_in` is an index, so that a price finds its positions without looking at all of them; so is `unpriced`, of
    those with fees in a coin that was not priced yet.
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
    positions_in: dict[Symbol, tuple[PositionId, ...]] = field(default_factory=dict)
    unpriced: dict[Coin, tuple[PositionId, ...]] = field(default_factory=dict)
    settled_orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    seen_fills: dict[tuple[Symbol, FillId], ClientOrderId] = field(default_factory=dict)
    unled: dict[PositionId, PresetId] = field(default_factory=dict)
    last_signals: dict[tuple[PresetId, Symbol], datetime] = field(default_factory=dict)
    done_commands: dict[CommandId, str] = field(default_factory=dict)
    equity: Quote = Quote(ZERO)
    equity_at: datetime | None = None
    high_water: Quote = Quote(ZERO)
    day: str = ""
    day_equity: Quote = Quote(ZERO)
    day_mark: Quote = Quote(ZERO)
    drained: Quote = Quote(ZERO)
    steps: dict[Breaker, Step] = field(default_factory=dict)
    halted: str = ""
    halted_at: datetime | None = None
    reconciled_at: datetime | None = None
    foreign: dict[ClientOrderId, OrderReport | None] = field(default_factory=dict)
    closing: dict[ClientOrderId, Closing] = field(default_factory=dict)
    shortfalls: dict[Coin, OngoingShortfall] = field(default_factory=dict)
    outside_sales: dict[tuple[Symbol, FillId], Quantity] = field(default_factory=dict)
    troubles: dict[tuple[Trouble, str], OngoingTrouble] = field(default_factory=dict)
    barred: dict[Symbol, Barred] = field(default_factory=dict)
    answered: dict[Symbol, str] = field(default_factory=dict)
    reachable_since: datetime | None = None

    @property
    def is_halted(self) -> bool:
        return self.halted_at is not None

    def orders_of(self, position: PositionId) -> list[Order]:
        """Its orders that are not settled, oldest first."""
        return [order for order in self.orders.values() if order.position_id == position]

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        """An order that is not settled, or one of the last that are."""
        return self.orders.get(client_order_id) or self.settled_orders.get(client_order_id)

    def runs(self, preset: PresetId) -> bool:
        return self.running_presets.get(preset, True)

    def copy(self) -> TraderState:
        """A state of its own, sharing the frozen values in it."""
        twin = TraderState.__new__(TraderState)
        for name in _VALUES:
            setattr(twin, name, getattr(self, name))
        for name in _CONTAINERS:
            setattr(twin, name, getattr(self, name).copy())
        return twin


_CONTAINERS = tuple(one.name for one in fields(TraderState) if one.default_factory is dict)
"""By their kind and not by a list of their own: one that was forgotten in it was shared by all copies, so that what was
decided and never stored stayed in the books."""
_VALUES = tuple(one.name for one in fields(TraderState) if one.name not in _CONTAINERS)
