"""Open positions: the list, one of them, and where its stop may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from bot.screens.base import (
    PAGE,
    WIDTH,
    Button,
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
from bot.screens.figures import (
    NONE,
    arrow,
    clock_time,
    day_and_time,
    duration,
    moment,
    money,
    price,
    quantity,
    signed,
    signed_percent,
)
from bot.screens.orders import unknown
from bot.screens.summary import Holding, mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.ledger import in_all

STOP_CHOICES = (Decimal("0.005"), Decimal("0.01"), Decimal("0.02"), Decimal("0.03"))
"""How far below the last price the offered stops are."""


def positions(found: Sequence[Holding], page: int, args: Mapping[str, str], now: datetime) -> Screen:
    """`found`: of one connection or of all; each row is a button to that position."""
    page, pages = page_of(found, page)
    shown = found[page * PAGE : (page + 1) * PAGE]
    body = [line for one in shown for line in _entry(one)] or [say("positions.none")]
    buttons = [Button(_label(one, found), "position", _args(one)) for one in shown]
    bottom = [Button(word("button.flatten"), "flatten", args)] if found else []
    return Screen(
        fit(titled(word("positions.title", count=len(found)), *body, "", foot(now))),
        (
            *in_rows(buttons, 1),
            *pager("positions", args, page, pages),
            *in_rows(bottom, 1),
            (back(), refresh("positions", {**args, "page": str(page)})),
        ),
    )


def pick(found: Sequence[Holding], question: str, verb: str, kept: Mapping[str, str], page: int) -> Screen:
    """Which of several: each in two lines with all that tells it from the others, and a button with its number."""
    page, pages = page_of(found, page)
    body: list[Html] = []
    buttons = []
    for number, one in enumerate(found[page * PAGE : (page + 1) * PAGE], page * PAGE + 1):
        body += [Html(), *_told_apart(number, one)]
        buttons.append(Button(f"{number} · {_apart(one, found)}", verb, {**_args(one), **kept}))
    return Screen(
        fit(titled(question, *body)),
        (*in_rows(buttons, 1), *pager(verb, kept, page, pages), (Button(word("button.cancel"), "home"),)),
    )


def _told_apart(number: int, one: Holding) -> list[Html]:
    return [
        say(
            "positions.pick",
            number=number,
            symbol=one.position.symbol,
            direction=known("direction", one.position.direction),
            preset=_preset(one),
            connection=one.connection,
            mode=mode_tag(one.mode),
        ),
        row(_size(one), f"@ {price(one.position.entry_price, one.instrument)}"),
        row(_result(one), day_and_time(one.position.opened_at) if one.position.opened_at else ""),
    ]


def _size(one: Holding) -> str:
    return quantity(one.position.quantity, one.base)


def _result(one: Holding) -> str:
    share = signed_percent(one.share) if one.share is not None else NONE
    return f"{arrow(one.profit or Decimal(0))} {share}"


def _args(one: Holding) -> dict[str, str]:
    return {**place(one.connection, one.mode), "p": one.position.id}


def _label(one: Holding, found: Sequence[Holding]) -> str:
    """Rows that look alike carry what tells them apart."""
    alike = [it for it in found if it.position.symbol == one.position.symbol]
    return _apart(one, alike) if len(alike) > 1 else f"{one.position.symbol}  {_result(one)}"


def _apart(one: Holding, alike: Sequence[Holding]) -> str:
    """What differs among them comes first: a small screen cuts the rest."""
    parts: list[str] = [one.position.symbol]
    if len({it.connection for it in alike}) > 1:
        parts.append(f"{one.connection} {mode_tag(one.mode)}")
    if len({it.position.preset for it in alike}) > 1:
        parts.append(_preset(one))
    return " · ".join([*parts, f"{_size(one)} {_result(one)}"])


def _preset(one: Holding) -> str:
    return one.position.preset or word("performance.by_hand")


def _entry(one: Holding) -> list[Html]:
    profit = plus_or_none(one)
    return [
        say(
            "positions.entry",
            symbol=one.position.symbol,
            direction=known("direction", one.position.direction),
            preset=_preset(one),
            mode=mode_tag(one.mode),
            connection=one.connection,
        ),
        row(quantity(one.position.quantity, one.base), profit),
    ]


def plus_or_none(one: Holding) -> str:
    return signed(one.profit, one.quote) if one.profit is not None else word("positions.no_price")


def position(one: Holding, now: datetime) -> Screen:
    """All of one position, and what can be done with it."""
    it = one.position
    text = lines(
        say(
            "positions.one_title",
            symbol=it.symbol,
            direction=known("direction", it.direction),
            mode=mode_tag(one.mode),
        ),
        say(
            "positions.one_place",
            connection=one.connection,
            venue=one.venue,
            id=it.id,
            preset=it.preset or NONE,
        ),
        "",
        *_figures(one),
        *_notes(one, now),
        "",
        foot(now),
    )
    return Screen(fit(text), _one_buttons(one))


def _figures(one: Holding) -> list[Html | None]:
    it = one.position
    value = money(one.value, one.quote) if one.value is not None else word("positions.no_price")
    share = signed_percent(one.share) if one.share is not None else NONE
    return [
        *amount_and_share(word("positions.profit"), plus_or_none(one), share),
        row(word("positions.size"), quantity(it.quantity, one.base)),
        row(word("positions.value"), value),
        row(word("positions.entered"), price(it.entry_price, one.instrument)),
        row(word("positions.even"), price(one.break_even, one.instrument)) if it.entered else None,
        row(word("positions.last"), price(one.last, one.instrument)),
        row(word("positions.stop"), _with_distance(it.stop, one)),
        row(word("positions.target"), _with_distance(it.take_profit, one)) if it.take_profit else None,
        row(word("positions.fees"), money(it.fees, one.quote)),
        *(
            row(word("positions.fees_unpriced"), quantity(fee.amount, fee.coin))
            for fee in in_all(it.unpriced)
        ),
    ]


def amount_and_share(label: str, amount: str, share: str) -> list[Html]:
    """On one line where both fit, else on two."""
    both = f"{amount}  {share}"
    if len(label) + 1 + len(both) <= WIDTH:
        return [row(label, both)]
    return [row(label, amount), row("", share)]


def _with_distance(level: Decimal | None, one: Holding) -> str:
    shown = price(level, one.instrument)
    if level is None or not one.last:
        return shown
    return f"{shown} {signed_percent(level / one.last - 1):>8}"


def _notes(one: Holding, now: datetime) -> list[Html | None]:
    """What the figures don't say: since when, until when, whether it is being left, how it is protected."""
    it = one.position
    return [
        say("positions.opened", time=day_and_time(it.opened_at), ago=duration(now - it.opened_at))
        if it.opened_at
        else None,
        say("positions.deadline", time=day_and_time(it.deadline)) if it.deadline else None,
        say("positions.trailing", share=signed_percent(it.trailing)) if it.trailing else None,
        say("positions.stop_working" if one.stop_order else "positions.stop_watched"),
        say("positions.leaving", reason=known("reason", it.exit_reason)) if it.exit_reason else None,
        say("positions.exit_refused", count=it.exit_refusals, time=clock_time(it.exit_retry_after))
        if it.exit_refusals and it.exit_retry_after
        else None,
        unknown(one.unknown) if one.unknown else None,
        say("positions.price_at", time=moment(one.last_at)) if one.last_at else None,
    ]


