"""What can be told of an update from its bare JSON, before anything heavier is made of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Raw = Mapping[str, Any]
SAFER = ("halt", "pause")
"""Commands and buttons that act before anything else is done with them."""
_BY_OTHERS = (
    "forward_origin",
    "forward_date",
    "via_bot",
    "sender_chat",
    "sender_business_bot",
    "business_connection_id",
    "is_automatic_forward",
)
"""Marks of a message that the person did not write himself here and now."""


def number_of(raw: Any) -> int | None:
    """The update's number, if it has one."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def sender_of(raw: Raw) -> int | None:
    """The id of the person it is from, None if that can't be told."""
    for kind in ("message", "callback_query", "my_chat_member"):
        part = raw.get(kind)
        if isinstance(part, Mapping):
            person = part.get("from")
            number = person.get("id") if isinstance(person, Mapping) else None
            return number if isinstance(number, int) else None
    return None


def safer_text(raw: Raw, owner_id: int) -> tuple[str, str] | None:
    """`halt` or `pause` and the word behind it, if the owner wrote that himself in his private chat: with or without a
    slash, in any case. The rest of what may stand there is the handlers' matter: what is safer acts anyhow."""
    message = raw.get("message")
    if not isinstance(message, Mapping) or not isinstance(message.get("text"), str):
        return None
    chat = message.get("chat")
    if not isinstance(chat, Mapping) or chat.get("type") != "private" or sender_of(raw) != owner_id:
        return None
    if any(message.get(mark) for mark in _BY_OTHERS):
        return None
    words = message["text"].split()
    if not words or len(words) > 2:
        return None
    name = words[0].removeprefix("/").partition("@")[0].casefold().rstrip("!.")
    return (name, words[1] if len(words) == 2 else "") if name in SAFER else None


def safer_button(raw: Raw, owner_id: int) -> tuple[str, str, str] | None:
    """The verb, the whole callback data and the query's id, of a tap of the owner's on what makes things safer."""
    query = raw.get("callback_query")
    if not isinstance(query, Mapping) or sender_of(raw) != owner_id:
        return None
    data, ident = query.get("data"), query.get("id")
    if not isinstance(data, str) or not isinstance(ident, str):
        return None
    parts = data.split(":")
    return (parts[1], data, ident) if len(parts) == 3 and parts[1] in SAFER else None


def named_or_all(word: str, known: Collection[str]) -> list[str]:
    """The connection that a word names, or all of them: safer in doubt."""
    named = [one for one in known if one.casefold() == word.casefold()]
    return named if len(named) == 1 else list(known)
