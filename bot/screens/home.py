"""The first screen: how everything stands at a glance, and the way to everything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.screens.base import Button, Row, Screen, foot, refresh, row
from bot.screens.figures import duration, moment, money, percent, quantity, signed, signed_percent
from bot.screens.summary import HALTED, Summary, mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.orders import Order

MOST_SHOWN = 5


def home(summaries: Sequence[Summary], now: datetime) -> Screen:
    """`summaries`: every connection, in the config's order."""
    shown = [block(one, now) for one in summaries[:MOST_SHOWN]]
    more = len(summaries) - len(shown)
    text = lines(
        say("home.title"),
        *shown,
        say("home.more_connections", count=more) if more else None,
        "",
        foot(now),
    )
    return Screen(fit(text), _buttons(summaries))


def block(one: Summary, now: datetime) -> Html:
    """One connection's state and figures."""
    today = f"{signed(one.day_profit, one.quote, unit=False)}  {signed_percent(one.day_share)}"
    return lines(
        "",
        headline(one),
        row(word("home.equity"), worth(one)),
        row(word("home.today"), today),
        row(word("home.open_profit"), signed(one.open_profit, one.quote, unit=False)),
        row(word("home.exposure"), percent(one.exposure, 1)),
        row(word("home.drawdown"), percent(one.drawdown)),
        reconciled(one, now) if one.is_live else None,
        *warnings(one),
    )


def worth(one: Summary) -> str:
    """Equity; of a live account that was never read yet no number, since zero would be one."""
    unread = one.is_live and one.reconciled_at is None and not one.equity
    return word("live.not_read") if unread else money(one.equity, one.quote)


def reconciled(one: Summary, now: datetime) -> Html:
    """How long ago our books were held against the venue's."""
    ago = word("health.ago", span=duration(now - one.reconciled_at)) if one.reconciled_at else None
    return row(word("home.reconciled"), ago or word("health.never"))


def headline(one: Summary) -> Html:
    return say(
        "home.headline",
        sign=one.sign,
        connection=one.connection,
        state=known("state", one.state),
        mode=mode_tag(one.mode),
    )


def warnings(one: Summary, most: int = 4) -> list[Html]:
    """What needs the owner's eye: a halt, orders whose outcome is unknown, books that differ, ongoing troubles."""
    found = []
    if one.state == HALTED:
        found.append(say("home.halted", reason=known("reason", one.halted)))
    found += [_unknown_line(order) for order in one.unknown]
    found += _differences(one)
    found += [say("home.trouble", trouble=trouble) for trouble in one.troubles]
    if one.leaving_live:
        found.append(say("home.leaving_live"))
    hidden = len(found) - most
    return found[:most] + ([say("home.more_warnings", count=hidden)] if hidden > 0 else [])


def _unknown_line(order: Order) -> Html:
    since = moment(order.unknown_since) if order.unknown_since else ""
    return say("home.unknown", symbol=order.symbol, since=since, times=times(order.attempts))


def times(count: int) -> str:
    """How often an order was asked for."""
    return word("home.once") if count == 1 else word("home.times", count=count)


def _differences(one: Summary) -> list[Html]:
    """Where our books and the venue's are apart, or were not compared yet: each holds up entries."""
    found = [
        say("home.shortfall", theirs=quantity(short.theirs, coin), since=moment(short.since))
        for coin, short in one.shortfalls.items()
    ]
    found += [say("home.barred", symbol=symbol) for symbol in one.barred]
    if one.foreign:
        found.append(say("home.foreign", count=one.foreign))
    if one.is_live and one.reconciled_at is None:
        found.append(say("home.not_reconciled"))
    return found


def _buttons(summaries: Sequence[Summary]) -> tuple[Row, ...]:
    positions = sum(len(one.holdings) for one in summaries)
    orders = sum(one.orders for one in summaries)
    return (
        (
            Button(word("home.positions", count=positions), "positions"),
            Button(word("home.orders", count=orders), "orders"),
        ),
        (Button(word("home.profit"), "profit"), Button(word("home.trades"), "trades")),
        (Button(word("home.chart"), "chart", {"new": "1"}), Button(word("home.risk"), "risk")),
        steering(summaries),
        (Button(word("home.more"), "more"), refresh("home")),
    )


def steering(summaries: Sequence[Summary]) -> Row:
    """What changes the state, by the state: the safer way is always there, and is one tap."""
    states = {one.state for one in summaries}
    buttons = []
    if states - {"running"}:
        buttons.append(Button(word("button.resume"), "resume"))
    if "running" in states:
        buttons.append(Button(word("button.pause"), "pause"))
    if states - {HALTED}:
        buttons.append(Button(word("button.halt"), "halt"))
    return tuple(buttons)


def more(now: datetime) -> Screen:
    """The rest of the menu."""
    verbs = (
        "buy", "sell", "live", "balance", "performance", "alerts", "connections", "presets", "strategies", "desk",
        "health", "help",
    )  # fmt: skip
    buttons = [Button(known("more", verb), verb) for verb in verbs]
    rows = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    return Screen(
        lines(say("home.more_title"), say("home.more_text")), (*rows, (Button(word("button.home"), "home"),))
    )
