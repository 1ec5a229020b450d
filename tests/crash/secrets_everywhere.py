"""Twelve secrets in every place that can repeat them, all faults switched on, on the real process (law 14, P16).

Two live accounts trade on stand-ins that know these keys. Venues, proxies, Telegram, strategies, libraries, the owner
himself and Python's last words repeat all of them; then everything that left the process is searched.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import aiohttp
import psutil

from engine.core.ids import BookId
from sandbox.exchange.testing import running_venue
from sandbox.exchange.venue import Client
from sandbox.telegram.testing import running_telegram
from tests.crash.planted import Places, plant
from tests.support.live_desk import LEVELS, levels_preset, open_running_book
from tests.support.processes import ROOT, Process
from tests.support.whole_desk import Bot, Market, WholeDesk, eventually

TARGETS = (
    "place",
    "cancel",
    "ask",
    "open",
    "history",
    "fills",
    "balance",
    "ticker",
    "candles",
    "rights",
    "markets",
)
ASKED = ("/balance", "/reconcile main", "/reconcile other", "/positions", "/health", "/live paper", "/alerts")
PLACES = (
    "standard output and error",
    "log files",
    "database",
    "backups",
    "chat messages",
    "/health",
    "/metrics",
    "its own environment",
    "children's environment",
    "children's command line",
)
MONEY = {"USDT": Decimal(10_000), "BTC": Decimal("0.1"), "BNB": Decimal(1)}

CHATTY = """
import sys
from engine.core.model import Action
from engine.strategies.base import Decision, Parameters, Strategy, View

ALL = {all!r}
sys.stderr.write(ALL)


class Chatty(Strategy[Parameters]):
    name = "{name}"
    title = "Talks"
    summary = ALL
    parameters = Parameters

    def warm_up(self, parameters: Parameters) -> int:
        return 2

    def decide(self, view: View, parameters: Parameters) -> Decision | None:
        print(ALL)
        sys.stderr.write(ALL)
        {body}
