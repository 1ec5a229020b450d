"""How long it takes from /halt to 'nothing is entered', whatever stands in its way (law 8): judged at the venue itself.

A strategy wants in at every close. The owner halts; from that moment on the venue must see no order to buy.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import eventually

STRANGERS = 20_000
LOCK_SECONDS = 30.0
LIMIT = 1.0


async def halt_under(folder: Path, trouble: str) -> float:
    """Seconds from sending /halt to the last order to buy that reached the venue; below zero where none came after."""
    async with live_desk(folder) as desk:
        await desk.whole.paired()
        await desk.whole.told("Buy BTC/USDT: filled")
        await desk.whole.market.step(-1)  # it leaves, and wants in again at the next step up
        async with TROUBLES[trouble](desk):
            began = time.time()
            await desk.whole.phone.send("/halt")
            await asyncio.sleep(LIMIT)
            await desk.whole.market.step(1.5)
            await asyncio.sleep(8)
        await eventually(lambda: _halted(desk), "the halt in the journal", 60)
        orders = (await desk.venue())["orders"]
    bought = [
        int(one["time"]) / 1000 - began
        for one in orders
        if str(one["clientOrderId"]).startswith("pd") and one["side"] == "BUY"
    ]
    return max(bought)


async def _halted(desk: LiveDesk) -> bool:
    return desk.state().is_halted


@asynccontextmanager
async def _nothing(desk: LiveDesk) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _locked(desk: LiveDesk) -> AsyncIterator[None]:
    with closing(sqlite3.connect(desk.whole.database, timeout=5, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        ends = asyncio.get_running_loop().call_later(LOCK_SECONDS, connection.execute, "rollback")
        try:
            yield
        finally:
            ends.cancel()
            if connection.in_transaction:
                connection.execute("rollback")


@asynccontextmanager
async def _hanging_venue(desk: LiveDesk) -> AsyncIterator[None]:
    for target in ("ask", "open", "fills", "history", "balance", "cancel"):
        await desk.whole.market.fault(target, "hang", seconds=20)
    try:
        yield
    finally:
        await desk.whole.market.come_back()


@asynccontextmanager
async def _chart(desk: LiveDesk) -> AsyncIterator[None]:
    for _ in range(5):
        await desk.whole.phone.send("/chart BTC 1s")
    yield


@asynccontextmanager
async def _slow_telegram(desk: LiveDesk) -> AsyncIterator[None]:
    """Every answer hangs, so that each handler does."""
    desk.whole.telegram.fault("hang", seconds=9, methods=["sendMessage", "editMessageText"])
    for _ in range(10):
        await desk.whole.phone.send("/positions")
    yield


@asynccontextmanager
async def _flood(desk: LiveDesk) -> AsyncIterator[None]:
    waiting = desk.whole.telegram.world.updates.pending
    for number in range(STRANGERS):
        person = {"id": 10_000 + number, "is_bot": False, "first_name": "s"}
        chat = {"id": person["id"], "type": "private"}
        message = {"message_id": 50_000 + number, "date": 1, "from": person, "chat": chat, "text": "hello"}
        waiting.waiting.append({"update_id": waiting.next_id, "message": message})
        waiting.next_id += 1
    yield


TROUBLES: Mapping[str, Callable[[LiveDesk], AbstractAsyncContextManager[None]]] = {
    "nothing": _nothing,
    "the database locked for 30 s": _locked,
    "a venue that hangs": _hanging_venue,
    "charts being drawn": _chart,
    "handlers that hang": _slow_telegram,
    "20,000 strangers in front": _flood,
}
