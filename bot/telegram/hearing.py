"""Whether the owner can be heard, in words: for the log once a stretch, for /health at each moment, and for the owner
himself once, as soon as he can be reached (T19)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

from loguru import logger
from telegram.error import Conflict, InvalidToken, TelegramError

from engine.clock import Clock

Tell = Callable[[str, str], Awaitable[None]]
"""Tells the owner (the cause, in a word, and the sentence), once he can be reached."""
OVER_AFTER = 30.0
"""Seconds without it until another poller counts as gone: the two take turns in being refused."""
AGAIN_AFTER = 600.0
"""Seconds until the owner is told of the same cause again."""
AWAY_FOR, UNREADABLE_FOR = 60.0, 3.0
"""Seconds of what usually passes by itself, until it is worth telling."""


class Cause(StrEnum):
    """Why nothing is heard; each is a key of `[deaf]` in the catalogue."""

    CONFLICT = "conflict"
    TOKEN = "token"  # a cause  # nosec B105
    WEBHOOK = "webhook"
    UNREADABLE = "unreadable"
    AWAY = "away"


class Hearing:
    """`reachable`: whether the last request was answered. `trouble`: what keeps us from hearing, in words."""

    def __init__(self, clock: Clock, tell: Tell) -> None:
        self._clock = clock
        self._tell = tell
        self._cause: Cause | None = None
        self._began = 0.0
        self._last = 0.0
        self._detail = ""
        self._told: dict[Cause, float] = {}
        self.reachable = False
        self.trouble = ""

    @property
    def deaf(self) -> str:
        """Why nothing can be heard from the owner; empty when all is well."""
        if self.trouble:
            return self.trouble
        return "" if self.reachable else "Telegram was not reached yet"

    async def answered(self) -> None:
        """A request for updates brought its answer."""
        if not self.reachable:
            logger.info("Telegram is reachable")
        self.reachable = True
        if self._cause is None or (self._cause is Cause.CONFLICT and self._since_last() < OVER_AFTER):
            return
        cause, lasted = self._cause, self._last - self._began
        self._cause, self.trouble = None, ""
        if lasted >= _WORTH_IT.get(cause, 0.0):
            await self._tell_once(cause)

    async def failed(self, error: TelegramError) -> None:
        await self.see(cause_of(error), sentence_of(error))

    async def see(self, cause: Cause, words: str, detail: str = "") -> None:
        """One more failure; `detail` is what the owner reads of it. Another poller doesn't keep us from sending: it is
        told at once."""
        now = self._clock.monotonic()
        self._last = now
        if self._cause is not cause or self.trouble != words:
            logger.warning("Telegram can't be polled: {}", words)
        if self._cause is not cause:
            self._cause, self._began = cause, now
        self.trouble, self._detail = words, detail or words
        # Two pollers take turns: each is refused by the other's next request, and reachable in between.
        self.reachable = cause is Cause.CONFLICT and self.reachable
        if cause is Cause.CONFLICT:
            await self._tell_once(cause)

    async def _tell_once(self, cause: Cause) -> None:
        now, told = self._clock.monotonic(), self._told.get(cause)
        if told is None or now - told >= AGAIN_AFTER:
            self._told[cause] = now
            await self._tell(cause, self._detail)

    def _since_last(self) -> float:
        return self._clock.monotonic() - self._last


_WORTH_IT = {Cause.AWAY: AWAY_FOR, Cause.UNREADABLE: UNREADABLE_FOR}


def cause_of(error: TelegramError) -> Cause:
    if _is_a_page(error):
        return Cause.UNREADABLE
    if isinstance(error, Conflict):
        return Cause.CONFLICT
    return Cause.TOKEN if isinstance(error, InvalidToken) else Cause.AWAY


def sentence_of(error: TelegramError) -> str:
    """What is wrong, for the one who runs the machine; nothing of a page that came instead of an answer."""
    if _is_a_page(error):
        status = error.message.partition(". Parsing")[0] if "Parsing" in error.message else ""
        shown = f", {status}," if status else ""
        return f"what answered{shown} is no Bot API server, or a page of something in between"
    if isinstance(error, InvalidToken):
        return "the bot's token is wrong or was revoked: get it from @BotFather and set telegram.token_file"
    if isinstance(error, Conflict):
        return "another process polls with the same token: stop it, only one may"
    return f"{type(error).__name__}: {error}"


def _is_a_page(error: TelegramError) -> bool:
    """A captive portal's 404 or a proxy's 502: not Telegram's word, whatever its number says."""
    return "Invalid server response" in error.message or "Parsing the server response" in error.message
