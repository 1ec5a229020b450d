"""Why something was not done, as a sentence for a person that names the way on.

The engine's words are few, and the same for a log, a journal and a chat; what the owner can do about it is known here.
Each row: which words of the engine, the catalogue's way on, and the button that goes there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.screens.base import Button
from bot.text import Html, catalogue, lines, say, word


@dataclass(frozen=True, slots=True)
class Way:
    """`key`: of the sentence in the catalogue's section `way`; `label`, `verb`: a button; `needs`: its arguments."""

    words: re.Pattern[str]
    key: str
    label: str = ""
    verb: str = ""
    needs: tuple[str, ...] = ("c",)


def _way(words: str, key: str, label: str = "", verb: str = "", needs: tuple[str, ...] = ("c",)) -> Way:
    return Way(re.compile(words), key, label, verb, needs)


_RISK = ("home.risk", "risk")
_POSITIONS = ("home.positions_plain", "positions")
_ORDERS = ("home.orders_plain", "orders")
_HEALTH = ("button.health", "health", ())

WAYS: tuple[Way, ...] = (
    _way(r"^halted: |halt is latched \(", "lift", "button.lift", "resume"),
    _way(r"^no halt is latched", "resume", "button.resume", "resume"),
    _way(r"^the connection is ", "resume", "button.resume", "resume"),
    _way(r"no-entries step", "breaker", *_RISK),
    _way(r"were not held against|could not be held against", "reconcile", "button.reconcile", "reconcile"),
    _way(r"holds less .* than our positions", "shortfall", "button.reconcile", "reconcile"),
    _way(r"could not be protected", "allow", "button.allow", "allow", ("c", "s")),
    _way(r"^the stop of a position in .* is refused", "position", *_POSITIONS),
    _way(r"takes no more stops|largest stop", "fewer", *_POSITIONS),
    _way(
        r"the venue can't be reached|the venue refuses the key|the clock is off|disk is in trouble",
        "health",
        *_HEALTH,
    ),
    _way(r"unknown outcome|has not told yet whether|is under way and its price", "orders", *_ORDERS),
    _way(
        r"no fresh price|are stale|equity is not known yet|had no new price|No price of|no price of",
        "price",
        *_HEALTH,
    ),
    _way(r"the limit is|its limit is|is used up", "limit", *_RISK),
    _way(r"is below the venue's least|could not be placed", "more"),
    _way(r"there is a position in .* already", "position", *_POSITIONS),
    _way(r"the stop would be", "stop_far", *_RISK),
    _way(r"trades spot", "spot", *_POSITIONS),
    _way(
        r"is not known at this venue|is not traded|is paid in|keeps .* from being bought",
        "buy",
        "more.buy",
        "buy",
        (),
    ),
    _way(r"is not a price|would be hit at once", "stop_price", *_POSITIONS),
    _way(r"that position|the position is being left", "position", *_POSITIONS),
    _way(r"that order|only a buy can be adopted", "orders", *_ORDERS),
    _way(r"there is no preset", "presets", "more.presets", "presets"),
    _way(r"is not an amount to buy for", "more"),
    _way(
        r"on its way back to paper|is live already|being switched|paper position was opened",
        "live",
        "more.live",
        "live",
    ),
    _way(
        r"desk is being stopped|was stopped before|started again|is not led|was not started|failed over this command",
        "again_later",
        *_HEALTH,
    ),
    _way(r"nothing is bought at this moment", "resume", "button.resume", "resume"),
    _way(r"could not be written down|could not store|database|disk", "health", *_HEALTH),
)


def way_of(reason: str) -> Way | None:
    """What can be done about it; None for a reason that nobody foresaw, such as a venue's own words."""
    return next((one for one in WAYS if one.words.search(reason)), None)


def sentence(reason: str) -> str:
    """`the connection is paused` -> `The connection is paused.`"""
    text = reason.strip()
    if not text:
        return text
    begun = text if _begins_with_a_name(text) else text[0].upper() + text[1:]
    return begun if begun[-1] in ".!?:…" else f"{begun}."


def _begins_with_a_name(text: str) -> bool:
    """An instrument or a coin is written as it is."""
    first = text.split()[0].rstrip(":,")
    return not first.isalpha()


def told(reason: str) -> Html:
    """The whole of it: why, and the way on."""
    way = way_of(reason)
    if way is None:
        return say("way.reason", reason=sentence(reason))
    return lines(say("way.reason", reason=sentence(reason)), Html(catalogue()[f"way.{way.key}"]))


def ways_on(reason: str, args: Mapping[str, str]) -> tuple[Button, ...]:
    """The button to it, where `args` name what it needs."""
    way = way_of(reason)
    if way is None or not way.verb or any(one not in args for one in way.needs):
        return ()
    return (Button(word(way.label), way.verb, {name: args[name] for name in way.needs}),)
