"""What the screens say of a connection and its positions, counted from the live view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.text import known, word
from engine.core import causes
from engine.core.exits import round_stop
from engine.core.ids import Coin, ConnectionId, Symbol, base_of
from engine.core.ledger import Phase, Position
from engine.core.market import Market, equity
from engine.core.model import Instrument, Mode
from engine.core.money import ONE, ZERO, Price, Quote, Ratio
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.risk import blocked_by
from engine.core.state import OngoingShortfall, TraderState
from engine.desk import ConnectionView, FeedState

HALTED, RUNNING = "halted", "running"
IMPAIRED = "⚠️"
_USUAL_FEE = Decimal("0.001")
_MARKS = {"live": "🔴", "paper": "📝"}
_SIGNS = {"running": "🟢", "paused": "⏸", "stopped": "⏹", HALTED: "🛑"}


@dataclass(frozen=True, slots=True)
class Holding:
    """One position as it stands now. `last` is None until a price was seen; money in the quote coin."""

    connection: ConnectionId
    mode: Mode
    venue: str
    quote: str
    position: Position
    instrument: Instrument | None
    last: Price | None
    last_at: datetime | None
    profit: Quote | None
    stop_order: Order | None
    unknown: Order | None

    @property
    def base(self) -> str:
        return base_of(self.position.symbol)

    @property
    def fee_rate(self) -> Decimal:
        """What leaving at market costs, as a share; what venues usually take where it is not known."""
        return self.instrument.taker_fee if self.instrument else _USUAL_FEE

    @property
    def break_even(self) -> Price:
        """Where leaving it costs nothing, fees of both sides counted; rounded to the side of a profit."""
        it = self.position
        return round_stop(it.break_even(self.fee_rate), it.direction, self.instrument)

    @property
    def share(self) -> Ratio | None:
        """Profit over what was paid for what is held."""
        paid = self.position.entry_price * self.position.quantity
        return Ratio(self.profit / paid) if self.profit is not None and paid else None

    @property
    def value(self) -> Quote | None:
        return None if self.last is None else self.position.value(self.last)


@dataclass(frozen=True, slots=True)
class Summary:
    """One connection in a few figures. `state` is one of running, paused, stopped, halted.

    `reconciled_at`: when our books were last held against the venue's, None before the first time since the start.
    `barred`: instruments that take no entries, since a position in them could not be protected.
    `shortfalls`: what the venue holds of a coin where it is less than ours, and since when. `foreign`: how many
    orders with our mark, but not in our books, wait for the owner. `leaving_live`: back to paper once nothing is open.
    `impaired`: no prices, no venue, or another trouble that keeps it from entering, whatever `state` says.
    """

    connection: ConnectionId
    venue: str
    mode: Mode
    quote: str
    state: str
    halted: str
    halted_at: datetime | None
    equity: Quote
    cash: Decimal
    day_profit: Quote
    day_share: Ratio
    open_profit: Quote
    drawdown: Ratio
    exposure: Ratio
    holdings: Sequence[Holding]
    orders: int
    unknown: Sequence[Order]
    troubles: Sequence[str]
    reconciled_at: datetime | None = None
    shortfalls: Mapping[Coin, OngoingShortfall] = field(default_factory=dict)
    barred: Collection[Symbol] = ()
    foreign: int = 0
    leaving_live: bool = False
    impaired: bool = False

    @property
    def sign(self) -> str:
        """Never green while the venue can't be reached, whatever the state says."""
        return IMPAIRED if self.impaired and self.state == RUNNING else state_sign(self.state)

    @property
    def is_live(self) -> bool:
        return self.mode is Mode.LIVE


def state_sign(state: str) -> str:
    return _SIGNS.get(state, "❔")


def state_of(view: ConnectionView) -> str:
    """A latched halt goes before everything else."""
    return HALTED if view.state.is_halted else str(view.state.state)


def mode_tag(mode: str) -> str:
    """📝 PAPER or 🔴 LIVE, beside every number: a mark for the eye, the word for everyone."""
    return f"{mode_mark(mode)} {mode_word(mode)}".strip()


