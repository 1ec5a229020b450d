"""`pocketdesk demo` as a process: the three parts of it, a phone on its chat page, and its market's back door."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.exchange.testing import VenueControl
from sandbox.telegram.phone import Phone, Wanted
from sandbox.telegram.view import SeenMessage
from tests.support.live_truth import Owner, differences, read_facts
from tests.support.processes import start_fresh
from tests.support.whole_desk import PATIENCE, Bot, eventually

BOOK = "demo.live"
_PAGE = re.compile(r"Chat page:\s+(http://127\.0\.0\.1:\d+)/")


@dataclass
class RunningDemo:
    """One run of it."""

    bot: Bot
    phone: Phone
    market: VenueControl
    database: Path
    owner: Owner

    async def ask(self, text: str, wanted: Wanted = "") -> SeenMessage:
        await self.phone.send(text)
        return await self.phone.wait_for(wanted, PATIENCE)

    async def differences(self) -> list[str]:
        """What is not the same at the market and in the live book."""
        return differences(await self.market.state(), read_facts(self.database, BOOK), self.owner)

    async def restarted(self) -> None:
        """Wait until the live book was begun anew and held against the market's."""

        async def look() -> bool:
            kinds = [type(one).__name__ for one in read_facts(self.database, BOOK)]
            return "Restarted" in kinds and "Reconciled" in kinds[kinds.index("Restarted") :]

        await eventually(look, "the next process to read the account")

    async def agreed(self) -> None:
        """Wait until both are the same."""
        wrong: list[str] = []

        async def look() -> bool:
            nonlocal wrong
            wrong = await self.differences()
            return not wrong

        try:
            await eventually(look, "the live book and the account to agree", pause=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}: {wrong}") from None

    async def end(self, kill: bool = False) -> None:
        """By Ctrl-C's way, or with all that it started at once, as when the power goes."""
        if kill:
            await _kill_children(self.bot.process.pid)
        await self.bot.terminate()


async def _kill_children(pid: int) -> None:
    """The parts are in sessions of their own: each is ended by its own id."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    for child in children:
        process = await asyncio.create_subprocess_exec("kill", "-KILL", child)
        await process.wait()


@asynccontextmanager
async def running_demo(folder: Path, run: int, owner: Owner) -> AsyncIterator[RunningDemo]:
    """The `run`-th run in a folder; ended with the block."""
    terminal = folder.with_name(f"terminal-{run}.txt")
    bot = Bot(await start_fresh("bot", ("demo", "--folder", str(folder)), terminal), terminal)
    try:
        found = _PAGE.search(await bot.says("Chat page:"))
        assert found is not None
        config: dict[str, Any] = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
        address = config["connections"]["demo"]["rest_url"]
        async with Phone(found[1]) as phone, aiohttp.ClientSession() as http:
            yield RunningDemo(bot, phone, VenueControl(http, address), folder / "pocketdesk.db", owner)
    finally:
        await bot.terminate()
