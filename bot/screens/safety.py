"""Limits with their use, alerts, and how the machinery does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.screens.base import WIDTH, Button, Screen, back, foot, in_rows, page_of, pager, refresh, row, titled
from bot.screens.figures import bar, duration, number, percent, short_percent, short_time
from bot.screens.summary import HALTED, IMPAIRED, Summary, exposures, holdings_of, mode_tag, share_of
from bot.text import Html, fit, known, lines, say, word
from engine.core.breakers import figures
from engine.core.facts import Breaker
from engine.core.money import ZERO
from engine.core.settings import Limits, Steps
from engine.desk import ConnectionView, Health


@dataclass(frozen=True, slots=True)
class Use:
    """A limit and how much of it is used now."""

    label: str
    used: str
    limit: str
    share: Decimal


def limit_uses(view: ConnectionView, summary: Summary) -> list[Use]:
    """The limits on size, in the order in which an entry meets them."""
    limits, total = view.settings.limits, summary.equity
    values = [one.value or ZERO for one in holdings_of(view)]
    return [
        _share_use("risk.position", share_of(max(values, default=ZERO), total), limits.position),
        Use(
            word("risk.open"),
            str(len(values)),
            str(limits.open_positions),
            share_of(Decimal(len(values)), Decimal(limits.open_positions)),
        ),
        _share_use(
            "risk.instrument",
            share_of(max(exposures(view).values(), default=ZERO), total),
            limits.instrument_exposure,
        ),
        _share_use("risk.total", summary.exposure, limits.total_exposure),
    ]


def _share_use(key: str, used: Decimal, limit: Decimal) -> Use:
    return Use(word(key), percent(used, 1), short_percent(limit), share_of(used, limit))


def risk(view: ConnectionView, summary: Summary, args: Mapping[str, str], now: datetime) -> Screen:
    """Each limit with its use, then the two breakers with their three steps: by what they count, which a lifted halt
    begins anew. The whole day's figure is on Home."""
    limits = view.settings.limits
    counted = figures(view.state, summary.equity)
    body = [line for use in limit_uses(view, summary) for line in _use_lines(use)]
    text = titled(
        word("risk.title", mode=mode_tag(summary.mode)),
        say("risk.subtitle", connection=summary.connection, state=known("state", summary.state)),
        say("home.halted", reason=known("reason", summary.halted)) if summary.state == HALTED else None,
        "",
        *body,
        "",
        *_breaker_lines(Breaker.DAILY_LOSS, counted[Breaker.DAILY_LOSS], limits, view),
        *_breaker_lines(Breaker.DRAWDOWN, counted[Breaker.DRAWDOWN], limits, view),
        "",
        foot(now),
    )
    return Screen(fit(text), (_risk_steering(summary, args), (back(), refresh("risk", args))))


def _use_lines(use: Use) -> tuple[Html, Html]:
    return row(use.label, f"{use.used} / {use.limit}"), row(bar(use.share, WIDTH))


def _breaker_lines(
    breaker: Breaker, figure: Decimal, limits: Limits, view: ConnectionView
) -> tuple[Html, ...]:
    steps: Steps = limits.daily_loss if breaker is Breaker.DAILY_LOSS else limits.drawdown
    step = view.state.steps.get(breaker)
    return (
        row(known("breaker", breaker), percent(figure)),
        row(bar(share_of(figure, steps.halt), 20), known("step", str(step)) if step else ""),
        say(
            "risk.steps",
            warn=short_percent(steps.warn),
            no_entries=short_percent(steps.no_entries),
            halt=short_percent(steps.halt),
        ),
    )


def _risk_steering(summary: Summary, args: Mapping[str, str]) -> tuple[Button, ...]:
    if summary.state == HALTED:
        return (Button(word("button.lift"), "resume", args),)
    buttons = [Button(word("button.halt"), "halt", args)]
    if summary.state == "running":
        buttons.insert(0, Button(word("button.pause"), "pause", args))
    return tuple(buttons)


