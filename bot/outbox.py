"""Tells what the engine has stored to be told: by weight, in order, nothing lost (law 10), nothing too loud.

Telegram may be away for hours, ask for patience, or be blocked; trading never notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from loguru import logger
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.chat import Chat, is_nobody, seconds_of
from bot.notices import merged, notice
from bot.pacing import Flaps, Pace, Quiet, in_order, is_said, is_silent, together, wait_of
from bot.said import Said
from bot.screens.base import Button, Screen
from bot.telegram.hearing import sentence_of
from bot.text import plain
from engine.clock import Clock
from storage.outbox import Outbox, Waiting, WaitingState
from storage.people import Person

POLL_SECONDS = 5.0
BATCH = 100
_BACK_OFF = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_BLOCKED_SECONDS = 300.0
_MOST_ATTEMPTS = 5


class Sender:
    """One at a time works on the stored outbox. `wake` may be called from anywhere in the loop's thread."""

    def __init__(
        self, chat: Chat, outbox: Outbox, clock: Clock, quiet: Quiet, said: Said | None = None
    ) -> None:
        self._chat = chat
        self._outbox = outbox
        self._clock = clock
        self._quiet = quiet
        self._said = said or Said()
        self._said.changed = self.wake
        self._owner: Person | None = None
        self._pace = Pace()
        self._flaps = Flaps()
        self._wake = asyncio.Event()
        self._again = asyncio.Event()
        self._failures = 0
        self._hurried = False
        self.blocked = False

    def hurry(self) -> None:
        """The process ends: nothing is held back any more for what may come after it."""
        self._hurried = True
        self.wake()

    def attach(self, owner: Person) -> None:
        self._owner = owner
        self.unblocked()

    def unblocked(self) -> None:
        """The owner listens again."""
        self.blocked, self._failures = False, 0
        self._again.set()
        self.wake()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._wake.clear()
            wait = POLL_SECONDS
            try:
                wait = await self._round()
            except Exception as error:
                logger.exception("the outbox failed: {}", error)
            await self._rest(wait)

    async def _rest(self, wait: float) -> None:
        """After a failure a hint of new messages does not shorten the wait."""
        signal = self._again if self._failures or self.blocked else self._wake
        self._again.clear()
        try:
            async with asyncio.timeout(wait):
                await signal.wait()
        except TimeoutError:
            return

    async def _round(self) -> float:
        """Send what is due; returns how long to rest."""
        if self._owner is None:
            return POLL_SECONDS
        while waiting := await self._outbox.due(self._clock.now(), BATCH):
            now = self._clock.now()
            if said := [one for one in waiting if is_said(one) or self._said.is_shown(one)]:
                await self._told(self._owner, said, None)
                continue
            held = [timedelta(0) if self._hurried else self._wait_of(one, now) for one in waiting]
            due = [one for one, wait in zip(waiting, held, strict=True) if not wait]
            if not due:
                return min(held).total_seconds()
            wait = await self._tell(self._owner, in_order(together(due, now), waiting))
            if wait:
                return wait
        return POLL_SECONDS

    def _wait_of(self, one: Waiting, now: datetime) -> timedelta:
        """What an answer in the chat is about to say waits for it; the answer's end wakes us."""
        return timedelta(seconds=POLL_SECONDS) if self._said.waits(one) else wait_of(one, now)

    async def _tell(self, owner: Person, group: Sequence[Waiting], bare: bool = False) -> float:
        """0 when it was told or given up; else the seconds to wait before the next try. `bare`: as plain text."""
        await asyncio.sleep(self._pace.wait())
        try:
            message_id = await (self._send_bare if bare else self._send)(owner, group)
        except RetryAfter as error:
            self._failures += 1
            return seconds_of(error)
        except ChatMigrated as error:
            return self._unheard(f"the chat moved to {error.new_chat_id}")
        except Forbidden as error:
            return self._unheard(str(error))
        except BadRequest as error:
            if is_nobody(error):
                return self._unheard(str(error))
            return await self._refused(owner, group, error, bare)
        except TelegramError as error:
            return self._away(error)
        self._failures, self.blocked = 0, False
        # A message of several must not be edited into the news of one of them.
        await self._told(owner, group, None if len(group) > 1 else message_id)
        return 0.0

    async def _told(self, owner: Person, group: Sequence[Waiting], message_id: int | None) -> None:
        for one in group:
            await self._outbox.sent(one.id, owner.chat_id, message_id, self._clock.now())

    def _away(self, error: TelegramError) -> float:
        """Telegram can't be reached: everything stays as it is, in its order (T14)."""
        wait = _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        if not self._failures:
            logger.warning("Telegram can't be reached, alerts wait: {}", sentence_of(error))
        self._failures += 1
        return wait

    def _unheard(self, reason: str) -> float:
        """The owner does not listen (T17): everything is kept, and tried again now and then, or once he is back."""
        if not self.blocked:
            logger.error("alerts can't reach the owner: {}", reason)
        self.blocked = True
        return _BLOCKED_SECONDS

    async def _refused(self, owner: Person, group: Sequence[Waiting], error: BadRequest, bare: bool) -> float:
        """What Telegram will not take is tried as plain text, and later on one by one (`together`); a notice that is
        refused by itself must not hold up the others for ever (T16)."""
        logger.warning(
            "a message of {} was refused: {}", ", ".join(sorted({one.kind for one in group})), error
        )
        if not bare:
            return await self._tell(owner, group, bare=True)
        for one in group:
            await self._put_off(one, error)
        return 0.0

    async def _put_off(self, one: Waiting, error: BadRequest) -> None:
        """Tried again later, and not for ever: then the list of alerts is where it can be read."""
        if one.attempts + 1 >= _MOST_ATTEMPTS:
            logger.error("notice {} ({}) can't be told and is only in /alerts: {}", one.id, one.kind, error)
            await self._outbox.dropped(one.id, str(error))
        else:
            until = self._clock.now() + timedelta(seconds=_BACK_OFF[one.attempts + 1])
            await self._outbox.postponed(one.id, until, str(error))

    async def _send_bare(self, owner: Person, group: Sequence[Waiting]) -> int:
        """Without markup, buttons, or what it answers: all that could be refused but for the words."""
        text = plain((merged(group) if len(group) > 1 else notice(group[0])).text)
        quiet = self._quiet.now(self._clock.now())
        return await self._chat.send_bare(
            owner.chat_id, text, silent=all(is_silent(one, quiet) for one in group)
        )

    async def _send(self, owner: Person, group: Sequence[Waiting]) -> int:
        now = self._clock.now()
        quiet = self._quiet.now(now)
        if len(group) > 1:
            silent = all(is_silent(one, quiet) for one in group)
            sent = await self._chat.send(owner.chat_id, owner.user_id, _apart(merged(group)), silent=silent)
            return sent.message_id
        one = group[0]
        screen = _apart(notice(one, flaps=self._flaps.flaps(one, now)))
        if await self._counted(owner, one, screen):
            return one.message_id or 0
        answered = await self._outbox.thread_message(one.thread)
        reply_to = answered[1] if answered and answered[0] == owner.chat_id else None
        silent = is_silent(one, quiet) or self._flaps.rang_elsewhere(one, now)
        sent = await self._chat.send(owner.chat_id, owner.user_id, screen, silent=silent, reply_to=reply_to)
        self._flaps.rang(one, now)
        return sent.message_id

    async def _counted(self, owner: Person, one: Waiting, screen: Screen) -> bool:
        """A repeat is told by an edit of its message, unless that is gone or it has to be heard."""
        if one.state is not WaitingState.CHANGED or one.message_id is None:
            return False
        if self._flaps.rings_anew(one, self._clock.now()):
            return False
        return await self._chat.edit(owner.chat_id, owner.user_id, one.message_id, screen)


def _apart(screen: Screen) -> Screen:
    """A notice stays as it is: what its buttons lead to comes as a new message."""
    rows = tuple(tuple(_new(one) for one in row) for row in screen.buttons)
    return replace(screen, buttons=rows)


def _new(one: Button) -> Button:
    return replace(one, args={**one.args, "new": "1"})
