"""What will happen, before it does; and what came of it. The words are truthful (law 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.screens.base import Button, Row, Screen, foot, row
from bot.screens.figures import (
    clock_time,
    moment,
    money,
    price,
    quantity,
    short_percent,
    signed,
    signed_percent,
    timeframe,
)
from bot.screens.summary import Holding, Summary, mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.ids import Symbol
from engine.core.model import Mode
from engine.core.money import ZERO, Price
from engine.core.settings import Preset
from engine.core.state import Barred, TraderState

MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A confirmation as it is shown: the button carries `args` and is good until `until`."""

    args: Mapping[str, str]
    until: datetime
    label: str


def ask_with(offer: Offer, text: Html, cancel: Button) -> Screen:
    """The question with its one-time button, and until when it is good."""
    buttons: tuple[Row, ...] = ((Button(offer.label, "do", offer.args, once=True),), (cancel,))
    return Screen(fit(lines(text, "", say("confirm.until", time=clock_time(offer.until)))), buttons)


def _cancel(verb: str = "home", args: Mapping[str, str] | None = None) -> Button:
    return Button(word("button.cancel"), verb, args or {})


def _back_to(one: Holding) -> Button:
    return _cancel("position", {"c": one.connection, "m": one.mode, "p": one.position.id})


def _place(one: Summary | Holding) -> Html:
    return where(one.connection, one.venue, one.mode)


def where(connection: str, venue: str, mode: Mode) -> Html:
    """Which account it concerns; of a live one that it is real money."""
    if mode is Mode.LIVE:
        return say("confirm.place_live", connection=connection, venue=venue, mode=mode_tag(mode))
    return say("confirm.place", connection=connection, venue=venue, mode=mode_tag(mode))


def resume(found: Sequence[Summary], offer: Offer) -> Screen:
    text = lines(
        say("confirm.resume_title"),
        *(
            line
            for one in found
            for line in (_place(one), row(word("home.equity"), money(one.equity, one.quote)))
        ),
        "",
        say("confirm.resume_text"),
        say("home.leaving_live") if any(one.leaving_live for one in found) else None,
    )
    return ask_with(offer, text, _cancel())


def close(one: Holding, fee: Decimal, offer: Offer, moved: bool, note: Html | None = None) -> Screen:
    """Side, size in both coins, price, fee, and what is held afterwards. `note` is said at the end."""
    it = one.position
    text = lines(
        say("confirm.moved") if moved else None,
        say("confirm.close_title", symbol=it.symbol),
        _place(one),
        "",
        row(word("confirm.side"), known("leave", it.direction)),
        row(word("positions.preset"), it.preset or word("performance.by_hand")),
        row(word("positions.entered"), price(it.entry_price, one.instrument)),
        *_leaving_rows(one, fee),
        row(word("confirm.after"), quantity(ZERO, one.base)),
        say("confirm.market_text"),
        note,
    )
    return ask_with(offer, text, _back_to(one))


def _leaving_rows(one: Holding, fee: Decimal) -> list[Html]:
    value = one.value or ZERO
    result = (one.profit or ZERO) - fee
    return [
        row(word("positions.size"), quantity(one.position.quantity, one.base)),
        row(word("confirm.worth"), money(value, one.quote)),
        row(word("confirm.price"), price(one.last, one.instrument)),
        row(word("confirm.fee"), money(fee, one.quote)),
        row(word("confirm.result"), signed(result, one.quote)),
    ]


def flatten(
    found: Sequence[Summary], fees: Mapping[str, Decimal], entries: int, offer: Offer, moved: bool
) -> Screen:
    """Every position that will be left, per connection."""
    parts: list[Html | str | None] = [say("confirm.moved") if moved else None, say("confirm.flatten_title")]
    for one in found:
        parts += ["", _place(one)]
        parts += [_flatten_line(held) for held in one.holdings[:MOST_LISTED]]
        if len(one.holdings) > MOST_LISTED:
            parts.append(say("confirm.more_positions", count=len(one.holdings) - MOST_LISTED))
        worth = sum((held.value or ZERO for held in one.holdings), ZERO)
        parts.append(row(word("confirm.worth"), money(worth, one.quote)))
        parts.append(row(word("confirm.fee"), money(fees.get(one.connection, ZERO), one.quote)))
    text = lines(
        *parts, "", say("confirm.entries", count=entries) if entries else None, say("confirm.flatten_text")
    )
    return ask_with(offer, text, _cancel("positions"))


