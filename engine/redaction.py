"""Takes secrets out of text, in front of every place that text leaves the process by (law 14).

There is one `redaction` in a process. Whoever learns a secret registers it; whoever writes text anywhere has it cleaned
first: log lines, the terminal, the database, messages, pages, what workers and venues said. A secret is hidden

- as it is, and as it looks in addresses, JSON, HTML, Python's own quotes, hexadecimal figures and base64;
- written with escapes of any mix (`%41`, `\\u0041`, `&#65;`);
- in part: eight of its letters in a row, where it has at least sixteen and they are no words (docs/decisions/0026).

What was never registered is hidden where its form or its name tells that it is one: tokens, signatures, headers.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from engine.secret_forms import (
    ESCAPE,
    FIGURES,
    PART,
    cleaned_record,
    cut,
    forms_of,
    is_a_word,
    is_figure,
    letter,
    parts_of,
    quoted_forms_of,
)

HIDDEN = "***"
SHORTEST = 4
"""Letters. What is shorter is no secret, and hiding it would make every text unreadable."""
WHOLE_WORD_BELOW = 8
"""Letters below which a secret is looked for as a word of its own only."""
MOST_SAID = 4_096
"""Letters of somebody's words that are looked at: of a whole page, what is shown is its beginning."""
_NAMES = r"signature|sign|api_?key|api_?secret|secret_?key|secret|passphrase|password|token|listen_?key"
_NAMED_BY = r"(?:pass|pw|secret|key|token)\w{0,20}"
_WORDS = ("sign", "key", "secret", "pass", "token")
_PATTERNS = (
    # httpx tells the whole address of each request, and the token is in it
    (("bot",), re.compile(r"\bbot\d{1,20}(?::|%3[Aa])[A-Za-z0-9_-]+"), "bot" + HIDDEN),
    ((":",), re.compile(r"(?<![\d:.])\d{6,20}:[A-Za-z0-9_-]{20,}"), HIDDEN),
    (_WORDS, re.compile(rf"(?i)\b({_NAMES})=[^&\s\"'<>]+"), rf"\1={HIDDEN}"),
    (
        _WORDS,
        re.compile(rf"(?i)([\"']({_NAMES})[\"']\s*:\s*)([\"'])[^\"']*\3"),
        rf"\1\3{HIDDEN}\3",
    ),
    (
        ("api", "access-"),
        re.compile(
            r"(?i)\b(X-MBX-APIKEY|X-BX-APIKEY|OK-ACCESS-[A-Z]+|X-BAPI-[A-Z-]+|KC-API-[A-Z-]+|API-Key|API-Sign)"
            r"([\"']?\s*[:=,]\s*[\"']?)[^\"',\s)}]+"
        ),
        rf"\1\2{HIDDEN}",
    ),
    (
        ("authorization",),
        re.compile(r"(?i)\b(Authorization)([\"']?\s*[:=,]\s*[\"']?)(?:(?:Bearer|Basic)\s+)?[^\"',\s)}]+"),
        rf"\1\2{HIDDEN}",
    ),
    (("://",), re.compile(r"://([^/\s:@]+):[^/\s@]+@"), rf"://\1:{HIDDEN}@"),
)
"""Each with what must be in a text, in small letters, for it to be looked for: most texts have none of it."""
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{20,}")
_LONG_WORD = re.compile(rf"[A-Za-z0-9+/=_.~-]{{{PART},}}")