"""


@dataclass
class Scene:
    """The desk, its planted secrets and all that was seen of it."""

    desk: WholeDesk
    planted: dict[str, str]
    places: Places = field(default_factory=Places)
    health_port: int = 0

    @property
    def all(self) -> str:
        """What the desk knows of; a password of a database that it does not use it can't know."""
        return " ".join(self.known)

    @property
    def known(self) -> list[str]:
        unknown = ("database password", "misplaced key")
        return [secret for name, secret in self.planted.items() if name not in unknown]

    def environment(self) -> dict[str, str]:
        """One secret by the environment, one in the address of a proxy that nobody here needs."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return kept | {
            "POCKETDESK_SUPERVISOR": "off",
            "POCKETDESK_SECRETS": str(self.desk.folder / "secrets"),
            "POCKETDESK__CONNECTIONS__MAIN__SECRET": self.planted["Binance secret"],
            "HTTPS_PROXY": f"http://desk:{self.planted['proxy password']}@127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    async def start(self, module: str, words: Sequence[str], terminal: Path) -> Process:
        with terminal.open("wb") as out:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *words, cwd=ROOT, env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip

    async def run(self) -> Bot:
        """The bot, made loud."""
        self.say(self.known)
        file = str(self.desk.folder / "planted.json")
        return await self.desk.launch("tests.crash.loud", [file, "run", "--config", str(self.desk.config)])

    def say(self, secrets: Sequence[str]) -> None:
        """What the process repeats from now on in all its own ways."""
        fresh = self.desk.folder / "planted.fresh"
        fresh.write_text(json.dumps(list(secrets)), encoding="utf-8")
        fresh.replace(self.desk.folder / "planted.json")

    def write(self) -> None:
        """The settings: secrets in the file, in files of their own and in a folder of them."""
        planted, folder = self.planted, self.desk.folder
        for name in ("secrets", "own"):
            (folder / name).mkdir()
        for file, name in (("secrets/connections.other.passphrase", "OKX passphrase"), ("okx", "OKX secret")):
            (folder / file).write_text(planted[name], encoding="utf-8")
            (folder / file).chmod(0o600)
        levels = LEVELS.replace('"above the upper level"', repr(self.all))
        (folder / "own" / "levels.py").write_text(levels, encoding="utf-8")
        for name, body in {"chatty": "raise RuntimeError(ALL)", "nonsense": "return ALL"}.items():
            text = CHATTY.format(all=self.all, name=name, body=body)
            (folder / "own" / f"{name}.py").write_text(text, encoding="utf-8")
        (folder / "own" / "broken.py").write_text(f"raise RuntimeError({self.all!r})", encoding="utf-8")

    def write_config(self, price: Decimal) -> None:
        planted, desk = self.planted, self.desk
        more = 'initial_state = "running"\nlive = true\n'
        account = {
            "main": f'venue = "binance"\nkey = "{planted["Binance key"]}"\npresets = ["one", "bad", "worse"]\n',
            "other": f'venue = "okx"\nkey = "{planted["OKX key"]}"\nsecret_file = "okx"\npresets = ["slow"]\n',
            "paper": f'venue = "bybit"\nkey = "{planted["Bybit key"]}"\nsecret = "{planted["Bybit secret"]}"\n',
        }
        connections = "".join(
            f'[connections.{name}]\n{text}rest_url = "{desk.markets[name].url}"\n'
            f'stream_url = "{desk.markets[name].url.replace("http", "ws", 1)}"\n{more}'
            for name, text in account.items()
        )
        talks = 'symbols = ["BTC/USDT"]\ntimeframes = ["1s"]\n'
        desk.config.write_text(
            f'[telegram]\ntoken = "{planted["bot token"]}"\napi_base = "{desk.telegram.address}"\n'
            f'[strategies]\nfolder = "own"\n'
            f'[logs]\nlevel = "DEBUG"\n[health]\nenabled = true\nport = {self.health_port}\n{connections}'
            f'[presets.one]\n{levels_preset(price)}\n[presets.bad]\nstrategy = "chatty"\n{talks}'
            f'[presets.worse]\nstrategy = "nonsense"\n{talks}[presets.slow]\n{levels_preset(price * 100, "1h")}\n',
            encoding="utf-8",
        )
        desk.config.chmod(0o600)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Stand-ins that know the planted keys."""
    planted = plant()
    planted["bot token"] = f"1:{planted['bot token']}"
    clients = {
        "main": ("binance", Client(planted["Binance key"], planted["Binance secret"], MONEY)),
        "other": ("okx", Client(planted["OKX key"], planted["OKX secret"], MONEY, planted["OKX passphrase"])),
        "paper": ("bybit", Client(planted["Bybit key"], planted["Bybit secret"], MONEY)),
    }
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(running_telegram(token=planted["bot token"]))
        phone = await stack.enter_async_context(telegram.phone())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        markets = {}
        for name, (dialect, client) in clients.items():
            venue = running_venue(["BTC/USDT"], moving=False, dialect=dialect, clients=[client])
            markets[name] = Market((await stack.enter_async_context(venue)).base_url, http)
        desk = WholeDesk(folder, telegram, phone, markets)
        made = Scene(desk, planted, health_port=_free_port())
        desk.start = made.start
        made.write()
        made.write_config(await desk.market.price())
        for name in ("main", "other"):
            await open_running_book(desk.database, BookId(f"{name}.live"))
        try:
            yield made
        finally:
            for bot in desk.bots:
                await bot.kill()


async def search(folder: Path) -> list[tuple[str, str, int]]:
    """(secret, place, times found) for each pair, after all of it was played."""
    async with scene(folder) as played:
        await _play(played)
        _gather(played)
        return played.places.rows({**played.planted, "bot token": played.planted["bot token"][2:]})


async def _play(played: Scene) -> None:
    desk = played.desk
    bot = await played.run()
    await bot.says("?start=")
    watching = asyncio.create_task(_watch_children(bot.process.pid, played.places))
    code = played.planted["pairing code"] = await bot.pairing_code()
    await desk.phone.send(f"/start {code}")
    await desk.phone.wait_for("You are the owner", 60)
    await desk.until_fact("PositionOpened")
    await desk.phone.send("/chart BTC 1s")
    await desk.phone.wait_for(lambda message: message.attachment is not None, 60)
    await desk.ask("/live paper", "withdraw")
    played.say(played.known)
    await _faults(played)
    await _telegram(played)
    await _commands(played)
    watching.cancel()
    await bot.terminate()
    # Once more: what was stored is read, told and logged again.
    code = played.planted.pop("pairing code")  # worth nothing by now, and no later process knows it
    again = await played.run()
    await again.says("printed ")
    await desk.ask("/alerts")
    await again.terminate()
    played.planted["pairing code"] = code


async def _faults(played: Scene) -> None:
    """Each venue refuses and repeats the request and all secrets, then a page in between does."""
    desk = played.desk
    codes = {"main": -1013, "other": "51000", "paper": "10001"}
    for details in ("code", "page"):
        for name, market in desk.markets.items():
            answer = {"code": codes[name]} if details == "code" else {"status": 502}
            for target in TARGETS:
                await market.fault(target, "echo", text=f"<b>{played.all}</b>", **answer)
            await market.fault("connect *", "echo", text=played.all, status=403)
            await market.fault("stream *", "drop", times=2)
        for command in ASKED:
            await desk.phone.send(command)
        await desk.market.step(-3)
        await _pages(played)
        await asyncio.sleep(4)
        await _pages(played)
        for market in desk.markets.values():
            await market.come_back()
        await asyncio.sleep(1)


