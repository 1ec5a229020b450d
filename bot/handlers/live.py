"""/live and /reconcile: between paper and real money, and our books held against the venue's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot import offers
from bot.handlers.base import Ask, Services, chosen
from bot.handlers.following import Patience
from bot.handlers.sending import names
from bot.screens import live as screens
from bot.screens import refusals, talk
from bot.screens.base import Screen
from bot.screens.home import warnings
from bot.screens.summary import Summary
from bot.text import Html, lines, say, word
from engine.core.errors import StorageTrouble
from engine.core.facts import Trouble
from engine.core.ids import ConnectionId
from engine.desk import Answer

CHECK_SECONDS = 60.0
"""The key is tried in a process of its own, and a slow venue takes its time."""
SWITCH_SECONDS = 15.0
RECONCILE_SECONDS = 20.0
_FAILED = (Trouble.RECONCILE_FAILED, "")


async def live(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """Each connection's mode; of one on paper what must be true before it goes live, checked anew each time."""
    connections = chosen(services, ask)
    if not connections:
        yield screens.overview(services.summaries(), services.now())
        return
    one = services.summary(connections[0])
    if one.is_live:
        yield _as_it_is(services, one)
        return
    yield screens.checking(one)
    yield await _listed(services, one)


def _as_it_is(services: Services, one: Summary) -> Screen:
    show = screens.leaving if one.leaving_live else screens.is_live
    return show(one, services.now())


async def _listed(services: Services, one: Summary, refused: str = "") -> Screen:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            items = await services.desk.checklist(one.connection)
    except TimeoutError:
        return screens.no_answer(one, CHECK_SECONDS)
    return screens.checklist(one, items, services.now(), refused)


async def live_go(services: Services, ask: Ask) -> Screen:
    """The word that has to be typed."""
    one = services.summary(ask.args["c"])
    if one.is_live:
        return _as_it_is(services, one)
    return offers.ask_live(services, one)


async def live_typed(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """The word was right (the caller has compared it). Everything is checked once more, then it is switched."""
    connection = ConnectionId(ask.args["c"])
    one = services.summary(connection)
    if one.is_live:
        yield _as_it_is(services, one)
        return
    yield screens.switching(one)
    answer = await _go_live(services, connection)
    if answer.refused:
        yield await _listed(services, services.summary(connection), answer.refused)
        return
    async for screen in _settling(services, connection):
        yield screen


async def _go_live(services: Services, connection: ConnectionId) -> Answer:
    try:
        return await services.desk.go_live(connection)
    except StorageTrouble as trouble:
        return Answer(refused=word("steer.not_stored", reason=str(trouble)))


async def _settling(services: Services, connection: ConnectionId) -> AsyncIterator[Screen]:
    """Live, paused; shown again once the account was read."""
    patience = Patience(SWITCH_SECONDS)
    yield screens.is_live(services.summary(connection), services.now(), switched=True)
    while services.summary(connection).reconciled_at is None:
        if not await patience.next():
            return
    yield screens.is_live(services.summary(connection), services.now(), switched=True)


async def paper(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """One tap: paused at once, on paper as soon as nothing is open. A repeat changes nothing."""
    connection = ConnectionId(ask.args["c"])
    already = not services.summary(connection).is_live
    answer = await _go_paper(services, connection)
    if answer.refused:
        one = services.summary(connection)
        yield talk.done(say("steer.refused", **names(one), reason=refusals.told(answer.refused)))
        return
    async for screen in _going_back(services, connection, already):
        yield screen


async def _go_paper(services: Services, connection: ConnectionId) -> Answer:
    try:
        return await services.desk.go_paper(connection)
    except StorageTrouble as trouble:
        return Answer(refused=word("steer.not_stored", reason=str(trouble)))


async def _going_back(services: Services, connection: ConnectionId, already: bool) -> AsyncIterator[Screen]:
    patience, shown = Patience(SWITCH_SECONDS), None
    while True:
        one = services.summary(connection)
        if not one.is_live:
            yield screens.on_paper(one, already)
            return
        if shown != (len(one.holdings), one.orders):
            shown = (len(one.holdings), one.orders)
            yield screens.leaving(one, services.now())
        if not await patience.next():
            return


# ── reconciliation ────────────────────────────────────────────────────────────────────────


async def reconcile(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """Every connection unless one is named. Says at once that the venue is asked, then what came of it."""
    connections = chosen(services, ask, every=True)
    before = {one: _seen(services, one) for one in connections}
    told = {one: _asking(services, one) for one in connections}
    yield screens.reconciling(told, services.now(), finished=False)
    for one in connections:
        await services.desk.reconcile(one)
    async for screen in _compared(services, before, told):
        yield screen


@dataclass(frozen=True, slots=True)
class _Seen:
    """When the books were last compared, and when that last failed."""

    agreed: datetime | None
    failed: datetime | None


def _seen(services: Services, connection: ConnectionId) -> _Seen:
    state = services.desk.view(connection).state
    trouble = state.troubles.get(_FAILED)
    return _Seen(state.reconciled_at, trouble.last if trouble else None)


async def _compared(
    services: Services, before: Mapping[ConnectionId, _Seen], told: Mapping[ConnectionId, Html]
) -> AsyncIterator[Screen]:
    """A new screen for each connection that is through, until all are or patience ends."""
    patience, shown, waiting = Patience(RECONCILE_SECONDS), dict(told), set(before)
    while waiting and await patience.next():
        done = {one for one in waiting if _seen(services, one) != before[one]}
        waiting -= done
        shown |= {one: await _came_of_it(services, one, before[one]) for one in done}
        if done and waiting:
            yield screens.reconciling(shown, services.now(), finished=False)
    shown |= {one: await _came_of_it(services, one, before[one]) for one in waiting}
    yield screens.reconciling(shown, services.now(), finished=True)


def _asking(services: Services, connection: ConnectionId) -> Html:
    one = services.summary(connection)
    return say("reconcile.asking", **names(one), venue=one.venue)


async def _came_of_it(services: Services, connection: ConnectionId, before: _Seen) -> Html:
    """Agreed, put right, could not ask, or no answer yet: 'I could not ask' is not 'it agrees' (law 2)."""
    one = services.summary(connection)
    if one.reconciled_at not in (None, before.agreed):
        return await _agreement(services, one)
    trouble = services.desk.view(connection).state.troubles.get(_FAILED)
    if trouble is not None:
        return say("reconcile.failed", **names(one), reason=trouble.detail)
    return say("reconcile.no_answer", **names(one), seconds=f"{RECONCILE_SECONDS:g}")


async def _agreement(services: Services, one: Summary) -> Html:
    """Agreed, or how many differences were put right; and what still needs the owner."""
    repairs = await _repairs(services, one)
    if repairs:
        return lines(say("reconcile.repaired", **names(one), count=repairs), *warnings(one))
    if one.foreign or one.shortfalls or one.unknown:
        return lines(say("reconcile.nothing_new", **names(one)), *warnings(one))
    return lines(say("reconcile.agreed", **names(one)), *warnings(one))


async def _repairs(services: Services, one: Summary) -> str:
    """From the notice that was stored together with it; agreement makes none."""
    for row in await services.store.outbox.recent(20):
        mine = row.data.get("connection") == one.connection and row.data.get("mode") == one.mode
        if row.kind == "reconciled" and mine and row.at == one.reconciled_at:
            return str(row.data.get("repairs"))
    return ""
