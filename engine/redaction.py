"""Takes secrets out of text, in front of every place that text leaves the process by (law 14).

There is one `redaction` in a process. Whoever learns a secret registers it; whoever writes text anywhere has it cleaned
first: log lines, the terminal, the database, messages, pages, what workers and venues said. A secret is hidden

- as it is, and as it looks in addresses, JSON, HTML, Python's own quotes, hexadecimal figures and base64;
- written with escapes of any mix (`%41`, `\\u0041`, `&#65;`);
- in part: eight of its letters in a row, where it has at least sixteen and they are no words (docs/decisions/0026).

What was never registered is hidden where its form or its name tells that it is one: tokens, signatures, headers.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

HIDDEN = "***"
SHORTEST = 4
"""Letters. What is shorter is no secret, and hiding it would make every text unreadable."""
WHOLE_WORD_BELOW = 8
"""Letters below which a secret is looked for as a word of its own only."""
PART, PARTS_FROM = 8, 16
"""So many letters in a row are a part, of secrets that have at least so many."""
_NAMES = r"signature|sign|api_?key|api_?secret|secret_?key|secret|passphrase|password|token|listen_?key"
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
_JOINTS = re.compile(r"[^A-Za-z0-9]")
_PLAIN_WORDS = re.compile(r"[a-z]*[A-Z]?[a-z]*|[A-Z]+")
_ESCAPE = re.compile(
    r"%(?:25)*([2-7][0-9A-Fa-f])|\\+u00([2-7][0-9A-Fa-f])|\\+x([2-7][0-9A-Fa-f])"
    r"|&#0*(\d{2,3});|&#[xX]0*([2-7][0-9A-Fa-f]);|\\+([\"'/])"
)
"""A letter of ASCII as addresses, JSON, Python and HTML may write it."""


class Redaction:
    """Hides registered secrets and whatever looks like one."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._forms: tuple[str, ...] = ()
        self._stored: tuple[str, ...] = ()
        self._short: tuple[re.Pattern[str], ...] = ()
        self._parts: frozenset[str] = frozenset()

    def register(self, *secrets: str) -> None:
        """Hide these values from now on. Of an address with a password in it, that password, too."""
        fresh = {one for secret in secrets for one in _told_in(secret) if len(one) >= SHORTEST} - self._known
        if not fresh:
            return
        self._known |= fresh
        long = [one for one in self._known if len(one) >= WHOLE_WORD_BELOW]
        self._forms = _longest_first(form for one in long for form in _forms_of(one))
        self._stored = _longest_first(
            form for one in long if not _is_a_word(one) for form in _quoted_forms_of(one)
        )
        self._short = tuple(
            re.compile(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])")
            for one in self._known
            if len(one) < WHOLE_WORD_BELOW
        )
        self._parts = frozenset(part for one in long for part in _parts(one))

    def clean(self, text: str) -> str:
        """The same text without secrets, and such that it can be written down."""
        text = writable(text)
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        for pattern in self._short:
            text = pattern.sub(HIDDEN, text)
        text = self._without_escaped(text)
        if self._parts:
            text = _LONG_WORD.sub(self._without_parts, text)
        small = text.lower()
        for hints, pattern, instead in _PATTERNS:
            if any(hint in small for hint in hints):
                text = pattern.sub(instead, text)
        return text

    def clean_stored(self, text: str) -> str:
        """For the database, which has to read again what it stored: only whole secrets of at least eight letters that
        are no plain words are taken out, so that no name of an instrument or of a field is ever taken for one."""
        text = writable(text)
        if len(text) < WHOLE_WORD_BELOW:
            return text
        for form in self._stored:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def clean_texts(self, value: object) -> object:
        """The same lists and objects with all texts cleaned; everything else as it is."""
        if isinstance(value, str):
            return self.clean(value)
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

    def _without_escaped(self, text: str) -> str:
        """What is a secret only once its escapes are read."""
        if not any(mark in text for mark in ("%", "\\", "&#")):
            return text
        plain = _ESCAPE.sub(_letter, text)
        if plain == text:
            return text
        for form in self._forms:
            if form in plain:
                text = _cut(text, form)
                plain = _ESCAPE.sub(_letter, text)
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


def _told_in(secret: str) -> Iterator[str]:
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


def _forms_of(secret: str) -> set[str]:
    return {*_quoted_forms_of(secret), *_encoded(secret)}


def _quoted_forms_of(secret: str) -> set[str]:
    """As it is within addresses, JSON, HTML and Python's own quotes."""
    address = {quote(secret, safe=""), quote(secret, safe="/"), quote(secret, safe=":/")}
    lower = {re.sub("%[0-9A-F]{2}", lambda one: one.group().lower(), form) for form in address}
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {secret, *address, *lower, *quoted, secret.replace("/", "\\/"), html.escape(secret)}


@cache
def _encoded(secret: str) -> frozenset[str]:
    """In hexadecimal figures, and in base64 whatever stands before and behind it there."""
    raw = secret.encode()
    found = {raw.hex(), raw.hex().upper()}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw)
        end = len(text) - (0 if (before + len(raw)) % 3 == 0 else 4)
        core = text[0 if not before else 4 : end].decode()
        found |= {core, core.translate(str.maketrans("+/", "-_"))}
    return frozenset(form for form in found if len(form) >= PART)


def _letter(found: re.Match[str]) -> str:
    hexadecimal = found[1] or found[2] or found[3] or found[5]
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    return chr(int(found[4])) if found[4] else found[6]


def _cut(text: str, form: str) -> str:
    """`text` without the stretches that read `form` once their escapes are read."""
    letters: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(text):
        found = _ESCAPE.match(text, at)
        letters.append(_letter(found) if found else text[at])
        places.append(at)
        at = found.end() if found else at + 1
    places.append(at)
    plain, kept, end, start = "".join(letters), "", 0, 0
    while (start := plain.find(form, start)) >= 0:
        kept += text[end : places[start]] + HIDDEN
        start += len(form)
        end = places[start]
    return kept + text[end:]


def _parts(form: str) -> Iterator[str]:
    """Every eight letters in a row, unless they may be a word of somebody's language: those are no evidence."""
    if len(form) < PARTS_FROM or "://" in form or any(one.isspace() for one in form):
        return
    for at in range(len(form) - PART + 1):
        part = form[at : at + PART]
        if not _PLAIN_WORDS.fullmatch(_JOINTS.sub("", part)) and len(set(part)) > 3:
            yield part


def _is_a_word(secret: str) -> bool:
    return len(secret) < PARTS_FROM and re.fullmatch(r"[A-Za-z_/]+", secret) is not None
