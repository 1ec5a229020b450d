"""Lists of what was: closed trades, one trade with its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.screens.base import (
    PAGE,
    Button,
    Screen,
    back,
    foot,
    in_rows,
    pager,
    refresh,
    row,
    titled,
)
from bot.screens.figures import (
    NONE,
    arrow,
    day_and_time,
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
from storage.results import BookedFill, Trade


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
    body = [line for one in found for line in _entry(one, quote)]
    buttons = [
        Button(
            f"{arrow(one.profit)} {one.symbol}  {plus(one.profit, quote, unit=False)} · {short_time(one.closed_at)}",
            "trade",
            {**args, "p": one.position_id},
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


def _entry(one: Trade, quote: str) -> tuple[Html, Html]:
    """When it was closed and by what, and what it brought."""
    preset = one.preset or word("performance.by_hand")
    return (
        say("trades.entry", symbol=one.symbol, preset=preset, time=short_time(one.closed_at)),
        row(signed_percent(one.share), signed(one.profit, quote)),
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
        row(word("positions.fees_unpriced"), one.unpriced) if one.unpriced else None,
        row(word("trades.held"), duration(one.closed_at - one.opened_at)),
        row(word("trades.opened"), short_time(one.opened_at)),
        row(word("trades.closed"), short_time(one.closed_at)),
        "",
        say("trades.fills", count=len(fills)),
        *(
            line
            for one in (booked.fill for booked in fills[:12])
            for line in (
                say("trades.fill", side=known("side", one.side), time=day_and_time(one.at)),
                row(quantity(one.quantity, base), f"@ {price(one.price)}"),
            )
        ),
        "",
        foot(now),
    )
    return Screen(fit(text), ((back("trades", {"c": args.get("c", "")}),),))