def _flatten_line(held: Holding) -> Html:
    profit = signed(held.profit, held.quote, unit=False) if held.profit is not None else ""
    return row(
        f"{known('leave_short', held.position.direction)} {quantity(held.position.quantity, held.base)}",
        profit,
    )


def move_stop(one: Holding, stop: Decimal, offer: Offer) -> Screen:
    """Farther from the price: the loss at the stop grows, and says by how much."""
    it = one.position
    risked = it.net(Price(stop), one.fee_rate)
    text = lines(
        say("confirm.stop_title", symbol=it.symbol),
        _place(one),
        "",
        row(word("positions.size"), quantity(it.quantity, one.base)),
        row(word("confirm.stop_from"), price(it.stop, one.instrument)),
        row(word("confirm.stop_to"), price(stop, one.instrument)),
        row(word("confirm.price"), price(one.last, one.instrument)),
        row(word("confirm.distance"), signed_percent(stop / one.last - 1) if one.last else ""),
        row(word("confirm.at_stop"), signed(risked, one.quote)),
        "",
        say("confirm.stop_text"),
    )
    return ask_with(offer, text, _back_to(one))


def preset(one: Summary, it: Preset, offer: Offer) -> Screen:
    text = lines(
        say("confirm.preset_title", preset=it.id),
        _place(one),
        "",
        row(word("presets.strategy"), it.strategy),
        row(word("presets.timeframes"), " ".join(timeframe(seconds) for seconds in it.timeframes)),
        row(word("presets.stop_loss"), short_percent(it.exits.stop_loss)),
        say("presets.symbols", symbols=", ".join(it.symbols)),
        "",
        say("confirm.preset_text"),
    )
    return ask_with(offer, text, _cancel("preset", {"c": one.connection, "preset": it.id}))


def allow(one: Summary, symbol: Symbol, bar: Barred, held: int, offer: Offer) -> Screen:
    text = lines(
        say("allow.title", symbol=symbol),
        _place(one),
        "",
        say("allow.why", reason=bar.reason, since=moment(bar.since)),
        say("allow.held", count=held) if held else None,
        "",
        say("allow.text"),
    )
    return ask_with(offer, text, _cancel("positions"))


def lift(one: Summary, typed: str, until: datetime) -> Screen:
    """A latched halt needs typed proof (law 8)."""
    text = lines(
        say("confirm.lift_title", connection=one.connection),
        _place(one),
        "",
        say("home.halted", reason=known("reason", one.halted)),
        row(word("home.equity"), money(one.equity, one.quote)),
        row(word("home.today"), signed_percent(one.day_share)),
        row(word("home.drawdown"), signed_percent(-one.drawdown)),
        "",
        say("confirm.lift_text", typed=typed),
        say("confirm.until", time=clock_time(until)),
    )
    return Screen(fit(text), ((_cancel("forget"),),))


# ── what came of it ───────────────────────────────────────────────────────────────────────


def progress(title: Html | None, steps: Sequence[Html], finished: bool, now: datetime) -> Screen:
    """The result per position, edited until nothing more is to come."""
    head = [title, ""] if title is not None else []
    text = lines(*head, *steps, "", say("confirm.stopped_not_flat") if not finished else None, foot(now))
    buttons = (Button(word("home.positions_plain"), "positions"), Button(word("button.home"), "home"))
    return Screen(fit(text), (buttons,))


def leaving_step(state: TraderState, position_id: str, symbol: str, gone: Html | None) -> tuple[Html, bool]:
    """How far the leaving of one position is, in truthful words; True once nothing more is to come by itself."""
    if gone is not None:
        return gone, True
    position = next((one for key, one in state.positions.items() if key == position_id), None)
    if position is None:
        return say("confirm.step_gone", symbol=symbol), True
    if position.exit_refusals and position.exit_retry_after is not None:
        return say("confirm.step_refused", symbol=symbol, time=clock_time(position.exit_retry_after)), True
    sent = [one for one in state.orders_of(position.id) if one.purpose == "exit"]
    if not sent:
        return say("confirm.step_wanted", symbol=symbol), False
    order = sent[-1]
    if order.filled:
        filled, whole = quantity(order.filled), quantity(order.quantity)
        return say("confirm.step_partly", symbol=symbol, filled=filled, quantity=whole), False
    return say("confirm.step_order", symbol=symbol, status=known("order_status", order.status)), False
