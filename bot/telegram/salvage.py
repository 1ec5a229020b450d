"""The answer to getUpdates when it can't be read as a whole: one update that can't takes no other along (T18)."""

from __future__ import annotations

import json
import re
from typing import Any

from telegram.error import TelegramError

from bot.telegram.transport import AiohttpRequest

UNREADABLE = "unreadable"
"""The key that marks what stands for an update that can't be read."""
_HEAD = re.compile(r'\s*\{\s*"ok"\s*:\s*true\b')
_BEGIN = re.compile(r'\{\s*"update_id"\s*:\s*(\d{1,18})\b')
"""Never inside of a text: quotes are escaped there."""


class PollingRequest(AiohttpRequest):
    """The transport of the polls: its answers are read one update at a time where that is needed."""

    __slots__ = ()

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Raises TelegramError for what is no answer of a Bot API server at all. The library would put all of what it
        can't read into the log, whatever the owner wrote in it."""
        text = payload.decode("utf-8", "replace")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            found = salvaged(text) if _HEAD.match(text) else []
            if not found:
                raise TelegramError("Invalid server response") from error
            return {"ok": True, "result": found}


def salvaged(text: str) -> list[dict[str, Any]]:
    """Each update by itself; in the place of one that can't be read its number, with a mark."""
    return [_one(text, found) for found in _BEGIN.finditer(text)]


def _one(text: str, begin: re.Match[str]) -> dict[str, Any]:
    try:
        update, _ = json.JSONDecoder().raw_decode(text, begin.start())
    except (ValueError, RecursionError):
        update = None
    return update if isinstance(update, dict) else {"update_id": int(begin[1]), UNREADABLE: True}
