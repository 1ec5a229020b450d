"""A page on this machine only, for a watchdog: `/health` says how it is, `/metrics` the figures for Prometheus.

Imported only where it is enabled: aiohttp's server side and the metrics cost memory that most don't need.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Handler
from loguru import logger

from engine.clock import Clock
from engine.core import causes
from engine.core.state import TraderState
from engine.desk import ConnectionView, Desk, FeedState, Health
from engine.redaction import redaction

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost", "::1")


class HealthPage:
    """Serves the page until closed. `deaf` tells why nothing can be heard from the owner, "" when all is well."""

    def __init__(self, desk: Desk, clock: Clock, version: str, deaf: Callable[[], str]) -> None:
        self._desk = desk
        self._clock = clock
        self._version = version
        self._deaf = deaf
        self._began = clock.monotonic()
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def open(self, port: int) -> None:
        """Listen on loopback; 0 takes any free port. A port that is taken is told, and the bot goes on without."""
        application = web.Application(middlewares=[_only_this_machine])
        application.router.add_get("/health", self._health)
        application.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, port)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            logger.error("health.port = {}: the health page can't be served: {}", port, error.strerror)
            return
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _health(self, request: web.Request) -> web.Response:
        report = self.report()
        # `why` has words of Telegram's in it, and what is in its way.
        text = json.dumps(redaction.clean_texts(report))
        return web.Response(text=text, content_type="application/json", status=200 if report["ok"] else 503)

    def report(self) -> dict[str, object]:
        """What `/health` answers. It is ok while the desk works, hears its owner and sees its venues; `why` says what
        of this fails. `working` is whether a restart could help: it brings back neither a venue nor Telegram."""
        views = [self._desk.view(name) for name in self._desk.connections()]
        why = [*_not_working(views), *_unseen(views), *_unheard(self._deaf())]
        return {
            "ok": not why,
            "working": all(view.health.working for view in views),
            "why": why,
            "version": self._version,
            "uptime_seconds": round(self._clock.monotonic() - self._began),
            "telegram": not self._deaf(),
            "connections": {view.settings.connection: _connection(view) for view in views},
        }

    async def _metrics(self, request: web.Request) -> web.Response:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        body = generate_latest(self._figures())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _figures(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry, Gauge

        registry = CollectorRegistry()
        Gauge("pocketdesk_telegram_up", "1 when Telegram was reached lately", registry=registry).set(
            not self._deaf()
        )
        uptime = Gauge("pocketdesk_uptime_seconds", "Since the process began", registry=registry)
        uptime.set(self._clock.monotonic() - self._began)
        for name, meaning, figure in _FIGURES:
            gauge = Gauge(f"pocketdesk_{name}", meaning, ["connection", "mode"], registry=registry)
            for connection in self._desk.connections():
                view = self._desk.view(connection)
                gauge.labels(connection, view.settings.mode.value).set(figure(view.state, view.health))
        return registry


@web.middleware
async def _only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page in the owner's browser may reach this port under a name of its own that leads here (DNS rebinding), and
    would then read the figures: only the names of this machine are answered."""
    if request.url.host not in HOSTS:
        raise web.HTTPForbidden(text="This page answers 127.0.0.1 and localhost only.")
    return await handler(request)


def _not_working(views: Sequence[ConnectionView]) -> Iterator[str]:
    names = [view.settings.connection for view in views if not view.health.working]
    if names:
        yield f"these connections do not work: {', '.join(names)}"


def _unseen(views: Sequence[ConnectionView]) -> Iterator[str]:
    away = [view.settings.connection for view in views if causes.CAUSE in view.state.troubles]
    if away:
        yield f"the venue can't be reached by {', '.join(away)}"
    silent = [view.settings.connection for view in views if view.health.feed is FeedState.SILENT]
    if names := [one for one in silent if one not in away]:
        yield f"no prices come for {', '.join(names)}"


def _unheard(deaf: str) -> Iterator[str]:
    if deaf:
        yield f"Telegram: {deaf}"


_FIGURES: tuple[tuple[str, str, Callable[[TraderState, Health], float]], ...] = (
    ("working", "1 while its runner works", lambda state, health: health.working),
    ("feed_silent", "1 while no prices come", lambda state, health: health.feed is FeedState.SILENT),
    ("waiting_inputs", "Inputs that wait in the inbox", lambda state, health: health.waiting_inputs),
    ("restarts", "Restarts of the runner", lambda state, health: health.restarts),
    (
        "unread_rows",
        "Rows of the venue's answers that could not be read",
        lambda state, health: health.unread_rows,
    ),
    ("cycle_milliseconds", "Duration of the last cycle", lambda state, health: health.last_cycle_ms or 0.0),
    ("positions", "Positions that are not closed", lambda state, health: len(state.positions)),
    ("orders", "Orders that are not settled", lambda state, health: len(state.orders)),
    ("equity", "In the quote coin, for display only", lambda state, health: float(state.equity)),
    ("halted", "1 while a halt is latched", lambda state, health: state.is_halted),
    ("troubles", "Troubles that have not ended", lambda state, health: len(state.troubles)),
)


def _connection(view: ConnectionView) -> dict[str, object]:
    health = view.health
    return {
        "working": health.working,
        "mode": view.settings.mode.value,
        "state": view.state.state.value,
        "halted": view.state.halted,
        "feed": health.feed.value,
        "last_price_at": health.last_price_at and health.last_price_at.isoformat(),
        "last_cycle_at": health.last_cycle_at and health.last_cycle_at.isoformat(),
        "waiting_inputs": health.waiting_inputs,
        "restarts": health.restarts,
        "unread_rows": health.unread_rows,
        "troubles": sorted({trouble.value for trouble, _ in view.state.troubles}),
    }
