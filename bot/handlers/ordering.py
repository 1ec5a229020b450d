"""/orders: what is under way, a cancel for each, and the owner's choice about what is foreign."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot import offers
from bot.handlers import following
from bot.handlers.base import Ask, Services, chosen
from bot.handlers.sending import names, outcome, send
from bot.screens import foreign as foreign_screens
from bot.screens import orders as screens
from bot.screens import talk
from bot.screens.base import Button, Screen
from bot.screens.foreign import Foreign
from bot.screens.orders import Placed
from bot.text import say, word
from engine.core.facts import ForeignChoice
from engine.core.ids import ClientOrderId, ConnectionId
from engine.core.inputs import CancelOrder, ResolveForeign
from engine.core.orders import Purpose
from engine.desk import ConnectionView


async def orders(services: Services, ask: Ask) -> Screen:
    """Of all connections, unless one is named."""
    views = [services.desk.view(one) for one in chosen(services, ask, every=True)]
    placed = [made for view in views for made in _placed(view)]
    found = [made for view in views for made in _foreign(view)]
    scope = {"c": ask.args["c"]} if "c" in ask.args else {}
    return screens.orders(placed, found, ask.page, scope, services.now())


def _placed(view: ConnectionView) -> list[Placed]:
    it = view.settings
    return [Placed(it.connection, it.mode, order) for order in view.state.orders.values()]


def _foreign(view: ConnectionView) -> list[Foreign]:
    """Those that the owner has not decided about, then those that he wants gone."""
    it = view.settings
    undecided = [Foreign(it.connection, it.mode, report) for report in view.state.foreign.values() if report]
    closing = view.state.closing.values()
    return undecided + [
        Foreign(it.connection, it.mode, one.report, one.asked, one.asked_at) for one in closing
    ]


async def stop_order(services: Services, ask: Ask) -> Screen:
    """A protecting stop: why it is not cancelled, and what can be done instead."""
    placed = _named(services, ask)
    return screens.stop_order(placed) if placed else _gone()


def _named(services: Services, ask: Ask) -> Placed | None:
    view = services.view(ask.args["c"])
    order = view.state.orders.get(ClientOrderId(ask.args["o"]))
    return Placed(view.settings.connection, view.settings.mode, order) if order else None


def _gone() -> Screen:
    return talk.sentence(say("hint.order_gone"), Button(word("home.orders_plain"), "orders"))


async def cancel(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """One tap, since it lessens what may be bought; a cancel that was sent is not yet one that took."""
    placed = _named(services, ask)
    if placed is None:
        yield _gone()
    elif placed.order.purpose is Purpose.STOP:
        yield screens.stop_order(placed)
    else:
        async for screen in _cancelled(services, ask, placed):
            yield screen


async def _cancelled(services: Services, ask: Ask, placed: Placed) -> AsyncIterator[Screen]:
    connection, order = ConnectionId(ask.args["c"]), placed.order
    answer = await send(services, connection, CancelOrder(ask.at, ask.id, ask.by, order.client_order_id))
    title = outcome(
        services, connection, answer, lambda one: say("orders.cancel_sent", **names(one), symbol=order.symbol)
    )
    if answer.refused:
        yield talk.done(title, Button(word("home.orders_plain"), "orders"))
        return
    async for screen in following.order(services, connection, order.client_order_id, lambda: title):
        yield screen


# ── what is foreign ───────────────────────────────────────────────────────────────────────


async def foreign(services: Services, ask: Ask) -> Screen:
    found = foreign_named(services, ask)
    return foreign_screens.foreign(found, services.now()) if found else foreign_gone()


def foreign_named(services: Services, ask: Ask) -> Foreign | None:
    """The one that is meant, unless it was decided about already."""
    view = services.view(ask.args["c"])
    report = view.state.foreign.get(ClientOrderId(ask.args["o"]))
    return Foreign(view.settings.connection, view.settings.mode, report) if report else None


def foreign_gone() -> Screen:
    return talk.sentence(say("foreign.gone"), Button(word("home.orders_plain"), "orders"))


async def foreign_adopt(services: Services, ask: Ask) -> Screen:
    return _asked(services, ask, adopt=True)


async def foreign_close(services: Services, ask: Ask) -> Screen:
    return _asked(services, ask, adopt=False)


def _asked(services: Services, ask: Ask, adopt: bool) -> Screen:
    found = foreign_named(services, ask)
    return offers.offer_foreign(services, found, adopt) if found else foreign_gone()


async def foreign_ignore(services: Services, ask: Ask) -> Screen:
    """Nothing is sent to the venue: it is left alone, and not told of again."""
    found = foreign_named(services, ask)
    if found is None:
        return foreign_gone()
    connection = ConnectionId(ask.args["c"])
    command = ResolveForeign(ask.at, ask.id, ask.by, found.report.client_order_id, ForeignChoice.IGNORE)
    answer = await send(services, connection, command)
    symbol = found.report.symbol
    told = outcome(
        services, connection, answer, lambda one: say("foreign.ignored", **names(one), symbol=symbol)
    )
    return talk.done(told, Button(word("home.orders_plain"), "orders"))
