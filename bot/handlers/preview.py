"""What the trader would do with a wish to buy by hand, found by asking its own decision: the same checks, the same
rounding, the same refusals. Nothing is sent or kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bot.screens.trading import Account, Preview, Room
from engine.core.exits import round_stop
from engine.core.facts import AnyFact, CommandDone, OrderIntended, PositionPlanned
from engine.core.ids import CommandId, Symbol
from engine.core.inputs import ManualEntry
from engine.core.market import Market, equity
from engine.core.model import Direction, Side, Ticker
from engine.core.money import ZERO, Price, Quantity, Quote
from engine.core.orders import Order
from engine.core.risk import rooms
from engine.core.trader import decide
from engine.desk import ConnectionView


def account(view: ConnectionView) -> Account:
    it = view.settings
    return Account(it.connection, it.venue, it.mode, it.quote)


def _market(view: ConnectionView, now: datetime) -> Market:
    """Prices count as fresh here: whether they are, the trader itself checks at the tap."""
    return Market(dict(view.prices), dict.fromkeys(view.prices, now), dict(view.instruments))


def room_of(view: ConnectionView, symbol: Symbol) -> Room | None:
    """The tightest limit and what it leaves; None while the account can't be valued."""
    ticker, instrument = view.prices.get(symbol), view.instruments.get(symbol)
    if ticker is None or instrument is None:
        return None
    market = _market(view, ticker.at)
    worth = equity(view.state, market)
    if worth is None:
        return None
    found = rooms(view.state, market, view.settings.limits, symbol, worth, instrument)
    name, left = min(found.items(), key=lambda item: item[1])
    return Room(name, left)


def preview(view: ConnectionView, symbol: Symbol, value: Decimal, now: datetime) -> Preview | str:
    """What would be bought for `value` now, or the sentence with which the trader refuses it."""
    wish = ManualEntry(now, CommandId(f"preview.{now.isoformat()}"), "owner", symbol, Side.BUY, Quote(value))
    decision = decide(view.settings, view.state, _market(view, now), wish)
    order = _found(decision.facts)
    room, ticker = room_of(view, symbol), view.prices.get(symbol)
    if order is None or room is None or ticker is None:
        refused = [one.refused for one in decision.facts if isinstance(one, CommandDone)]
        return next(iter(refused), "")
    planned = next(one for one in decision.facts if isinstance(one, PositionPlanned))
    return _described(view, symbol, Quote(value), order, planned, room, ticker)


def _found(facts: Sequence[AnyFact]) -> Order | None:
    return next((one.order for one in facts if isinstance(one, OrderIntended)), None)


def _described(
    view: ConnectionView, symbol: Symbol, asked: Quote, order: Order, planned: PositionPlanned, room: Room,
    ticker: Ticker,
) -> Preview:  # fmt: skip
    instrument = view.instruments[symbol]
    price, state = ticker.last, view.state
    held = sum((one.quantity for one in state.positions.values() if one.symbol == symbol), ZERO)
    spent = order.quantity * price * (1 + instrument.taker_fee)
    target = planned.take_profit_distance
    return Preview(
        account(view), symbol, instrument, asked, order.quantity, price, ticker.at,
        stop=round_stop(Price(price - planned.stop_distance), Direction.LONG, instrument),
        target=Price(price + target) if target is not None else None,
        held_after=Quantity(held + order.quantity),
        left_after=Quote(state.holdings.get(state.quote, ZERO) - spent),
        room=room,
        cut=_cut(view, asked, order, room, price),
    )  # fmt: skip


def _cut(view: ConnectionView, asked: Quote, order: Order, room: Room, price: Price) -> str:
    """What made it smaller than asked for by more than one lot; rounding to lots is no news."""
    instrument = view.instruments[order.symbol]
    if asked - order.quantity * price <= instrument.lot * price:
        return ""
    if asked > room.left:
        return room.limit
    return "the venue's largest order"
