"""What changes money is confirmed once, by a one-time button bound to exactly that intent, and checked at the tap.

The button's token is the command's id, so that a second tap of it, or its redelivery after a crash, is the same
command to the trader, who carries it out once and answers the same (law 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal

from bot.handlers.base import EVERY, Ask, Services
from bot.offers import fingerprint, offer_close, offer_flatten, offer_stop
from bot.screens import confirming, talk
from bot.screens.base import Button, Screen
from bot.screens.figures import price, signed, signed_percent
from bot.screens.summary import Holding, Summary, holding_of, mode_tag, summarise
from bot.text import Html, lines, say, word
from engine.core.errors import StorageTrouble
from engine.core.ids import ConnectionId, PositionId, PresetId
from engine.core.inputs import ClosePosition, Command, Flatten, LiftHalt, MoveStop, Resume, SwitchPreset
from engine.core.money import Price
from engine.desk import Answer

DRIFT = Decimal("0.01")
"""A price that moved more than this since it was shown is shown again before anything is sent."""
FOLLOW_SECONDS = 12.0
_LOOK_SECONDS = 0.25


# ── the taps ──────────────────────────────────────────────────────────────────────────────


async def carry_out(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """A confirmed tap: look again whether it is still what was agreed to, then send, then tell what came of it."""
    actions: dict[str, Callable[[Services, Ask], AsyncIterator[Screen]]] = {
        "resume": _resume,
        "close": _close,
        "flatten": _flatten,
        "stop_to": _stop_to,
        "preset_start": _preset_start,
    }
    async for screen in actions[ask.args["do"]](services, ask):
        yield screen


async def _send(services: Services, connection: ConnectionId, command: Command) -> Answer:
    try:
        return await services.desk.send(connection, command)
    except StorageTrouble as trouble:
        return Answer(refused=word("steer.not_stored", reason=str(trouble)))


def _connections(services: Services, ask: Ask) -> list[ConnectionId]:
    known = services.desk.connections()
    names = ask.args.get("names")
    wanted = names.split(",") if names else list(known) if ask.args["c"] == EVERY else [ask.args["c"]]
    return [one for one in known if one in wanted]


async def _resume(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    told: list[Html] = []
    for connection in _connections(services, ask):
        answer = await _send(services, connection, Resume(ask.at, ask.id, ask.by))
        told.append(_line(services, connection, answer, lambda one: say("steer.resumed", **_names(one))))
    yield talk.done(lines(*told), Button(word("button.pause"), "pause"))


def _names(one: Summary) -> dict[str, str]:
    return {"connection": one.connection, "mode": mode_tag(one.mode)}


def _line(
    services: Services, connection: ConnectionId, answer: Answer, well: Callable[[Summary], Html]
) -> Html:
    one = summarise(services.desk.view(connection))
    if answer.refused:
        return say("steer.refused", **_names(one), reason=answer.refused)
    return lines(say("steer.repeated"), well(one)) if answer.repeated else well(one)


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
        answer = await _send(
            services, connection, ClosePosition(ask.at, ask.id, ask.by, PositionId(ask.args["p"]))
        )
        title = _line(services, connection, answer, lambda one: say("steer.closing", **_names(one)))
        leaving = [] if answer.refused or held is None else [held]
        async for screen in _followed(services, title, leaving):
            yield screen


async def _flatten(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connections = _connections(services, ask)
    found = [summarise(services.desk.view(one)) for one in connections]
    repeated = any(_already_sent(services, ask, one) for one in connections)
    if not repeated and fingerprint(found) != ask.args.get("held", ""):
        yield offer_flatten(services, found, moved=True)
        return
    answers = await asyncio.gather(
        *(_send(services, one, Flatten(ask.at, ask.id, ask.by)) for one in connections)
    )
    pairs = list(zip(connections, answers, strict=True))
    title = lines(
        *(_line(services, one, got, lambda it: say("steer.flattening", **_names(it))) for one, got in pairs)
    )
    carried = {one for one, got in pairs if not got.refused}
    leaving = [held for one in found if one.connection in carried for held in one.holdings]
    async for screen in _followed(services, title, leaving):
        yield screen


async def move_stop(services: Services, ask: Ask, held: Holding, stop: Decimal) -> Screen:
    """Send it, and tell what came of it."""
    command = MoveStop(ask.at, ask.id, ask.by, held.position.id, Price(stop))
    answer = await _send(services, held.connection, command)
    shown = price(stop, held.instrument)
    told = _line(
        services,
        held.connection,
        answer,
        lambda one: say("steer.stop_moved", **_names(one), symbol=held.position.symbol, price=shown),
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
    answer = await _send(services, connection, SwitchPreset(ask.at, ask.id, ask.by, preset, True))
    told = _line(
        services, connection, answer, lambda one: say("steer.preset_started", **_names(one), preset=preset)
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
        return talk.done(say("steer.other_halt", **_names(before)), Button(word("button.resume"), "resume"))
    answer = await _send(services, connection, LiftHalt(ask.at, ask.id, ask.by))
    told = _line(services, connection, answer, lambda one: say("steer.lifted", **_names(one)))
    return talk.done(told, Button(word("button.resume"), "resume", {"c": str(connection)}))


# ── what came of it ───────────────────────────────────────────────────────────────────────


async def _followed(services: Services, title: Html, leaving: Sequence[Holding]) -> AsyncIterator[Screen]:
    """A screen at once, then a new one for each change, until all are done or patience ends; notices tell the rest."""
    if not leaving:
        yield talk.done(title, Button(word("home.positions_plain"), "positions"))
        return
    loop = asyncio.get_running_loop()
    until = loop.time() + FOLLOW_SECONDS
    shown: list[Html] = []
    while True:
        found = [await _step(services, held) for held in leaving]
        steps, finished = [one for one, _ in found], all(done for _, done in found)
        if steps != shown:
            shown = steps
            yield confirming.progress(title, steps, finished, services.now())
        if finished or loop.time() >= until:
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _step(services: Services, held: Holding) -> tuple[Html, bool]:
    view = services.desk.view(held.connection)
    gone = None
    if held.position.id not in view.state.positions:
        gone = await _closed_line(services, held)
    return confirming.leaving_step(view.state, held.position.id, held.position.symbol, gone)


async def _closed_line(services: Services, held: Holding) -> Html | None:
    view = services.desk.view(held.connection)
    trade = await services.store.queries.trade(view.book, held.position.id)
    if trade is None:
        return None
    result = signed(trade.profit, held.quote)
    return say("confirm.step_closed", symbol=trade.symbol, profit=result, share=signed_percent(trade.share))


def without_proof(args: Mapping[str, str]) -> dict[str, str]:
    """What was asked for, without what was agreed to: to ask again once a confirmation has expired."""
    return {key: value for key, value in args.items() if key in ("c", "p", "preset", "price")}
