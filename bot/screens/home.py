"""The first screen: how everything stands at a glance, and the way to everything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.screens.base import Button, Row, Screen, foot, refresh, row
from bot.screens.figures import clock_time, money, percent, signed, signed_percent
from bot.screens.summary import HALTED, Summary, mode_tag
from bot.text import Html, fit, known, lines, say, word

MOST_SHOWN = 5


def home(summaries: Sequence[Summary], now: datetime) -> Screen:
    """`summaries`: every connection, in the config's order."""
    shown = [block(one) for one in summaries[:MOST_SHOWN]]
    more = len(summaries) - len(shown)
    text = lines(
        say("home.title"),
        *shown,
        say("home.more_connections", count=more) if more else None,
        "",
        foot(now),
    )
    return Screen(fit(text), _buttons(summaries))


def block(one: Summary) -> Html:
    """One connection's state and figures."""
    today = f"{signed(one.day_profit)}  {signed_percent(one.day_share)}"
    return lines(
        "",
        headline(one),
        row(word("home.equity"), money(one.equity, one.quote)),
        row(word("home.today"), today),
        row(word("home.open_profit"), signed(one.open_profit)),
        row(word("home.exposure"), percent(one.exposure, 1)),
        row(word("home.drawdown"), percent(one.drawdown)),
        *warnings(one),
    )


def headline(one: Summary) -> Html:
    return say(
        "home.headline",
        sign=one.sign,
        connection=one.connection,
        state=known("state", one.state),
        mode=mode_tag(one.mode),
    )


def warnings(one: Summary, most: int = 4) -> list[Html]:
    """What needs the owner's eye: a halt, orders whose outcome is unknown, ongoing troubles."""
    found = []
    if one.state == HALTED:
        found.append(say("home.halted", reason=known("reason", one.halted)))
    found += [_unknown_line(order.symbol, order.unknown_since) for order in one.unknown]
    found += [say("home.trouble", trouble=trouble) for trouble in one.troubles]
    hidden = len(found) - most
    return found[:most] + ([say("home.more_warnings", count=hidden)] if hidden > 0 else [])


def _unknown_line(symbol: str, since: datetime | None) -> Html:
    return say("home.unknown", symbol=symbol, since=clock_time(since) if since else "")


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
        "balance", "performance", "alerts", "connections", "presets", "strategies", "desk", "health", "help",
    )  # fmt: skip
    buttons = [Button(known("more", verb), verb) for verb in verbs]
    rows = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    return Screen(
        lines(say("home.more_title"), say("home.more_text")), (*rows, (Button(word("button.home"), "home"),))
    )
