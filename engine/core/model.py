"""The things of trading: frozen values, shared by every room. Times are aware UTC datetimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from engine.core.ids import ClientOrderId, Coin, FillId, PresetId, Symbol, VenueOrderId
from engine.core.money import ZERO, Price, Quantity, Quote


class Mode(StrEnum):
    """Whether a connection's orders reach a real account."""

    PAPER = "paper"
    LIVE = "live"


class State(StrEnum):
    """What a connection may do. A halt is kept apart, since it latches over each of these."""

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class Direction(StrEnum):
    """Which way a position earns. Spot has only LONG; the ledger already counts both."""

    LONG = "long"
    SHORT = "short"

    @property
    def entry_side(self) -> Side:
        return Side.BUY if self is Direction.LONG else Side.SELL

    @property
    def sign(self) -> int:
        return 1 if self is Direction.LONG else -1


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """Rests at the venue; becomes a market order once the price has touched `stop_price`."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the venue lets us trade, and in which steps; None means no limit is known. `market_max`: the most that one
    order at market may have, which is often less than another's (O27); some venues tell it as a value in the quote
    coin, `market_max_value`. `max_stops`: how many stops may rest in it."""

    symbol: Symbol
    base: Coin
    quote: Coin
    tick: Decimal
    lot: Decimal
    min_quantity: Quantity = Quantity(ZERO)
    max_quantity: Quantity | None = None
    min_notional: Quote = Quote(ZERO)
    taker_fee: Decimal = Decimal("0.001")
    maker_fee: Decimal = Decimal("0.001")
    active: bool = True
    market_max: Quantity | None = None
    market_max_value: Quote | None = None
    max_stops: int | None = None

    def most_at_market(self, price: Price | None) -> Quantity | None:
        """Of an order at market, and of a stop, which becomes one; a value counts at `price`."""
        by_value = self.market_max_value / price if self.market_max_value and price else None
        known = [one for one in (self.max_quantity, self.market_max, by_value) if one is not None]
        return Quantity(min(known)) if known else None


@dataclass(frozen=True, slots=True)
class Candle:
    """One finished or running candle; it covers [open_time, open_time + timeframe)."""

    open_time: datetime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity


@dataclass(frozen=True, slots=True)
class Ticker:
    """The newest price of an instrument. `at` is the venue's time where it tells one, else ours.

    `volume` is the base quantity traded since the ticker before, None when the venue does not say:
    the paper venue fills at most a share of it.
    """

    symbol: Symbol
    last: Price
    at: datetime
    bid: Price | None = None
    ask: Price | None = None
    volume: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """`told` is False where the venue's row could not be read: that is not zero, and nothing follows from it (M12)."""

    coin: Coin
    free: Decimal
    used: Decimal = ZERO
    told: bool = True

    @property
    def total(self) -> Decimal:
        return self.free + self.used


@dataclass(frozen=True, slots=True)
class Fee:
    amount: Decimal
    coin: Coin


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `id` is the venue's trade id, unique within symbol; `fees` may be in any coins."""

    id: FillId
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: Quantity
    price: Price
    fees: tuple[Fee, ...]
    at: datetime

    @property
    def value(self) -> Quote:
        return Quote(self.quantity * self.price)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What is sent to a venue: complete, rounded and checked. `reduces`: it takes risk away, so that it may use
    what is kept of the venue's allowance for exits."""

    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Quantity
    price: Price | None = None
    stop_price: Price | None = None
    reduces: bool = False


class VenueStatus(StrEnum):
    """What the venue says of an order."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def ended(self) -> bool:
        return self is not VenueStatus.OPEN


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the venue tells it, by stream or by asking. `filled` is its own running total.

    `fills` holds those executions that came with the report; more may come apart. `side` and `quantity` are None
    where the venue does not repeat them.
    """

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId | None
    symbol: Symbol
    status: VenueStatus
    filled: Quantity
    at: datetime
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    side: Side | None = None
    quantity: Quantity | None = None


class Action(StrEnum):
    ENTER = "enter"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy wants, decided on the candle that closed at `candle_close`.

    `stop_distance` and `take_profit_distance` (quote per base, from the entry price) replace the preset's
    own shares where a strategy sets its exits itself, such as by ATR.
    """

    preset: PresetId
    symbol: Symbol
    action: Action
    candle_close: datetime
    price: Price
    reason: str
    direction: Direction = Direction.LONG
    stop_distance: Price | None = None
    take_profit_distance: Price | None = None


@dataclass(frozen=True, slots=True)
class VenuePicture:
    """What the venue answered when asked for everything that concerns us.

    Balances are asked for first and fills last: a fill that the balances don't show yet is then among the fills,
    so that balances are judged only when no fill is new. `open_orders` are all that work in our instruments, the
    owner's own too; `orders` are ours, asked for one by one; `missing` those that the venue does not know. `fills` are
    of our orders, and of the owner's own, which carry no name.
    """

    balances: tuple[Balance, ...]
    open_orders: tuple[OrderReport, ...]
    orders: tuple[OrderReport, ...]
    missing: tuple[ClientOrderId, ...]
    fills: tuple[Fill, ...]
    held_before: Mapping[Coin, Decimal] | None = None
    """What our books held before the first question. Where they hold something else by now, a fill was booked
    while we asked, and the balances are older than the books: they are not judged."""
    elsewhere: Mapping[Coin, Decimal] | None = field(default_factory=dict)
    """What the same owner has of a coin in other accounts at this venue (earn, funding), asked for where the account
    that trades is short of it: his still, and not to be sold now (A13). None where the venue did not answer."""
    all_asked: bool = True
    """Whether those are all of his other accounts: what is in none of them may be in one that could not be asked."""
    stops_lock: bool = True
    """Whether a stop that rests holds its coins at this venue, so that balances without them contradict it."""
