"""Twelve made-up secrets, and where any form of them is found again."""

from __future__ import annotations

import base64
import html
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

PART = 10
"""So many letters in a row of a secret are looked for, too."""
NAMES = (
    "bot token",
    "Binance key",
    "Binance secret",
    "OKX key",
    "OKX secret",
    "OKX passphrase",
    "Bybit key",
    "Bybit secret",
    "proxy password",
    "database password",
    "misplaced key",
    "pairing code",
)


def plant() -> dict[str, str]:
    """Made anew each time, so that none lies in a repository; the code is the bot's own."""
    made = {name: f"Zq7{secrets.token_hex(12)}X{secrets.token_urlsafe(9)}" for name in NAMES[:-1]}
    # As Kraken's and Bybit's are: letters that addresses and JSON write otherwise.
    made["Binance secret"] += '/+%"=='
    made["OKX passphrase"] = f"Pa+ss/{secrets.token_hex(5)}&w"
    return made


def forms(secret: str) -> set[str]:
    """Every way in which a test would recognise it."""
    found = {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
    }
    found |= {secret.encode().hex(), "".join(f"%{one:02X}" for one in secret.encode())}
    for before in range(3):
        text = base64.b64encode(b"x" * before + secret.encode()).decode()
        found.add(text[4 if before else 0 : -4])
    if len(secret) >= 16:
        found |= {secret[:PART], secret[-PART - 6 : -6], secret[8 : 8 + PART]}
    return found


@dataclass
class Places:
    """All that left the process, by the name of the place."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, text: str | bytes) -> None:
        self.texts.setdefault(place, []).append(
            text if isinstance(text, str) else text.decode("utf-8", errors="replace")
        )

    def add_files(self, place: str, folder: Path, pattern: str = "*") -> None:
        for file in sorted(folder.glob(pattern)):
            if file.is_file():
                self.add(place, file.read_bytes())

    def rows(self, planted: Mapping[str, str]) -> list[tuple[str, str, int]]:
        """(secret, place, how often it was found) for each pair of them."""
        return [
            (name, place, sum(text.count(form) for text in texts for form in forms(secret)))
            for name, secret in planted.items()
            for place, texts in self.texts.items()
        ]
