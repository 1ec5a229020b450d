"""What there is to run: connections, presets, strategies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.screens.base import Button, Screen, back, foot, in_rows, page_of, pager, refresh, row, titled
from bot.screens.figures import duration, money, plain_number, short_percent, timeframe
from bot.screens.home import block, reconciled
from bot.screens.summary import HALTED, Summary, mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.settings import ExitRules, Preset, Size
from engine.desk import ConnectionView, StrategyInfo


def connections(found: Sequence[Summary], page: int, now: datetime) -> Screen:
    """All accounts, each a button."""
    page, pages = page_of(found, page, 6)
    shown = found[page * 6 : page * 6 + 6]
    body: list[Html] = []
    for one in shown:
        body += [
            say(
                "home.headline",
                sign=one.sign,
                connection=one.connection,
                state=known("state", one.state),
                mode=mode_tag(one.mode),
            ),
            row(one.venue, money(one.equity, one.quote)),
        ]
    buttons = [Button(f"{one.sign} {one.connection}", "connection", {"c": one.connection}) for one in shown]
    return Screen(
        fit(titled(word("connections.title"), "", *body, "", foot(now))),
        (
            *in_rows(buttons),
            *pager("connections", {}, page, pages),
            (back("more"), refresh("connections", {"page": str(page)})),
        ),
    )


def connection(view: ConnectionView, one: Summary, now: datetime) -> Screen:
    """One account: its figures, what it runs, and its switches."""
    args = {"c": one.connection}
    running = sum(view.state.runs(preset) for preset in view.settings.presets)
    text = lines(
        say("connections.one", connection=one.connection, venue=one.venue),
        block(one, now),
        None if one.is_live else reconciled(one, now),
        row(word("connections.factor"), f"× {plain_number(view.settings.volume_factor)}"),
        row(word("connections.presets"), f"{running} / {len(view.settings.presets)}"),
        "",
        foot(now),
    )
    return Screen(
        fit(text),
        (
            _switches(one, args),
            (
                Button(word("home.positions", count=len(one.holdings)), "positions", args),
                Button(word("home.orders", count=one.orders), "orders", args),
            ),
            (Button(word("home.presets"), "presets", args), Button(word("home.risk"), "risk", args)),
            (
                Button(word("button.mode"), "live", args),
                Button(word("button.reconcile"), "reconcile", args),
            ),
            (back("connections"), refresh("connection", args)),
        ),
    )


def _switches(one: Summary, args: Mapping[str, str]) -> tuple[Button, ...]:
    buttons = []
    if one.state != "running":
        buttons.append(
            Button(word("button.lift" if one.state == HALTED else "button.resume"), "resume", args)
        )
    else:
        buttons.append(Button(word("button.pause"), "pause", args))
    if one.state != HALTED:
        buttons.append(Button(word("button.halt"), "halt", args))
    if one.holdings:
        buttons.append(Button(word("button.flatten"), "flatten", args))
    return tuple(buttons)


def presets(view: ConnectionView, args: Mapping[str, str], now: datetime) -> Screen:
    """What may run on one connection, each a button."""
    found = list(view.settings.presets.values())
    page, pages = page_of(found, int(args.get("page", "0")), 6)
    shown = found[page * 6 : page * 6 + 6]
    body: list[Html] = []
    for one in shown:
        runs = view.state.runs(one.id)
        body += [
            say("presets.entry", sign=_sign(runs), preset=one.id, state=known("runs", str(runs).lower())),
            row(one.strategy, " ".join(timeframe(seconds) for seconds in one.timeframes)),
        ]
    buttons = [
        Button(f"{_sign(view.state.runs(one.id))} {one.id}", "preset", {"c": args["c"], "preset": one.id})
        for one in shown
    ]
    text = titled(
        word("presets.title", mode=mode_tag(view.settings.mode)),
        say("presets.subtitle", connection=view.settings.connection),
        "",
        *(body or [say("presets.none")]),
        "",
        foot(now),
    )
    return Screen(
        fit(text),
        (*in_rows(buttons), *pager("presets", args, page, pages), (back("more"), refresh("presets", args))),
    )


def _sign(runs: bool) -> str:
    return "🟢" if runs else "⏹"


def preset(view: ConnectionView, one: Preset, now: datetime) -> Screen:
    """All that a preset is made of, and its switch."""
    args = {"c": view.settings.connection, "preset": one.id}
    runs = view.state.runs(one.id)
    text = lines(
        say("presets.one", sign=_sign(runs), preset=one.id, state=known("runs", str(runs).lower())),
        say("presets.place", connection=view.settings.connection, mode=mode_tag(view.settings.mode)),
        "",
        row(word("presets.strategy"), one.strategy),
        row(word("presets.timeframes"), " ".join(timeframe(seconds) for seconds in one.timeframes)),
        row(word("presets.size"), _size(one.size, view.settings.quote)),
        row(word("presets.most"), str(one.max_positions)),
        *_exits(one.exits),
        say("presets.symbols", symbols=", ".join(one.symbols)),
        *(row(f"  {name}", str(value)) for name, value in list(one.parameters.items())[:20]),
        "",
        foot(now),
    )
    switch = (
        Button(word("presets.stop"), "preset_stop", args)
        if runs
        else Button(word("presets.start"), "preset_start", args)
    )
    return Screen(
        fit(text), ((switch,), (back("presets", {"c": view.settings.connection}), refresh("preset", args)))
    )


def _size(size: Size, quote: str) -> str:
    if size.quote is not None:
        return money(size.quote, quote)
    if size.risk is not None:
        return word("presets.size_risk", share=short_percent(size.risk))
    return word("presets.size_share", share=short_percent(size.share)) if size.share is not None else ""


def _exits(exits: ExitRules) -> list[Html | None]:
    return [
        row(word("presets.stop_loss"), short_percent(exits.stop_loss)),
        row(word("presets.take_profit"), short_percent(exits.take_profit)) if exits.take_profit else None,
        row(word("presets.trailing"), short_percent(exits.trailing)) if exits.trailing else None,
        row(word("presets.time_limit"), duration(exits.time_limit)) if exits.time_limit else None,
    ]


def strategies(found: Sequence[StrategyInfo], page: int, now: datetime) -> Screen:
    """Every strategy with what it does, each a button."""
    page, pages = page_of(found, page, 6)
    shown = found[page * 6 : page * 6 + 6]
    body = [say("strategies.entry", title=one.title, summary=one.summary) for one in shown]
    buttons = [Button(one.title, "strategy", {"strategy": one.name}) for one in shown]
    return Screen(
        fit(titled(word("strategies.title"), "", *(body or [say("strategies.none")]), "", foot(now))),
        (
            *in_rows(buttons, 1),
            *pager("strategies", {}, page, pages),
            (back("more"), refresh("strategies", {"page": str(page)})),
        ),
    )


def strategy(one: StrategyInfo, now: datetime) -> Screen:
    """One strategy with each of its parameters."""
    body: list[Html | str] = []
    for parameter in one.parameters[:20]:
        body += [
            row(parameter.name, parameter.default),
            say("strategies.parameter", description=parameter.description, bounds=parameter.bounds),
        ]
    text = lines(
        say("strategies.one", title=one.title, name=one.name),
        escape_summary(one.summary),
        "",
        say("strategies.parameters"),
        *body,
        "",
        foot(now),
    )
    return Screen(fit(text), ((back("strategies"),),))


def escape_summary(summary: str) -> Html:
    return say("strategies.summary", summary=summary)