class Redaction:
    """Hides registered secrets and whatever looks like one."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._forms: tuple[str, ...] = ()
        self._stored: tuple[str, ...] = ()
        self._beginnings: tuple[str, ...] = ()
        self._short: tuple[re.Pattern[str], ...] = ()
        self._figures: re.Pattern[str] | None = None
        self._parts: frozenset[str] = frozenset()

    def register(self, *secrets: str) -> None:
        """Hide these values from now on. Of an address with a password in it, that password, too."""
        fresh = {one for secret in secrets for one in told_in(secret) if len(one) >= SHORTEST} - self._known
        if not fresh:
            return
        self._known |= fresh
        long = [one for one in self._known if len(one) >= WHOLE_WORD_BELOW]
        short = [one for one in self._known if len(one) < WHOLE_WORD_BELOW and not is_figure(one)]
        self._forms = _longest_first(form for one in long for form in forms_of(one))
        self._stored = _longest_first(
            form for one in long if not is_a_word(one) for form in quoted_forms_of(one) if not is_figure(form)
        )
        self._beginnings = tuple(sorted({*self._forms, *short}))
        self._short = tuple(re.compile(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])") for one in short)
        self._figures = _behind_a_name(one for one in self._known if is_figure(one))
        self._parts = frozenset(part for one in long for part in parts_of(one))

    def clean(self, text: str) -> str:
        """The same text without secrets, and such that it can be written down."""
        text = self._without_whole(text)
        if self._figures:
            text = self._figures.sub(rf"\1{HIDDEN}", text)
        text = self._without_escaped(text)
        if self._parts:
            text = _LONG_WORD.sub(self._without_parts, text)
        small = text.lower()
        for hints, pattern, instead in _PATTERNS:
            if any(hint in small for hint in hints):
                text = pattern.sub(instead, text)
        return writable(text)

    def clean_start(self, text: str, most: int = MOST_SAID) -> str:
        """The beginning of a text that may be a whole page, without secrets and without half of one at its end."""
        if len(text) > most:
            text = text[:most]
            text = text[: most - self.begun(text)]
        return self.clean(text)

    def begun(self, text: str) -> int:
        """How many letters at a text's end may be the beginning of a secret that is not whole there."""
        text = self._without_whole(text)
        longest = max(map(len, self._beginnings), default=0)
        for count in range(min(len(text), longest - 1), 0, -1):
            end = text[-count:]
            at = bisect_left(self._beginnings, end)
            if at < len(self._beginnings) and self._beginnings[at].startswith(end):
                return count
        return 0

    def clean_stored(self, text: str) -> str:
        """For words in the database: only whole secrets of at least eight letters that are no plain words and no
        numbers are taken out."""
        text = writable(text)
        if len(text) < WHOLE_WORD_BELOW:
            return text
        for form in self._stored:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def clean_record(self, text: str) -> str:
        """JSON that is read again: its words are cleaned as for the database, and nothing else in it is touched."""
        text = writable(text)
        if not any(form in text for form in self._stored):
            return text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self.clean_stored(text)
        fresh = cleaned_record(value, self.clean_stored)
        if fresh == value:
            return text
        return json.dumps(fresh, ensure_ascii=text.isascii(), separators=(",", ":"))

    def clean_texts(self, value: object) -> object:
        """The same lists and objects with all texts cleaned; numbers and times as they are, also those in a text."""
        if isinstance(value, str):
            return value if FIGURES.fullmatch(value) else self.clean(value)
        if isinstance(value, dict):
            return {name: self.clean_texts(inner) for name, inner in value.items()}
        return [self.clean_texts(inner) for inner in value] if isinstance(value, list) else value

    def clean_value(self, value: object) -> object:
        """A value for JSON: text cleaned, numbers as they are, everything else as cleaned text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self.clean(str(key)): self.clean_field(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_value(inner) for inner in value]
        return self.clean(str(value))

    def clean_field(self, name: str, value: object) -> object:
        """As `clean_value`, but all of it is hidden when the name says that it is a secret."""
        if re.fullmatch(rf"(?i)(\w+_)?({_NAMES})", name):
            return HIDDEN
        return self.clean_value(value)

    def _without_whole(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        for pattern in self._short:
            text = pattern.sub(HIDDEN, text)
        return text

    def _without_escaped(self, text: str) -> str:
        """What is a secret only once its escapes are read."""
        if not any(mark in text for mark in ("%", "\\", "&#")):
            return text
        plain = ESCAPE.sub(letter, text)
        if plain == text:
            return text
        for form in self._forms:
            if form in plain:
                text = cut(text, form, HIDDEN)
                plain = ESCAPE.sub(letter, text)
        return text

    def _without_parts(self, found: re.Match[str]) -> str:
        """One long word, each stretch of it hidden that is a part of a secret."""
        word = found.group()
        starts = [at for at in range(len(word) - PART + 1) if word[at : at + PART] in self._parts]
        if not starts:
            return word
        kept, end = "", 0
        for at in starts:
            if at > end or not end:
                kept += word[end:at] + HIDDEN
            end = at + PART
        return kept + word[end:]


redaction = Redaction()
"""The process's own."""


def writable(text: str) -> str:
    """Half of a letter that JSON was cut in (a surrogate alone) can be stored, shown and sent nowhere, and a fact with
    it would end its runner; PostgreSQL takes no zero either. Venues and strategies may send both."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def told_in(secret: str) -> Iterator[str]:
    """The value, and what is secret within it: a password in an address, the part of a token behind its number."""
    if "://" in secret:
        found = list(_passwords(secret))
        yield from [secret, *found] if found else []
        return
    yield secret
    if _TOKEN.fullmatch(secret):
        yield secret.partition(":")[2]


def _passwords(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    if parts.password:
        yield parts.password
        yield unquote(parts.password)
    yield from (value for name, value in parse_qsl(parts.query) if "pass" in name.lower())


def _longest_first(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(forms), key=len, reverse=True))


def _behind_a_name(figures: Iterable[str]) -> re.Pattern[str] | None:
    """`passphrase=12345678`: what a number is, only its name tells."""
    either = "|".join(map(re.escape, _longest_first(figures)))
    return re.compile(rf"(?i)({_NAMED_BY}[\"']?\s*[:=]\s*[\"']?)(?:{either})(?!\d)") if either else None
