"""Numbers that the owner writes: prices, amounts, shares. Never read as another one than was meant.

Half of the world writes a comma where the other half writes a point. What can be read in one way only is read; where
two readings are possible none is chosen, and the answer says how to write it.

    60000.5  .5  1,000  12,345.67  1 000  1'000.5    read, as they stand
    0,5  12,50  1,2345                               a comma that no thousands can be meant by: the decimal one
    0,250  00,250  1.000,50  1,00,000                refused, and asked back
    60.000  1.000                                    sixty, or sixty thousand: asked back, unless the price tells
"""

from __future__ import annotations

import re
from decimal import Decimal

LONGEST = 24
"""Characters of a number that a person writes."""
_PLAIN = re.compile(r"\d+(\.\d+)?|\.\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?P<mark>[, '])\d{3}(?:(?P=mark)\d{3})*(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"\d+,(\d{1,2}|\d{4,})")
_ONE_GROUP = re.compile(r"([1-9]\d{0,2})([.,])(\d{3})")
"""A point there is what half of the world writes between thousands: as many as a comma is taken for them."""
_NEAR = 10
"""A price is meant where it is within this factor of the last one: the two readings are a thousand apart."""
_EITHER = re.compile(r"[\d.,' ]*\d[\d.,' ]*")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})
"""Spaces and apostrophes that phones put between thousands."""
_GROUP = re.compile(r"\d{3}(\.\d+)?")


def amount_of(text: str, coin: str = "", near: Decimal | None = None) -> Decimal | None:
    """A price or an amount that the owner wrote: `60000.5`, `1,000`, `0,5`, `250 USDT`. None for anything else, zero
    and what has two readings among it. `near`: the last price, where it is a price; it tells two readings apart."""
    plain = _without_coin(text, coin)
    if len(plain) > LONGEST or not plain.isascii():
        return None
    group = _ONE_GROUP.fullmatch(plain)
    if group and (near is not None or group[2] == "."):
        value = _nearest(group, near)
    elif _PLAIN.fullmatch(plain):
        value = Decimal(plain)
    elif _THOUSANDS.fullmatch(plain):
        value = Decimal(re.sub(r"[, ']", "", plain))
    elif _DECIMAL_COMMA.fullmatch(plain):
        value = Decimal(plain.replace(",", "."))
    else:
        return None
    return value if value is not None and value > 0 else None


def _nearest(group: re.Match[str], near: Decimal | None) -> Decimal | None:
    """The only reading that is near the price; else a comma for thousands, as everywhere, and no reading of a point."""
    thousands, decimals = Decimal(group[1] + group[3]), Decimal(f"{group[1]}.{group[3]}")
    fitting = [one for one in (thousands, decimals) if near and near <= one * _NEAR and one <= near * _NEAR]
    if fitting:
        return fitting[0]
    return thousands if group[2] == "," else None


def readings(text: str, coin: str = "") -> tuple[str, str] | None:
    """The two that `60.000` has, as each is written so that it has no other: `60000` and `60.0`. None for the rest."""
    group = _ONE_GROUP.fullmatch(_without_coin(text, coin))
    if group is None or group[2] == ",":
        return None
    decimals = group[3].rstrip("0") or "0"
    return group[1] + group[3], f"{group[1]}.{decimals}{'0' if len(decimals) == len(group[3]) else ''}"


def _without_coin(text: str, coin: str) -> str:
    plain = text.translate(_SPACES).strip().upper()
    return plain.removesuffix(coin.upper()).strip() if coin else plain


def share_of(text: str) -> Decimal | None:
    """`50%`, `50 %`, `12,5 %`, `half` or `all`, as a share of one; None for anything else, more than all among it."""
    plain = text.strip().lower()
    if plain in _NAMED:
        return _NAMED[plain]
    value = amount_of(plain.removesuffix("%")) if plain.endswith("%") else None
    return value / 100 if value is not None and value <= 100 else None


_NAMED = {"all": Decimal(1), "everything": Decimal(1), "half": Decimal("0.5")}


def is_ambiguous(text: str, coin: str = "", near: Decimal | None = None) -> bool:
    """Whether it is a number, but not of one reading: how to write it is what helps."""
    plain = _without_coin(text, coin)
    marked = any(mark in plain for mark in ",.' ")
    return amount_of(text, coin, near) is None and marked and _EITHER.fullmatch(plain) is not None


def joined(words: list[str]) -> list[str]:
    """Words of which two belong together made one: `50 %`, `1 000`, `250 USDT` stays two."""
    found: list[str] = []
    for word in words:
        before = found[-1] if found else ""
        if before and (word == "%" or _goes_on(before, word)) and before[-1].isdigit():
            found[-1] = f"{before}{word}" if word == "%" else f"{before} {word}"
        else:
            found.append(word)
    return found


def _goes_on(before: str, word: str) -> bool:
    """Whether the next three digits of a number stand there, as in `1 000`."""
    return _GROUP.fullmatch(word) is not None and _THOUSANDS.fullmatch(f"{before} {word}") is not None
