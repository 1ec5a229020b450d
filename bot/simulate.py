"""`pocketdesk simulate`: the sandbox's simulation, with the storage room's journal in memory and the bot's own ears."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from telegram.error import NetworkError

from bot.cli import say
from bot.polling import Polling
from bot.telegram.hearing import Hearing
from bot.telegram.inbox import Keeper, UpdateInbox
from bot.telegram.reading import Raw, number_of, safer_text
from engine.clock import Clock
from engine.core.errors import StorageTrouble
from engine.ports import Journal
from storage.memory import MemoryJournal

AGAIN = 2.0
"""Seconds before what failed is begun again."""


class Server(Protocol):
    """sandbox.simulation.telegram.Telegram."""

    @property
    def owner(self) -> int: ...

    @property
    def is_away(self) -> bool: ...

    async def updates(self, offset: int | None, patience: float, most: int) -> list[Any]:
        """Raises ConnectionError."""
        ...


class _Wire:
    """What `Polling` asks, answered by the simulated Telegram."""

    def __init__(self, telegram: Server) -> None:
        self._telegram = telegram

    async def post(self, url: str, read_timeout: float) -> list[Any]:
        asked = parse_qs(urlsplit(url).query)
        offset = int(asked["offset"][0]) if "offset" in asked else None
        try:
            return await self._telegram.updates(offset, float(asked["timeout"][0]), int(asked["limit"][0]))
        except ConnectionError as error:
            raise NetworkError(str(error)) from None


class SimulatedEars:
    """sandbox.simulation.chat.Ears: the bot's own polling and inbox of updates, put together as `bot.conversation`
    does it."""

    def __init__(
        self,
        telegram: Server,
        keeper: Keeper,
        clock: Clock,
        hand_over: Callable[[Mapping[str, Any]], bool],
        make_safer: Callable[[str, int], None],
    ) -> None:
        self._telegram = telegram
        self._act = make_safer
        self._hand_over = hand_over
        self._inbox = UpdateInbox(keeper, clock, self._read, self._make_safer)
        self._inbox.owner_id = telegram.owner
        bot: Any = SimpleNamespace(base_url="https://telegram.invalid")
        wire: Any = _Wire(telegram)
        self._polling = Polling(bot, wire, self._inbox, Hearing(clock, _tell_nobody), lambda full: None)

    def _read(self, raw: Raw) -> None:
        if not self._hand_over(raw):
            raise ValueError("an update that can't be read")

    def _make_safer(self, raw: Raw) -> None:
        number, text = number_of(raw), safer_text(raw, self._telegram.owner)
        if number is not None and text is not None:
            self._act(text[0], number)

    async def recall(self) -> None:
        await self._inbox.recall()

    async def listen(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll())
            group.create_task(self._inbox.run())

    async def _poll(self) -> None:
        while True:
            if not self._telegram.is_away:
                try:
                    await self._inbox.take_up()
                    await self._polling.run()
                except StorageTrouble:
                    pass  # begun again, as all parts of the conversation are
            await asyncio.sleep(AGAIN)

    async def flush(self) -> None:
        await self._inbox.flush()

    def done(self, number: int, answer: str) -> None:
        self._inbox.done(number, answer)


async def _tell_nobody(kind: str, words: str) -> None:
    """What kept the owner's words away is told to nobody here."""


@dataclass(frozen=True, slots=True)
class Parts:
    """sandbox.simulation.world.Parts: what a day needs of other rooms."""

    journal: Callable[[], Journal]
    ears: Callable[..., SimulatedEars]


PARTS = Parts(MemoryJournal, SimulatedEars)


def simulate(options: argparse.Namespace) -> int:
    """The exit code: 1 if a law was broken, 2 for options that make no sense."""
    module = import_module("sandbox.simulation.cli")
    try:
        return int(module.run(options, PARTS, say))
    except ValueError as error:
        say(str(error), sys.stderr)
        return 2
