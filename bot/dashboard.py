"""One pinned message that edits itself. Its heartbeat shows when it was last true, so that staleness shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from loguru import logger
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot.chat import Chat, seconds_of
from bot.screens.base import Button, Screen, in_rows, row
from bot.screens.figures import clock_time, percent, signed, signed_percent
from bot.screens.home import headline, reconciled, warnings, worth
from bot.screens.summary import HALTED, Summary
from bot.text import Html, fit, lines, say, word
from engine.clock import Clock
from storage.people import Person
from storage.settings import Settings

EVERY_SECONDS = 15.0
LEAST_SECONDS = 2.0
KEY = "dashboard.message"


def board(summaries: list[Summary], now: datetime) -> Screen:
    """The whole desk in a few lines; `now` is its heartbeat."""
    body = [line for one in summaries[:8] for line in ("", *_lines(one, now))]
    text = lines(say("desk.title"), *body, "", say("desk.heartbeat", time=clock_time(now)))
    running = any(one.state == "running" for one in summaries)
    buttons = [
        Button(word("button.home"), "home", {"new": "1"}),
        Button(word("home.positions_plain"), "positions", {"new": "1"}),
        *([Button(word("button.pause"), "pause", {"new": "1"})] if running else []),
        *(
            [Button(word("button.halt"), "halt", {"new": "1"})]
            if any(one.state != HALTED for one in summaries)
            else []
        ),
    ]
    return Screen(fit(text), in_rows(buttons))


def _lines(one: Summary, now: datetime) -> list[Html]:
    return [
        headline(one),
        row(worth(one), f"{signed_percent(one.day_share)}"),
        row(word("desk.open", count=len(one.holdings)), signed(one.open_profit, one.quote, unit=False)),
        row(word("home.exposure"), percent(one.exposure, 0)),
        *([reconciled(one, now)] if one.is_live else []),
        *warnings(one, 3),
    ]


class Dashboard:
    """Keeps the pinned message true; survives restarts, and makes a new one if it was deleted."""

    source: Callable[[], list[Summary]] | None = None
    """Where the figures come from."""

    def __init__(self, chat: Chat, settings: Settings, clock: Clock) -> None:
        self._chat = chat
        self._settings = settings
        self._clock = clock
        self._owner: Person | None = None
        self._message: int | None = None
        self._shown = ""
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()

    def wake(self) -> None:
        """Something happened: it is redrawn soon."""
        self._wake.set()

    async def attach(self, owner: Person) -> None:
        """From now on it is this person's; a message kept from before is used on."""
        self._owner = owner
        kept = await self._settings.get(KEY)
        self._message = kept["message_id"] if kept and kept["chat_id"] == owner.chat_id else None
        self.wake()

    async def pin(self) -> bool:
        """A new message at the end of the chat, pinned; the old one is taken down."""
        async with self._lock:
            try:
                await self._renew()
            except TelegramError as error:
                logger.warning("the dashboard could not be pinned: {}", error)
                return False
        return self._message is not None

    async def run(self) -> None:
        """For ever. Telegram's troubles only delay it."""
        while True:
            wait = EVERY_SECONDS
            try:
                async with self._lock:
                    await self._refresh()
            except RetryAfter as error:
                wait = max(seconds_of(error), EVERY_SECONDS)
            except (NetworkError, Forbidden) as error:
                logger.debug("the dashboard waits: {}", error)
            except Exception as error:
                logger.exception("the dashboard failed: {}", error)
            await self._rest(wait)

    async def _rest(self, wait: float) -> None:
        await asyncio.sleep(LEAST_SECONDS)
        try:
            async with asyncio.timeout(max(wait - LEAST_SECONDS, 0)):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _refresh(self) -> None:
        if self._owner is None or self._message is None:
            return
        screen = self._screen()
        if screen.text == self._shown:
            return
        kept = await self._chat.edit(self._owner.chat_id, self._owner.user_id, self._message, screen)
        if kept:
            self._shown = screen.text
        else:
            await self._renew()

    def _screen(self) -> Screen:
        return board(self.source() if self.source else [], self._clock.now())

    async def _renew(self) -> None:
        if self._owner is None:
            return
        old, screen = self._message, self._screen()
        message = await self._chat.send(self._owner.chat_id, self._owner.user_id, screen, silent=True)
        self._message, self._shown = message.message_id, screen.text
        await self._settings.set(KEY, {"chat_id": self._owner.chat_id, "message_id": self._message})
        await self._pin(self._owner.chat_id, self._message, old)

    async def _pin(self, chat_id: int, message_id: int, old: int | None) -> None:
        await self._chat.bot.pin_chat_message(chat_id, message_id, disable_notification=True)
        if old is not None:
            try:
                await self._chat.bot.delete_message(chat_id, old)
            except BadRequest as error:
                logger.debug("the old dashboard was gone already: {}", error)
