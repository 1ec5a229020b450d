"""The real bot process between both stand-ins, for the benchmarks that need all of it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sandbox.exchange.testing import running_venue
from sandbox.telegram.testing import Phone, running_telegram
from sandbox.telegram.view import SeenMessage

ROOT = Path(__file__).parents[1]
COINS = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "DOT", "LTC", "LINK", "AVAX"]
COINS += ["UNI", "ATOM", "XLM", "NEAR", "ALGO", "FIL", "AAVE", "EOS", "XTZ", "BCH"]
PATIENCE = 30.0
_CODE = re.compile(rb"[?&]start=([A-Za-z0-9_-]{4,64})")


@dataclass
class House:
    """Both stand-ins, a config for them, and a phone."""

    folder: Path
    config: Path
    phone: Phone
    paired: bool = field(default=False)

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The bot, paired with the phone at its first start; ended by SIGTERM."""
        process = await asyncio.create_subprocess_exec(
            *program(), "run", "--config", str(self.config),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=compiled(),
        )  # fmt: skip
        reading = asyncio.create_task(self._listen(process))
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()
            await reading

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with (self.folder / "bot.log").open("ab") as log:
            async for line in process.stdout:
                log.write(line)
                if (found := _CODE.search(line)) and not self.paired:
                    self.paired = True
                    await self.phone.send(f"/start {found.group(1).decode()}")

    async def pair(self) -> None:
        """A first start, for the phone to become the owner's."""
        async with self.bot():
            await self.phone.wait_for("", PATIENCE)

    async def ask(self, command: str, wanted: str) -> SeenMessage:
        """Send a command and wait for the message that answers it."""
        await self.phone.send(command)
        return await self.phone.wait_for(wanted, PATIENCE)


def program() -> list[str]:
    """The program as `make install` puts it, in an environment of its own that `make bench` makes: that of tests and
    checks holds more, and some libraries import what they find. Without it, this Python in the same mode."""
    installed = ROOT / ".venv-run" / "bin" / "pocketdesk"
    return [str(installed)] if installed.exists() else [sys.executable, "-OO", "-m", "bot"]


def processor_seconds(pid: int) -> float:
    """What a process has used of the processor so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def compiled() -> dict[str, str]:
    """Our environment, but with compiled files kept, as on any machine that runs the bot for real, and started by
    itself: what starts it again elsewhere is no part of it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"POCKETDESK_SUPERVISOR": "off"}


@asynccontextmanager
async def house(folder: Path, coins: Sequence[str], candle_seconds: float = 60.0) -> AsyncIterator[House]:
    """Stand-ins on free ports, one preset of each strategy on all `coins` at 5m."""
    symbols = [f"{coin}/USDT" for coin in coins]
    async with (
        running_telegram(token="1:test") as telegram,
        running_venue(symbols, candle_seconds=candle_seconds) as venue,
        telegram.phone() as phone,
    ):
        config = folder / "config.toml"
        config.write_text(_config(telegram.address, venue.base_url, symbols), encoding="utf-8")
        os.chmod(config, 0o600)  # noqa: PTH101
        yield House(folder, config, phone)


def _config(telegram: str, venue: str, symbols: Sequence[str]) -> str:
    strategies = {"one": "moving_average_cross", "two": "rsi_bollinger_reversion", "three": "macd_atr"}
    named = ", ".join(f'"{symbol}"' for symbol in symbols)
    presets = "".join(
        f'[presets.{name}]\nstrategy = "{strategy}"\nsymbols = [{named}]\ntimeframes = ["5m"]\nsize.share = "2%"\n'
        for name, strategy in strategies.items()
    )
    return (
        f'[telegram]\ntoken = "1:test"\napi_base = "{telegram}"\n'
        f'[connections.main]\nvenue = "binance"\nrest_url = "{venue}"\n'
        f'stream_url = "{venue.replace("http", "ws", 1)}"\ninitial_state = "running"\n'
        f'starting_balance = 1000000\npresets = ["one", "two", "three"]\n{presets}'
    )