def _one_buttons(one: Holding) -> tuple[tuple[Button, ...], ...]:
    args = _args(one)
    return (
        (Button(word("button.chart"), "chart", {"c": one.connection, "s": one.position.symbol, "new": "1"}),),
        (
            Button(word("button.move_stop"), "stop", args),
            Button(word("button.close"), "close", args),
        ),
        (back("positions"), refresh("position", args)),
    )


def move_stop(one: Holding, choices: Sequence[tuple[str, Decimal]], now: datetime) -> Screen:
    """Where the stop may go: `choices` are (label, price); the owner may also write a price."""
    args = _args(one)
    buttons = [Button(label, "stop_to", {**args, "price": str(level)}) for label, level in choices]
    text = lines(
        say("positions.stop_title", symbol=one.position.symbol, mode=mode_tag(one.mode)),
        "",
        row(word("positions.stop"), _with_distance(one.position.stop, one)),
        row(word("positions.last"), price(one.last, one.instrument)),
        row(word("positions.entered"), price(one.position.entry_price, one.instrument)),
        row(word("positions.even"), price(one.break_even, one.instrument)),
        "",
        say("positions.stop_help", example=price(one.position.stop, one.instrument)),
        foot(now),
    )
    return Screen(fit(text), (*in_rows(buttons, 1), (back("position", args),)))
