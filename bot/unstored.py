"""Past the outbox: the one message for an owner whose database takes nothing any more (P4).

An alert is stored before it is sent (law 10), so one about a disk that can't be written to would come when that is
over. This one is sent straight; whether it arrived is not kept, so after a restart it may come again.
"""

from __future__ import annotations

import asyncio

from loguru import logger
from telegram.error import RetryAfter, TelegramError

from bot.chat import Chat, seconds_of
from bot.screens.base import Screen
from bot.telegram.hearing import sentence_of
from bot.text import say
from storage.people import Person

LOOKS = 2
"""So many looks in a row (5 s apart) must find the trouble before it is told: a server that starts again, or a backup
that holds the lock for a moment, is none."""


class Unstored:
    """Told at each look how writing does; told once an episode. `see` must be called in the loop, and never waits."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._owner: Person | None = None
        self._looks = 0
        self._told = False
        self._task: asyncio.Task[None] | None = None

    def attach(self, owner: Person) -> None:
        self._owner = owner

    def see(self, trouble: str) -> None:
        """`trouble`: why nothing can be stored, in words; empty when it can."""
        if not trouble:
            self._looks, self._told = 0, False
            return
        self._looks += 1
        busy = self._task is not None and not self._task.done()
        if self._looks >= LOOKS and not self._told and not busy and self._owner is not None:
            self._task = asyncio.create_task(self._tell(self._owner, trouble), name="unstored")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tell(self, owner: Person, trouble: str) -> None:
        """A failure is tried again at the next look, after the wait that Telegram asks for."""
        try:
            await self._chat.send(owner.chat_id, owner.user_id, Screen(say("unstored.text", reason=trouble)))
            self._told = True
        except RetryAfter as error:
            await asyncio.sleep(seconds_of(error))
        except TelegramError as error:
            logger.warning("that nothing can be stored did not reach Telegram: {}", sentence_of(error))
