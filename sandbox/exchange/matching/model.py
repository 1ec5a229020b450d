"""What the venue knows about instruments, orders and trades, as frozen values.

Money and quantities are `Decimal`, times are milliseconds since the epoch (UTC).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


STOPS = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})
TAKE_PROFITS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})
CONDITIONAL = STOPS | TAKE_PROFITS
UNPRICED = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT})


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


OPEN = frozenset({Status.NEW, Status.PARTIALLY_FILLED})


class Reason(StrEnum):
    """Why the venue says no; a dialect turns each into its own code and text."""

    UNKNOWN_SYMBOL = "unknown symbol"
    MARKET_CLOSED = "market closed"
    FILTER = "filter"
    INSUFFICIENT_BALANCE = "insufficient balance"
    DUPLICATE_CLIENT_ID = "duplicate client id"
    WOULD_TAKE = "would take"
    WOULD_TRIGGER = "would trigger"
    NO_PRICE = "no price"
    UNKNOWN_ORDER = "unknown order"


class Refusal(Exception):
    """The venue understood and declined; nothing changed. `detail` names the filter or the coin."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Pair:
    """One spot instrument and its rules; `tick` is the price step, `step` the quantity step."""

    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    max_notional: Decimal = Decimal(9_000_000)
    max_open_orders: int = 200
    max_open_conditional: int = 20
    trading: bool = True

    @property
    def id(self) -> str:
        return f"{self.base}{self.quote}"

    @property
    def name(self) -> str:
        return f"{self.base}/{self.quote}"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a client asks for. Exactly one of `quantity` (base) and `quote_quantity` (quote) is set."""

    pair_id: str
    side: Side
    type: OrderType
    client_id: str
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC


@dataclass(frozen=True, slots=True)
class Order:
    """An accepted order at one moment. `locked` is what it still reserves: quote for a buy, base for a sale."""

    id: int
    account: str
    pair: Pair
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    client_id: str
    quantity: Decimal
    quote_quantity: Decimal
    price: Decimal
    stop_price: Decimal
    created_ms: int
    updated_ms: int
    status: Status = Status.NEW
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    locked: Decimal = ZERO
    working: bool = True
    cancel_client_id: str = ""

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def lock_coin(self) -> str:
        return self.pair.quote if self.side is Side.BUY else self.pair.base


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill of one of our clients' orders against the market; the fee is in `fee_coin`."""

    id: int
    order_id: int
    client_id: str
    account: str
    pair: Pair
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_coin: str
    maker: bool
    time_ms: int

    @property
    def cost(self) -> Decimal:
        return self.price * self.quantity


class EventKind(StrEnum):
    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One thing that happened to an order, with the order as it was right after, and the balances it touched."""

    kind: EventKind
    order: Order
    time_ms: int
    trade: Trade | None = None
    balances: tuple[tuple[str, Decimal, Decimal], ...] = field(default=())
    """(coin, free, locked) right after the event."""
