"""How a secret looks once addresses, JSON, HTML, Python or a header have written it (law 14)."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus

PART, PARTS_FROM = 8, 16
"""So many letters in a row are a part, of secrets that have at least so many."""
FIGURE_DIGITS = 12
"""Digits from which a number is found by itself: shorter ones are prices, amounts, times and codes as well."""
FIGURES = re.compile(r"[\d.,:TZ+-]+|[+-]?\d+(?:\.\d+)?[Ee][+-]?\d+")
"""What may be a number or a time."""
ESCAPE = re.compile(
    r"%(?:25)*([0-9A-Fa-f]{2})|\\+u([0-9A-Fa-f]{4})|\\+x([0-9A-Fa-f]{2})|&#[xX]0*([0-9A-Fa-f]{2,5});"
    r"|\\+u\{0*([0-9A-Fa-f]{2,5})\}|\\+U000([0-9A-Fa-f]{5})|&#0*(\d{2,6});|&(amp|lt|gt|quot|apos);|\\+([\"'/])|(\\)\\+"
)
"""A letter as addresses, JSON, Python and HTML may write it."""
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_JOINTS = re.compile(r"[^A-Za-z0-9]")
_PLAIN_WORDS = re.compile(r"[a-z]*[A-Z]?[a-z]*|[A-Z]+")


def is_figure(text: str) -> bool:
    """Whether it can't be told from the numbers and times that every text is full of."""
    return FIGURES.fullmatch(text) is not None and sum(one.isdigit() for one in text) < FIGURE_DIGITS


def is_a_word(secret: str) -> bool:
    """Whether it may be a name of ours, such as that of a field."""
    return len(secret) < PARTS_FROM and re.fullmatch(r"[A-Za-z_/]+", secret) is not None


def forms_of(secret: str) -> set[str]:
    """All of them that can be told from other text."""
    return {form for form in {*quoted_forms_of(secret), *_encoded(secret)} if not is_figure(form)}


def quoted_forms_of(secret: str) -> set[str]:
    """As it is within addresses, JSON, HTML and Python's own quotes."""
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {
        *_plain_forms_of(secret),
        *_address_forms_of(secret),
        *quoted,
        repr(_raw(secret))[2:-1],
        secret.replace("/", "\\/"),
        html.escape(secret),
    }


def _plain_forms_of(secret: str) -> set[str]:
    """What is read where all escapes are: letters beyond ASCII byte by byte or as pairs, and a plus for a space."""
    units = secret.encode("utf-16-le", "surrogatepass")
    pairs = "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))
    read = {secret, _raw(secret).decode("latin-1"), pairs, ESCAPE.sub(letter, secret)}
    return read | {one.replace(" ", "+") for one in read}


def _address_forms_of(secret: str) -> set[str]:
    raws = [_raw(secret)]
    if all(ord(one) < 256 for one in secret):
        raws.append(secret.encode("latin-1"))
    found = {quote(raw, safe=safe) for raw in raws for safe in ("", "/", ":/")}
    found |= {quote_plus(raw) for raw in raws}
    return found | {re.sub("%[0-9A-F]{2}", lambda one: one.group().lower(), form) for form in found}


def _raw(secret: str) -> bytes:
    """Also of half a pair, which is how Python reads bytes of the environment that are no text."""
    return secret.encode(errors="surrogatepass")


@cache
def _encoded(secret: str) -> frozenset[str]:
    """In hexadecimal figures, and in base64 whatever stands before and behind it there."""
    raw = _raw(secret)
    found = {raw.hex(), raw.hex().upper()}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw)
        end = len(text) - (0 if (before + len(raw)) % 3 == 0 else 4)
        core = text[0 if not before else 4 : end].decode()
        found |= {core, core.translate(str.maketrans("+/", "-_"))}
    return frozenset(form for form in found if len(form) >= PART)


def parts_of(secret: str) -> Iterator[str]:
    """Every eight letters in a row, unless they may be a word of somebody's language: those are no evidence."""
    if len(secret) < PARTS_FROM or "://" in secret or any(one.isspace() for one in secret):
        return
    for at in range(len(secret) - PART + 1):
        part = secret[at : at + PART]
        plain = _PLAIN_WORDS.fullmatch(_JOINTS.sub("", part)) is not None
        if not plain and not is_figure(part) and len(set(part)) > 3:
            yield part


def letter(found: re.Match[str]) -> str:
    """The one letter that a match of ESCAPE stands for."""
    if hexadecimal := next((found[group] for group in range(1, 7) if found[group]), ""):
        return chr(int(hexadecimal, 16))
    if found[7]:
        return chr(int(found[7]))
    return _NAMED[found[8]] if found[8] else found[9] or found[10]


def cut(text: str, form: str, instead: str) -> str:
    """`text` without the stretches that read `form` once their escapes are read."""
    letters: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(text):
        found = ESCAPE.match(text, at)
        letters.append(letter(found) if found else text[at])
        places.append(at)
        at = found.end() if found else at + 1
    places.append(at)
    plain, kept, end, start = "".join(letters), "", 0, 0
    while (start := plain.find(form, start)) >= 0:
        kept += text[end : places[start]] + instead
        start += len(form)
        end = places[start]
    return kept + text[end:]


def cleaned_record(value: object, clean: Callable[[str], str], name: str = "") -> object:
    """JSON's value with `clean` on what are words: by their name, or by the spaces in them. Keys, names of things,
    numbers and times stay what they are: they are read and compared again, and money hangs on that."""
    if isinstance(value, dict):
        return {key: cleaned_record(inner, clean, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [cleaned_record(inner, clean, name) for inner in value]
    if not isinstance(value, str):
        return value
    return clean(value) if name in WORDS or any(map(str.isspace, value)) else value


WORDS = frozenset(
    {"reason", "exit_reason", "detail", "text", "answer", "refused", "halted", "error", "words", "caption", "name"}
    | {"first_name", "last_name", "username", "title", "description"}
)  # fmt: skip
"""Fields for somebody's own words, in facts, notices and what Telegram sends."""
