"""What the engine has to tell, in words: text and the buttons that answer it, by the notice's kind.

A kind or a field that is not known here is told plainly, never lost. Numbers come as decimal text; one that is no
number is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.screens.base import Button, Row, Screen
from bot.screens.fields import Data, Fields
from bot.screens.figures import moment, short_time
from bot.screens.summary import mode_mark, mode_word
from bot.screens.telling import BODIES
from bot.screens.telling_orders import ORDER_BODIES
from bot.text import Html, catalogue, fit, lines, plain, say, shorten, word
from engine.core.alarms import Trouble
from engine.core.model import Side
from engine.core.notices import Weight
from engine.core.orders import OrderStatus


class Told(Protocol):
    """A notice, waiting or told, as the storage room gives it."""

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def weight(self) -> Weight: ...
    @property
    def data(self) -> Data: ...
    @property
    def count(self) -> int: ...
    @property
    def last_at(self) -> datetime | None: ...


def notice(told: Told, flaps: bool = False) -> Screen:
    """The message of one notice. `flaps`: it came so often of late that it only counts on."""
    text = lines(
        _body(told),
        say("notice.flaps") if flaps else None,
        say("notice.count", count=told.count) if _is_repeated(told) else None,
        say("notice.place", place=_place(told.data), time=moment(_time_of(told))),
    )
    return Screen(fit(text), _buttons(told))


def whole_of(told: Told) -> Html:
    """All that it says, with its place, for an answer that says it in the notice's stead."""
    return lines(_body(told), say("notice.place", place=_place(told.data), time=moment(_time_of(told))))


def line_of(told: Told) -> Html:
    """The same in one line, for lists and summaries."""
    first = shorten(" · ".join(plain(_body(told)).split("\n")[: _lines_of(told)]), 120)
    counted = f"{first} ×{told.count}" if _is_repeated(told) else first
    place = _place(told.data)
    return say("notice.line", text=counted, place=place) if place else say("notice.line_alone", text=counted)


def _time_of(told: Told) -> datetime:
    """An order's message is as new as its last step; of a trouble counts when it began, the last time."""
    if told.kind in ORDER_BODIES:
        return told.last_at or told.at
    episode = told.data.get("episode")
    return datetime.fromisoformat(episode) if isinstance(episode, str) else told.at


def _lines_of(told: Told) -> int:
    """How much and at which price is the second line of an order's notice."""
    return 2 if told.kind in ORDER_BODIES else 1


def _is_repeated(told: Told) -> bool:
    """The next step of an order takes the place of the one before; it is no repeat."""
    return told.count > 1 and told.kind not in ORDER_BODIES


def merged(found: Sequence[Told], longest: int = 25) -> Screen:
    """Several that waited, as one message."""
    shown = [
        say("notice.merged_line", time=short_time(_time_of(one)), line=line_of(one))
        for one in found[:longest]
    ]
    hidden = len(found) - len(shown)
    text = lines(
        say("notice.merged", count=len(found)),
        "",
        *shown,
        say("notice.merged_more", count=hidden) if hidden else None,
    )
    return Screen(
        fit(text),
        ((Button(word("home.trades"), "trades"), Button(word("home.positions_plain"), "positions")),),
    )


def _place(data: Data) -> str:
    """`🔴 main · LIVE`; empty for what concerns no connection."""
    connection, mode = str(data.get("connection") or ""), str(data.get("mode") or "")
    told = " · ".join(one for one in (connection, mode_word(mode)) if one)
    return f"{mode_mark(mode)} {told}".strip()


def _body(told: Told) -> Html:
    make = BODIES.get(told.kind)
    if make is not None:
        return make(Fields(told.data))
    return _plainly(told)


def _plainly(told: Told) -> Html:
    """A kind without words of its own: what it is and all that is known of it."""
    details = [say("notice.detail", name=name, value=value) for name, value in list(told.data.items())[:12]]
    return lines(say("notice.unknown", kind=told.kind.replace("_", " ")), *details)


KINDS = tuple(BODIES)

