"""The simulated Telegram: what the owner and strangers send, kept until it is acknowledged, and what he is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from sandbox.simulation.loop import START, VirtualLoop
from sandbox.simulation.script import Kind
from sandbox.simulation.weather import Weather

OWNER, STRANGER = 5, 100
HOLDS = 3600.0
"""Seconds that a request for updates is held while there are none. A real one is held for half a minute: nothing else
would come of it, and it would be asked 3,000 times a day."""


class AwayError(ConnectionError):
    """It can't be reached, or what answers is not it."""


class Telegram:
    """`heard` is called with each text of the owner's that is given to a process, with its number."""

    def __init__(self, loop: VirtualLoop, weather: Weather, heard: Callable[[int, str], None]) -> None:
        self._loop = loop
        self._weather = weather
        self._heard = heard
        self._numbers = count(1)
        self._waiting: list[tuple[int, Any]] = []
        self._poll: asyncio.Future[None] | None = None

    # ── who writes ────────────────────────────────────────────────────────────────────────

    def says(self, text: str, sender: int = OWNER) -> int:
        """The number of the update that it makes."""
        number = next(self._numbers)
        person = {"id": sender, "is_bot": False, "first_name": "x"}
        message = {
            "message_id": number,
            "date": int(START.timestamp() + self._loop.now),
            "from": person,
            "chat": {"id": sender, "type": "private"},
            "text": text,
        }
        self._add(number, {"update_id": number, "message": message})
        return number

    def sends(self, nonsense: dict[str, Any], numbered: bool) -> None:
        """What nobody can read."""
        number = next(self._numbers)
        self._add(number, {**nonsense, **({"update_id": number} if numbered else {})})

    def _add(self, number: int, raw: Any) -> None:
        self._waiting.append((number, raw))
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    # ── the bot's side ────────────────────────────────────────────────────────────────────

    owner = OWNER

    @property
    def is_away(self) -> bool:
        return self._weather.on(Kind.TELEGRAM_AWAY)

    async def updates(self, offset: int | None, patience: float, most: int) -> list[Any]:
        """What waits from `offset` on; what is before it is acknowledged. Raises AwayError."""
        await asyncio.sleep(0.1)
        self._check()
        if offset is not None and not self._weather.on(Kind.ACKS_LOST):
            self._waiting = [one for one in self._waiting if one[0] >= offset]
        if not self._waiting and patience:
            self._poll = self._loop.create_future()
            await asyncio.wait([self._poll], timeout=HOLDS)
            self._check()
        given = self._waiting[:most]
        self._waiting = [one for one in self._waiting if "update_id" in one[1]]
        for number, raw in given:
            if (text := _text_of_the_owner(raw)) is not None:
                self._heard(number, text)
        return [raw for _, raw in given]

    async def say(self) -> None:
        """To the owner. Raises AwayError."""
        await asyncio.sleep(0.05)
        self._check()

    def _check(self) -> None:
        if self.is_away:
            raise AwayError("it can't be reached")


def _text_of_the_owner(raw: Any) -> str | None:
    message = raw.get("message", {})
    sender = message.get("from", {}).get("id")
    text = message.get("text")
    return text if sender == OWNER and isinstance(text, str) else None
