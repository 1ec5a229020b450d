"""The real conversation between a sandbox Telegram and a desk of real traders, with a phone in one's hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from bot.config_models import Telegram
from bot.conversation import Conversation
from engine.clock import SystemClock
from engine.core.notices import Notice
from sandbox.telegram.testing import OWNER, Phone, RunningTelegram, SeenMessage, running_telegram
from storage.people import Person, Role
from storage.store import Store
from tests.fakes.desk import FakeDesk

TOKEN = "1:test"


@dataclass
class Talk:
    """All that a test needs."""

    telegram: RunningTelegram
    store: Store
    desk: FakeDesk
    phone: Phone
    conversation: Conversation
    links: list[tuple[str, str]]

    async def tell(self, *notices: Notice) -> None:
        """Store notices as the engine does, and give the hint."""
        await self.store.journal.tell(notices)
        self.conversation.wake()

    async def ask(self, text: str, wanted: str = "") -> SeenMessage:
        await self.phone.send(text)
        return await self.phone.wait_for(wanted)

    async def tap_old(self, message: SeenMessage, button: str, wanted: str = "") -> SeenMessage:
        """Press a button that the message had when it was seen, whatever it has become since."""
        await self.phone.press(message, data=data_of(message, button))
        return await self.phone.wait_for(wanted)

    async def tap(self, message: SeenMessage, button: str, wanted: str = "") -> SeenMessage:
        """Press the first button whose label contains `button`."""
        await self.phone.press(message, label(message, button))
        return await self.phone.wait_for(wanted)


def data_of(message: SeenMessage, part: str) -> str:
    """What the first button that contains `part` carries, to press it on a message that has changed since."""
    whole = label(message, part)
    return next(one.data or "" for row in message.buttons for one in row if one.text == whole)


def label(message: SeenMessage, part: str) -> str:
    """The whole text of the first button that contains `part`."""
    labels = [one.text for row in message.buttons for one in row]
    found = [one for one in labels if part in one]
    assert found, f"no button with {part!r} among {labels}"
    return found[0]


def telegram_settings(address: str) -> Telegram:
    return Telegram(token=SecretStr(TOKEN), api_base=address)


@asynccontextmanager
async def talking(
    folder: Path, names: Sequence[str] = ("main",), *, paired: bool = True, limits: bool = False
) -> AsyncIterator[Talk]:
    """A conversation that is up, with an owner unless `paired` is False."""
    clock, links = SystemClock(), list[tuple[str, str]]()
    async with running_telegram(limits=limits) as telegram:
        store = await Store.open(f"sqlite+aiosqlite:///{folder}/talk.db", clock)
        if paired:
            await store.people.add(Person(OWNER, OWNER, Role.OWNER, "Owner", clock.now()))
        desk = FakeDesk(names, store, datetime.now(UTC))
        async with telegram.phone() as phone:
            if paired:
                telegram.world.chat(OWNER).known_to_bot = True
            conversation = start_conversation(telegram, store, desk, clock, links)
            await conversation.start()
            try:
                await reached(conversation)
                yield Talk(telegram, store, desk, phone, conversation, links)
            finally:
                await conversation.stop()
                await store.close()


def start_conversation(
    telegram: RunningTelegram, store: Store, desk: FakeDesk, clock: SystemClock, links: list[tuple[str, str]]
) -> Conversation:
    made = Conversation(
        telegram_settings(telegram.address),
        store,
        clock,
        "0.1.0",
        lambda link, code: links.append((link, code)),
    )
    made.attach(desk)
    return made


async def restarted(talk: Talk) -> Conversation:
    """Another process takes over; the first was stopped by the test."""
    again = start_conversation(talk.telegram, talk.store, talk.desk, SystemClock(), talk.links)
    await again.start()
    await reached(again)
    return again


async def reached(conversation: Conversation) -> None:
    """Wait until the bot has introduced itself."""
    async with asyncio.timeout(10):
        while not conversation.application.running:
            await asyncio.sleep(0.01)


async def pinned(talk: Talk, other_than: int = 0) -> SeenMessage:
    """The pinned message, once there is one (a newer one than `other_than`)."""
    async with asyncio.timeout(10):
        while True:
            found = await talk.phone.pinned()
            if found is not None and found.id != other_than:
                return found
            await asyncio.sleep(0.02)
