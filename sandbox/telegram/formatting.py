"""Formatted text: what parsers produce, how it is trimmed, and what Telegram recognises by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.telegram.errors import bad_request
from sandbox.telegram.model import Entity, Json


def utf16_length(text: str) -> int:
    """How many UTF-16 code units `text` has; the Bot API counts offsets in them."""
    return len(text.encode("utf-16-le")) // 2


def byte_offset(text: str, position: int) -> int:
    """Where `position` lies in the UTF-8 form of `text`; parse errors name it."""
    return len(text[:position].encode())


@dataclass
class Formatted:
    """Plain text and its entities."""

    text: str
    entities: list[Entity] = field(default_factory=list)


@dataclass
class TextBuilder:
    """Collects plain text and entities while a parser walks over markup."""

    parts: list[str] = field(default_factory=list)
    position: int = 0
    entities: list[Entity] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Append plain text."""
        self.parts.append(text)
        self.position += utf16_length(text)

    def close(self, kind: str, start: int, **details: str | None) -> None:
        """An entity of `kind` from `start` to here; empty ones are dropped, as Telegram does."""
        if self.position > start:
            entity = Entity(type=kind, offset=start, length=self.position - start, **details)
            self.entities.insert(
                0, entity
            )  # what closes later lies around it, and comes first at equal extent

    def finish(self) -> Formatted:
        """The result, entities in the order in which Telegram lists them."""
        ordered = sorted(self.entities, key=lambda entity: (entity.offset, -entity.length))
        return trimmed(Formatted("".join(self.parts), ordered))


def trimmed(formatted: Formatted) -> Formatted:
    """Without white space at both ends; entities move and shrink along."""
    text = formatted.text
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    kept = text.strip()
    length = utf16_length(kept)
    entities: list[Entity] = []
    for entity in formatted.entities:
        start = max(entity.offset - lead, 0)
        end = min(entity.offset + entity.length - lead, length)
        if end > start:
            entities.append(entity.model_copy(update={"offset": start, "length": end - start}))
    return Formatted(kept, entities)


_FOUND = (
    ("url", re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]]")),
    ("email", re.compile(r"(?<![\w@.])[\w.+-]+@[\w-]+\.[\w.-]*\w")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z]\w{3,31}\b")),
    ("bot_command", re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{3,31})?(?![\w/])")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,255}")),
    ("cashtag", re.compile(r"(?<![\w$])\$[A-Z]{1,8}\b")),
)


def with_found_entities(formatted: Formatted) -> Formatted:
    """Adds commands, addresses, mentions and tags that Telegram recognises by itself outside other code or links."""
    closed = [e for e in formatted.entities if e.type in {"code", "pre", "text_link", "text_mention"}]
    taken = [(entity.offset, entity.offset + entity.length) for entity in closed]
    found: list[Entity] = []
    for kind, pattern in _FOUND:
        for match in pattern.finditer(formatted.text):
            start = utf16_length(formatted.text[: match.start()])
            end = start + utf16_length(match.group())
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
                found.append(Entity(type=kind, offset=start, length=end - start))
    ordered = sorted([*formatted.entities, *found], key=lambda entity: (entity.offset, -entity.length))
    return Formatted(formatted.text, ordered)


def entities_from_json(items: list[Json]) -> list[Entity]:
    """Entities that a bot gave by itself instead of a parse mode.

    Raises `ApiError` where type, offset or length are missing.
    """
    result: list[Entity] = []
    for item in items:
        try:
            user = item.get("user") or {}
            result.append(
                Entity(
                    type=str(item["type"]),
                    offset=int(item["offset"]),
                    length=int(item["length"]),
                    url=item.get("url"),
                    language=item.get("language"),
                    user_id=user.get("id"),
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise bad_request("can't parse entities: can't parse MessageEntity") from error
    return result