_IN_BETWEEN = (("button.position", "position"), ("home.orders_plain", "orders"))
_HELD = (("button.position", "position"), ("button.chart", "chart"))
_OF_POSITION = ("position", "trade", "close")
_OF_FOREIGN = ("foreign_adopt", "foreign_close", "foreign_ignore")
_ANSWERS: dict[str, tuple[tuple[str, str], ...]] = {
    "breaker": (
        ("button.pause", "pause"),
        ("button.halt", "halt"),
        ("button.flatten", "flatten"),
        ("home.risk", "risk"),
    ),
    "halted": (
        ("button.flatten", "flatten"),
        ("home.positions_plain", "positions"),
        ("button.lift", "resume"),
    ),
    "exit_refused": (("button.position", "position"), ("home.positions_plain", "positions")),
    "stop_refused": (
        ("button.position", "position"),
        ("button.close", "close"),
        ("button.flatten", "flatten"),
    ),
    "entries_barred": (
        ("button.position", "position"),
        ("button.close", "close"),
        ("button.allow", "allow"),
    ),
    "entries_allowed": (("home.positions_plain", "positions"),),
    "position_reduced": (("button.position", "position"), ("home.orders_plain", "orders")),
    "shortfall": (
        ("home.positions_plain", "positions"),
        ("button.reconcile", "reconcile"),
        ("button.halt", "halt"),
    ),
    "foreign_found": (
        ("foreign_choice.foreign_adopt", "foreign_adopt"),
        ("foreign_choice.foreign_close", "foreign_close"),
        ("foreign_choice.foreign_ignore", "foreign_ignore"),
        ("home.orders_plain", "orders"),
    ),
    "foreign_open": (("home.orders_plain", "orders"), ("button.reconcile", "reconcile")),
    "foreign_ended": (("home.orders_plain", "orders"), ("home.positions_plain", "positions")),
    "order_unknown": (("home.orders_plain", "orders"), ("button.halt", "halt")),
    "order_rejected": (("home.orders_plain", "orders"),),
    "exit_wanted": (("button.position", "position"), ("home.orders_plain", "orders")),
    "reconciled": (("home.orders_plain", "orders"), ("home.positions_plain", "positions")),
    "trouble": (("button.pause", "pause"), ("button.health", "health")),
    "key_refused": (
        ("home.positions_plain", "positions"),
        ("home.orders_plain", "orders"),
        ("button.lift", "resume"),
    ),
    "position_closed": (("button.trade", "trade"), ("button.chart", "chart")),
    "preset_gone": (("button.position", "position"), ("button.close", "close")),
    "preset_back": (("button.position", "position"),),
    "kept_live": (("home.positions_plain", "positions"), ("button.flatten", "flatten")),
    "stop_moved": (("button.position", "position"),),
    "started": (("button.home", "home"), ("home.positions_plain", "positions")),
    "forged": (("button.pause", "pause"), ("button.halt", "halt")),
    "halt_lifted": (("button.resume", "resume"),),
}


def _buttons(told: Told) -> tuple[Row, ...]:
    """An alert carries what answers it, for its own connection and position."""
    args = _args(told.data)
    found = [
        Button(catalogue()[key], verb, _needed(verb, args))
        for key, verb in _answers(told)
        if _complete(verb, args) and (verb != "foreign_adopt" or told.data.get("side") == Side.BUY)
    ]
    return tuple(tuple(found[start : start + 2]) for start in range(0, len(found), 2))


def _answers(told: Told) -> tuple[tuple[str, str], ...]:
    """Of an order on its way by how far it is: the position once there is one, the orders while one works. A refused
    key has halted its connection already."""
    if told.kind == "trouble" and told.data.get("trouble") == Trouble.KEY_REFUSED:
        return _ANSWERS["key_refused"]
    if told.kind in _ANSWERS or told.kind not in ORDER_BODIES:
        return _ANSWERS.get(told.kind, ())
    if not Fields(told.data).number("done"):
        return _IN_BETWEEN[1:]
    return _HELD if told.data.get("status") == OrderStatus.FILLED else _IN_BETWEEN


def _complete(verb: str, args: Mapping[str, str]) -> bool:
    """Whether the notice names what this button is about."""
    if verb in _OF_POSITION:
        return {"c", "p"} <= args.keys()
    return verb not in _OF_FOREIGN or {"c", "o"} <= args.keys()


def _args(data: Data) -> dict[str, str]:
    names = (("connection", "c"), ("mode", "m"), ("position", "p"), ("symbol", "s"), ("order", "o"))
    return {short: str(data[name]) for name, short in names if data.get(name)}


def _needed(verb: str, args: Mapping[str, str]) -> dict[str, str]:
    wanted = {
        **dict.fromkeys(_OF_POSITION, ("c", "m", "p")),
        **dict.fromkeys(_OF_FOREIGN, ("c", "m", "o")),
        "chart": ("c", "s"),
        "allow": ("c", "m", "s"),
        "home": (),
        "health": (),
    }
    return {name: args[name] for name in wanted.get(verb, ("c",)) if name in args}
