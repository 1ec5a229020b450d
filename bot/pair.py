"""The pairing link on the terminal, and `pocketdesk pair`: a new one for a new phone or a lost one."""

from __future__ import annotations

import httpx

from bot.config_models import Config, Telegram
from engine.clock import Clock
from storage.people import VALID
from storage.store import Store


def pairing_words(link: str, code: str) -> str:
    """What the terminal shows; whoever sends the code within its time becomes the owner."""
    minutes = int(VALID.total_seconds() // 60)
    return f"To become the owner, open {link} within {minutes} minutes, or send the bot: /start {code}"


def announce(link: str, code: str) -> None:
    """Onto the terminal only: a log file would keep it."""
    print(pairing_words(link, code), flush=True)  # noqa: T201


async def new_pairing(config: Config, clock: Clock) -> str:
    """Make a code that replaces the owner, and answer with its words.

    Raises LeaseHeld while the bot runs: it is to be started again before the code expires.
    """
    username = await _username(config.telegram)
    store = await Store.open(config.storage_url, clock)
    try:
        code = await store.people.begin_pairing(clock.now())
    finally:
        await store.close()
    words = pairing_words(f"https://t.me/{username}?start={code}", code)
    return f"{words}\nStart the bot now: it takes the code."


async def _username(telegram: Telegram) -> str:
    """The bot's name for the link; the code alone is enough where Telegram can't be asked."""
    address = f"{telegram.api_base}/bot{telegram.token.get_secret_value()}/getMe"
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            return str((await client.get(address)).json()["result"]["username"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return "your_bot"