@dataclass(frozen=True, slots=True)
class Told:
    """One notice that was or will be sent, as one line."""

    at: datetime
    line: Html
    waiting: bool


def alerts(found: Sequence[Told], page: int, now: datetime) -> Screen:
    """The newest alerts first; what still waits for Telegram is marked."""
    page, pages = page_of(found, page, 8)
    body: list[Html] = []
    for one in found[page * 8 : page * 8 + 8]:
        key = "alerts.waiting" if one.waiting else "alerts.sent"
        body.append(say(key, time=short_time(one.at), line=one.line))
    text = titled(word("alerts.title"), "", *(body or [say("alerts.none")]), "", foot(now))
    return Screen(
        fit(text), (*pager("alerts", {}, page, pages), (back(), refresh("alerts", {"page": str(page)})))
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """How the process and the conversation do. `memory_mb` resident; `since` of the process; `deaf`: why the owner is
    not heard, or not always."""

    version: str
    since: datetime
    memory_mb: float
    waiting: int
    chart_failures: int
    forged: int
    unreadable: int = 0
    deaf: str = ""


def health(machine: Machine, each: Sequence[tuple[Summary, Health]], now: datetime) -> Screen:
    """Every connection's feed and cycle, then the process."""
    body = [line for summary, one in each for line in _health_lines(summary, one, now)]
    text = titled(
        word("health.title"),
        *body,
        "",
        say("health.process"),
        row(word("health.version"), machine.version),
        row(word("health.running"), duration(now - machine.since)),
        row(word("health.memory"), f"{number(Decimal(machine.memory_mb), 0)} MB"),
        row(word("health.outbox"), str(machine.waiting)),
        row(word("health.charts"), str(machine.chart_failures)) if machine.chart_failures else None,
        row(word("health.forged"), str(machine.forged)) if machine.forged else None,
        row(word("health.unreadable"), str(machine.unreadable)) if machine.unreadable else None,
        say("health.deaf", why=machine.deaf) if machine.deaf else None,
        "",
        foot(now),
    )
    return Screen(fit(text), ((back(), refresh("health")),))


def _health_lines(summary: Summary, one: Health, now: datetime) -> list[Html | str | None]:
    took = (
        f"{number(Decimal(one.last_cycle_ms), 1)} ms"
        if one.last_cycle_ms is not None
        else word("health.never")
    )
    return [
        "",
        say(
            "health.connection",
            sign=_light(summary, one),
            connection=summary.connection,
            venue=summary.venue,
            mode=mode_tag(summary.mode),
        ),
        row(word("health.feed"), known("feed", one.feed)),
        row(word("health.price"), _ago(one.last_price_at, now)),
        row(word("health.cycle"), _ago(one.last_cycle_at, now)),
        row(word("health.took"), took),
        row(word("health.next"), _until(one.next_cycle_at, now)),
        row(word("health.inbox"), str(one.waiting_inputs)),
        row(word("health.restarts"), str(one.restarts)) if one.restarts else None,
        row(word("health.unread"), str(one.unread_rows)) if one.unread_rows else None,
        *(say("home.trouble", trouble=trouble) for trouble in summary.troubles[:4]),
    ]


def _light(summary: Summary, one: Health) -> str:
    if not one.working:
        return "❌"
    return IMPAIRED if summary.impaired else "✅"


def _ago(moment: datetime | None, now: datetime) -> str:
    return word("health.ago", span=duration(now - moment)) if moment else word("health.never")


def _until(moment: datetime | None, now: datetime) -> str:
    return word("health.within", span=duration(moment - now)) if moment else word("health.never")


def version(number_: str, summaries: Sequence[Summary], now: datetime) -> Screen:
    """Which program this is, and what it steers."""
    text = titled(
        word("version.title", version=number_),
        *(
            say(
                "home.headline",
                sign=one.sign,
                connection=one.connection,
                state=known("state", one.state),
                mode=mode_tag(one.mode),
            )
            for one in summaries[:10]
        ),
        foot(now),
    )
    return Screen(fit(lines(text)), in_rows([Button(word("button.home"), "home")]))
