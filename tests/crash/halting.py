"""How long it takes from /halt to 'nothing is entered', whatever stands in its way (law 8): judged at the venue itself.

A strategy wants in at every close above a price. The owner halts while the price is below; a second later it is above,
and the venue must see no order to buy. Without the halt it sees one, under each of the troubles (`halt=False`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.crash.bad_strategies import HEAD
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import button, eventually

STRANGERS = 20_000
LIMIT = 1.0
WATCHED = 4.0
"""Seconds for which it might enter, before the trouble ends and after it."""
DOWN, FARTHER_DOWN, UP = -3, -1, 4.2
"""Percent: to where it leaves, to where another strategy gets stuck, to where it wants in again."""

Context = Callable[[LiveDesk], AbstractAsyncContextManager[None]]


async def _command(desk: LiveDesk) -> None:
    await desk.whole.phone.send("/halt")


@dataclass(frozen=True, slots=True)
class Trouble:
    """`begins` before the halt and lasts beyond it; `prepare`: before the first start; `then`: just after the halt."""

    begins: Context
    prepare: Callable[[LiveDesk], None] = lambda desk: None
    say: Callable[[LiveDesk], Awaitable[None]] = _command
    then: Callable[[LiveDesk], Awaitable[None]] | None = None


async def halt_under(folder: Path, trouble: Trouble, *, halt: bool = True) -> float:
    """Seconds from sending /halt to the last order to buy that reached the venue; below zero where none came after."""
    async with live_desk(folder) as desk:
        trouble.prepare(desk)
        await desk.whole.paired()
        await desk.whole.told("Buy BTC/USDT: filled")
        await desk.whole.market.step(DOWN)
        await desk.whole.told("BTC/USDT closed")
        async with trouble.begins(desk):
            began = time.time()
            if halt:
                await trouble.say(desk)
            await asyncio.sleep(LIMIT)
            if trouble.then is not None:
                await trouble.then(desk)
            await desk.whole.market.step(UP)
            await asyncio.sleep(WATCHED)
        if halt:
            await eventually(lambda: _halted(desk), "the halt in the journal", 60)
        await asyncio.sleep(WATCHED)
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
async def _locked(desk: LiveDesk, seconds: float) -> AsyncIterator[None]:
    """By another process, such as a backup tool's, for so long at least."""
    with closing(sqlite3.connect(desk.whole.database, timeout=5, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        ends = time.monotonic() + seconds
        try:
            yield
            await asyncio.sleep(max(0.0, ends - time.monotonic()))
        finally:
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


def _pile_up(desk: LiveDesk) -> None:
    waiting = desk.whole.telegram.world.updates.pending
    for number in range(STRANGERS):
        person = {"id": 10_000 + number, "is_bot": False, "first_name": "s"}
        chat = {"id": person["id"], "type": "private"}
        message = {"message_id": 50_000 + number, "date": 1, "from": person, "chat": chat, "text": "hello"}
        waiting.waiting.append({"update_id": waiting.next_id, "message": message})
        waiting.next_id += 1


@asynccontextmanager
async def _flood(desk: LiveDesk) -> AsyncIterator[None]:
    _pile_up(desk)
    yield


@asynccontextmanager
async def _flood_and_lock(desk: LiveDesk) -> AsyncIterator[None]:
    """What the owner said can't be stored, so that nothing behind it is ever asked for."""
    async with _locked(desk, 8):
        await desk.whole.phone.send("/positions")
        _pile_up(desk)
        yield


@asynccontextmanager
async def _stuck(desk: LiveDesk) -> AsyncIterator[None]:
    await desk.whole.market.step(FARTHER_DOWN)
    await asyncio.sleep(2)  # the next close has come, and it stands
    yield


def _with_a_strategy_that_gets_stuck(desk: LiveDesk) -> None:
    """It never comes back once the price is below the one that the other strategy has left at."""
    whole = desk.whole
    text = whole.config.read_text(encoding="utf-8")
    level = float(text.partition("leave_at = ")[2].split()[0]) * 0.985
    body = f"while view.base.close[-1] < {level}: pass"
    code = HEAD.replace("{name}", "stuck").replace("{body}", body)
    (whole.folder / "own" / "stuck.py").write_text(code, encoding="utf-8")
    preset = '\n[presets.stuck]\nstrategy = "stuck"\nsymbols = ["BTC/USDT"]\ntimeframes = ["1s"]\n'
    text = text.replace('presets = ["steps"]', 'presets = ["stuck", "steps"]') + preset
    whole.config.write_text(text, encoding="utf-8")


async def _tap(desk: LiveDesk) -> None:
    """The button under the answer to /risk, which was drawn before."""
    shown = await desk.whole.ask("/risk", "Risk")
    await desk.whole.phone.press(shown, button(shown, "Halt"))


async def _kill_and_begin_again(desk: LiveDesk) -> None:
    """What was heard could not be stored: Telegram has it still."""
    await desk.whole.bots[-1].kill()
    await desk.whole.run()


@asynccontextmanager
async def _locked_until_killed(desk: LiveDesk) -> AsyncIterator[None]:
    with closing(sqlite3.connect(desk.whole.database, timeout=5, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        ends = asyncio.get_running_loop().call_later(LIMIT * 0.9, connection.execute, "rollback")
        yield
        ends.cancel()


LOCKED_SHORTLY = Trouble(partial(_locked, seconds=6))
FLOODED = Trouble(_flood)
STUCK = Trouble(_stuck, prepare=_with_a_strategy_that_gets_stuck)
TROUBLES: Mapping[str, Trouble] = {
    "nothing": Trouble(_nothing),
    "the database locked for 30 s": Trouble(partial(_locked, seconds=30)),
    "a venue that hangs": Trouble(_hanging_venue),
    "charts being drawn": Trouble(_chart),
    "handlers that hang": Trouble(_slow_telegram),
    "20,000 strangers in front": FLOODED,
    "20,000 strangers in front, the database locked": Trouble(_flood_and_lock),
    "an own strategy that is stuck": STUCK,
    "the database locked, by button": Trouble(partial(_locked, seconds=6), say=_tap),
    "the database locked, then killed": Trouble(_locked_until_killed, then=_kill_and_begin_again),
}
