"""Long polling of Telegram, which may be away for hours: trading never waits for it, and it is asked patiently.

What was read is acknowledged by the next request, and only once it is stored (`bot/telegram/inbox.py`). While the
database takes nothing, the same updates are asked for again and again, so that what comes behind them is heard, too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from urllib.parse import urlencode

from loguru import logger
from telegram.error import Conflict, RetryAfter, TelegramError
from telegram.ext import ExtBot
from telegram.request import BaseRequest

from bot.chat import seconds_of
from bot.gate import ALLOWED_UPDATES
from bot.telegram.hearing import Cause, Hearing, sentence_of
from bot.telegram.inbox import UpdateInbox

POLL_SECONDS = 25
_SHORTEST, _LONGEST = 0.5, 30.0
DOUBTING_SECONDS = 5
"""The same while another poller was met lately."""
STORED_WITHIN = 0.3
"""Seconds that the next request waits for the database; then it asks for the same updates again."""
BATCH = 100
"""The most that Telegram gives at once."""


class Polling:
    """`heard` is called for each batch: whether it was full, so that more waits behind it."""

    def __init__(
        self,
        bot: ExtBot[None],
        transport: BaseRequest,
        inbox: UpdateInbox,
        hearing: Hearing,
        heard: Callable[[bool], None],
    ) -> None:
        self._bot = bot
        self._transport = transport
        self._inbox = inbox
        self._hearing = hearing
        self._heard = heard
        self._offset: int | None = None
        self._wait = _SHORTEST

    async def run(self) -> None:
        """For ever; every error is told in the log, once for each stretch of it.

        The first request of a stretch doesn't wait for updates: that Telegram is there is known at once.
        """
        while True:
            patience = POLL_SECONDS if self._hearing.reachable and self._inbox.stored else 0
            if self._hearing.trouble:
                patience = min(patience, DOUBTING_SECONDS)  # its end is to be seen soon
            try:
                raws = await self._ask(patience, BATCH)
            except TelegramError as error:
                await asyncio.sleep(await self._failed(error))
                continue
            await self._hearing.answered()
            await self._take(raws)

    async def _take(self, raws: list[object]) -> None:
        offset = self._inbox.take(raws)
        self._heard(len(raws) >= BATCH)
        if raws and offset is None:
            await asyncio.sleep(self._longer())  # nothing in it can be acknowledged: it will come again
            return
        self._wait = _SHORTEST
        if await self._inbox.stored_within(STORED_WITHIN) and offset is not None:
            self._offset = offset
            self._inbox.forget_before(offset)

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
        try:
            found: object = await self._transport.post(url, read_timeout=patience + 10)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise TelegramError("Invalid server response: JSON, but not an answer") from error
        if not isinstance(found, list):
            raise TelegramError("Invalid server response: no list of updates")
        return found

    async def _failed(self, error: TelegramError) -> float:
        """Seconds to wait. The token never gets into the log: the error's own words don't hold it."""
        if "webhook" in str(error).casefold() and isinstance(error, Conflict):
            return await self._take_back()
        await self._hearing.failed(error)
        wait = self._longer()
        return max(wait, seconds_of(error)) if isinstance(error, RetryAfter) else wait

    def _longer(self) -> float:
        wait, self._wait = self._wait, min(self._wait * 2, _LONGEST)
        return wait

    async def _take_back(self) -> float:
        """Updates go to a webhook of another program: taken off, with what waits kept for us (T19). One that is set
        again and again is taken off ever more slowly: the two programs should not fight."""
        try:
            url = (await self._bot.get_webhook_info()).url
            where = url.replace(self._bot.token, "…")  # many have the token in it (law 14)
            words = f"updates went to a webhook of another program, {where}: it is taken off"
            await self._hearing.see(Cause.WEBHOOK, words, where)
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            logger.warning("the webhook could not be taken off: {}", sentence_of(error))
        return self._longer()
