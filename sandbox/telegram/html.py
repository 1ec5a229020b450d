"""Telegram's HTML subset, read as strictly as the real server does, with its error texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.formatting import Formatted, TextBuilder, byte_offset

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]+));?")
_ATTRIBUTE = re.compile(r"\s*([^\s=>\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")


def parse_html(source: str) -> Formatted:
    """Plain text and entities of `source`; raises `ApiError` 400 'can't parse entities: …'."""
    return _Parser(source).parse()


@dataclass
class _Open:
    name: str
    start: int
    attributes: dict[str, str]


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.out = TextBuilder()
        self.stack: list[_Open] = []

    def parse(self) -> Formatted:
        while self.position < len(self.source):
            character = self.source[self.position]
            if character == "&":
                self._character()
            elif self.source.startswith("</", self.position):
                self._end_tag()
            elif character == "<":
                self._start_tag()
            else:
                self._plain()
        if self.stack:
            raise _refusal(f'Can\'t find end tag corresponding to start tag "{self.stack[-1].name}"')
        return self.out.finish()

    def _plain(self) -> None:
        end = self.position
        while end < len(self.source) and self.source[end] not in "<&":
            end += 1
        self.out.add(self.source[self.position : end])
        self.position = end

    def _character(self) -> None:
        match = _CHARACTER.match(self.source, self.position)
        text = _decoded(match) if match else None
        self.out.add(text if text is not None else "&")
        self.position = match.end() if match and text is not None else self.position + 1

    def _start_tag(self) -> None:
        begin = self.position
        end = _end_of_tag(self.source, begin)
        at = byte_offset(self.source, begin)
        if end < 0:
            raise _refusal(f"Unclosed start tag at byte offset {at}")
        inside = self.source[begin + 1 : end]
        name = inside.split(None, 1)[0].lower() if inside and not inside[0].isspace() else ""
        if name not in _KINDS:
            raise _refusal(f'Unsupported start tag "{name}" at byte offset {at}')
        attributes = _attributes(inside[len(name) :])
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _refusal(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        self.stack.append(_Open(name, self.out.position, attributes))
        self.position = end + 1

    def _end_tag(self) -> None:
        at = byte_offset(self.source, self.position)
        end = self.source.find(">", self.position)
        if not self.stack:
            raise _refusal(f"Unexpected end tag at byte offset {at}")
        if end < 0:
            raise _refusal(f"Unclosed end tag at byte offset {at}")
        name = self.source[self.position + 2 : end].strip().lower()
        tag = self.stack.pop()
        if name and name != tag.name:
            raise _refusal(
                f'Unmatched end tag at byte offset {at}, expected "</{tag.name}>", found "</{name}>"'
            )
        self._close(tag)
        self.position = end + 1

    def _close(self, tag: _Open) -> None:
        kind = _KINDS[tag.name]
        if tag.name == "a":
            self._close_link(tag)
        elif tag.name == "code" and self.stack and self.stack[-1].name == "pre":
            self.stack[-1].attributes["language"] = tag.attributes.get("class", "").removeprefix("language-")
        elif tag.name == "pre":
            self.out.close(kind, tag.start, language=tag.attributes.get("language") or None)
        elif tag.name == "tg-emoji":
            self.out.close(kind, tag.start, custom_emoji_id=tag.attributes.get("emoji-id"))
        elif tag.name == "blockquote" and "expandable" in tag.attributes:
            self.out.close("expandable_blockquote", tag.start)
        else:
            self.out.close(kind, tag.start)

    def _close_link(self, tag: _Open) -> None:
        """A link with an address that is none stays plain text, as the real server leaves it."""
        address = tag.attributes.get("href", "")
        if re.match(r"(?:https?://|tg://|mailto:|tel:)?[^\s./]+[.:/?][^\s]*$", address):
            self.out.close("text_link", tag.start, url=address)


def _end_of_tag(source: str, begin: int) -> int:
    """Index of the `>` that ends the tag, quotes respected, or -1."""
    quote = ""
    for index in range(begin + 1, len(source)):
        character = source[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == ">":
            return index
    return -1


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        found[match.group(1).lower()] = _CHARACTER.sub(lambda m: _decoded(m) or m.group(), value)
    return found


def _decoded(match: re.Match[str]) -> str | None:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        return _NAMED.get(name)
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None


def _refusal(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")
