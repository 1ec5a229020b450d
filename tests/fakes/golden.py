"""Golden files: what a message looks like, letter by letter. POCKETDESK_GOLDEN=write makes them anew."""

from __future__ import annotations

import os
from pathlib import Path

from bot.screens.base import Screen

FOLDER = Path(__file__).parents[1] / "golden"


def shown(screen: Screen) -> str:
    """The text, then the buttons with what they ask for."""
    rows = [
        " | ".join(f"[{one.label}] → {one.verb} {dict(one.args)}" for one in row) for row in screen.buttons
    ]
    return "\n".join([str(screen.text), "---", *rows]) + "\n"


def check(name: str, screen: Screen) -> None:
    """Compare with the file, or write it when told to."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("POCKETDESK_GOLDEN") == "write":
        path.write_text(shown(screen), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == shown(screen), (
        f"{path.name} differs: look, then POCKETDESK_GOLDEN=write"
    )
