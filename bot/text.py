"""The message catalogue: every sentence that the owner reads comes from `locale/*.toml` by its key.

Two kinds of text, so that no value can break or forge markup (T16): `say` gives `Html`, its values escaped and
shortened; `word` gives plain text, for buttons and tables, which escape later.
"""

from __future__ import annotations

import html
import tomllib
from functools import cache
from pathlib import Path

LONGEST_VALUE = 240
"""Characters of a single value within a message: a huge name or a stack of words is cut, not sent."""
LONGEST_MESSAGE = 4000
"""Telegram takes 4096 characters; what it counts is less than what we count, since markup is left out there."""
_CUT = "…"


class Html(str):
    """Text that is sound Telegram HTML already: nothing in it is escaped again."""

    __slots__ = ()

    def __add__(self, other: str) -> Html:
        return Html(str.__add__(self, escape(other)))


def escape(value: object) -> Html:
    """Any value as markup-safe text; `Html` passes as it is."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(shorten(_without_controls(str(value))), quote=False))


def shorten(value: str, longest: int = LONGEST_VALUE) -> str:
    """At most `longest` characters, the cut shown."""
    return value if len(value) <= longest else value[: longest - 1].rstrip() + _CUT


def _without_controls(value: str) -> str:
    """Control, direction and surrogate characters could forge lines or not be sent at all."""
    kept = (one if one.isprintable() else " " for one in value if one not in _DIRECTION)
    return "".join(kept)


_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def catalogue(language: str = "en") -> dict[str, str]:
    """All texts by `section.key`, flat. Raises FileNotFoundError for a language that is not there."""
    path = Path(__file__).parent / "locale" / f"{language}.toml"
    sections = tomllib.loads(path.read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, texts in sections.items() for key, text in texts.items()}


def say(key: str, **values: object) -> Html:
    """The text of `key` as markup, each `{name}` filled with its value. Raises KeyError for an unknown key."""
    filled = {name: escape(value) for name, value in values.items()}
    return Html(catalogue()[key].format_map(filled))


def word(key: str, **values: object) -> str:
    """The text of `key` as plain text, for a button or a table."""
    filled = {name: shorten(_without_controls(str(value))) for name, value in values.items()}
    return catalogue()[key].format_map(filled)


def known(section: str, name: str) -> str:
    """The plain words for one of a closed set (a state, a reason); a name that is not in it is shown as it is."""
    return catalogue().get(f"{section}.{name}", name.replace("_", " "))


def lines(*parts: str | None) -> Html:
    """Join lines, None left out; an empty string is an empty line."""
    return Html("\n".join(escape(part) for part in parts if part is not None))


def fit(text: Html, longest: int = LONGEST_MESSAGE) -> Html:
    """Whole lines of `text` up to `longest` characters: every line closes its own tags, so no cut breaks one."""
    if len(text) <= longest:
        return text
    kept: list[str] = []
    left = longest - 2
    for line in text.split("\n"):
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    return Html("\n".join([*kept, _CUT]))


def plain(text: str) -> str:
    """Markup taken out: what is sent when Telegram refuses the markup."""
    out, depth = [], 0
    for one in text:
        if one == "<":
            depth += 1
        elif one == ">" and depth:
            depth -= 1
        elif not depth:
            out.append(one)
    return html.unescape("".join(out))