def mode_mark(mode: str) -> str:
    """📝 or 🔴; nothing for what is no mode."""
    return _MARKS.get(mode, "")


def mode_word(mode: str) -> str:
    """Without the mark, where only letters can be drawn."""
    return mode.upper()


def holdings_of(view: ConnectionView) -> list[Holding]:
    """Positions that hold something, the oldest first; planned ones hold nothing yet."""
    return [_holding(view, one) for one in view.state.positions.values() if one.phase is not Phase.PLANNED]


def holding_of(view: ConnectionView, position_id: str) -> Holding | None:
    return next((one for one in holdings_of(view) if one.position.id == position_id), None)


def _holding(view: ConnectionView, position: Position) -> Holding:
    ticker = view.prices.get(position.symbol)
    orders = view.state.orders_of(position.id)
    return Holding(
        view.settings.connection,
        view.settings.mode,
        view.settings.venue,
        view.settings.quote,
        position,
        view.instruments.get(position.symbol),
        ticker.last if ticker else None,
        ticker.at if ticker else None,
        Quote(position.unrealised(ticker.last)) if ticker else None,
        next((o for o in orders if o.purpose is Purpose.STOP and o.status is OrderStatus.WORKING), None),
        next((o for o in orders if o.status is OrderStatus.UNKNOWN), None),
    )


def equity_now(view: ConnectionView) -> Quote:
    """At the last prices; as last written down while a held coin has no price."""
    now = equity(view.state, Market(prices=dict(view.prices)))
    return view.state.equity if now is None else now


def share_of(part: Decimal, whole: Decimal) -> Ratio:
    return Ratio(part / whole) if whole > 0 else Ratio(ZERO)


def exposures(view: ConnectionView) -> dict[Symbol, Decimal]:
    """What each instrument's positions are worth; at their entry price where none is seen."""
    worth: dict[Symbol, Decimal] = {}
    for one in holdings_of(view):
        value = one.value if one.value is not None else one.position.value(one.position.entry_price)
        worth[one.position.symbol] = worth.get(one.position.symbol, ZERO) + value
    return worth


def summarise(view: ConnectionView) -> Summary:
    """The figures of one connection, at this moment."""
    state, total = view.state, equity_now(view)
    holdings = holdings_of(view)
    day_profit = Quote(total - state.day_equity)
    return Summary(
        view.settings.connection,
        view.settings.venue,
        view.settings.mode,
        view.settings.quote,
        state_of(view),
        state.halted,
        state.halted_at,
        total,
        state.holdings.get(state.quote, ZERO),
        day_profit,
        share_of(day_profit, state.day_equity),
        Quote(sum((one.profit for one in holdings if one.profit is not None), ZERO)),
        drawdown(total, state.high_water),
        share_of(sum(exposures(view).values(), ZERO), total),
        holdings,
        len(state.orders),
        [one for one in state.orders.values() if one.status is OrderStatus.UNKNOWN],
        troubles_of(state),
        state.reconciled_at,
        dict(state.shortfalls),
        tuple(state.barred),
        sum(report is not None for report in state.foreign.values()),
        impaired=_impaired(view),
    )


def _impaired(view: ConnectionView) -> bool:
    """Whether something keeps it from doing what its state says: it runs, but sees nothing, or may not enter."""
    health = view.health
    return not health.working or health.feed is FeedState.SILENT or blocked_by(view.state) != ""


def drawdown(total: Decimal, high_water: Decimal) -> Ratio:
    """How far equity is below its highest."""
    return Ratio(max(ONE - total / high_water, ZERO)) if high_water > 0 else Ratio(ZERO)


def troubles_of(state: TraderState) -> list[str]:
    """What is wrong, a line each: causes without what follows from them, as they are told."""
    return [
        trouble_line(trouble.value, several(*causes.named(subjects)))
        for trouble, subjects in causes.standing(state)
    ]


def trouble_line(trouble: str, subject: str) -> str:
    words = known("trouble", trouble)
    return f"{words}: {subject}" if subject else words


def several(subjects: str, more: int) -> str:
    """`BTC/USDT, ETH/USDT, SOL/USDT and 7 more`."""
    return word("home.several", subjects=subjects, count=more) if more else subjects
