"""Buying by hand: how much, what it would mean, and how far the order is, in truthful words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.screens import refusals
from bot.screens.base import Button, Screen, back, foot, in_rows, place, row
from bot.screens.confirming import Offer, ask_with, where
from bot.screens.figures import clock_time, money, percent, plain_number, price, quantity, signed_percent
from bot.screens.orders import status, unknown
from bot.screens.talk import choose
from bot.text import Html, fit, known, lines, say, word
from engine.core.ids import ClientOrderId, Symbol, base_of
from engine.core.ledger import Position
from engine.core.model import Instrument, Mode
from engine.core.money import Price, Quantity, Quote, floor_digits
from engine.core.orders import Order, OrderStatus, Purpose

SHARES = (Decimal("0.1"), Decimal("0.25"), Decimal("0.5"), Decimal(1))
"""Parts of what the limits still allow, offered as buttons."""
MOST_REASONS = 6
"""Why instruments can't be bought now: so many reasons are told at once."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where an order would go."""

    connection: str
    venue: str
    mode: Mode
    quote: str


@dataclass(frozen=True, slots=True)
class Room:
    """What the tightest limit still leaves to be bought; `limit` names it in words."""

    limit: str
    left: Quote


@dataclass(frozen=True, slots=True)
class Preview:
    """What the trader would do with a wish to buy `asked` (quote) now. Money in quote, `held_after` in base.

    `cut`: what made the order smaller than asked for; empty when nothing did.
    """

    at: Account
    symbol: Symbol
    instrument: Instrument
    asked: Quote
    quantity: Quantity
    price: Price
    price_at: datetime
    stop: Price
    target: Price | None
    held_after: Quantity
    left_after: Quote
    room: Room
    cut: str

    @property
    def value(self) -> Quote:
        return Quote(self.quantity * self.price)

    @property
    def fee(self) -> Quote:
        return Quote(self.value * self.instrument.taker_fee)

    @property
    def at_stop(self) -> Quote:
        """What would be lost at the stop, both fees counted."""
        return Quote(self.quantity * (self.stop - self.price) - 2 * self.fee)


def what(good: Sequence[str], bad: Mapping[str, Sequence[str]], args: Mapping[str, str]) -> Screen:
    """Which instrument: those that would be taken, and below them why others would not. `bad`: instruments by
    reason."""
    if not good and len(bad) == 1:
        return not_now("", [("", next(iter(bad)))], args)
    shown = [refused_line(", ".join(symbols), why) for why, symbols in list(bad.items())[:MOST_REASONS]]
    more = len(bad) - len(shown)
    question = lines(
        say("choose.to_buy") if good else say("trading.nothing_now"),
        *(["", say("trading.not_now_list"), *shown] if shown else []),
        say("trading.more_reasons", count=more) if more else None,
    )
    return choose(question, [(one, one) for one in good], "buy", "s", args)


def not_now(symbol: str, found: Sequence[tuple[str, str]], args: Mapping[str, str]) -> Screen:
    """It can't be bought now, or nothing when `symbol` is empty: why, by connection, and the way on. `args`: what the
    buttons are about, the connection too where there is only one."""
    text = lines(
        say("trading.not_now", symbol=symbol) if symbol else say("trading.nothing_now"),
        *(
            say("trading.why_at", connection=one, reason=refusals.told(why)) if one else refusals.told(why)
            for one, why in found
        ),
    )
    buttons = refusals.ways_on(found[0][1], args) if len(found) == 1 else ()
    return Screen(fit(text), in_rows([*buttons, Button(word("button.home"), "home")]))


def refused_line(name: str, why: str) -> Html:
    return say("trading.refused_line", name=name, reason=refusals.sentence(why))


def with_cut(label: str, seen: Preview) -> str:
    """A button with what would be bought of it, where that is less: nobody taps on ten coins to be offered two."""
    return (
        word("trading.cut_button", asked=label, value=money(seen.value, seen.at.quote)) if seen.cut else label
    )


def sums_of(room: Room) -> list[tuple[Decimal, Decimal]]:
    """Parts of the room with what they come to."""
    return [(share, _whole(room.left * share)) for share in SHARES]


def amount(
    at: Account,
    instrument: Instrument,
    last: Price,
    room: Room,
    sums: Sequence[tuple[Decimal, Decimal]],
    least: Decimal | None,
    now: datetime,
    refused: Sequence[Html] = (),
) -> Screen:
    """How much to buy for: buttons with parts of the room, or an amount written by hand. `least`: what the venue takes
    at least; `refused`: what was asked for and would not be taken."""
    args = {**place(at.connection, at.mode), "s": instrument.symbol}
    buttons = [
        Button(
            f"{percent(share, 0)} · {plain_number(value)} {at.quote}", "buy", {**args, "amount": f"{value:f}"}
        )
        for share, value in sums
        if value > 0
    ]
    example = sums[0][1] if sums else least or _whole(room.left)
    text = lines(
        say("trading.amount_title", symbol=instrument.symbol),
        _where(at),
        *refused,
        "",
        row(word("confirm.price"), price(last, instrument)),
        row(word("trading.least"), money(least, at.quote)) if least is not None else None,
        row(word("trading.room"), money(room.left, at.quote)),
        say("trading.room_text", limit=room.limit),
        "",
        say("trading.amount_text", example=f"{example:f}", quote=at.quote),
        foot(now),
    )
    return Screen(fit(text), (*in_rows(buttons, 1), (back(),)))


