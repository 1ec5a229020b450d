"""The whole desk for end-to-end tests: the real bot process between a sandbox Telegram and sandbox venues.

The stand-ins live in the test's own process, so that a test can break them at will; the bot is a process of its own,
spoken to over HTTP and websocket only. Prices stand still unless a test moves them, and the strategy in `STEPS`
enters and leaves on steps of the price, so that what happens is exactly what a test asked for.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from engine.core.ids import BookId
from sandbox.exchange.testing import running_venue
from sandbox.telegram.testing import Phone, RunningTelegram, SeenMessage, running_telegram
from tests.support.processes import ROOT as ROOT
from tests.support.processes import Process, Start, start_fresh
from tests.support.stored import Stored, read_stored

PATIENCE = 30.0
"""Seconds that a test waits for anything before it fails."""
TOKEN = "1:test-token-of-the-sandbox"
_CODE = re.compile(r"[?&]start=([A-Za-z0-9_-]{4,64})")
Found = TypeVar("Found")

STEPS = '''
"""Enters when the price made a step up, leaves when it made one down: for tests that move the price by hand."""

from pydantic import Field

from engine.core.model import Action
from engine.strategies.base import Decision, Parameters, Strategy, View


class StepsParameters(Parameters):
    step: float = Field(0.4, ge=0.1, le=50, description="Percent between two closes that make a step")


class Steps(Strategy[StepsParameters]):
    name = "steps"
    title = "Steps of the price"
    summary = "Enters on a step up and leaves on a step down."
    parameters = StepsParameters

    def warm_up(self, parameters: StepsParameters) -> int:
        return 3

    def decide(self, view: View, parameters: StepsParameters) -> Decision | None:
        change = (view.base.close[-1] / view.base.close[-2] - 1) * 100
        if change >= parameters.step:
            return Decision(Action.ENTER, f"a step of {change:.2f} % up")
        if change <= -parameters.step:
            return Decision(Action.EXIT, f"a step of {change:.2f} % down")
        return None
'''


async def eventually(
    look: Callable[[], Awaitable[Found]], what: str, timeout: float = PATIENCE, pause: float = 0.05
) -> Found:
    """What `look` finds as soon as that is true of anything; AssertionError when it does not come in time."""
    until = time.monotonic() + timeout
    while not (found := await look()):
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout:g} s for {what}; at last it was {found!r}")
        await asyncio.sleep(pause)
    return found


@dataclass
class Bot:
    """The bot as a process. What it says on the terminal is kept in a file."""

    process: Process
    terminal: Path

    def said(self) -> str:
        if not self.terminal.exists():
            return ""  # not begun yet
        return self.terminal.read_text(encoding="utf-8", errors="replace")

    async def says(self, text: str, timeout: float = PATIENCE) -> str:
        """Wait until the terminal shows `text`; answers with all of it."""

        async def look() -> str:
            said = self.said()
            if text not in said and self.process.returncode is not None:
                raise AssertionError(f"the bot ended (code {self.process.returncode}) and said: {said}")
            return said if text in said else ""

        try:
            return await eventually(look, repr(text), timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; the terminal shows:\n{self.said()}") from None

    async def pairing_code(self) -> str:
        found = _CODE.search(await self.says("?start="))
        assert found is not None
        return found[1]

    async def ended(self, timeout: float = PATIENCE) -> int:
        """Its exit code, once it has ended by itself."""
        return await asyncio.wait_for(self.process.wait(), timeout)

    async def terminate(self) -> int:
        """SIGTERM, and its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """SIGKILL: as when the power goes, but for the disk."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@dataclass
class Market:
    """One sandbox venue, driven by its control API."""

    url: str
    http: aiohttp.ClientSession

    async def control(self, method: str, path: str, **body: Any) -> Any:
        async with self.http.request(method, f"{self.url}/control/{path}", json=body) as response:
            found = await response.json()
            assert response.status == 200, found
            return found

    async def step(self, percent: float, symbol: str = "BTC/USDT") -> None:
        """Move the price at once, so many percent."""
        await self.control("POST", "price", instrument=symbol, percent=percent)

    async def price(self, symbol: str = "BTC/USDT") -> Decimal:
        return Decimal((await self.control("GET", "state"))["prices"][symbol])

    async def fault(self, target: str, action: str, **details: Any) -> None:
        await self.control("POST", "faults", target=target, action=action, **details)

    async def go_away(self) -> None:
        """Everything is refused with 503, streams are cut."""
        for target in ("GET *", "POST *", "connect *"):
            await self.fault(target, "status")
        await self.fault("stream *", "drop")

    async def come_back(self) -> None:
        await self.control("DELETE", "faults")


@dataclass
class WholeDesk:
    """Everything around the bot: a folder, the stand-ins, the owner's phone."""

    folder: Path
    telegram: RunningTelegram
    phone: Phone
    markets: dict[str, Market]
    dialect: str = "binance"
    bots: list[Bot] = field(default_factory=list)
    start: Start = start_fresh

    @property
    def market(self) -> Market:
        """The only venue, or the first."""
        return next(iter(self.markets.values()))

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "pocketdesk.db"

    def write_config(
        self, *, more: str = "", preset: str = "", connection: str = "", token: str = TOKEN
    ) -> None:
        """`more`: further tables; `preset`, `connection`: further lines of the only preset and of every connection."""
        (self.folder / "own").mkdir(exist_ok=True)
        (self.folder / "own" / "steps.py").write_text(STEPS, encoding="utf-8")
        accounts = "".join(
            _connection(name, self.dialect, one.url, connection) for name, one in self.markets.items()
        )
        text = (
            f'[telegram]\ntoken = "{token}"\napi_base = "{self.telegram.address}"\n'
            f'[strategies]\nfolder = "own"\n{accounts}'
            f"[presets.steps]\n{preset or STEPS_PRESET}\n{more}"
        )
        self.config.write_text(text, encoding="utf-8")
        self.config.chmod(0o600)

    async def run(self, *arguments: str) -> Bot:
        """Start `pocketdesk …`; `run` with the config unless said otherwise."""
        return await self.launch("bot", arguments or ("run", "--config", str(self.config)))

    async def launch(self, module: str, words: Sequence[str]) -> Bot:
        """Start `python -m MODULE WORDS…` as a bot of this desk."""
        terminal = self.folder / f"terminal-{len(self.bots)}.txt"
        self.bots.append(Bot(await self.start(module, words, terminal), terminal))
        return self.bots[-1]

    async def paired(self) -> Bot:
        """The bot's first start, with the phone as its owner's, told of the start."""
        bot = await self.run()
        await self.phone.send(f"/start {await bot.pairing_code()}")
        await self.phone.wait_for("You are the owner", PATIENCE)
        await self.phone.wait_for("has started", PATIENCE)
        return bot

    async def ask(self, text: str, wanted: str | Callable[[SeenMessage], bool] = "") -> SeenMessage:
        """Send a message and wait for the one that answers it."""
        await self.phone.send(text)
        return await self.phone.wait_for(wanted, PATIENCE)

    async def position(self, symbol: str = "BTC/USDT", market: Market | None = None) -> SeenMessage:
        """A step up opens a position; answers with the message of it."""
        found = market or self.market
        await self.ready(market)
        await found.step(1, symbol)
        return await self.told(f"Buy {symbol}: filled")

    async def ready(self, market: Market | None = None) -> None:
        """Wait until every connection has a price and has run its cycle."""

        async def look() -> bool:
            seen = await self.ask("/health", "This program")
            return "not yet" not in seen.text

        await eventually(look, "prices and a first cycle", pause=0.3)

    async def texts(self) -> list[str]:
        """What the bot has said, as it reads now, oldest first."""
        return [one.text for one in await self.phone.messages() if _is_from_bot(one)]

    async def told(self, text: str, count: int = 1) -> SeenMessage:
        """Wait until the bot has said `text` in so many messages; answers with the newest."""

        async def look() -> list[SeenMessage]:
            found = [one for one in await self.phone.messages() if _is_from_bot(one) and text in one.text]
            return found if len(found) >= count else []

        try:
            return (await eventually(look, repr(text)))[-1]
        except AssertionError as error:
            said = "\n---\n".join(await self.texts())
            raise AssertionError(f"{error}; the chat:\n{said}\n\n{self.bots[-1].said()}") from None

    async def kinds(self) -> list[str]:
        """The kinds of all facts so far, oldest first, read beside the running bot."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return [kind for (kind,) in database.execute("select kind from facts order by book, number")]

    async def until_fact(self, kind: str, count: int = 1) -> None:
        """Wait until so many facts of a kind are on disk: what the desk does while nobody can ask it."""

        async def look() -> bool:
            return (await self.kinds()).count(kind) >= count

        await eventually(look, f"{count} × {kind} in the journal")

    async def stored(self, connection: str = "main") -> Stored:
        """What the journal holds; to be called while no bot runs. A copy is read: the original stays as it was left."""
        return await read_stored(self.database, self.folder / "looked-at", BookId(f"{connection}.paper"))


STEPS_PRESET = """strategy = "steps"
symbols = ["BTC/USDT"]
timeframes = ["1s"]
size = { share = "10%" }
exits = { stop_loss = "5%", take_profit = "off" }"""


def _connection(name: str, venue: str, url: str, more: str) -> str:
    return (
        f'[connections.{name}]\nvenue = "{venue}"\nrest_url = "{url}"\n'
        f'stream_url = "{url.replace("http", "ws", 1)}"\ninitial_state = "running"\npresets = ["steps"]\n{more}\n'
    )


@asynccontextmanager
async def whole_desk(
    folder: Path,
    venues: Iterable[str] = ("main",),
    *,
    instruments: Sequence[str] = ("BTC/USDT",),
    moving: bool = False,
    limits: bool = False,
    dialect: str = "binance",
    start: Start = start_fresh,
    **config: str,
) -> AsyncIterator[WholeDesk]:
    """Stand-ins on free ports, a config for them, nothing started yet; every bot that is started ends with it."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(running_telegram(token=TOKEN, limits=limits))
        phone = await stack.enter_async_context(telegram.phone())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        markets = {}
        for name in venues:
            running = await stack.enter_async_context(
                running_venue(instruments, moving=moving, dialect=dialect)
            )
            markets[name] = Market(running.base_url, http)
        desk = WholeDesk(folder, telegram, phone, markets, dialect, start=start)
        desk.write_config(**config)
        try:
            yield desk
        finally:
            for bot in desk.bots:
                await bot.kill()


def _is_from_bot(message: SeenMessage) -> bool:
    """Said by the bot; the pinned desk, which repeats what is wrong, does not count."""
    return message.by_bot and not message.deleted and not message.text.startswith("📌")


def button(message: SeenMessage, text: str) -> str:
    """The label of the button that has `text` in it; AssertionError that names those there are."""
    labels = [one.text for row in message.buttons for one in row]
    found = next((label for label in labels if text in label), None)
    assert found is not None, f"no button with {text!r} under {message.text!r}; there are {labels}"
    return found
