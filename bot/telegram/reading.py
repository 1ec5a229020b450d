"""What can be told of an update from its bare JSON, before anything heavier is made of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

Raw = Mapping[str, Any]
SAFER = ("halt", "pause")
"""Commands and buttons that act before anything else is done with them."""
MOST_WORDS = 4
"""Behind a command's name that is written without a slash; a longer text is not meant as one."""
_HIGHEST = 2**62
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_BY_OTHERS = (
    "forward_origin",
    "forward_date",
    "via_bot",
    "sender_chat",
    "sender_business_bot",
    "business_connection_id",
    "is_automatic_forward",
    "is_from_offline",
)
"""Marks of a message that the person did not write himself here and now."""


def number_of(raw: Any) -> int | None:
    """The update's number, if it has one that a database can keep."""
    number = _number(raw.get("update_id")) if isinstance(raw, dict) else None
    return number if number is not None and 0 < number < _HIGHEST else None


def sender_of(raw: Raw) -> int | None:
    """The id of the person it is from, None if that can't be told."""
    for kind in ("message", "callback_query", "my_chat_member"):
        part = raw.get(kind)
        if isinstance(part, Mapping):
            person = part.get("from")
            return _number(person.get("id")) if isinstance(person, Mapping) else None
    return None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def safer_text(raw: Raw, owner_id: int) -> tuple[str, Sequence[str]] | None:
    """`halt` or `pause` and the words behind it, if the owner wrote that himself in his private chat: with or without
    a slash, in any case."""
    message = raw.get("message")
    if not isinstance(message, Mapping) or not isinstance(message.get("text"), str):
        return None
    chat = message.get("chat")
    if not isinstance(chat, Mapping) or chat.get("type") != "private" or sender_of(raw) != owner_id:
        return None
    if any(message.get(mark) for mark in _BY_OTHERS):
        return None
    found = command_in(message["text"])
    return found if found is not None and found[0] in SAFER else None


def command_in(text: str) -> tuple[str, Sequence[str]] | None:
    """The word that a text begins with, as a command's name would be spelled, and the words behind it; None for a text
    that is too long to be meant as one. What hands and keyboards put around a word is no part of it (T24). The
    others stay as they are: numbers may be among them."""
    words = text.split()
    if not words or (not words[0].startswith("/") and len(words) > 1 + MOST_WORDS):
        return None
    name = unicodedata.normalize("NFKC", words[0]).partition("@")[0].casefold()
    return _AROUND.sub("", name), words[1:]


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


def the_one_named(words: Collection[str], known: Collection[str]) -> str | None:
    """The connection that is named, and nothing else; None for all of them, which is safer wherever there is doubt:
    'halt all but main' names one, too."""
    wanted = [_AROUND.sub("", one.casefold()) for one in words]
    named = [one for one in known if [one.casefold()] == wanted]
    return named[0] if len(named) == 1 else None
