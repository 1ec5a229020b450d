"""Lists of what is and what was: orders, closed trades, one trade with its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.screens.base import (
    PAGE,
    Button,
    Screen,
    back,
    cells,
    foot,
    in_rows,
    page_of,
    pager,
    refresh,
    row,
    titled,
)
from bot.screens.figures import (
    NONE,
    arrow,
    clock_time,
    duration,
    money,
    plus,
    price,
    quantity,
    short_time,
    signed,
    signed_percent,
)
from bot.screens.positions import amount_and_share
from bot.screens.summary import mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.ids import base_of
from engine.core.model import OrderType
from engine.core.orders import Order, OrderStatus
from storage.results import BookedFill, Trade


def orders(
    found: Sequence[tuple[str, str, Order]], page: int, args: Mapping[str, str], now: datetime
) -> Screen:
    """`found`: (connection, mode, order) of all that is not settled."""
    page, pages = page_of(found, page)
    shown = found[page * PAGE : (page + 1) * PAGE]
    body = [line for connection, mode, order in shown for line in _order_lines(connection, mode, order)]
    return Screen(
        fit(titled(word("orders.title", count=len(found)), *(body or [say("orders.none")]), "", foot(now))),
        (*pager("orders", args, page, pages), (back(), refresh("orders", {**args, "page": str(page)}))),
    )


def _order_lines(connection: str, mode: str, order: Order) -> list[Html]:
    level = order.stop_price if order.type is OrderType.STOP else order.price
    at = f" @ {price(level)}" if level is not None else ""
    return [
        say(
            "orders.entry",
            side=known("side", order.side),
            symbol=order.symbol,
            purpose=known("purpose", order.purpose),
            mode=mode_tag(mode),
            connection=connection,
        ),
        row(f"{quantity(order.quantity)} {known('order_type', order.type)}{at}"),
        _order_status(order),
    ]


def _order_status(order: Order) -> Html:
    """Truthful words (law 12): sent is not accepted, accepted is not filled, unknown is unknown."""
    if order.status is OrderStatus.UNKNOWN and order.unknown_since is not None:
        return say("orders.unknown", since=clock_time(order.unknown_since))
    if order.filled and not order.status.ended:
        return say("orders.partly", filled=quantity(order.filled), quantity=quantity(order.quantity))
    status = known("order_status", order.status)
    return say("orders.status", status=status, time=short_time(order.created_at))


def trades(
    found: Sequence[Trade],
    total: int,
    page: int,
    args: Mapping[str, str],
    mode: str,
    quote: str,
    now: datetime,
) -> Screen:
    """One page of closed positions, the newest first; `total` of them all."""
    pages = max((total + PAGE - 1) // PAGE, 1)
    body = [cells((12, 9, 11), (one.symbol, signed_percent(one.share), plus(one.profit))) for one in found]
    buttons = [
        Button(
            f"{arrow(one.profit)} {one.symbol}  {plus(one.profit)}", "trade", {**args, "p": one.position_id}
        )
        for one in found
    ]
    head = word("trades.title", count=total, mode=mode_tag(mode))
    subtitle = say("trades.subtitle", connection=args.get("c", ""), quote=quote)
    return Screen(
        fit(titled(head, subtitle, "", *(body or [say("trades.none")]), "", foot(now))),
        (
            *in_rows(buttons, 1),
            *pager("trades", args, page, pages),
            (back(), refresh("trades", {**args, "page": str(page)})),
        ),
    )


def trade(
    one: Trade, fills: Sequence[BookedFill], mode: str, quote: str, args: Mapping[str, str], now: datetime
) -> Screen:
    """One closed position, with each of its executions."""
    base = base_of(one.symbol)
    text = lines(
        say(
            "trades.one_title",
            symbol=one.symbol,
            direction=known("direction", one.direction),
            mode=mode_tag(mode),
        ),
        say(
            "trades.one_place",
            id=one.position_id,
            preset=one.preset or NONE,
            reason=known("reason", one.reason),
        ),
        "",
        *amount_and_share(word("positions.profit"), signed(one.profit, quote), signed_percent(one.share)),
        row(word("positions.size"), quantity(one.quantity, base)),
        row(word("positions.entered"), price(one.entry_price)),
        row(word("trades.left"), price(one.exit_price)),
        row(word("positions.fees"), money(one.fees, quote)),
        row(word("trades.held"), duration(one.closed_at - one.opened_at)),
        row(word("trades.closed"), short_time(one.closed_at)),
        "",
        say("trades.fills", count=len(fills)),
        *(
            cells((4, 14, 14), (known("side", one.side), quantity(one.quantity), price(one.price)))
            for one in (booked.fill for booked in fills[:12])
        ),
        "",
        foot(now),
    )
    return Screen(fit(text), ((back("trades", {"c": args.get("c", "")}),),))
