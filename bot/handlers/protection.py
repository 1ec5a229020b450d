"""An instrument in which a position could not be protected: the owner's answer opens it for entries again."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot import offers
from bot.handlers.base import Ask, Services
from bot.handlers.sending import names, outcome, send
from bot.screens import talk
from bot.screens.base import Button, Screen
from bot.text import say, word
from engine.core.ids import ConnectionId, Symbol
from engine.core.inputs import AllowEntries


async def allow(services: Services, ask: Ask) -> Screen:
    """Riskier, so it is asked once more (law 8)."""
    view = services.view(ask.args["c"])
    symbol = Symbol(ask.args["s"])
    bar = view.state.barred.get(symbol)
    if bar is None:
        return talk.sentence(say("allow.nothing", symbol=symbol), Button(word("button.home"), "home"))
    return offers.offer_allow(services, view, symbol, bar)


async def allowed(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """A confirmed tap."""
    connection, symbol = ConnectionId(ask.args["c"]), Symbol(ask.args["s"])
    answer = await send(services, connection, AllowEntries(ask.at, ask.id, ask.by, symbol))
    told = outcome(services, connection, answer, lambda one: say("allow.done", **names(one), symbol=symbol))
    yield talk.done(told, Button(word("home.positions_plain"), "positions"))
