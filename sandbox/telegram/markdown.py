"""Telegram's MarkdownV2, read as strictly as the real server does, with its error texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.formatting import Formatted, TextBuilder, byte_offset

_RESERVED = set("_*[]()~`>#+-=|{}.!")
_MARKS = {
    "```": ("pre", "Pre"),
    "__": ("underline", "Underline"),
    "||": ("spoiler", "Spoiler"),
    "*": ("bold", "Bold"),
    "_": ("italic", "Italic"),
    "~": ("strikethrough", "Strikethrough"),
    "`": ("code", "Code"),
    "[": ("text_link", "TextUrl"),
}
_ADDRESS = re.compile(r"\]\(((?:\\.|[^)\\])*)\)")


def parse_markdown(source: str) -> Formatted:
    """Plain text and entities of `source`; raises `ApiError` 400 'can't parse entities: …'."""
    return _Parser(source).parse()


@dataclass
class _Open:
    mark: str
    start: int
    begin: int


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.out = TextBuilder()
        self.stack: list[_Open] = []
        self.quote: int | None = None

    def parse(self) -> Formatted:
        while self.position < len(self.source):
            self._quotes()
            if self.position < len(self.source):
                self._step()
        self._end_quote()
        if self.stack:
            tag = self.stack[-1]
            at = byte_offset(self.source, tag.begin)
            raise _refusal(f"Can't find end of {_MARKS[tag.mark][1]} entity at byte offset {at}")
        return self.out.finish()

    def _step(self) -> None:
        character = self.source[self.position]
        following = self.source[self.position + 1 : self.position + 2]
        if character == "\\" and following and ord(following) < 127:
            self._add(following, 2)
        elif self.stack and self.stack[-1].mark in {"`", "```"}:
            self._inside_code(character)
        elif character not in _RESERVED:
            self._add(character, 1)
        elif not self._closes() and not self._opens():
            raise _refusal(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")

    def _add(self, text: str, consumed: int) -> None:
        self.out.add(text)
        self.position += consumed

    def _inside_code(self, character: str) -> None:
        mark = self.stack[-1].mark
        if self.source.startswith(mark, self.position):
            tag = self.stack.pop()
            self.out.close(_MARKS[mark][0], tag.start)
            self.position += len(mark)
        else:
            self._add(character, 1)

    def _closes(self) -> bool:
        if not self.stack:
            return False
        tag = self.stack[-1]
        if tag.mark == "[":
            return self._closes_link(tag)
        if not self.source.startswith(tag.mark, self.position):
            return False
        if tag.mark == "_" and self.source.startswith("__", self.position):
            return False
        self.stack.pop()
        self.out.close(_MARKS[tag.mark][0], tag.start)
        self.position += len(tag.mark)
        return True

    def _closes_link(self, tag: _Open) -> bool:
        match = _ADDRESS.match(self.source, self.position)
        if match is None:
            return False
        self.stack.pop()
        self.out.close("text_link", tag.start, url=re.sub(r"\\(.)", r"\1", match.group(1)))
        self.position = match.end()
        return True

    def _opens(self) -> bool:
        for mark in _MARKS:
            if self.source.startswith(mark, self.position):
                self.stack.append(_Open(mark, self.out.position, self.position))
                self.position += len(mark)
                return True
        return False

    def _quotes(self) -> None:
        """A line that begins with '>' belongs to a block quotation; the first that does not ends it."""
        at_line_start = self.position == 0 or self.source[self.position - 1] == "\n"
        if not at_line_start or (self.stack and self.stack[-1].mark in {"`", "```"}):
            return
        if self.source.startswith(">", self.position):
            self.quote = self.out.position if self.quote is None else self.quote
            self.position += 1
        else:
            self._end_quote()

    def _end_quote(self) -> None:
        if self.quote is not None:
            self.out.close("blockquote", self.quote)
            self.quote = None


def _refusal(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")
