"""How the first person becomes the owner: by a one-time link that only the machine's terminal shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from loguru import logger
from telegram import Message

from engine.clock import Clock
from engine.redaction import redaction
from storage.people import ATTEMPTS, VALID, People, Person

Announce = Callable[[str, str], None]
"""Shows (link, code) on the terminal."""


class Pairing:
    """Open while there is no owner. Whatever is wrong with a try, the one who tries hears nothing."""

    def __init__(self, people: People, clock: Clock, announce: Announce) -> None:
        self._people = people
        self._clock = clock
        self._announce = announce
        self._username = ""
        self._expires: datetime | None = None
        self._tries = 0

    async def open(self, username: str) -> None:
        """Announce a code, if nobody is paired yet. `username` is the bot's own, for the link."""
        self._username = username
        if await self._people.owner() is None:
            await self._announce_new()

    async def attempt(self, message: Message) -> Person | None:
        """The new owner, if the message brings the right code in time."""
        person, code = message.from_user, (message.text or "").partition(" ")[2].strip()
        if person is None or not 0 < len(code) <= 64 or not self._username:
            return None
        now = self._clock.now()
        owner = await self._people.redeem(code, person.id, message.chat.id, person.full_name[:64], now)
        if owner is not None:
            logger.info("paired with an owner")
            self._expires = None
            return owner
        self._tries += 1
        logger.warning("a pairing code was wrong or too old")
        if self._expires is None:
            return None  # an owner is known: only a command on the server opens it again (T23)
        if now >= self._expires:
            await self._announce_new()
        elif self._tries >= ATTEMPTS:
            logger.error(
                "too many wrong pairing codes: a new one is shown at the next try after its {} have passed",
                VALID,
            )
        return None

    async def _announce_new(self) -> None:
        """A code that ended by wrong guesses is not replaced before its time, so guessing can't go on for ever."""
        now = self._clock.now()
        code = await self._people.begin_pairing(now)
        redaction.register(code)
        self._expires, self._tries = now + VALID, 0
        self._announce(f"https://t.me/{self._username}?start={code}", code)
