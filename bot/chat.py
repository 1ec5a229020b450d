"""Sending and editing: screens into Telegram's words, its limits obeyed, its refusals turned into what is right."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

os.environ.setdefault("PTB_TIMEDELTA", "true")  # Without it 22.x warns of its own attribute on every 429.

from loguru import logger
from telegram import Bot, InputMediaPhoto, LinkPreviewOptions, Message, ReplyParameters
from telegram.error import BadRequest, NetworkError, RetryAfter

from bot.callbacks import Buttons
from bot.screens.base import Screen
from bot.text import LONGEST_MESSAGE, plain, shorten

Sent = TypeVar("Sent")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_LONGEST_WAIT = 30.0
_TRIES = 3


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram told us to wait."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def is_unchanged(error: BadRequest) -> bool:
    return "message is not modified" in error.message.lower()


def is_gone(error: BadRequest) -> bool:
    """The message to edit or answer is no longer there, or can't be edited any more."""
    text = error.message.lower()
    return any(
        one in text for one in ("message to edit not found", "message can't be edited", "message_id_invalid")
    )


def is_nobody(error: BadRequest) -> bool:
    """The chat is not there (any more), whatever is sent to it (T17)."""
    return "chat not found" in error.message.lower()


def is_markup(error: BadRequest) -> bool:
    """Telegram could not read our markup, or the text is too long for it (T16)."""
    text = error.message.lower()
    return any(one in text for one in ("can't parse entities", "too long", "message_too_long"))


class Chat:
    """The owner's private chat, for answers: what fails on the way is tried again for a short while."""

    def __init__(self, bot: Bot, buttons: Buttons) -> None:
        self.bot = bot
        self._buttons = buttons

    async def send(
        self, chat_id: int, user_id: int, screen: Screen, *, silent: bool = False, reply_to: int | None = None
    ) -> Message:
        """A new message, once. Every error of Telegram's is raised; markup that it can't read goes as plain text."""
        keyboard = await self._buttons.keyboard(screen, chat_id, user_id)
        reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to is not None else None

        async def go(text: str, mode: str | None) -> Message:
            if screen.photo is not None:
                return await self.bot.send_photo(
                    chat_id, screen.photo, caption=text, parse_mode=mode, reply_markup=keyboard,
                    disable_notification=silent, reply_parameters=reply,
                )  # fmt: skip
            return await self.bot.send_message(
                chat_id, text, parse_mode=mode, reply_markup=keyboard, disable_notification=silent,
                reply_parameters=reply, link_preview_options=_NO_PREVIEW,
            )  # fmt: skip

        return await _plain_if_refused(go, screen)

    async def send_bare(self, chat_id: int, text: str, *, silent: bool = False) -> int:
        """Words only, cut to what fits; the message's id. Every error of Telegram's is raised."""
        sent = await self.bot.send_message(
            chat_id, shorten(text, LONGEST_MESSAGE), parse_mode=None, disable_notification=silent,
            link_preview_options=_NO_PREVIEW,
        )  # fmt: skip
        return sent.message_id

    async def edit(self, chat_id: int, user_id: int, message_id: int, screen: Screen) -> bool:
        """Put `screen` in the place of a message; False when that message is gone. An unchanged text is fine."""
        keyboard = await self._buttons.keyboard(screen, chat_id, user_id)

        async def go(text: str, mode: str | None) -> object:
            if screen.photo is not None:
                media = InputMediaPhoto(screen.photo, caption=text, parse_mode=mode)
                return await self.bot.edit_message_media(media, chat_id, message_id, reply_markup=keyboard)
            return await self.bot.edit_message_text(
                text,
                chat_id,
                message_id,
                parse_mode=mode,
                reply_markup=keyboard,
                link_preview_options=_NO_PREVIEW,
            )

        try:
            await _plain_if_refused(go, screen)
        except BadRequest as error:
            if is_unchanged(error):
                return True
            if is_gone(error):
                return False
            raise
        return True

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Take back a message; one that is gone already is fine."""
        try:
            await self.bot.delete_message(chat_id, message_id)
        except BadRequest as error:
            logger.debug("message {} was not deleted: {}", message_id, error)


async def _plain_if_refused(go: Callable[[str, str | None], Awaitable[Sent]], screen: Screen) -> Sent:
    try:
        return await go(screen.text, "HTML")
    except BadRequest as error:
        if not is_markup(error):
            raise
        logger.warning("a message went as plain text: {}", error)
        return await go(plain(screen.text)[: 1000 if screen.photo else 4000], None)


async def patiently(what: Callable[[], Awaitable[Sent]]) -> Sent:
    """An answer that fails on the way is tried again, as Telegram says or after a moment; then the error is raised.

    It may be sent twice when only the answer was lost: better than an owner who doesn't know.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return await what()
        except RetryAfter as error:
            wait = seconds_of(error)
            if attempt == _TRIES or wait > _LONGEST_WAIT:
                raise
        except BadRequest:
            raise
        except NetworkError:
            wait = 0.5 * attempt
            if attempt == _TRIES:
                raise
        await asyncio.sleep(wait)
    raise AssertionError("unreachable")
