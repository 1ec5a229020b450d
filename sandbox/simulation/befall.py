"""What each fault does when its time has come."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.core.errors import Rejected
from engine.core.ids import PREFIX, ClientOrderId, Symbol, base_of
from engine.core.model import Action, OrderRequest, OrderType, Side
from engine.core.money import Price, Quantity
from sandbox.simulation import outside
from sandbox.simulation.market import QUOTE, TRADED, pair_id
from sandbox.simulation.process import Life
from sandbox.simulation.script import NEXT, SPANS, Fault, Kind

if TYPE_CHECKING:
    from sandbox.simulation.world import World

OF_THE_CHAT = (
    Kind.CRASH_BEFORE_KEEP,
    Kind.CRASH_AFTER_KEEP,
    Kind.CRASH_AFTER_ACT,
    Kind.CRASH_AFTER_REPLY,
    Kind.TELEGRAM_AWAY,
    Kind.ACKS_LOST,
    Kind.DATABASE_LOCKED,
)
"""While these last the owner gives a command: they would befall nothing else."""


def befall(world: World, fault: Fault) -> None:
    """Nothing more befalls once the storm is over."""
    if world.storm_over:
        return
    if fault.kind in NEXT or fault.kind in SPANS:
        world.weather.begin(fault)
        _at_once(world, fault)
        return
    world.weather.feel()
    symbol = TRADED[fault.count % len(TRADED)]
    match fault.kind:
        case Kind.CRASH:
            _crash(world)
        case Kind.CLEAN_RESTART:
            _stop(world)
        case Kind.OUR_ORDER_CANCELLED:
            _cancel_one(world, symbol)
        case Kind.SOLD_BY_HAND:
            _sell(world, symbol, fault)
        case Kind.DEPOSIT:
            world.oracle.outside()
            world.venue.flow(QUOTE, Decimal(round(fault.size * 3000)))
        case Kind.WITHDRAWAL:
            world.oracle.outside()
            world.venue.flow(QUOTE, -Decimal(round(fault.size * 4000)))
        case Kind.OWN_ORDER:
            _own_order(world, symbol, f"web{fault.index}", fault.size)
        case Kind.FOREIGN_ORDER:
            _foreign_order(world, symbol, fault)
        case Kind.STRANGERS:
            outside.flood(world)
            world.owner.hurries(fault.size)
        case Kind.UNREADABLE:
            outside.send_nonsense(world)
            world.owner.hurries(fault.size)
        case Kind.RULES_CHANGED:
            outside.change_rules(world, symbol, fault)
        case Kind.STOP_LOST:
            outside.lose_a_stop(world, fault)
        case Kind.ALL_MONEY_MOVED:
            outside.move_money(world, fault)
        case _:
            world.move(symbol, (fault.size - 0.5) * 0.15)
            world.show_prices()


def _at_once(world: World, fault: Fault) -> None:
    """What the begin of a span, or the arming of a fault, brings with it."""
    symbol = TRADED[fault.count % len(TRADED)]
    if fault.kind in OF_THE_CHAT:
        world.owner.hurries(fault.size, fault.span if fault.kind is Kind.DATABASE_LOCKED else None)
    if fault.kind is Kind.CRASH_WHILE_OPENING:
        _crash(world)
    elif fault.kind in (Kind.STREAM_CUT, Kind.UNREACHABLE) and world.life is not None:
        world.life.stream.cut()
    elif fault.kind is Kind.COINS_MOVED:
        outside.move_coins(world, symbol, fault)
    elif fault.kind is Kind.THIN_MARKET:
        world.later(fault.span / 3, lambda: world.wants(symbol, Action.ENTER))
    elif fault.kind is Kind.INSTRUMENT_HALTED:
        world.venue.matching.set_trading(pair_id(symbol), False)
        world.later(fault.size * 60, world.tell_instruments)
        world.later(fault.span, lambda: _reopen(world, symbol))


def _reopen(world: World, symbol: Symbol) -> None:
    if not world.weather.on(Kind.INSTRUMENT_HALTED):
        world.venue.matching.set_trading(pair_id(symbol), True)
        world.later(20, world.tell_instruments)


def _crash(world: World) -> None:
    if world.life is not None:
        world.life.end()


def _stop(world: World) -> None:
    """As SIGTERM does: the gate first, then what is under way, then the end."""
    life = world.life
    if life is not None and life.up:
        world.stopping = asyncio.get_running_loop().create_task(_leave(world, life))


async def _leave(world: World, life: Life) -> None:
    life.up = False
    await life.connection.stop(8)
    await life.chat.stop()
    world.left_clean()
    life.end()


def _cancel_one(world: World, symbol: Symbol) -> None:
    for order in world.venue.our_open(symbol)[:1]:
        with suppress(Rejected):
            world.venue.cancel(ClientOrderId(order.client_id))


def _sell(world: World, symbol: Symbol, fault: Fault) -> None:
    """He cancels what protects the coins, then sells a part or all of them: his own first."""
    coin, lot = base_of(symbol), world.venue.rules(symbol).step
    held = world.venue.ours[coin]
    if held < lot or not world.is_trading(symbol):
        return
    for order in world.venue.our_open(symbol):
        with suppress(Rejected):
            world.venue.cancel(ClientOrderId(order.client_id))
    own = world.venue.account.free(coin) - held
    quantity = (own + held * Decimal(str(round(fault.size, 2)))) // lot * lot
    world.oracle.outside()
    with suppress(Rejected):
        name = ClientOrderId(f"hand{fault.index}")
        world.venue.submit(OrderRequest(name, symbol, Side.SELL, OrderType.MARKET, Quantity(quantity)))


def _own_order(world: World, symbol: Symbol, name: str, size: float) -> None:
    """A buy that waits below the market."""
    rules = world.venue.rules(symbol)
    price = world.to_tick(symbol, world.prices[symbol] * Decimal(str(round(0.85 + 0.149 * size, 4))))
    quantity = Quantity(Decimal(50) / price // rules.step * rules.step)
    request = OrderRequest(ClientOrderId(name), symbol, Side.BUY, OrderType.LIMIT, quantity, Price(price))
    with suppress(Rejected):
        world.venue.submit(request)


def _foreign_order(world: World, symbol: Symbol, fault: Fault) -> None:
    """With a name of the shape of ours, from another copy of the desk: a buy, or a sale of coins that are the owner's
    own, far from the market."""
    name = f"{PREFIX}foreign{fault.index:09}"
    rules, coin = world.venue.rules(symbol), base_of(symbol)
    price = world.to_tick(symbol, world.prices[symbol] * Decimal("1.5"))
    quantity = Quantity(Decimal(50) / price // rules.step * rules.step)
    own = world.venue.account.free(coin) - world.venue.ours[coin]
    if fault.index % 2 or own < quantity:
        _own_order(world, symbol, name, 0.1)
        return
    request = OrderRequest(ClientOrderId(name), symbol, Side.SELL, OrderType.LIMIT, quantity, Price(price))
    with suppress(Rejected):
        world.venue.submit(request)
