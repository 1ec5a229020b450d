"""The whole desk with a live connection: the real bot process trades an account of the sandbox venue over HTTP.

The book is opened and set running before the first start, so that nobody has to tap anything. The strategy enters
while the price is at or above one level and leaves at or below another: after a restart it wants in again, which is
what would make a forgetful desk buy twice.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.clock import SystemClock
from engine.core.evolve import restore
from engine.core.facts import AnyFact, BookOpened, StateChanged
from engine.core.ids import BookId, Coin, ConnectionId
from engine.core.model import Mode, State
from engine.core.money import ZERO, Quote
from engine.core.state import TraderState
from storage.store import Store
from tests.support.live_truth import Owner, differences, read_facts
from tests.support.processes import Start, start_fresh
from tests.support.whole_desk import Bot, WholeDesk, eventually, whole_desk

BOOK = BookId("main.live")
ACCOUNT = "sandbox-key"
KEYS = f'live = true\nkey = "{ACCOUNT}"\nsecret = "sandbox-secret"\n'
PASSPHRASE = 'passphrase = "sandbox-passphrase"\n'
"""What an account at OKX has besides."""
WITHIN = 30.0
"""Seconds until the truth must be restored (issue: crash matrix)."""

LEVELS = '''
"""Wants in while the price is at or above `enter_at`, and out while it is at or below `leave_at`."""

from pydantic import Field

from engine.core.model import Action
from engine.strategies.base import Decision, Parameters, Strategy, View


class LevelsParameters(Parameters):
    enter_at: float = Field(1.0, ge=0, description="Enter at or above this price")
    leave_at: float = Field(0.0, ge=0, description="Leave at or below this price")


class Levels(Strategy[LevelsParameters]):
    name = "levels"
    title = "Levels of the price"
    summary = "Wants in above one price and out below another."
    parameters = LevelsParameters

    def warm_up(self, parameters: LevelsParameters) -> int:
        return 2

    def decide(self, view: View, parameters: LevelsParameters) -> Decision | None:
        if view.base.close[-1] <= parameters.leave_at:
            return Decision(Action.EXIT, "at the lower level")
        if view.base.close[-1] >= parameters.enter_at:
            return Decision(Action.ENTER, "above the upper level")
        return None
'''


@dataclass
class LiveDesk:
    """A desk that trades for real, on a venue that is not."""

    whole: WholeDesk
    owner: Owner
    opened_before: bool = True

    async def venue(self) -> dict[str, Any]:
        """All that the venue holds: the truth."""
        return dict(await self.whole.market.control("GET", "state"))

    def facts(self) -> list[AnyFact]:
        """Our books as they are on disk now."""
        return read_facts(self.whole.database, BOOK)

    def state(self) -> TraderState:
        return restore(self.facts())

    def count(self, kind: str) -> int:
        return sum(type(one).__name__ == kind for one in self.facts())

    async def differences(self) -> list[str]:
        """What differs between our books and the venue's now."""
        return differences(await self.venue(), self.facts(), self.owner)

    async def settled(self, bot: Bot, starts: int = 1, timeout: float = WITHIN) -> float:
        """Seconds until the process of the `starts`-th start has held our books against the venue's, and nothing
        differs any more."""
        began = time.monotonic()
        wrong: list[str] = ["nothing was read yet"]

        async def look() -> bool:
            nonlocal wrong
            wrong = await self.differences() if self._reconciled(starts) else ["not reconciled yet"]
            return not wrong

        try:
            await eventually(look, "the truth", timeout, pause=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}: {'; '.join(wrong)}\n{self.told(bot)}") from None
        return time.monotonic() - began

    def _reconciled(self, starts: int) -> bool:
        """A book that is opened by its first process begins with that; else each process says that it restarted."""
        kinds = [type(one).__name__ for one in self.facts()]
        begun = [place for place, kind in enumerate(kinds) if kind == "Restarted"]
        if not self.opened_before:
            begun.insert(0, 0)
        return len(begun) >= starts and "Reconciled" in kinds[begun[-1] :]

    async def until(
        self, bot: Bot, what: str, look: Callable[[TraderState], bool], timeout: float = WITHIN
    ) -> None:
        """Wait until our books are as wanted; AssertionError with the journal's end if they never are."""

        async def as_wanted() -> bool:
            return look(self.state())

        try:
            await eventually(as_wanted, what, timeout, pause=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.told(bot)}") from None

    def told(self, bot: Bot) -> str:
        """For a failure: the end of what the process said, and of what it wrote down."""
        facts = "\n".join(str(one)[:300] for one in self.facts()[-30:])
        return f"the terminal:\n{bot.said()[-3000:]}\nthe journal:\n{facts}"


async def open_running_book(database: Path, book: BookId = BOOK) -> None:
    """A live book that the owner has opened and set running, as if by /live and /resume some time ago."""
    database.parent.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    store = await Store.open(f"sqlite:///{database}", clock)
    connection = ConnectionId(book.partition(".")[0])
    now = clock.now()
    try:
        await store.settings.set(f"connection.{connection}.mode", Mode.LIVE.value)
        opened = BookOpened(now, connection, Mode.LIVE, secrets.token_hex(4), Coin("USDT"), Quote(ZERO))
        await store.journal.append(book, 0, [opened, StateChanged(now, State.RUNNING, "owner")])
    finally:
        await store.close()


def levels_preset(price: Decimal, timeframe: str = "1s") -> str:
    """Enters at once at `price`, leaves 2 % below, with a stop that follows 5 % behind."""
    return (
        f'strategy = "levels"\nsymbols = ["BTC/USDT"]\ntimeframes = ["{timeframe}"]\n'
        f"parameters = {{ enter_at = {price * Decimal('0.995'):.2f}, leave_at = {price * Decimal('0.98'):.2f} }}\n"
        'size = { share = "10%" }\n'
        'exits = { stop_loss = "5%", take_profit = "off", trailing = "5%" }'
    )


async def own_things(whole: WholeDesk, price: Decimal) -> Owner:
    """The owner has coins at the venue for himself, and an order that waits for a much better price."""
    far = f"{price * 2:.2f}"
    own = await whole.market.control(
        "POST", "order", instrument="BTC/USDT", side="SELL", type="LIMIT", quantity="0.05", price=far
    )
    coin = (await whole.market.control("GET", "state"))["accounts"][ACCOUNT]["BTC"]
    held = Decimal(coin["free"]) + Decimal(coin["locked"])
    return Owner(ACCOUNT, held, {own["clientOrderId"]: own["origQty"]})


@asynccontextmanager
async def live_desk(
    folder: Path,
    *,
    running: bool = True,
    more: str = "",
    dialect: str = "binance",
    start: Start = start_fresh,
    instruments: Sequence[str] = ("BTC/USDT",),
) -> AsyncIterator[LiveDesk]:
    """`running`: the live book is open and runs already; otherwise it begins on paper, as everybody does. Only
    Binance has candles of a second: elsewhere the strategy never enters, and the owner does."""
    async with whole_desk(folder, dialect=dialect, start=start, instruments=instruments) as whole:
        price = await whole.market.price()
        preset = levels_preset(price) if dialect == "binance" else levels_preset(price * 100, "1h")
        keys = KEYS + (PASSPHRASE if dialect == "okx" else "")
        whole.write_config(preset=preset, connection=keys, more=more)
        (folder / "own" / "levels.py").write_text(LEVELS, encoding="utf-8")
        if running:
            await open_running_book(whole.database)
        yield LiveDesk(whole, await own_things(whole, price), running)
