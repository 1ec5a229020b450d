"""Confirmed taps that lead to an order of the owner's own, or decide about one that is foreign."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from bot.handlers import following
from bot.handlers.base import Ask, Services
from bot.handlers.ordering import foreign_gone, foreign_named
from bot.handlers.preview import preview
from bot.handlers.sending import names, outcome, send
from bot.offers import DRIFT, offer_buy, offer_foreign
from bot.screens import talk
from bot.screens.base import Button, Screen
from bot.screens.foreign import Foreign
from bot.screens.trading import Preview
from bot.text import Html, say, word
from engine.core.facts import ForeignChoice, OrderIntended
from engine.core.ids import ClientOrderId, ConnectionId, Symbol
from engine.core.inputs import ManualEntry, ResolveForeign
from engine.core.model import Side
from engine.core.money import Quote
from engine.desk import Answer


async def buy(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """Limits and price are checked again; what has changed since the question is shown and asked for anew."""
    connection, symbol = ConnectionId(ask.args["c"]), Symbol(ask.args["s"])
    value, view = Quote(Decimal(ask.args["amount"])), services.desk.view(connection)
    if ask.id not in view.state.done_commands:
        now = preview(view, symbol, value, services.now())
        if not isinstance(now, Preview) or _changed(now, ask):
            yield offer_buy(services, view, symbol, value, moved=True)
            return
    answer = await send(services, connection, ManualEntry(ask.at, ask.id, ask.by, symbol, Side.BUY, value))
    title = outcome(
        services, connection, answer, lambda one: say("trading.buying", **names(one), symbol=symbol)
    )
    async for screen in _order_of(services, connection, answer, title):
        yield screen


def _changed(now: Preview, ask: Ask) -> bool:
    """Whether size or price are no longer what the owner saw when he agreed."""
    return _apart(now.price, ask.args["seen"]) or _apart(now.quantity, ask.args["quantity"])


def _apart(now: Decimal, before: str) -> bool:
    return abs(now / Decimal(before) - 1) > DRIFT


async def _order_of(
    services: Services, connection: ConnectionId, answer: Answer, title: Html
) -> AsyncIterator[Screen]:
    """The order that a command led to, followed; a repeat leads to none."""
    sent = next((one.order for one in answer.facts if isinstance(one, OrderIntended)), None)
    if answer.refused or sent is None:
        yield talk.done(title, Button(word("home.orders_plain"), "orders"))
        return
    async for screen in following.order(services, connection, sent.client_order_id, lambda: title):
        yield screen


async def foreign_adopt(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    async for screen in _resolve(services, ask, ForeignChoice.ADOPT):
        yield screen


async def foreign_close(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    async for screen in _resolve(services, ask, ForeignChoice.CLOSE):
        yield screen


async def _resolve(services: Services, ask: Ask, choice: ForeignChoice) -> AsyncIterator[Screen]:
    found, repeated = foreign_named(services, ask), ask.id in services.view(ask.args["c"]).state.done_commands
    if found is None and not repeated:
        yield foreign_gone()
    elif found is not None and not repeated and str(found.report.filled) != ask.args["filled"]:
        yield offer_foreign(services, found, choice is ForeignChoice.ADOPT, moved=True)
    else:
        async for screen in _resolved(services, ask, choice, found):
            yield screen


async def _resolved(
    services: Services, ask: Ask, choice: ForeignChoice, found: Foreign | None
) -> AsyncIterator[Screen]:
    connection, order_id = ConnectionId(ask.args["c"]), ClientOrderId(ask.args["o"])
    answer = await send(services, connection, ResolveForeign(ask.at, ask.id, ask.by, order_id, choice))
    title = outcome(services, connection, answer, lambda one: _told(names(one), choice, found))
    if answer.refused or services.desk.view(connection).state.order(order_id) is None:
        yield talk.done(title, *_ways_on(str(connection)))
        return
    async for screen in following.order(services, connection, order_id, lambda: title):
        yield screen


def _told(head: dict[str, str], choice: ForeignChoice, found: Foreign | None) -> Html:
    """A sell is in no book of ours: whether its cancel took shows when the books are compared again."""
    symbol = found.report.symbol if found else ""
    if choice is ForeignChoice.ADOPT:
        return say("foreign.adopted", **head, symbol=symbol)
    if found is not None and found.report.side is Side.BUY:
        return say("foreign.closing", **head, symbol=symbol)
    return say("foreign.closing_sell", **head, symbol=symbol)


def _ways_on(connection: str) -> tuple[Button, ...]:
    return (
        Button(word("button.reconcile"), "reconcile", {"c": connection}),
        Button(word("home.orders_plain"), "orders"),
    )
