"""Long polling of Telegram, which may be away for hours: trading never waits for it, and it is asked patiently.

What was read is acknowledged by the next request, and only once it is stored (`bot/telegram/inbox.py`). While the
database takes nothing, the same updates are asked for again and again, so that what comes behind them is heard, too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from loguru import logger
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot
from telegram.request import BaseRequest

from bot.chat import seconds_of
from bot.gate import ALLOWED_UPDATES
from bot.telegram.inbox import UpdateInbox

POLL_SECONDS = 25
_SHORTEST, _LONGEST = 0.5, 30.0
STORED_WITHIN = 0.3
"""Seconds that the next request waits for the database; then it asks for the same updates again."""
BATCH = 100
"""The most that Telegram gives at once."""
Tell = Callable[[str, str], Awaitable[None]]
"""Tells the owner (what, in a word, and the sentence) once he can be reached."""


class Polling:
    """`reachable`: whether the last request was answered. `trouble`: what keeps us from hearing, in words."""

    def __init__(self, bot: ExtBot[None], transport: BaseRequest, inbox: UpdateInbox, tell: Tell) -> None:
        self._bot = bot
        self._transport = transport
        self._inbox = inbox
        self._tell = tell
        self._offset: int | None = None
        self._wait = _SHORTEST
        self._untold: tuple[str, str] | None = None
        self.reachable = False
        self.trouble = ""

    async def run(self) -> None:
        """For ever; every error is told in the log, once for each stretch of it.

        The first request of a stretch doesn't wait for updates: that Telegram is there is known at once.
        """
        while True:
            patience = POLL_SECONDS if self.reachable and self._inbox.stored else 0
            try:
                raws = await self._ask(patience, BATCH)
            except TelegramError as error:
                await asyncio.sleep(await self._failed(error))
                continue
            await self._answered()
            offset = self._inbox.take(raws)
            if await self._inbox.stored_within(STORED_WITHIN):
                self._offset = offset or self._offset

    async def acknowledge(self) -> None:
        """Tell Telegram what was stored, at the end."""
        if self._offset is not None:
            await self._ask(0, 1)

    async def _ask(self, patience: int, most: int) -> list[object]:
        """The updates as they are on the wire: one that can't be read takes no other along (T18)."""
        asked = {"timeout": patience, "limit": most, "allowed_updates": json.dumps(ALLOWED_UPDATES)}
        if self._offset is not None:
            asked["offset"] = self._offset
        url = f"{self._bot.base_url}/getUpdates?{urlencode(asked)}"
        found: object = await self._transport.post(url, read_timeout=patience + 10)
        if not isinstance(found, list):
            raise TelegramError("the answer holds no list of updates")
        return found

    async def _answered(self) -> None:
        if not self.reachable:
            logger.info("Telegram is reachable")
        self.reachable, self._wait, self.trouble = True, _SHORTEST, ""
        untold, self._untold = self._untold, None
        if untold is not None:
            await self._tell(*untold)

    async def _failed(self, error: TelegramError) -> float:
        """Seconds to wait. The token never gets into the log: the error's own words don't hold it."""
        if "webhook" in str(error).casefold() and isinstance(error, Conflict):
            return await self._take_back()
        words = sentence_of(error)
        if self.reachable or self.trouble != words:
            logger.warning("Telegram can't be polled: {}", words)
        self.reachable, self.trouble = False, words
        if isinstance(error, Conflict | InvalidToken):
            self._untold = ("conflict" if isinstance(error, Conflict) else "token", words)
        wait, self._wait = self._wait, min(self._wait * 2, _LONGEST)
        return max(wait, seconds_of(error)) if isinstance(error, RetryAfter) else wait

    async def _take_back(self) -> float:
        """Updates go to a webhook of another program: taken off, with what waits kept for us (T19)."""
        self.reachable = False
        try:
            where = (await self._bot.get_webhook_info()).url
            self.trouble = f"updates went to a webhook of another program, {where}"
            logger.warning("Telegram can't be polled: {}: it is taken off", self.trouble)
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            logger.warning("the webhook could not be taken off: {}", sentence_of(error))
            wait, self._wait = self._wait, min(self._wait * 2, _LONGEST)
            return wait
        self._untold = ("webhook", where)
        return 0.0


def sentence_of(error: TelegramError) -> str:
    """What is wrong, for the one who runs the machine."""
    if isinstance(error, InvalidToken):
        return "the bot's token is wrong or was revoked: get it from @BotFather and set telegram.token_file"
    if isinstance(error, Conflict):
        return "another process polls with the same token: stop it, only one may"
    if "Invalid server response" in str(error):
        return "what answers there is no Bot API server, or a page of something in between"
    return f"{type(error).__name__}: {error}"
