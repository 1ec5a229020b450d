"""The questions that come before what changes money: each button is bound to exactly that intent, for a minute."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from bot.handlers.base import EVERY, Services
from bot.handlers.preview import preview
from bot.screens import confirming, foreign, live, refusals, talk, trading
from bot.screens.base import Button, Screen
from bot.screens.confirming import Offer
from bot.screens.figures import price, quantity
from bot.screens.foreign import Foreign
from bot.screens.summary import Holding, Summary, mode_tag, summarise
from bot.text import Html, say, word
from bot.waiting import PATIENCE, Wanted
from engine.core.ids import Symbol
from engine.core.model import Mode
from engine.core.money import ZERO, Quantity
from engine.core.orders import Purpose
from engine.core.settings import Preset
from engine.core.state import Barred
from engine.desk import ConnectionView

LIFE = timedelta(seconds=60)
"""How long a confirmation is good for."""


DRIFT = Decimal("0.01")
"""A price that moved more than this since it was shown is shown again before anything is sent."""


def _offer(services: Services, verb: str, label: str, **args: str) -> Offer:
    """Bound to the mode that was shown: the same position or name may mean another one in the other mode."""
    bound = {"m": services.view(args["c"]).settings.mode.value} if args["c"] != EVERY else {}
    return Offer({"do": verb, **args, **bound}, services.now() + LIFE, label)


def modes_of(services: Services, connections: Iterable[str]) -> str:
    """Which mode each of several connections is in."""
    return ",".join(sorted(f"{one}.{services.view(one).settings.mode}" for one in connections))


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
    modes = modes_of(services, [one.connection for one in found])
    offer = _offer(services, "resume", word("confirm.resume"), c=scope, names=names, modes=modes)
    return confirming.resume(found, offer)


def offer_close(services: Services, held: Holding, moved: bool = False, note: Html | None = None) -> Screen:
    offer = _offer(
        services,
        "close",
        word("confirm.close", symbol=held.position.symbol),
        c=held.connection,
        p=held.position.id,
        quantity=str(held.position.quantity),
        seen=str(held.last or ""),
    )
    return confirming.close(held, fee_of(held), offer, moved, note)


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
        f"{one.connection}.{one.mode}/{it.position.id}={it.position.quantity}"
        for one in found
        for it in one.holdings
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


def offer_allow(services: Services, view: ConnectionView, symbol: Symbol, bar: Barred) -> Screen:
    """What kept an instrument from being bought, and whether that is over."""
    connection = str(view.settings.connection)
    offer = _offer(services, "allow", word("allow.yes", symbol=symbol), c=connection, s=symbol)
    held = sum(one.symbol == symbol for one in view.state.positions.values())
    return confirming.allow(summarise(view), symbol, bar, held, offer)


def offer_preset(services: Services, one: Summary, preset: Preset) -> Screen:
    label = word("confirm.preset", preset=preset.id)
    return confirming.preset(
        one, preset, _offer(services, "preset_start", label, c=one.connection, preset=preset.id)
    )


def ask_to_lift(services: Services, one: Summary) -> Screen:
    """Lifting a halt takes more than a tap: a word that is new each time has to be typed."""
    wanted = _expect_word(services, one, "LIFT", "lift_typed", halted_at=str(one.halted_at))
    return confirming.lift(one, wanted.typed, wanted.until)


def ask_live(services: Services, one: Summary) -> Screen:
    """Real money needs a typed word as well (law 8): for exactly this connection, on paper as it is now."""
    wanted = _expect_word(services, one, "LIVE", "live_typed")
    presets = list(services.view(one.connection).settings.presets.values())
    return live.ask(one, presets, wanted.typed, wanted.until)


def _expect_word(services: Services, one: Summary, word_: str, verb: str, **bound: str) -> Wanted:
    """A word that is new each time; it counts once, not for long, and not after a restart."""
    typed = f"{word_} {secrets.randbelow(9000) + 1000}"
    args = {"c": str(one.connection), "m": one.mode.value, **bound}
    wanted = Wanted(verb, args, services.now() + PATIENCE, typed)
    services.waiting.expect(wanted)
    return wanted


def offer_buy(
    services: Services, view: ConnectionView, symbol: Symbol, value: Decimal, moved: bool = False
) -> Screen:
    """What buying for `value` (quote) would mean, or why the trader would refuse it."""
    found = preview(view, symbol, value, services.now())
    if isinstance(found, str):
        it = view.settings
        names = {"connection": it.connection, "mode": mode_tag(it.mode)}
        ways = refusals.ways_on(found, {"c": str(it.connection), "s": str(symbol)})
        return talk.sentence(say("steer.refused", **names, reason=refusals.told(found)), *ways)
    size = quantity(found.quantity, found.instrument.base)
    offer = _offer(
        services,
        "buy",
        word("trading.yes_live" if found.at.mode is Mode.LIVE else "trading.yes", size=size),
        c=str(view.settings.connection),
        s=symbol,
        amount=f"{value:f}",
        quantity=str(found.quantity),
        seen=str(found.price),
    )
    return trading.buy(found, offer, moved)


def offer_foreign(services: Services, found: Foreign, adopt: bool, moved: bool = False) -> Screen:
    """Adopt or close an order that is in no book of ours."""
    view, report = services.view(found.connection), found.report
    ticker = view.prices.get(report.symbol)
    offer = _offer(
        services,
        "foreign_adopt" if adopt else "foreign_close",
        word("foreign.yes_adopt" if adopt else "foreign.yes_close"),
        c=found.connection,
        o=report.client_order_id,
        filled=str(report.filled),
    )
    last = ticker.last if ticker else None
    same = [one.quantity for one in view.state.positions.values() if one.symbol == report.symbol]
    it, held = view.settings, Quantity(sum(same, ZERO))
    return foreign.confirm(found, it.venue, it.quote, last, held, adopt, offer, moved)


def fee_of(held: Holding) -> Decimal:
    """What leaving it at market would cost, about."""
    return (held.value or ZERO) * held.fee_rate
