"""From a price and a signal to the order's arrival at a venue on loopback, its intent synced to disk before.

The real runner, the real SQLite and the real live adapter, beside a bare aiohttp client that posts the same body in the
same run. The venue refuses every order, so that each round begins alike. `python -m benchmarks.bench_order`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import aiohttp
from aiohttp import web
from loguru import logger

from engine.clock import SystemClock
from engine.core import inputs as i
from engine.core.ids import Coin, ConnectionId, PresetId, Symbol
from engine.core.model import Action, Instrument, Mode, Signal, State, Ticker
from engine.core.money import Price
from engine.core.settings import Preset, TraderSettings
from engine.exchanges.ccxt_exchange import CcxtExchange
from engine.exchanges.credentials import Credentials
from engine.runner import Runner
from storage.store import Store

BTC, CROSS, USDT = Symbol("BTC/USDT"), PresetId("cross"), Coin("USDT")
ROUNDS, WARM = 300, 30
REFUSAL = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
BODY = (
    "timestamp=1700000000000&symbol=BTCUSDT&side=BUY&newClientOrderId=pdaaaaaaaaaaaaaaaa&newOrderRespType=FULL"
    "&type=MARKET&quantity=0.01990&recvWindow=5000&signature=" + "0" * 64
)
SETTINGS = TraderSettings(
    ConnectionId("main"), "binance", Mode.PAPER, USDT,
    {CROSS: Preset(CROSS, "cross", (BTC,), (60,))}, initial_state=State.RUNNING,
)  # fmt: skip
LISTED = Instrument(BTC, Coin("BTC"), USDT, Decimal("0.01"), Decimal("0.00001"))
MARKET = {
    "id": "BTCUSDT", "symbol": BTC, "base": "BTC", "quote": "USDT", "baseId": "BTC", "quoteId": "USDT",
    "type": "spot", "spot": True, "swap": False, "future": False, "option": False, "contract": False,
    "active": True, "precision": {"amount": "0.00001", "price": "0.01"},
    "limits": {"amount": {}, "price": {}, "cost": {}}, "info": {"orderTypes": ["MARKET"]},
}  # fmt: skip


class Venue:
    """Notes when an order arrives, and refuses it."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.at = 0.0

    async def answer(self, request: web.Request) -> web.Response:
        self.at = perf_counter()
        self.arrived.set()
        await request.read()
        return web.json_response(REFUSAL, status=400)

    async def start(self) -> tuple[web.AppRunner, str]:
        app = web.Application()
        app.router.add_post("/api/v3/order", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _bare(venue: Venue, url: str) -> list[float]:
    took = []
    async with aiohttp.ClientSession() as session:
        for _ in range(ROUNDS + WARM):
            began = perf_counter()
            async with session.post(f"{url}/api/v3/order", data=BODY) as response:
                await response.json()
            took.append((venue.at - began) * 1000)
            await asyncio.sleep(0.001)
    return took[WARM:]


async def _desk(venue: Venue, url: str, folder: Path) -> list[float]:
    clock = SystemClock()
    store = await Store.open(f"sqlite:///{folder / 'bench.db'}", clock)
    exchange = CcxtExchange("binance", clock, Credentials("test-key", "test-secret"), url)
    exchange.learn([MARKET])
    runner = Runner(SETTINGS, store.journal, clock, _Silent())
    await runner.restore()
    await runner.open(exchange, clean=True)
    runner.put(i.InstrumentsSeen(clock.now(), (LISTED,)))
    running = asyncio.create_task(runner.run())
    try:
        took = [await _round(venue, runner, number) for number in range(ROUNDS + WARM)]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await exchange.close()
        await store.close()
    return took[WARM:]


async def _round(venue: Venue, runner: Runner, number: int) -> float:
    """A tick and the signal that it completes; then all that follows is let settle."""
    venue.arrived.clear()
    now, price = datetime.now(UTC), Price(Decimal(50000))
    began = perf_counter()
    runner.put(i.PriceSeen(now, Ticker(BTC, price, now)))
    runner.put(i.SignalSeen(now, Signal(CROSS, BTC, Action.ENTER, now, price, f"round {number}")))
    async with asyncio.timeout(10):
        await venue.arrived.wait()
    took = (venue.at - began) * 1000
    await runner.settle(10)
    await asyncio.sleep(0.001)
    return took


class _Silent:
    def wake(self) -> None:
        """Nobody is told."""


async def _measure() -> dict[str, float]:
    venue = Venue()
    server, url = await venue.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            logger.remove()
            sink = logger.add(Path(folder) / "log", level="INFO", serialize=True)
            commit = _commit(Path(folder))
            desk = await _desk(venue, url, Path(folder))
            logger.remove(sink)
        bare = await _bare(venue, url)
    finally:
        await server.cleanup()
    return {
        "above_bare_ms": median(desk) - median(bare),
        "tick_to_order_p95_ms": quantiles(desk, n=20)[-1] - quantiles(bare, n=20)[-1],
        "bare_ms": median(bare),
        "tick_to_order_ms": median(desk),
        "disk_commit_ms": commit,
    }


def _commit(folder: Path) -> float:
    """What this disk takes to sync one row, with nothing of ours around it: most of the whole on a slow one."""
    took = []
    with sqlite3.connect(folder / "plain.db", isolation_level=None) as plain:
        for setting in ("journal_mode=wal", "synchronous=full"):
            plain.execute(f"pragma {setting}")
        plain.execute("create table rows (one)")
        for _ in range(100):
            began = perf_counter()
            plain.execute("insert into rows values (1)")
            took.append((perf_counter() - began) * 1000)
    plain.close()
    return median(took)


def measure() -> dict[str, float]:
    """Milliseconds: the desk's median and 95th percentile above those of the bare loop; beside it, both
    medians, and that of a bare commit on the same disk."""
    return asyncio.run(_measure())


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:24} {value:8.2f}")
