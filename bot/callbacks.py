"""Buttons: what is sent to Telegram is a version, a verb and an opaque token; what it stands for stays here.

The token carries a seal made with a key of ours. So one that we made and have forgotten (expired: the screen is drawn
afresh, T8) can be told from one that we never made (forged: refused, counted, told, T9).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from loguru import logger
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.offers import LIFE
from bot.screens.base import Button, Screen
from bot.telegram.reading import SAFER
from engine.clock import Clock
from engine.core.errors import StorageTrouble
from storage.tokens import Token, Tokens

VERSION = "1"
NAVIGATION_LIFE = timedelta(days=7)
_REMEMBERED = 4000
STORED_WITHIN = 1.0
"""Seconds that a screen waits for its buttons to be on disk."""
K = TypeVar("K")
V = TypeVar("V")
_NAME_BYTES, _SEAL_BYTES = 9, 12


class Fate(StrEnum):
    """What a pressed button turned out to be."""

    GOOD = "good"
    TWICE = "twice"
    EXPIRED = "expired"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Pressed:
    """`args` is empty when the token was forgotten."""

    fate: Fate
    verb: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


class Buttons:
    """Makes keyboards and reads taps. `secret` is something only this desk has; it never leaves."""

    def __init__(self, tokens: Tokens, clock: Clock, secret: str) -> None:
        self._tokens = tokens
        self._clock = clock
        self._key = hashlib.sha256(b"pocketdesk buttons\0" + secret.encode()).digest()
        self._kept: OrderedDict[str, Token] = OrderedDict()
        self._known: OrderedDict[tuple[str, str, int], str] = OrderedDict()
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._storing: set[asyncio.Task[None]] = set()

    async def keyboard(self, screen: Screen, chat_id: int, user_id: int) -> InlineKeyboardMarkup | None:
        """The screen's buttons, their meaning stored before they are shown. A disk that refuses does not hide
        them: they work until the process ends."""
        fresh: list[Token] = []
        rows = [[self._button(one, chat_id, user_id, fresh) for one in row] for row in screen.buttons if row]
        if fresh:
            storing = asyncio.create_task(self._store(fresh))
            self._storing.add(storing)
            storing.add_done_callback(self._storing.discard)
            # A database that is busy for long does not hide the answer: the buttons work meanwhile.
            await asyncio.wait([storing], timeout=STORED_WITHIN)
        return InlineKeyboardMarkup(rows) if rows else None

    async def _store(self, fresh: Sequence[Token]) -> None:
        try:
            await self._tokens.put_many(fresh)
        except StorageTrouble as trouble:
            logger.warning("buttons could not be stored: {}", trouble)

    def _button(self, one: Button, chat_id: int, user_id: int, fresh: list[Token]) -> InlineKeyboardButton:
        name = None if one.once else self._same(one, chat_id)
        if name is None:
            name = self._make(one, chat_id, user_id, fresh)
        return InlineKeyboardButton(one.label[:64], callback_data=f"{VERSION}:{one.verb}:{name}")

    def _same(self, one: Button, chat_id: int) -> str | None:
        """The token that the same button had before, so that screens refreshed for days don't fill the database."""
        name = self._known.get(_meaning(one, chat_id))
        token = self._kept.get(name) if name else None
        if token is None or token.expires_at - self._clock.now() < NAVIGATION_LIFE / 2:
            return None
        return name

    def _make(self, one: Button, chat_id: int, user_id: int, fresh: list[Token]) -> str:
        ident = base64.urlsafe_b64encode(secrets.token_bytes(_NAME_BYTES)).decode()
        name = f"{ident}{self._seal(one.verb, ident)}"
        until = self._clock.now() + (LIFE if one.once else NAVIGATION_LIFE)
        token = Token(name, one.verb, chat_id, user_id, until, dict(one.args), one.once)
        fresh.append(token)
        _keep(self._kept, name, token)
        if not one.once:
            _keep(self._known, _meaning(one, chat_id), name)
        return name

    def _seal(self, verb: str, ident: str) -> str:
        digest = hmac.digest(self._key, f"{VERSION}:{verb}:{ident}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode()

    async def read(self, data: str, chat_id: int, user_id: int) -> Pressed:
        """What a tap means. Of two taps on a confirmation one is GOOD, the other TWICE (T7)."""
        parts = data.split(":")
        if len(parts) != 3 or parts[0] != VERSION or not self._sealed(parts[1], parts[2]):
            return Pressed(Fate.FORGED)
        _, verb, name = parts
        token = self._kept.get(name) or await self._known_token(name, verb)
        if token is None:
            return Pressed(Fate.EXPIRED, verb, {}, name)
        if (token.chat_id, token.user_id, token.verb) != (chat_id, user_id, verb):
            return Pressed(Fate.FORGED)
        return await self._judged(token)

    async def _known_token(self, name: str, verb: str) -> Token | None:
        """From an earlier process. What makes things safer does not fail because the database does (law 8)."""
        try:
            return await self._tokens.get(name)
        except StorageTrouble as trouble:
            if verb not in SAFER:
                raise
            logger.warning("what a {} button names can't be looked up: {}", verb, trouble)
            return None

    def at_a_glance(self, data: str, chat_id: int, user_id: int) -> Pressed:
        """What a tap means as far as that is in memory, without asking the database; EXPIRED where it is not there."""
        parts = data.split(":")
        if len(parts) != 3 or parts[0] != VERSION or not self._sealed(parts[1], parts[2]):
            return Pressed(Fate.FORGED)
        token = self._kept.get(parts[2])
        if token is None:
            return Pressed(Fate.EXPIRED, parts[1], {}, parts[2])
        if (token.chat_id, token.user_id, token.verb) != (chat_id, user_id, parts[1]):
            return Pressed(Fate.FORGED)
        return Pressed(Fate.GOOD, token.verb, _texts(token), token.token)

    def _sealed(self, verb: str, name: str) -> bool:
        ident, seal = name[:12], name[12:]
        return hmac.compare_digest(seal.encode(), self._seal(verb, ident).encode())

    async def _judged(self, token: Token) -> Pressed:
        """A confirmation that was used in an earlier process passes once more: the trader, who remembers whether
        that process carried it out before it ended, then answers the same without doing it again."""
        args = _texts(token)
        if not token.single_use:
            return Pressed(Fate.GOOD, token.verb, args, token.token)
        if token.token in self._taken:
            return Pressed(Fate.TWICE, token.verb, args, token.token)
        if self._clock.now() >= token.expires_at:
            return Pressed(Fate.EXPIRED, token.verb, args, token.token)
        _keep(self._taken, token.token, None)
        await self._mark_used(token.token, self._clock.now())
        return Pressed(Fate.GOOD, token.verb, args, token.token)

    async def _mark_used(self, name: str, now: datetime) -> None:
        """A disk that refuses must not hold up an exit: the trader refuses repeats by the token's name."""
        try:
            await self._tokens.use_once(name, now)
        except StorageTrouble as trouble:
            logger.warning("a used button could not be marked: {}", trouble)


def _texts(token: Token) -> dict[str, str]:
    return {key: str(value) for key, value in token.args.items()}


def _meaning(one: Button, chat_id: int) -> tuple[str, str, int]:
    return one.verb, json.dumps(dict(one.args), sort_keys=True), chat_id


def _keep(store: OrderedDict[K, V], key: K, value: V) -> None:
    store[key] = value
    while len(store) > _REMEMBERED:
        store.popitem(last=False)
