"""What the venue and the owner do by themselves: other rules, lost stops, coins in another account, large sums."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from engine.core.errors import Rejected
from engine.core.ids import ClientOrderId, Symbol, base_of
from sandbox.exchange.matching.model import CONDITIONAL
from sandbox.simulation.market import QUOTE, TRADED, other_rules
from sandbox.simulation.script import Fault
from sandbox.simulation.telegram import OWNER, STRANGER

if TYPE_CHECKING:
    from sandbox.simulation.world import World

MUCH = Decimal(50_000)


def flood(world: World) -> None:
    """Before the owner's next word."""
    for number in range(1000):
        world.telegram.says("/start", STRANGER + number)


def send_nonsense(world: World) -> None:
    """From the owner's own phone, too: of a kind that the library does not know yet."""
    owner = {"id": OWNER, "is_bot": False}
    world.telegram.sends({"message": {"from": owner, "date": "yesterday", "text": None}}, numbered=True)
    world.telegram.sends({"newest_kind": {"from": owner}}, numbered=True)
    world.telegram.sends({}, numbered=False)


def change_rules(world: World, symbol: Symbol, fault: Fault) -> None:
    """Told to the process at its next reading of them, which may be hours later; or when an order is refused."""
    world.venue.set_rules(symbol, other_rules(symbol, Random(f"rules {world.day.seed} {fault.index}")))
    world.prices[symbol] = price = world.to_tick(symbol, world.prices[symbol])
    world.oracle.trust.priced(symbol, price)
    if fault.count == 1:
        world.later(fault.size * 3600, world.tell_instruments)


def lose_a_stop(world: World, fault: Fault) -> None:
    """Of the first instrument that has one."""
    for symbol in (TRADED[fault.count % len(TRADED)], *TRADED):
        for order in world.venue.our_open(symbol):
            if order.type in CONDITIONAL:
                world.oracle.protection.lost(symbol, world.now)
                world.venue.lose(order, forgotten=fault.count == 1)
                world.kick()
                return


def move_coins(world: World, symbol: Symbol, fault: Fault) -> None:
    """He cancels what holds them, then moves a part or all; they come back when the fault is over."""
    coin = base_of(symbol)
    if not world.venue.ours[coin] or not world.is_trading(symbol):
        return
    for order in world.venue.our_open(symbol):
        with suppress(Rejected):
            world.venue.cancel(ClientOrderId(order.client_id))
    share = Decimal(str(round(min(fault.size * 1.5, 1), 2)))
    there = world.venue.account.free(coin)
    world.oracle.outside()
    world.venue.move_away(coin, there if share == 1 else round(there * share, 8))
    world.later(fault.span, lambda: bring_back(world, symbol))


def bring_back(world: World, symbol: Symbol) -> None:
    """All that is in the other account."""
    coin = base_of(symbol)
    if world.venue.elsewhere[coin]:
        world.weather.feel()
        world.oracle.outside()
        world.venue.move_away(coin, -world.venue.elsewhere[coin])


def move_money(world: World, fault: Fault) -> None:
    """So much that every share of it looks different."""
    world.oracle.outside()
    world.venue.flow(QUOTE, MUCH if fault.count % 2 else -world.venue.account.free(QUOTE))
