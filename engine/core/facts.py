"""What a trader decided or learned. Facts are appended to the journal and never changed.

A trader's state is the fold of its facts, so each fact carries all that `evolve` needs.
The class name is the fact's kind in the journal; a field added later needs a default, a change of meaning
a new `VERSION` and an upcast in the storage room's codec.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.core.alarms import Breaker as Breaker
from engine.core.alarms import Doubt as Doubt
from engine.core.alarms import ForeignChoice as ForeignChoice
from engine.core.alarms import Step as Step
from engine.core.alarms import Trouble as Trouble
from engine.core.fact import Fact as Fact
from engine.core.facts_presets import PresetBack as PresetBack
from engine.core.facts_presets import PresetFact
from engine.core.facts_presets import PresetGone as PresetGone
from engine.core.facts_protection import EntriesAllowed as EntriesAllowed
from engine.core.facts_protection import EntriesBarred as EntriesBarred
from engine.core.facts_protection import ProtectionFact
from engine.core.facts_protection import StopMoved as StopMoved
from engine.core.facts_protection import StopRefused as StopRefused
from engine.core.facts_protection import StopTouched as StopTouched
from engine.core.facts_reconcile import ForeignCancelRepeated as ForeignCancelRepeated
from engine.core.facts_reconcile import ForeignEnded as ForeignEnded
from engine.core.facts_reconcile import ForeignFound as ForeignFound
from engine.core.facts_reconcile import ForeignResolved as ForeignResolved
from engine.core.facts_reconcile import OrderAdopted as OrderAdopted
from engine.core.facts_reconcile import PositionReduced as PositionReduced
from engine.core.facts_reconcile import Reconciled as Reconciled
from engine.core.facts_reconcile import ReconcileFact
from engine.core.facts_reconcile import ShortfallOver as ShortfallOver
from engine.core.facts_reconcile import ShortfallSeen as ShortfallSeen
from engine.core.ids import (
    ClientOrderId,
    Coin,
    CommandId,
    ConnectionId,
    PositionId,
    PresetId,
    Symbol,
    VenueOrderId,
)
from engine.core.model import Direction, Fee, Fill, Mode, State
from engine.core.money import Price, Quantity, Quote, Ratio
from engine.core.orders import Order, OrderStatus

# ── the book and who steers it ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BookOpened(Fact):
    """First fact of every book. `nonce` makes its order ids unlike those of any other book."""

    connection: ConnectionId
    mode: Mode
    nonce: str
    quote: Coin
    balance: Quote


@dataclass(frozen=True, slots=True)
class Restarted(Fact):
    """The process began to work on this book again."""

    clean: bool


@dataclass(frozen=True, slots=True)
class StateChanged(Fact):
    state: State
    by: str


@dataclass(frozen=True, slots=True)
class CommandDone(Fact):
    """A command was carried out or refused, once; a repeat of `command_id` gets the same answer."""

    command_id: CommandId
    by: str
    command: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class PresetSwitched(Fact):
    preset: PresetId
    running: bool
    by: str


# ── limits ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EquityMarked(Fact):
    """Equity at a moment, unrealised profit included."""

    equity: Quote
    cash: Quote


@dataclass(frozen=True, slots=True)
class DayBegan(Fact):
    """A new UTC day: `equity` is what the day's loss is counted from."""

    day: str
    equity: Quote


@dataclass(frozen=True, slots=True)
class BreakerMoved(Fact):
    """A breaker reached another step; `figure` and `limit` are shares of equity."""

    breaker: Breaker
    step: Step
    figure: Ratio
    limit: Ratio


@dataclass(frozen=True, slots=True)
class HaltLatched(Fact):
    """Latched until the owner lifts it: no restart, deposit, clock or new day does."""

    breaker: Breaker
    reason: str


@dataclass(frozen=True, slots=True)
class HaltLifted(Fact):
    by: str


@dataclass(frozen=True, slots=True)
class BalanceFlowed(Fact):
    """Money came or went that no fill explains: a deposit, a withdrawal, the owner's own trade.

    `value` is the flow in the quote coin. It is neither a profit nor a loss, and it moves no breaker: what was lost
    until then stays the same share of what there is (A14, docs/protection.md).
    """

    coin: Coin
    amount: Decimal
    value: Quote
    reason: str


# ── orders and fills ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderIntended(Fact):
    """Durable before the order leaves (law 1). Its effect: submit."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderWorking(Fact):
    """The venue has it."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId | None


@dataclass(frozen=True, slots=True)
class OutcomeLost(Fact):
    """Sent, and no readable answer came (law 2). Its effect: ask the venue by client order id."""

    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True)
