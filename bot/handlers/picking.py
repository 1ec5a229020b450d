"""Which position is meant: by its id, its instrument, its connection; where several fit, the owner chooses."""

from __future__ import annotations

from bot.handlers.base import Ask, Services, chosen
from bot.handlers.reading import everything_held
from bot.screens import positions, talk
from bot.screens.base import Button, Screen
from bot.screens.summary import Holding
from bot.text import say, word


def candidates(services: Services, ask: Ask) -> list[Holding]:
    """Every open position that fits what was said. Positions of several books have the same ids: one that was named
    by its id alone may be any of them."""
    names = chosen(services, ask, every=True)
    return [
        one
        for one in everything_held(services)
        if one.connection in names
        and ask.args.get("p", one.position.id) == one.position.id
        and ask.args.get("s", one.position.symbol) == one.position.symbol
    ]


def none_fits(ask: Ask) -> Screen:
    """What was asked for is not held; what is held is a tap away."""
    if "s" in ask.args:
        text = say("trading.nothing_held", symbol=ask.args["s"])
    else:
        text = say("hint.position_gone") if "p" in ask.args else say("positions.none")
    return talk.sentence(text, Button(word("home.positions_plain"), "positions"))


def pick(found: list[Holding], verb: str, ask: Ask) -> Screen:
    """They are told apart by all that can differ: preset, size, entry, result, connection."""
    kept = {name: ask.args[name] for name in ("share",) if name in ask.args}
    question = word("trading.sell_which" if verb == "sell" else "choose.position")
    return positions.pick(found, question, verb, kept, ask.page)
