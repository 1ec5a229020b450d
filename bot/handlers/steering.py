"""What changes something. Safer acts at once, on every connection unless one is named; riskier asks first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal

from bot import confirm, offers
from bot.amounts import amount_of, is_ambiguous
from bot.handlers.base import Ask, Services, chosen, which
from bot.handlers.picking import candidates, none_fits, pick
from bot.handlers.reading import everything_held
from bot.handlers.sending import send
from bot.screens import positions, refusals, talk
from bot.screens.base import Button, Screen
from bot.screens.figures import price, signed_percent
from bot.screens.summary import Holding, Summary, holding_of, mode_tag, summarise
from bot.text import Html, lines, say, word
from bot.waiting import PATIENCE, Wanted
from engine.core.ids import CommandId, ConnectionId, PresetId
from engine.core.inputs import Command, Halt, Pause, SwitchPreset
from engine.desk import Answer

SOON = 2.0
"""Seconds that the answer to a halt or a pause waits for it to be on disk. It is in force before that (law 8)."""


def safer_command(verb: str, at: datetime, ident: CommandId) -> Command:
    """`halt` or `pause`, as the handlers below give it."""
    return Halt(at, ident, "owner", "owner") if verb == "halt" else Pause(at, ident, "owner")


Written = Sequence[asyncio.Future[Answer]]


def _stop_entries(services: Services, connections: Sequence[ConnectionId], command: Command) -> Written:
    """In force when this returns; each future ends once that is on disk."""
    return [services.desk.stop_entries(one, command) for one in connections]


async def _by_then(written: Written, seconds: float | None) -> list[Answer | None]:
    """The answers that are there within so many seconds (None: however long it takes); None for the others."""
    if written:
        await asyncio.wait(written, timeout=seconds)
    return [one.result() if one.done() else None for one in written]


async def pause(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connections = chosen(services, ask, every=True)
    written = _stop_entries(services, connections, safer_command("pause", ask.at, ask.id))
    async for told in _each(services, connections, written, "steer.paused"):
        yield talk.done(
            lines(*told, _unread(ask)),
            Button(word("button.resume"), "resume"),
            Button(word("button.halt"), "halt"),
        )


async def halt(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    connections = chosen(services, ask, every=True)
    written = _stop_entries(services, connections, safer_command("halt", ask.at, ask.id))
    async for told in _each(services, connections, written, "steer.halted"):
        held = [Button(word("button.flatten"), "flatten")] if everything_held(services) else []
        yield talk.done(
            lines(*told, _unread(ask), "", say("steer.stopped_not_flat") if held else None), *held
        )


async def _each(
    services: Services, connections: Sequence[ConnectionId], written: Written, key: str
) -> AsyncIterator[list[Html]]:
    """What is true now, in memory or on disk, and again once all of it is on disk: until then the command is not
    done, and whatever ends the process in between, the next one does it."""
    answers = await _by_then(written, SOON)
    if None in answers:
        yield _told(services, connections, answers, key)
        answers = await _by_then(written, None)
    yield _told(services, connections, answers, key)


def _unread(ask: Ask) -> Html | None:
    """What stood behind the command and names nothing: it holds for every connection then."""
    return say("steer.unread", given=ask.args["unread"]) if "unread" in ask.args else None


def _told(
    services: Services, connections: Sequence[ConnectionId], answers: Sequence[Answer | None], key: str
) -> list[Html]:
    told = []
    for connection, answer in zip(connections, answers, strict=True):
        one = summarise(services.desk.view(connection))
        if answer is None:
            told.append(say("steer.in_memory", connection=one.connection, mode=mode_tag(one.mode)))
        else:
            told.append(refusal(one, answer.refused) if answer.refused else _outcome(key, one))
    return told


def _outcome(key: str, one: Summary) -> Html:
    texts = {"steer.paused": steer_paused, "steer.halted": steer_halted}
    return texts[key](one)


def steer_paused(one: Summary) -> Html:
    return say("steer.paused", connection=one.connection, mode=mode_tag(one.mode), count=len(one.holdings))


def steer_halted(one: Summary) -> Html:
    return say("steer.halted", connection=one.connection, mode=mode_tag(one.mode), count=len(one.holdings))


def refusal(one: Summary, reason: str) -> Html:
    return say(
        "steer.refused", connection=one.connection, mode=mode_tag(one.mode), reason=refusals.told(reason)
    )


async def resume(services: Services, ask: Ask) -> Screen:
    """Confirmed; a halted connection needs its halt lifted first, by typed proof."""
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "resume", every=True)
    found = [services.summary(one) for one in connections]
    waiting = [one for one in found if one.state != "running"]
    if not waiting:
        return talk.done(say("steer.runs_already"), Button(word("button.pause"), "pause"))
    halted = [one for one in waiting if one.state == "halted"]
    if len(connections) == 1 and halted:
        return offers.ask_to_lift(services, halted[0])
    return offers.offer_resume(services, [one for one in waiting if one.state != "halted"], halted)


async def close(services: Services, ask: Ask) -> Screen:
    """Which position, where several fit; then the confirmation."""
    found = candidates(services, ask)
    if not found:
        return none_fits(ask)
    if len(found) > 1:
        return pick(found, "close", ask)
    return offers.offer_close(services, found[0])


def _held(services: Services, ask: Ask) -> Holding | None:
    """The position that is meant; one given by hand without its connection is looked for in all."""
    for one in chosen(services, ask, every=True):
        held = holding_of(services.desk.view(one), ask.args["p"])
        if held is not None:
            return held
    return None


async def flatten(services: Services, ask: Ask) -> Screen:
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "flatten", every=True)
    found = [summarise(services.desk.view(one)) for one in connections]
    if not any(one.holdings or one.orders for one in found):
        return talk.done(say("steer.flat_already"), Button(word("button.pause"), "pause"))
    return offers.offer_flatten(services, found)


async def stop(services: Services, ask: Ask) -> Screen:
    """Where to move the stop: by button, or by writing a price."""
    held = _held(services, ask)
    if held is None:
        return talk.sentence(say("hint.position_gone"))
    args = {"c": str(held.connection), "p": str(held.position.id)}
    services.waiting.expect(Wanted("stop_typed", args, services.now() + PATIENCE))
    return positions.move_stop(held, _stop_choices(held), services.now())


def _stop_choices(held: Holding) -> list[tuple[str, Decimal]]:
    """Break even, where the price allows it, then steps from the last price; rounded to ticks by the trader."""
    if held.last is None:
        return []
    sign = held.position.direction.sign
    levels = [(word("positions.break_even"), Decimal(held.break_even))]
    levels += [
        (signed_percent(-share * sign), held.last * (1 - share * sign)) for share in positions.STOP_CHOICES
    ]
    safe = [(label, _to_tick(level, held)) for label, level in levels]
    return [
        (f"{label} · {price(level, held.instrument)}", level)
        for label, level in safe
        if (held.last - level) * sign > 0
    ]


def _to_tick(level: Decimal, held: Holding) -> Decimal:
    tick = held.instrument.tick if held.instrument else Decimal(0)
    return level if tick <= 0 else (level / tick).to_integral_value() * tick


async def stop_typed(services: Services, ask: Ask) -> Screen:
    """A price that the owner wrote."""
    held, given = _held(services, ask), ask.args.get("text", "")
    last = held.last if held else None
    level = amount_of(given, near=last)
    if level is None:
        services.waiting.expect(Wanted("stop_typed", _place(ask), services.now() + PATIENCE))
        unclear = is_ambiguous(given, near=last)
        return talk.sentence(talk.two_readings(given) if unclear else say("hint.price", given=given[:40]))
    return await stop_to(services, Ask(ask.id, ask.at, ask.by, {**_place(ask), "price": str(level)}))


def _place(ask: Ask) -> dict[str, str]:
    return {key: ask.args[key] for key in ("c", "m", "p") if key in ask.args}


async def stop_to(services: Services, ask: Ask) -> Screen:
    """Nearer to the price is safer and done at once; farther away is confirmed."""
    services.waiting.forget()
    held = _held(services, ask)
    if held is None:
        return talk.sentence(say("hint.position_gone"))
    level, sign = Decimal(ask.args["price"]), held.position.direction.sign
    if held.last is not None and (held.last - level) * sign <= 0:
        again = Button(word("button.move_stop"), "stop", _place(ask))
        return talk.sentence(say("hint.stop_side", last=price(held.last, held.instrument)), again)
    if held.position.stop is not None and (level - held.position.stop) * sign >= 0:
        return await confirm.move_stop(services, ask, held, level)
    return offers.offer_stop(services, held, level)


async def preset_stop(services: Services, ask: Ask) -> Screen:
    """Stopping a preset is safer: at once."""
    preset = PresetId(ask.args["preset"])
    connection = ConnectionId(ask.args["c"])
    answer = await send(services, connection, SwitchPreset(ask.at, ask.id, ask.by, preset, False))
    one = summarise(services.desk.view(connection))
    args = {"c": ask.args["c"], "preset": preset}
    if answer.refused:
        return talk.done(refusal(one, answer.refused), Button(word("button.back"), "preset", args))
    text = say("steer.preset_stopped", preset=preset, connection=connection, mode=mode_tag(one.mode))
    return talk.done(text, Button(word("button.back"), "preset", args))


async def preset_start(services: Services, ask: Ask) -> Screen:
    view = services.view(ask.args["c"])
    preset = view.settings.presets.get(PresetId(ask.args["preset"]))
    if preset is None:
        return talk.sentence(say("hint.preset_gone", preset=ask.args["preset"]))
    return offers.offer_preset(services, summarise(view), preset)


async def forget(services: Services, ask: Ask) -> Screen:
    """Nothing is waited for any more."""
    services.waiting.forget()
    return talk.sentence(say("steer.forgotten"))


async def desk(services: Services, ask: Ask) -> Screen:
    pinned = await services.board.pin()
    return talk.sentence(say("desk.pinned" if pinned else "desk.not_pinned"))
