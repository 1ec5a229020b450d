"""What every screen is made of: text and buttons, rows of a table, the foot with its age."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.screens.figures import clock_time
from bot.text import Html, lines, say, word

WIDTH = 34
"""Monospaced characters that a small phone shows in one line of a bubble."""
PAGE = 7
"""Rows of a list on one page."""


@dataclass(frozen=True, slots=True)
class Button:
    """Asks for `verb` with `args`, which stay on the server; `once`: it confirms something and expires."""

    label: str
    verb: str
    args: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


Row = tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """One message. `photo` is a PNG, its caption the text. `note`: only a word while something is being made."""

    text: Html
    buttons: tuple[Row, ...] = ()
    photo: bytes | None = None
    note: bool = False


def place(connection: str, mode: str) -> dict[str, str]:
    """What a button needs to mean the same account later: the connection, and the mode that it was in."""
    return {"c": connection, "m": mode}


def row(left: str, right: str = "", width: int = WIDTH) -> Html:
    """A line of a table: `left` … `right`, exactly within `width`; the left side gives way."""
    right = right[: width - 2]
    room = width - len(right) - (1 if right else 0)
    if len(left) > room:
        left = left[: max(room - 1, 0)] + "…"
    text = left + " " * (width - len(left) - len(right)) + right
    return Html(f"<code>{html.escape(text.rstrip() if not right else text, quote=False)}</code>")


def cells(widths: Sequence[int], values: Sequence[str]) -> Html:
    """A line of columns: the first to the left, the rest to the right, cut to their widths."""
    parts = []
    for index, (width, value) in enumerate(zip(widths, values, strict=True)):
        shown = value if len(value) <= width else value[: width - 1] + "…"
        parts.append(shown.ljust(width) if index == 0 else shown.rjust(width))
    return Html(f"<code>{html.escape(' '.join(parts).rstrip(), quote=False)}</code>")


def foot(now: datetime) -> Html:
    """When the numbers above were read."""
    return say("foot.as_of", time=clock_time(now))


def in_rows(buttons: Sequence[Button], width: int = 2) -> tuple[Row, ...]:
    """Buttons in rows of `width`."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def refresh(verb: str, args: Mapping[str, str] | None = None) -> Button:
    return Button(word("button.refresh"), verb, args or {})


def back(verb: str = "home", args: Mapping[str, str] | None = None) -> Button:
    return Button(word("button.back"), verb, args or {})


def page_of(items: Sequence[object], page: int, size: int = PAGE) -> tuple[int, int]:
    """The page that exists nearest to `page` (from 0), and how many there are."""
    pages = max((len(items) + size - 1) // size, 1)
    return min(max(page, 0), pages - 1), pages


def pager(verb: str, args: Mapping[str, str], page: int, pages: int) -> tuple[Row, ...]:
    """Buttons to the pages before and after, and which one this is; nothing for a single page."""
    if pages == 1:
        return ()
    before = {**args, "page": str((page - 1) % pages)}
    after = {**args, "page": str((page + 1) % pages)}
    here = word("button.page", page=page + 1, pages=pages)
    return (
        (
            Button(word("button.previous"), verb, before),
            Button(here, verb, {**args, "page": str(page)}),
            Button(word("button.next"), verb, after),
        ),
    )


def titled(title: str, *parts: str | None) -> Html:
    """A title in bold, then the rest."""
    return lines(say("foot.title", title=title), *parts)