def _whole(value: Decimal) -> Decimal:
    """Whole coins of ten and more, cents below, two digits of less than one; never more than it was."""
    if value < 1:
        return floor_digits(value, 2)
    step = Decimal(1) if value >= 10 else Decimal("0.01")
    return (value // step) * step


def _where(at: Account) -> Html:
    return where(at.connection, at.venue, at.mode)


def buy(it: Preview, offer: Offer, moved: bool) -> Screen:
    """Side, size in both coins, price, fee, what is held afterwards, and which limit bounds it."""
    base, rules = base_of(it.symbol), it.instrument
    text = lines(
        say("confirm.moved") if moved else None,
        say("trading.buy_title", symbol=it.symbol),
        _where(it.at),
        "",
        row(word("confirm.side"), word("trading.buy_side")),
        row(word("positions.size"), quantity(it.quantity, base)),
        row(word("confirm.worth"), money(it.value, it.at.quote)),
        row(word("confirm.price"), price(it.price, rules)),
        row(word("confirm.fee"), money(it.fee, it.at.quote)),
        row(word("positions.stop"), f"{price(it.stop, rules)} {signed_percent(it.stop / it.price - 1):>8}"),
        row(word("positions.target"), _target(it)) if it.target else None,
        row(word("confirm.at_stop"), money(it.at_stop, it.at.quote)),
        row(word("confirm.after"), quantity(it.held_after, base)),
        row(word("trading.left"), money(it.left_after, it.at.quote)),
        say("trading.cut", asked=money(it.asked, it.at.quote), why=it.cut) if it.cut else None,
        say("trading.bound", limit=it.room.limit, left=money(it.room.left, it.at.quote)),
        say("trading.market_text", time=clock_time(it.price_at)),
    )
    return ask_with(offer, text, Button(word("button.cancel"), "home"))


def _target(it: Preview) -> str:
    level = it.target or it.price
    return f"{price(level, it.instrument)} {signed_percent(level / it.price - 1):>8}"


# ── what came of it ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Followed:
    """An order that is being followed. `order` is None once our books have no more of it; `position` is what it
    opened or leaves; `reason`: why it ended, where the venue told."""

    id: ClientOrderId
    order: Order | None
    position: Position | None
    reason: str = ""

    @property
    def finished(self) -> bool:
        return self.order is None or self.order.settled


def step(one: Followed) -> Html:
    """How far it is: sent, accepted, part filled, filled, refused with the reason, unknown."""
    order = one.order
    if order is None:
        return say("trading.step_gone")
    if order.status is OrderStatus.UNKNOWN:
        return unknown(order)
    if order.status is OrderStatus.FILLED:
        return _filled(order, one.position)
    if order.status.ended:
        return _ended(order, one.reason)
    if order.status is OrderStatus.INTENDED:
        return say("trading.step_sent", symbol=order.symbol)
    if order.cancel_wanted or order.filled:
        return say("trading.step_going", status=status(order))
    return say("trading.step_accepted", symbol=order.symbol)


def _filled(order: Order, position: Position | None) -> Html:
    size = quantity(order.filled, base_of(order.symbol))
    if position is None or order.purpose is not Purpose.ENTRY or not position.entry_price:
        return say("trading.step_filled", size=size)
    return lines(
        say("trading.step_filled_at", size=size, price=price(position.entry_price)),
        say("notice.exits", stop=price(position.stop), target=price(position.take_profit)),
    )


def _ended(order: Order, reason: str) -> Html:
    words = known("order_status", order.status)
    if order.status is OrderStatus.REJECTED:
        return say("trading.step_refused", reason=reason or word("trading.no_reason"))
    if not order.filled:
        return say("trading.step_nothing", status=words, reason=reason)
    filled, whole = quantity(order.filled), quantity(order.quantity, base_of(order.symbol))
    return say("trading.step_ended", status=words, filled=filled, quantity=whole)


def followed(title: Html, one: Followed, args: dict[str, str], now: datetime) -> Screen:
    """The order's progress, edited until nothing more is to come or patience ends."""
    going = say("trading.goes_on") if not one.finished else None
    buttons = [Button(word("home.orders_plain"), "orders"), Button(word("button.home"), "home")]
    order = one.order
    if order is not None and order.status is OrderStatus.WORKING and not order.cancel_wanted:
        buttons.insert(0, Button(word("trading.cancel"), "cancel", {**args, "o": one.id}))
    if one.position is not None and one.position.opened_at is not None:
        buttons.insert(0, Button(word("button.position"), "position", {**args, "p": one.position.id}))
    return Screen(fit(lines(title, step(one), going, "", foot(now))), in_rows(buttons))
