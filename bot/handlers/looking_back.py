"""Screens made from what is stored: profit, performance, alerts, health."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.handlers.base import Ask, Services, chosen, which
from bot.notices import line_of
from bot.screens import results, safety
from bot.screens.base import Screen
from bot.screens.summary import summarise

_ALERTS = 40


async def profit(services: Services, ask: Ask) -> Screen:
    """`days` back from today, grouped by `period`."""
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "profit")
    view = services.desk.view(connections[0])
    count = min(max(int(ask.args.get("days", "7")), 1), 365)
    today = services.now().date()
    days = await services.store.queries.days(view.book, today - timedelta(days=count - 1), today)
    period = ask.args.get("period", "day")
    scope = {"c": str(connections[0])}
    return results.profit(days, period, count, scope, view.settings.mode, view.settings.quote, services.now())


async def performance(services: Services, ask: Ask) -> Screen:
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "performance")
    view = services.desk.view(connections[0])
    found = await services.store.queries.performance(view.book)
    args = {**ask.args, "c": str(connections[0])}
    return results.performance(found, args, view.settings.mode, view.settings.quote, services.now())


async def alerts(services: Services, ask: Ask) -> Screen:
    """The newest notices, from INFO upwards, as one line each."""
    found = await services.store.outbox.recent(_ALERTS)
    told = [safety.Told(one.last_at, line_of(one), one.state == "new") for one in found]
    return safety.alerts(told, ask.page, services.now())


async def health(services: Services, ask: Ask) -> Screen:
    views = [services.desk.view(one) for one in services.desk.connections()]
    machine = safety.Machine(
        services.version,
        services.started_at,
        _resident_mb(),
        await services.store.outbox.waiting_count(),
        services.charts.failures,
        services.counters.forged,
        services.unreadable(),
        services.deaf(),
    )
    return safety.health(machine, [(summarise(view), view.health) for view in views], services.now())


def _resident_mb() -> float:
    """This process's resident memory, as Linux tells it."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    line = next((one for one in status.splitlines() if one.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024
