"""All that can reach a trader: each enters by the same inbox, one at a time, with the time it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.core.facts import ForeignChoice, Trouble
from engine.core.ids import ClientOrderId, CommandId, PositionId, PresetId, Symbol
from engine.core.model import Fill, Instrument, OrderReport, Side, Signal, Ticker, VenuePicture
from engine.core.money import Price, Quote


@dataclass(frozen=True, slots=True)
class Input:
    """`at` is when it came, aware UTC: the trader knows no other time."""

    at: datetime


# ── market ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PriceSeen(Input):
    ticker: Ticker


@dataclass(frozen=True, slots=True)
class SignalSeen(Input):
    signal: Signal


@dataclass(frozen=True, slots=True)
class InstrumentsSeen(Input):
    """What the venue lists now, for the symbols that our presets and positions name."""

    instruments: tuple[Instrument, ...]


# ── venue ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderSeen(Input):
    """The venue tells the state of an order: in answer to a submit, a cancel, a question, or by stream."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class OrderRefused(Input):
    """The venue refused a submit for certain."""

    client_order_id: ClientOrderId
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class OrderOutcomeUnknown(Input):
    """A submit got no readable answer."""

    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True)
class OrderNotFound(Input):
    """We asked by client order id, the venue answered, and it knows no such order."""

    client_order_id: ClientOrderId


@dataclass(frozen=True, slots=True)
class AskFailed(Input):
    """We could not ask; that says nothing of the order (law 2)."""

    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True)
class CancelRefused(Input):
    """A cancel was refused or got no answer: the order may have ended, or may still work."""

    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True)
class FillSeen(Input):
    fill: Fill


@dataclass(frozen=True, slots=True)
class PictureSeen(Input):
    """The venue answered all of a reconciliation's questions. `asked`: the owner waits for the outcome."""

    picture: VenuePicture
    asked: bool = False


@dataclass(frozen=True, slots=True)
class ReconcileFailed(Input):
    """Some question could not be asked: nothing is known better than before."""

    reason: str


# ── time and health ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Opened(Input):
    """The process begins to work on this book. `nonce` is used if the book is new, `clean` is whether
    the last process left in good order."""

    nonce: str
    clean: bool


@dataclass(frozen=True, slots=True)
class TimerTicked(Input):
    """About once a second: time limits, questions that are due, days that begin."""


@dataclass(frozen=True, slots=True)
class EquityDue(Input):
    """About once a minute, and after each cycle: mark equity and look at the breakers."""


@dataclass(frozen=True, slots=True)
class TroubleSeen(Input):
    trouble: Trouble
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class TroubleGone(Input):
    trouble: Trouble
    subject: str = ""


# ── commands: the owner's word ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Command(Input):
    """`id` is the same for every redelivery of one tap, so that it acts at most once; `by` names who gave it."""

    id: CommandId
    by: str


@dataclass(frozen=True, slots=True)
class Resume(Command):
    """Let strategies enter. Refused while a halt is latched."""


@dataclass(frozen=True, slots=True)
class Pause(Command):
    """No new entries; positions stay protected."""


@dataclass(frozen=True, slots=True)
class Stop(Command):
    """Like a pause, and the presets rest too; positions stay protected."""


@dataclass(frozen=True, slots=True)
class Halt(Command):
    """Latch a halt: only what reduces risk until an owner lifts it."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class LiftHalt(Command):
    """The owner's proof was checked at the gate. The connection is paused afterwards, never running."""


@dataclass(frozen=True, slots=True)
class ClosePosition(Command):
    position_id: PositionId


@dataclass(frozen=True, slots=True)
class Flatten(Command):
    """Pause, cancel what works to enter, leave every position at market."""


@dataclass(frozen=True, slots=True)
class MoveStop(Command):
    position_id: PositionId
    stop: Price


@dataclass(frozen=True, slots=True)
class CancelOrder(Command):
    client_order_id: ClientOrderId


@dataclass(frozen=True, slots=True)
class SwitchPreset(Command):
    preset: PresetId
    running: bool


@dataclass(frozen=True, slots=True)
class ManualEntry(Command):
    """Buy by hand, through the same limits and with the default exits. `value` in the quote coin."""

    symbol: Symbol
    side: Side
    value: Quote


@dataclass(frozen=True, slots=True)
class AllowEntries(Command):
    """An instrument in which a position could not be protected may be entered again."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class ResolveForeign(Command):
    """What to do with an order that has our mark but is not in our books."""

    client_order_id: ClientOrderId
    choice: ForeignChoice
