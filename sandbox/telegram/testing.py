"""For tests: the sandbox in this process, and a phone to hold in one's hand.

    async with running_telegram() as telegram:
        application.base_url(telegram.base_url)
        async with telegram.phone() as phone:
            await phone.send("/start")
            home = await phone.wait_for("Welcome")
            answer = await phone.press(home, "Positions")
            await phone.wait_for("No positions")

`Phone` speaks HTTP, so it works as well against a sandbox in another process: `Phone("http://127.0.0.1:8081")`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.telegram.calls import CallRecord
from sandbox.telegram.faults import Fault, FaultKind
from sandbox.telegram.model import CallbackQuery
from sandbox.telegram.phone import Phone, PhoneError, Wanted
from sandbox.telegram.server import Options, TelegramSandbox
from sandbox.telegram.view import SeenMessage
from sandbox.telegram.world import CHANNEL, GROUP, OWNER, STRANGER

__all__ = [
    "CHANNEL",
    "GROUP",
    "OWNER",
    "STRANGER",
    "CallbackQuery",
    "Fault",
    "Phone",
    "PhoneError",
    "RunningTelegram",
    "SeenMessage",
    "Wanted",
    "running_telegram",
]


class RunningTelegram(TelegramSandbox):
    """The server with handles for tests; `stop` and `start` again play an outage on the same port."""

    def phone(self, user: int = OWNER, chat: int | None = None) -> Phone:
        """The phone of `user`, in his private chat with the bot or in `chat`."""
        return Phone(self.address, user=user, chat=chat)

    def fault(self, kind: FaultKind, **details: Any) -> None:
        """Switch a fault on, e.g. `fault("too_many_requests", seconds=3, methods=["sendMessage"])`."""
        self.bot_api.faults.add(Fault(kind=kind, **details))

    def clear_faults(self) -> None:
        """Back to a good day."""
        self.bot_api.faults.clear()

    def calls(self, method: str = "", since: int = 0) -> list[CallRecord]:
        """The Bot API calls so far, getUpdates left out."""
        return self.bot_api.calls.since(since, method)

    def revoke_token(self) -> None:
        """As BotFather's /revoke: every call is answered with 401."""
        self.world.memory.token_revoked = True

    def advance(self, seconds: float) -> None:
        """Let time pass, to make queries and messages too old."""
        self.world.clock.advance(seconds)


@asynccontextmanager
async def running_telegram(
    *,
    port: int = 0,
    token: str = "1:test",
    bot_name: str = "Pocketdesk",
    state: Path | None = None,
    limits: bool = False,
) -> AsyncIterator[RunningTelegram]:
    """A sandbox on a free port of this machine, for as long as the block runs."""
    options = replace(Options(), port=port, token=token, bot_name=bot_name, state=state, limits=limits)
    telegram = RunningTelegram(options)
    await telegram.start()
    try:
        yield telegram
    finally:
        await telegram.stop()
