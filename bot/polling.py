"""Long polling of Telegram, which may be away for hours: trading never waits for it, and it is asked patiently.

Updates are put into the application's queue; the next request acknowledges them. After a crash the newest may come
again: a command's id is made from its update's, so the trader carries it out once (law 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger
from telegram import Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.chat import seconds_of
from bot.gate import ALLOWED_UPDATES

POLL_SECONDS = 25
_SHORTEST, _LONGEST = 0.5, 30.0
Put = Callable[[Update], Awaitable[None]]


class Polling:
    """`reachable`: whether the last request was answered."""

    def __init__(self, bot: ExtBot[None], put: Put) -> None:
        self._bot = bot
        self._put = put
        self._offset: int | None = None
        self._wait = _SHORTEST
        self.reachable = False

    async def run(self) -> None:
        """For ever; every error is told in the log, once for each stretch of it.

        The first request of a stretch doesn't wait for updates: that Telegram is there is known at once.
        """
        while True:
            patience = POLL_SECONDS if self.reachable else 0
            try:
                updates = await self._bot.get_updates(
                    offset=self._offset, timeout=patience, allowed_updates=ALLOWED_UPDATES
                )
            except TelegramError as error:
                await asyncio.sleep(self._failed(error))
                continue
            self._answered()
            for update in updates:
                self._offset = update.update_id + 1
                await self._put(update)

    async def acknowledge(self) -> None:
        """Tell Telegram what was handled, at the end."""
        if self._offset is not None:
            await self._bot.get_updates(
                offset=self._offset, timeout=0, limit=1, allowed_updates=ALLOWED_UPDATES
            )

    def _answered(self) -> None:
        if not self.reachable:
            logger.info("Telegram is reachable")
        self.reachable, self._wait = True, _SHORTEST

    def _failed(self, error: TelegramError) -> float:
        """Seconds to wait. The token never gets into the log: the error's own words don't hold it."""
        if self.reachable or self._wait == _SHORTEST:
            logger.warning("Telegram can't be polled: {}", sentence_of(error))
        self.reachable = False
        wait, self._wait = self._wait, min(self._wait * 2, _LONGEST)
        return max(wait, seconds_of(error)) if isinstance(error, RetryAfter) else wait


def sentence_of(error: TelegramError) -> str:
    """What is wrong, for the one who runs the machine."""
    if isinstance(error, InvalidToken):
        return "the bot's token is wrong or was revoked: get it from @BotFather and set telegram.token_file"
    if isinstance(error, Conflict):
        return "another process polls with the same token: stop it, only one may"
    return f"{type(error).__name__}: {error}"