async def _telegram(played: Scene) -> None:
    """Telegram refuses and repeats the address with the token in it; a webhook has it in its address, too."""
    desk = played.desk
    desk.telegram.fault("echo", text=played.all, times=2, methods=["sendMessage"])
    desk.telegram.fault("echo", text=played.all, times=2, methods=["editMessageText"])
    for secret in played.known:
        await desk.phone.send(f"/pause {secret}")
        await desk.phone.send(f"/chart {secret}")
    address = f"https://localhost/bot{played.planted['bot token']}/{played.planted['OKX key']}"
    desk.telegram.world.updates.pending.webhook = address

    async def taken_off() -> bool:
        await desk.phone.send("/health")
        await _pages(played)
        return not desk.telegram.world.updates.pending.webhook

    await eventually(taken_off, "the webhook's end", 60, pause=0.5)
    await desk.ask("/health", "This program")


async def _commands(played: Scene) -> None:
    """What the machine's own commands say and write."""
    desk, config = played.desk, ["--config", str(played.desk.config)]
    backup = await desk.run("backup", str(desk.folder / "backups" / "copy.db"), *config)
    assert await backup.ended() == 0, backup.said()
    for market in desk.markets.values():
        await market.fault("*", "echo", text=played.all, status=401)
    await (await desk.run("check", *config)).ended(60)
    for market in desk.markets.values():
        await market.come_back()
    await (await desk.run("health", *config)).ended()
    address = f"postgresql://desk:{played.planted['database password']}@127.0.0.1:9/desk"
    misplaced = played.planted["misplaced key"]
    await _other_config(played, f'[storage]\nurl = "{address}"\n', "check", "run")
    for line in (f'url_file = "{misplaced}"', f'url = "{misplaced}"', f'path = ["{misplaced}"]', misplaced):
        await _other_config(played, f"[storage]\n{line}\n")
    await _other_config(
        played, f'[connections.third]\nvenue = "{misplaced}"\nrest_url = "http://a:{misplaced}@b"\n'
    )


async def _other_config(played: Scene, more: str, *commands: str) -> None:
    """A database server that isn't there, or settings that are none."""
    other = played.desk.folder / "other.toml"
    other.write_text(played.desk.config.read_text(encoding="utf-8") + more, encoding="utf-8")
    for command in commands or ("run",):
        await (await played.desk.run(command, "--config", str(other))).ended(60)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def _pages(played: Scene) -> None:
    async with aiohttp.ClientSession() as http:
        for page in ("health", "metrics"):
            with suppress(aiohttp.ClientError):
                async with http.get(f"http://127.0.0.1:{played.health_port}/{page}") as response:
                    played.places.add(f"/{page}", await response.text())


async def _watch_children(pid: int, places: Places) -> None:
    """Environment and command line of each process that the bot starts, looked at again and again. For a moment, until
    it has become another program, a child is the bot itself by another number."""
    main = psutil.Process(pid)
    itself = main.cmdline()
    places.add("its own environment", Path(f"/proc/{pid}/environ").read_bytes())
    while main.is_running():
        with suppress(psutil.Error, OSError):
            for child in main.children(recursive=True):
                environment = Path(f"/proc/{child.pid}/environ").read_bytes()
                words = child.cmdline()
                before = Path(f"/proc/{child.pid}/environ").read_bytes() if words != itself else b""
                if words != itself and environment == before:
                    places.add("children's environment", environment)
                    places.add("children's command line", " ".join(words))
        await asyncio.sleep(0.05)


def _gather(played: Scene) -> None:
    desk, places = played.desk, played.places
    for number, bot in enumerate(desk.bots):
        said = bot.said()
        places.add("standard output and error", "\n".join(_but_the_link(said)))
        assert said, f"process {number} said nothing"
    places.add_files("log files", desk.folder / "data" / "logs")
    places.add_files("database", desk.database.parent)
    places.add_files("backups", desk.folder / "backups")
    for call in desk.telegram.calls():
        places.add("chat messages", json.dumps(call.parameters, ensure_ascii=False))


def _but_the_link(said: str) -> list[str]:
    """The pairing link is shown on purpose, once, there and nowhere else."""
    return [line for line in said.splitlines() if not line.startswith("To become the owner, open ")]
