"""The pairing link on the terminal."""

from __future__ import annotations

import sys

from bot.clean_output import unclean
from storage.people import VALID


def pairing_words(link: str, code: str) -> str:
    """What the terminal shows; whoever sends the code within its time becomes the owner."""
    minutes = int(VALID.total_seconds() // 60)
    return f"To become the owner, open {link} within {minutes} minutes, or send the bot: /start {code}"


def announce(link: str, code: str) -> None:
    """Onto the terminal only: a log file would keep it. It is the one secret that is meant to be read there, serves
    once, and is worth nothing after its minutes."""
    print(pairing_words(link, code), file=unclean(sys.stdout), flush=True)
