"""One aiohttp server for everything: REST, market streams, the websocket API and the control endpoint."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from aiohttp import web
from loguru import logger

from sandbox.exchange import control
from sandbox.exchange.binance import rest, streams, ws_api
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.limits import DEFAULT_WEIGHT_PER_MINUTE
from sandbox.exchange.bybit import routes as bybit
from sandbox.exchange.okx import routes as okx
from sandbox.exchange.script import Script
from sandbox.exchange.venue import Venue

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Dialect(StrEnum):
    """Whose API a server speaks."""

    BINANCE = "binance"
    BYBIT = "bybit"
    OKX = "okx"


def build_app(
    venue: Venue, dialect: Dialect = Dialect.BINANCE, weight_per_minute: int = DEFAULT_WEIGHT_PER_MINUTE
) -> web.Application:
    """`weight_per_minute` is Binance's request weight; for the others each request weighs one."""
    app = web.Application()
    match dialect:
        case Dialect.BINANCE:
            desk = Desk(venue, weight_per_minute)
            rest.add_routes(app, desk)
            streams.add_routes(app, desk)
            ws_api.add_routes(app, desk)
        case Dialect.BYBIT:
            bybit.add_routes(app, venue, weight_per_minute)
        case Dialect.OKX:
            okx.add_routes(app, venue, weight_per_minute)
    control.add_routes(app, venue)
    return app


@asynccontextmanager
async def serving(
    venue: Venue,
    host: str = "127.0.0.1",
    port: int = 0,
    weight_per_minute: int = DEFAULT_WEIGHT_PER_MINUTE,
    script: Script | None = None,
    dialect: Dialect = Dialect.BINANCE,
) -> AsyncIterator[str]:
    """Serve, play the market and the script; yields the base address, such as http://127.0.0.1:8090.

    Raises ValueError for a host that is not loopback (keys and orders here are play, but nobody else's business),
    OSError if the port is taken.
    """
    if host not in LOOPBACK:
        raise ValueError(f"the sandbox venue listens on loopback only ({', '.join(LOOPBACK)}), not on {host}")
    runner = web.AppRunner(
        build_app(venue, dialect, weight_per_minute), access_log=None, shutdown_timeout=1.0
    )
    await runner.setup()
    playing = [asyncio.create_task(venue.run(), name="sandbox market")]
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        if script is not None:
            playing.append(asyncio.create_task(script.play(venue), name="sandbox script"))
        for task in playing:
            task.add_done_callback(_report)
        bound = runner.addresses[0]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        yield f"http://{shown}:{bound[1]}"
    finally:
        venue.faults.close()
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        await runner.cleanup()


def _report(playing: asyncio.Task[None]) -> None:
    """A market that stops by itself is a bug of the venue: say so, since clients only see prices stand still."""
    if not playing.cancelled() and (problem := playing.exception()) is not None:
        logger.opt(exception=problem).error("the {} has stopped by itself", playing.get_name())
