"""Orders at the venue that carry our mark but are not in our books: the owner decides about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.screens.base import PAGE, Button, Row, Screen, back, foot, place, refresh, row
from bot.screens.confirming import Offer, ask_with, where
from bot.screens.figures import NONE, moment, money, price, quantity, short_time
from bot.screens.home import times
from bot.screens.summary import mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.ids import base_of
from engine.core.model import Mode, OrderReport, Side
from engine.core.money import Price, Quantity


@dataclass(frozen=True, slots=True)
class Foreign:
    """An order at the venue that the owner has to decide about, or that he wants gone: `asked` counts the cancels."""

    connection: str
    mode: str
    report: OrderReport
    asked: int = 0
    asked_at: datetime | None = None


def foreign_lines(found: Sequence[Foreign]) -> list[Html | str]:
    if not found:
        return []
    told = [line for one in found[:PAGE] for line in _foreign_entry(one)]
    hidden = len(found) - PAGE
    more = [say("orders.more_foreign", count=hidden)] if hidden > 0 else []
    return ["", say("orders.foreign_title", count=len(found)), *told, *more]


def _foreign_entry(one: Foreign) -> list[Html]:
    report = one.report
    filled = word("orders.filled_so_far", filled=quantity(report.filled))
    return [
        say(
            "orders.foreign_entry",
            side=foreign_side(report),
            symbol=report.symbol,
            connection=one.connection,
            mode=mode_tag(one.mode),
        ),
        row(foreign_size(report), filled),
        *_closing_lines(one),
    ]


def _closing_lines(one: Foreign) -> list[Html]:
    """Asked is not gone (law 12)."""
    if one.asked_at is None:
        return []
    return [say("orders.foreign_closing", time=moment(one.asked_at), times=times(one.asked))]


def foreign_side(report: OrderReport) -> str:
    return known("side", report.side) if report.side else word("orders.side_untold")


def foreign_size(report: OrderReport) -> str:
    """The venue may not repeat how much was ordered."""
    return NONE if report.quantity is None else quantity(report.quantity, base_of(report.symbol))


def foreign_button(one: Foreign) -> Button:
    report = one.report
    label = word("orders.foreign_button", side=foreign_side(report), symbol=report.symbol)
    return Button(label, "foreign", {**place(one.connection, one.mode), "o": report.client_order_id})


def foreign(one: Foreign, now: datetime) -> Screen:
    """One of them, and the three ways; only a buy can be adopted on a spot venue."""
    report = one.report
    buys = report.side is Side.BUY
    text = lines(
        *_foreign_entry(one),
        say("orders.foreign_name", order=report.client_order_id, time=short_time(report.at)),
        "",
        say("orders.foreign_text"),
        say("orders.adopt_text") if buys else None,
        _close_text(report),
        say("orders.ignore_text"),
        "",
        foot(now),
    )
    args = {**place(one.connection, one.mode), "o": report.client_order_id}
    return Screen(fit(text), (foreign_choices(args, buys), (back("orders"), refresh("foreign", args))))


def foreign_choices(args: Mapping[str, str], buys: bool) -> Row:
    """Adopt and close are asked for once more; to ignore it changes nothing at the venue."""
    verbs = (
        ("foreign_adopt", "foreign_close", "foreign_ignore") if buys else ("foreign_close", "foreign_ignore")
    )
    return tuple(Button(known("foreign_choice", verb), verb, args) for verb in verbs)


def _close_text(report: OrderReport) -> Html:
    return say("orders.close_sell_text") if report.side is Side.SELL else say("orders.close_text")


def _held_after(report: OrderReport, held: Quantity, adopt: bool) -> str:
    """All of it may still be bought if it is adopted; a cancel may come too late for a part of it as well."""
    base = base_of(report.symbol)
    if adopt and report.quantity is None:
        return NONE
    bought = (report.quantity or report.filled) if adopt else report.filled
    size = quantity(held + bought, base)
    return word("foreign.at_most", size=size) if adopt else size


def confirm(
    one: Foreign,
    venue: str,
    quote: str,
    last: Price | None,
    held: Quantity,
    adopt: bool,
    offer: Offer,
    moved: bool,
) -> Screen:
    """What adopting or closing it would mean. `held`: what our positions hold of its coin now."""
    report = one.report
    worth = money(report.quantity * last, quote) if report.quantity and last else NONE
    text = lines(
        say("confirm.moved") if moved else None,
        say("foreign.adopt_title", symbol=report.symbol)
        if adopt
        else say("foreign.close_title", symbol=report.symbol),
        where(one.connection, venue, Mode(one.mode)),
        "",
        row(word("confirm.side"), foreign_side(report)),
        row(word("positions.size"), foreign_size(report)),
        row(word("confirm.worth"), worth),
        row(word("confirm.price"), price(last)),
        row(word("foreign.filled"), quantity(report.filled, base_of(report.symbol))),
        row(word("confirm.after"), _held_after(report, held, adopt)) if report.side is Side.BUY else None,
        say("orders.adopt_text") if adopt else _close_text(report),
        say("foreign.unbounded") if adopt else None,
    )
    args = {**place(one.connection, one.mode), "o": report.client_order_id}
    return ask_with(offer, text, Button(word("button.cancel"), "foreign", args))
