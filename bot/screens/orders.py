"""Orders under way, what is known of each, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.screens.base import (
    PAGE,
    Button,
    Row,
    Screen,
    back,
    foot,
    in_rows,
    page_of,
    pager,
    place,
    refresh,
    row,
    titled,
)
from bot.screens.figures import NONE, moment, price, quantity, short_time
from bot.screens.foreign import Foreign, foreign_button, foreign_lines
from bot.screens.home import times
from bot.screens.summary import mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.ids import base_of
from engine.core.model import OrderType
from engine.core.orders import Order, OrderStatus, Purpose


@dataclass(frozen=True, slots=True)
class Placed:
    """One of our orders that is not settled, and where."""

    connection: str
    mode: str
    order: Order


def orders(
    found: Sequence[Placed], foreign: Sequence[Foreign], page: int, args: Mapping[str, str], now: datetime
) -> Screen:
    """All that is not settled, each with what can be done about it; then what is foreign."""
    page, pages = page_of(found, page)
    shown = found[page * PAGE : (page + 1) * PAGE]
    body = [line for one in shown for line in _lines(one)] or [say("orders.none")]
    text = titled(word("orders.title", count=len(found)), *body, *foreign_lines(foreign), "", foot(now))
    buttons = [made for one in shown if (made := _button(one))] + [
        foreign_button(one) for one in foreign[:PAGE] if not one.asked
    ]
    again = refresh("orders", {**args, "page": str(page)})
    return Screen(fit(text), (*in_rows(buttons, 1), *pager("orders", args, page, pages), (back(), again)))


def _lines(one: Placed) -> list[Html]:
    order = one.order
    level = order.stop_price if order.type is OrderType.STOP else order.price
    at = f" @ {price(level)}" if level is not None else ""
    return [
        say(
            "orders.entry",
            side=known("side", order.side),
            symbol=order.symbol,
            purpose=known("purpose", order.purpose),
            mode=mode_tag(one.mode),
            connection=one.connection,
        ),
        row(f"{quantity(order.quantity, base_of(order.symbol))} {known('order_type', order.type)}{at}"),
        status(order),
    ]


def status(order: Order) -> Html:
    """Truthful words (law 12): sent is not accepted, accepted is not filled, unknown is unknown."""
    if order.status is OrderStatus.UNKNOWN and order.unknown_since is not None:
        return unknown(order)
    if order.cancel_since is not None and not order.status.ended:
        return say("orders.cancelling", time=moment(order.cancel_since))
    if order.filled and not order.status.ended:
        return say("orders.partly", filled=quantity(order.filled), quantity=quantity(order.quantity))
    words = known("order_status", order.status)
    return say("orders.status", status=words, time=short_time(order.created_at))


def unknown(order: Order) -> Html:
    """Since when and how often it was asked for, and what waits for it."""
    since = moment(order.unknown_since) if order.unknown_since else NONE
    return say("orders.unknown", since=since, times=times(order.attempts), symbol=order.symbol)


def _button(one: Placed) -> Button | None:
    """A cancel, where there is something to cancel; a stop leads to what can be done instead."""
    order = one.order
    args = {**place(one.connection, one.mode), "o": order.client_order_id}
    if order.purpose is Purpose.STOP:
        return Button(
            word("orders.stop_button", symbol=order.symbol, price=price(order.stop_price)), "stop_order", args
        )
    if order.status is not OrderStatus.WORKING or order.cancel_wanted:
        return None
    size = quantity(order.remaining, base_of(order.symbol))
    return Button(word("orders.cancel_button", side=known("side", order.side), size=size), "cancel", args)


def stop_order(one: Placed) -> Screen:
    """Why a stop is not cancelled, and what can be done instead."""
    args = {**place(one.connection, one.mode), "p": one.order.position_id}
    text = lines(*_lines(one), "", say("orders.stop_text"))
    moves: Row = (Button(word("button.move_stop"), "stop", args), Button(word("button.close"), "close", args))
    return Screen(fit(text), (moves, (back("orders"),)))
