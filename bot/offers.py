"""The questions that come before what changes money: each button is bound to exactly that intent, for a minute."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from bot.handlers.base import EVERY, Services
from bot.screens import confirming, talk
from bot.screens.base import Button, Screen
from bot.screens.confirming import Offer
from bot.screens.figures import price
from bot.screens.summary import Holding, Summary
from bot.text import say, word
from bot.waiting import PATIENCE, Wanted
from engine.core.money import ZERO
from engine.core.orders import Purpose
from engine.core.settings import Preset

LIFE = timedelta(seconds=60)
"""How long a confirmation is good for."""


def _offer(services: Services, verb: str, label: str, **args: str) -> Offer:
    return Offer({"do": verb, **args}, services.now() + LIFE, label)


def offer_resume(services: Services, found: Sequence[Summary], halted: Sequence[Summary]) -> Screen:
    """For those that can be resumed; a halted one is named, not quietly passed over."""
    if not found:
        buttons = [
            Button(f"{word('button.lift')} {one.connection}", "resume", {"c": one.connection})
            for one in halted
        ]
        return talk.done(say("steer.all_halted"), *buttons)
    names = ",".join(one.connection for one in found)
    scope = found[0].connection if len(found) == 1 else EVERY
    return confirming.resume(found, _offer(services, "resume", word("confirm.resume"), c=scope, names=names))


def offer_close(services: Services, held: Holding, moved: bool = False) -> Screen:
    offer = _offer(
        services,
        "close",
        word("confirm.close", symbol=held.position.symbol),
        c=held.connection,
        p=held.position.id,
        quantity=str(held.position.quantity),
        seen=str(held.last or ""),
    )
    return confirming.close(held, fee_of(held), offer, moved)


def offer_flatten(services: Services, found: Sequence[Summary], moved: bool = False) -> Screen:
    fees = {str(one.connection): sum((fee_of(held) for held in one.holdings), ZERO) for one in found}
    entries = sum(_entries(services, one.connection) for one in found)
    scope = found[0].connection if len(found) == 1 else EVERY
    offer = _offer(services, "flatten", word("confirm.flatten"), c=scope, held=fingerprint(found))
    return confirming.flatten(found, fees, entries, offer, moved)


def _entries(services: Services, connection: str) -> int:
    orders = services.view(connection).state.orders.values()
    return sum(order.purpose is Purpose.ENTRY for order in orders)


def fingerprint(found: Sequence[Summary]) -> str:
    """Which positions, and how much of each: what the owner has agreed to."""
    held = [
        f"{one.connection}/{it.position.id}={it.position.quantity}" for one in found for it in one.holdings
    ]
    return ",".join(sorted(held))


def offer_stop(services: Services, held: Holding, stop: Decimal) -> Screen:
    offer = _offer(
        services,
        "stop_to",
        word("confirm.stop", price=price(stop, held.instrument)),
        c=held.connection,
        p=held.position.id,
        price=str(stop),
        quantity=str(held.position.quantity),
        seen=str(held.last or ""),
    )
    return confirming.move_stop(held, stop, offer)


def offer_preset(services: Services, one: Summary, preset: Preset) -> Screen:
    label = word("confirm.preset", preset=preset.id)
    return confirming.preset(
        one, preset, _offer(services, "preset_start", label, c=one.connection, preset=preset.id)
    )


def ask_to_lift(services: Services, one: Summary) -> Screen:
    """Lifting a halt takes more than a tap: a word that is new each time has to be typed."""
    typed = f"LIFT {secrets.randbelow(9000) + 1000}"
    args = {"c": str(one.connection), "halted_at": str(one.halted_at)}
    wanted = Wanted("lift_typed", args, services.now() + PATIENCE, typed)
    services.waiting.expect(wanted)
    return confirming.lift(one, typed, wanted.until)


def fee_of(held: Holding) -> Decimal:
    """What leaving it at market would cost, about."""
    rate = held.instrument.taker_fee if held.instrument else Decimal("0.001")
    return (held.value or ZERO) * rate