class OrderAsked(Fact):
    """We ask for it (again) now, and next after `ask_after`. Its effect: query."""

    client_order_id: ClientOrderId
    attempt: int
    ask_after: datetime


@dataclass(frozen=True, slots=True)
class OrderEnded(Fact):
    """The venue's word that it ended, and how much of it was filled in all."""

    client_order_id: ClientOrderId
    status: OrderStatus
    venue_filled: Quantity
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CancelIntended(Fact):
    """Its effect: cancel at the venue. What came of it is told by the order's own state."""

    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True)
class CancelFailed(Fact):
    """The cancel was refused or could not be sent; the order's true state is asked for before another try, which waits
    until `retry_after`."""

    client_order_id: ClientOrderId
    reason: str
    retry_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class FillBooked(Fact):
    """An execution, booked once. `fee_value` is its fees in the quote coin at the time, without those in `unpriced`,
    whose price was not known then."""

    fill: Fill
    position_id: PositionId
    fee_value: Quote
    unpriced: tuple[Fee, ...] = ()


@dataclass(frozen=True, slots=True)
class FeesPriced(Fact):
    """A price came for the coin in which a position paid fees that were not counted yet; `value` is all of them."""

    position_id: PositionId
    coin: Coin
    price: Price
    value: Quote


# ── signals and positions ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SignalTaken(Fact):
    """A strategy's signal on a closed candle led to an intent."""

    preset: PresetId
    symbol: Symbol
    action: str
    candle_close: datetime
    price: Price
    reason: str


@dataclass(frozen=True, slots=True)
class SignalDenied(Fact):
    """It did not, and why, in words."""

    preset: PresetId
    symbol: Symbol
    action: str
    candle_close: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PositionPlanned(Fact):
    """A position that an entry order is about to open, with its exits as distances from the entry price."""

    position_id: PositionId
    symbol: Symbol
    direction: Direction
    preset: PresetId | None
    stop_distance: Price
    take_profit_distance: Price | None
    trailing: Ratio | None
    deadline_seconds: int | None


@dataclass(frozen=True, slots=True)
class PositionOpened(Fact):
    """Its first fill; the exits are fixed to prices now."""

    position_id: PositionId
    stop: Price
    take_profit: Price | None
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class ExitWanted(Fact):
    """The position is to be left at market, whatever still works for it first settled."""

    position_id: PositionId
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ExitRefused(Fact):
    """The venue refused an exit: the stop goes back and the exit is tried again after `retry_after`."""

    position_id: PositionId
    refusals: int
    retry_after: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PositionClosed(Fact):
    """Left for good. `profit` is net of every fee, in the quote coin; `dust` is what could not be sold. Fees that are
    `unpriced` are not in it.

    `share` is profit over what was paid for the part that was sold. The rest repeats the ledger for the reader's sake.
    """

    position_id: PositionId
    symbol: Symbol
    direction: Direction
    preset: PresetId | None
    quantity: Quantity
    entry_price: Price
    exit_price: Price
    profit: Quote
    fees: Quote
    share: Ratio
    dust: Quantity
    opened_at: datetime
    reason: str
    unpriced: tuple[Fee, ...] = ()


@dataclass(frozen=True, slots=True)
class PositionAbandoned(Fact):
    """Planned, but nothing of its entry was ever filled."""

    position_id: PositionId
    reason: str


# ── trouble ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class TroubleBegan(Fact):
    """`subject` is what it concerns (a symbol, a preset), empty for the whole connection."""

    trouble: Trouble
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class TroubleOver(Fact):
    """`told`: whether the owner was told that it began; of what he never heard of he need not hear the end."""

    trouble: Trouble
    subject: str
    seconds: int
    count: int
    told: bool = True


AnyFact = (
    BookOpened
    | Restarted
    | StateChanged
    | CommandDone
    | PresetSwitched
    | EquityMarked
    | DayBegan
    | BreakerMoved
    | HaltLatched
    | HaltLifted
    | BalanceFlowed
    | OrderIntended
    | OrderWorking
    | OutcomeLost
    | OrderAsked
    | OrderEnded
    | CancelIntended
    | CancelFailed
    | FillBooked
    | FeesPriced
    | SignalTaken
    | SignalDenied
    | PositionPlanned
    | PositionOpened
    | ExitWanted
    | ExitRefused
    | PositionClosed
    | PositionAbandoned
    | PresetFact
    | ProtectionFact
    | ReconcileFact
    | TroubleBegan
    | TroubleOver
)
