"""Asks the venue for everything that concerns us, so that the trader can hold its books against it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from loguru import logger

from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import Corrupt, PartlyAsked, Unavailable
from engine.core.glance import Glance
from engine.core.ids import ClientOrderId, Coin, Symbol
from engine.core.model import OrderReport, VenuePicture
from engine.core.orders import OrderStatus
from engine.core.reconcile import Shortfall, balances_off
from engine.core.state import TraderState
from engine.ports import Exchange

JUST_SETTLED = 8
"""How many of the last settled orders are looked at for the newest: a stop that worked for weeks may be the last."""
OVERLAP = timedelta(minutes=10)
"""Fills are asked for from this long before that: venues list them late, and twice costs nothing."""


async def ask_everything(
    exchange: Exchange,
    state: TraderState,
    symbols: Sequence[Symbol],
    clock: Clock,
    asked: bool = False,
    left_out: Collection[Symbol] = (),
) -> i.PictureSeen:
    """One picture of the account; a question that could not be asked spoils it: half a picture repairs nothing.

    Orders in what is `left_out`, since the venue does not list it, are not asked for: they stay as they are in our
    books, and the rest goes on (M7). Raises what the venue raised.
    """
    picture = await _picture(exchange, state, symbols, _since(state, clock.now()), left_out)
    return i.PictureSeen(clock.now(), picture, asked)


async def glance(exchange: Exchange, state: TraderState, left_out: Collection[Symbol] = ()) -> Glance:
    """See engine.core.glance; `left_out` as above. Raises what the venue raised."""
    balances = await exchange.balances()
    symbols = (order.symbol for order in state.orders.values())
    ours = tuple(dict.fromkeys(one for one in symbols if one not in left_out))
    open_orders = await exchange.open_orders(ours) if ours else []
    return Glance(tuple(balances), tuple(open_orders))


async def _picture(
    exchange: Exchange,
    state: TraderState,
    symbols: Sequence[Symbol],
    since: datetime,
    left_out: Collection[Symbol],
) -> VenuePicture:
    """In this order: see VenuePicture for why balances come first and fills last."""
    balances = await exchange.balances()
    open_orders = await exchange.open_orders(symbols)
    orders, missing = await _ask_for_ours(
        exchange, state, open_orders, left_out, doubted=any(balances_off(state, balances, open_orders))
    )
    fills = await exchange.fills(symbols, since)
    short = {one.coin for one in balances_off(state, balances, open_orders) if isinstance(one, Shortfall)}
    elsewhere, all_asked = await _elsewhere(exchange, short)
    return VenuePicture(
        tuple(balances),
        tuple(open_orders),
        tuple(orders),
        tuple(missing),
        tuple(fills),
        dict(state.holdings),
        elsewhere=elsewhere,
        all_asked=all_asked,
        stops_lock=exchange.stops_lock,
    )


async def _elsewhere(
    exchange: Exchange, coins: Collection[Coin]
) -> tuple[Mapping[Coin, Decimal] | None, bool]:
    """Only where it matters, since it costs requests. None where it could not be asked, which is not 'nothing there':
    coins that were moved would be written off. And whether all of his accounts were asked."""
    if not coins:
        return {}, True
    try:
        return await exchange.elsewhere(coins), True
    except PartlyAsked as error:
        logger.warning("not all of the other accounts could be asked: {}", error)
        return error.found, False
    except (Unavailable, Corrupt) as error:
        logger.warning("other accounts could not be asked: {}", error)
        return None, False


async def _ask_for_ours(
    exchange: Exchange,
    state: TraderState,
    listed: Iterable[OrderReport],
    left_out: Collection[Symbol],
    doubted: bool,
) -> tuple[list[OrderReport], list[ClientOrderId]]:
    """Those that are not settled and of which the list says something else than our books, or nothing; and the foreign
    ones that the owner wants gone. A stop that rests is in the list as it is in our books: with twenty of them, asking
    for each would use up what a venue with narrow limits allows. `doubted`: balances say something else than our books,
    so that the list, which may be late, is not believed."""
    found: list[OrderReport] = []
    missing: list[ClientOrderId] = []
    told = {one.client_order_id: one.filled for one in listed}
    asked = {
        order.client_order_id: order.symbol
        for order in state.orders.values()
        if doubted
        or order.status is not OrderStatus.WORKING
        or order.cancel_wanted
        or told.get(order.client_order_id) != order.filled
    }
    asked |= {name: one.report.symbol for name, one in state.closing.items()}
    for name, symbol in asked.items():
        if symbol in left_out:
            continue
        report = await exchange.order(name, symbol)
        if report is None:
            missing.append(name)
        else:
            found.append(report)
    return found, missing


def _since(state: TraderState, now: datetime) -> datetime:
    """Where to begin to ask for fills: before the oldest order that may have some and the newest that is settled,
    and the opening of the book at the earliest."""
    moments = [order.created_at for order in state.orders.values()]
    newest = islice(reversed(state.settled_orders.values()), JUST_SETTLED)
    moments.append(max((order.created_at for order in newest), default=now))
    return max(min(moments) - OVERLAP, state.opened_at or now - OVERLAP)
