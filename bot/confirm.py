"""What changes money is confirmed once, by a one-time button bound to exactly that intent, and checked at the tap.

The button's token is the command's id, so that a second tap of it, or its redelivery after a crash, is the same
command to the trader, who carries it out once and answers the same (law 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal

from bot import confirm_orders
from bot.handlers import following, protection
from bot.handlers.base import EVERY, Ask, Services
from bot.handlers.sending import names, outcome, send
from bot.offers import DRIFT, fingerprint, modes_of, offer_close, offer_flatten, offer_stop
from bot.screens import talk
from bot.screens.base import Button, Screen
from bot.screens.figures import price
from bot.screens.summary import Holding, Summary, holding_of, summarise
from bot.text import Html, lines, say, word
from engine.core.ids import ConnectionId, PositionId, PresetId
from engine.core.inputs import ClosePosition, Flatten, LiftHalt, MoveStop, Resume, SwitchPreset
from engine.core.money import Price

# ── the taps ──────────────────────────────────────────────────────────────────────────────


async def carry_out(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """A confirmed tap: look again whether it is still what was agreed to, then send, then tell what came of it."""
    actions: dict[str, Callable[[Services, Ask], AsyncIterator[Screen]]] = {
        "resume": _resume,
        "close": _close,
        "flatten": _flatten,
        "stop_to": _stop_to,
        "preset_start": _preset_start,
        "buy": confirm_orders.buy,
        "foreign_adopt": confirm_orders.foreign_adopt,
        "foreign_close": confirm_orders.foreign_close,
        "allow": protection.allowed,
    }
    async for screen in actions[ask.args["do"]](services, ask):
        yield screen


def _connections(services: Services, ask: Ask) -> list[ConnectionId]:
    known = services.desk.connections()
    named = ask.args.get("names")
    wanted = named.split(",") if named else list(known) if ask.args["c"] == EVERY else [ask.args["c"]]
    return [one for one in known if one in wanted]


async def _resume(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    told: list[Html] = []
    connections = _connections(services, ask)
    if modes_of(services, connections) != ask.args.get("modes"):
        yield talk.sentence(say("hint.modes_changed"), Button(word("button.resume"), "resume"))
        return
    for connection in connections:
        answer = await send(services, connection, Resume(ask.at, ask.id, ask.by))
        told.append(outcome(services, connection, answer, lambda one: say("steer.resumed", **names(one))))
    yield talk.done(lines(*told), Button(word("button.pause"), "pause"))


def _drifted(held: Holding, ask: Ask) -> bool:
    """Whether size or price are no longer what the owner saw when he agreed."""
    if str(held.position.quantity) != ask.args.get("quantity"):
        return True
    seen = Decimal(ask.args.get("seen") or 0)
    return held.last is not None and seen > 0 and abs(held.last / seen - 1) > DRIFT


def _already_sent(services: Services, ask: Ask, connection: str) -> bool:
    """A tap that comes again after it was carried out is answered, not asked anew."""
    return ask.id in services.view(connection).state.done_commands


async def _close(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connection = ConnectionId(ask.args["c"])
    held = holding_of(services.desk.view(connection), ask.args["p"])
    repeated = _already_sent(services, ask, connection)
    if held is None and not repeated:
        yield talk.sentence(say("hint.position_gone"), Button(word("home.positions_plain"), "positions"))
    elif held is not None and not repeated and _drifted(held, ask):
        yield offer_close(services, held, moved=True)
    else:
        book = services.desk.view(connection).book
        with services.said.following([(book, ask.args["p"])]):
            answer = await send(
                services, connection, ClosePosition(ask.at, ask.id, ask.by, PositionId(ask.args["p"]))
            )
            title = outcome(services, connection, answer, lambda one: say("steer.closing", **names(one)))
            leaving = [] if answer.refused or held is None else [held]
            async for screen in following.leaving(services, title, leaving):
                yield screen


async def _flatten(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connections = _connections(services, ask)
    found = [summarise(services.desk.view(one)) for one in connections]
    repeated = any(_already_sent(services, ask, one) for one in connections)
    if not repeated and fingerprint(found) != ask.args.get("held", ""):
        yield offer_flatten(services, found, moved=True)
        return
    held = [(services.view(one.connection).book, it.position.id) for one in found for it in one.holdings]
    with services.said.following(held):
        async for screen in _flattened(services, ask, connections, found):
            yield screen


async def _flattened(
    services: Services, ask: Ask, connections: Sequence[ConnectionId], found: Sequence[Summary]
) -> AsyncIterator[Screen]:
    answers = await asyncio.gather(
        *(send(services, one, Flatten(ask.at, ask.id, ask.by)) for one in connections)
    )
    pairs = list(zip(connections, answers, strict=True))
    title = lines(
        *(outcome(services, one, got, lambda it: say("steer.flattening", **names(it))) for one, got in pairs)
    )
    carried = {one for one, got in pairs if not got.refused}
    leaving = [held for one in found if one.connection in carried for held in one.holdings]
    async for screen in following.leaving(services, title, leaving):
        yield screen


async def move_stop(services: Services, ask: Ask, held: Holding, stop: Decimal) -> Screen:
    """Send it, and tell what came of it."""
    command = MoveStop(ask.at, ask.id, ask.by, held.position.id, Price(stop))
    answer = await send(services, held.connection, command)
    shown = price(stop, held.instrument)
    told = outcome(
        services,
        held.connection,
        answer,
        lambda one: say("steer.stop_moved", **names(one), symbol=held.position.symbol, price=shown),
    )
    args = {"c": str(held.connection), "p": str(held.position.id)}
    return talk.done(told, Button(word("button.position"), "position", args))


async def _stop_to(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connection = ask.args["c"]
    held = holding_of(services.view(connection), ask.args["p"])
    if held is None:
        yield talk.sentence(say("hint.position_gone"))
    elif not _already_sent(services, ask, connection) and _drifted(held, ask):
        yield offer_stop(services, held, Decimal(ask.args["price"]))
    else:
        yield await move_stop(services, ask, held, Decimal(ask.args["price"]))


async def _preset_start(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connection, preset = ConnectionId(ask.args["c"]), PresetId(ask.args["preset"])
    answer = await send(services, connection, SwitchPreset(ask.at, ask.id, ask.by, preset, True))
    told = outcome(
        services, connection, answer, lambda one: say("steer.preset_started", **names(one), preset=preset)
    )
    paused = summarise(services.desk.view(connection)).state != "running"
    note = say("steer.but_not_running") if paused and not answer.refused else None
    args = {"c": str(connection), "preset": str(preset)}
    buttons = [Button(word("button.back"), "preset", args)]
    if note is not None:
        buttons.append(Button(word("button.resume"), "resume", {"c": str(connection)}))
    yield talk.done(lines(told, note), *buttons)


async def lift_typed(services: Services, ask: Ask) -> Screen:
    """The word was right (the caller has compared it); it lifts the halt that was shown, not a newer one."""
    connection = ConnectionId(ask.args["c"])
    before = summarise(services.desk.view(connection))
    if str(before.halted_at) != ask.args["halted_at"]:
        return talk.done(say("steer.other_halt", **names(before)), Button(word("button.resume"), "resume"))
    answer = await send(services, connection, LiftHalt(ask.at, ask.id, ask.by))
    told = outcome(services, connection, answer, lambda one: say("steer.lifted", **names(one)))
    return talk.done(told, Button(word("button.resume"), "resume", {"c": str(connection)}))


KEPT = ("c", "m", "p", "o", "s", "preset", "price", "amount")
"""What names the thing asked for; the rest of a confirmation says what was seen and agreed to."""


def without_proof(args: Mapping[str, str]) -> dict[str, str]:
    """What was asked for, without what was agreed to: to ask again once a confirmation has expired."""
    return {key: value for key, value in args.items() if key in KEPT}
