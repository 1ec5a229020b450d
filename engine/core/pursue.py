"""What a position needs next, found from its state alone: protect it, or leave it.

Asked again after everything that happens to the position and every second, so no step hangs on an event that may
never come. It never has two orders under way that could sell the same coins: what works is settled first (O16).

    planned ─► open: entry settled? stop resting, of the right size and price? ─► leaving: rest of the entry
    cancelled ─► stop cancelled ─► sold at market ─► closed
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine.core import entry_bar
from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.due import due
from engine.core.exits import round_stop
from engine.core.ids import IntentId, PositionId, base_of, client_order_id
from engine.core.ledger import Phase, Position, in_all, sellable
from engine.core.model import Direction, OrderType
from engine.core.money import ZERO, Price, Quantity, floor_to
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.sizing import below_minimum

ENTRY_PATIENCE = timedelta(seconds=20)
"""The rest of an entry at market that is not filled by then is cancelled: the signal was for a price of that time."""
SETTLE_PATIENCE = timedelta(seconds=3)
"""How long a stop waits for more fills of its entry, so that it is placed once and not with each (law 5: 5 s)."""
STOP_REFUSALS = 4
"""After this many refused stops, some 22 s, a position is sold whose preset says so."""


@dataclass(frozen=True, slots=True)
class Orders:
    """The unsettled orders of a position by purpose; `extra` are those beyond the first of each."""

    entry: Order | None = None
    stop: Order | None = None
    exit: Order | None = None
    extra: tuple[Order, ...] = ()


def _sorted(orders: Iterable[Order]) -> Orders:
    """By purpose, oldest first; a second one of a purpose was given up once and turned out to work (O22)."""
    first: dict[str, Order] = {}
    extra = tuple(order for order in orders if first.setdefault(order.purpose.value, order) is not order)
    return Orders(**first, extra=extra)


def pursue_all(draft: Draft) -> None:
    """The next step of every position. Orders are sorted once: the step of one position moves no other's orders."""
    grouped: dict[PositionId, list[Order]] = {}
    for order in draft.state.orders.values():
        grouped.setdefault(order.position_id, []).append(order)
    for position_id in list(draft.state.positions):
        _pursue(draft, position_id, grouped.get(position_id, ()))


def pursue(draft: Draft, position_id: PositionId) -> None:
    """Take the next step for a position, if there is one to take now."""
    if position_id in draft.state.positions:
        _pursue(draft, position_id, draft.state.orders_of(position_id))


def _pursue(draft: Draft, position_id: PositionId, its_orders: Iterable[Order]) -> None:
    position, orders = draft.state.positions[position_id], _sorted(its_orders)
    if orders.extra:
        for order in orders.extra:
            cancel(draft, order, "it had been given up")
    elif position.entered == ZERO and orders.entry is None:
        _drop(draft, position, orders)
    elif position.phase is Phase.LEAVING:
        _leave(draft, position, orders)
    else:
        _keep(draft, position, orders)


def _drop(draft: Draft, position: Position, orders: Orders) -> None:
    """Nothing of its entry was filled and nothing can be any more."""
    if orders.stop is None and orders.exit is None:
        draft.emit(f.PositionAbandoned(draft.at, position.id, "its entry was not filled"))


def _keep(draft: Draft, position: Position, orders: Orders) -> None:
    entry = orders.entry
    if entry is not None and (why := _no_more_wanted(draft, position, entry)):
        cancel(draft, entry, why)
    if position.phase is not Phase.OPEN:
        return
    if orders.stop is not None:
        _mend_stop(draft, position, orders, orders.stop)
    elif entry is None and _is_dust(draft, position):
        _close(draft, position, _why_gone(position))
    elif entry is None and _too_small_for_a_stop(draft, position):
        draft.emit(f.ExitWanted(draft.at, position.id, "too small to be protected", "rules"))
    elif entry is None or draft.at - (position.opened_at or draft.at) >= SETTLE_PATIENCE:
        _place_stop(draft, position)


def _no_more_wanted(draft: Draft, position: Position, entry: Order) -> str:
    """Why the rest of an entry is to be cancelled, empty while it is not. A limit order, which is one that the owner
    adopted, rests for as long as he likes; not once what it bought was sold, nor beside what can't be protected."""
    if draft.state.is_halted:
        return "halted"
    if entry.type is not OrderType.LIMIT:
        return "not filled in time" if draft.at - entry.created_at >= ENTRY_PATIENCE else ""
    if position.opened_at is None or draft.at - position.opened_at < ENTRY_PATIENCE:
        return ""
    if _is_dust(draft, position):
        return "what it bought was sold" if position.left else ""
    return "too little to be protected was filled" if _too_small_for_a_stop(draft, position) else ""


def _too_small_for_a_stop(draft: Draft, position: Position) -> bool:
    """It can be sold now, and a stop for it would be refused: what a part-fill or the fees of other trades left.
    Without a stop that rests at the venue it is not kept (law 5)."""
    stop = _stop_price(draft, position)
    instrument = draft.market.instruments.get(position.symbol)
    if stop is None or instrument is None:
        return False
    lots = _lots_of(draft, position, _held_by_others(draft, position))
    return bool(below_minimum(lots, stop, instrument))


SOLD_OUTSIDE = "sold outside the desk"


def _why_gone(position: Position) -> str:
    """Only what did happen is named: what the owner sold himself was no stop of ours (A15)."""
    if position.left <= ZERO:
        return "too little to sell"
    if position.sold_outside >= position.left:
        return SOLD_OUTSIDE
    stop = "trailing stop" if position.trailing is not None else "stop loss"
    return f"{stop}, and {SOLD_OUTSIDE}" if position.sold_outside > ZERO else stop


def _leave(draft: Draft, position: Position, orders: Orders) -> None:
    waiting = not due(draft.at, position.exit_retry_after)
    if orders.exit is not None:
        return
    if waiting and orders.entry is None and not _is_dust(draft, position):
        # Refused a moment ago: protected until the next try (S10).
        if orders.stop is None:
            _place_stop(draft, position)
        return
    if orders.entry is not None or orders.stop is not None:
        for order in (orders.entry, orders.stop):
            if order is not None:
                cancel(draft, order, "leaving the position")
    elif _is_dust(draft, position):
        all_outside = ZERO < position.left <= position.sold_outside
        _close(draft, position, SOLD_OUTSIDE if all_outside else position.exit_reason)
    else:
        _intend(draft, position, Purpose.EXIT, OrderType.MARKET, None, position.exit_reason)


def _mend_stop(draft: Draft, position: Position, orders: Orders, stop: Order) -> None:
    """Replace a stop whose price was moved, or that covers less than is held, though not with each fill of the entry,
    or more: the owner sold by hand, and the cancel was lost (law 4)."""
    if stop.status is not OrderStatus.WORKING:
        return
    moved = stop.stop_price != _stop_price(draft, position)
    waited = orders.entry is None or draft.at - stop.created_at >= SETTLE_PATIENCE
    short = waited and stop.remaining < _lots(draft, position)
    long = stop.remaining > position.quantity
    if (moved and position.stop_touched_at is None) or short or long:
        cancel(draft, stop, "to be placed anew")


def _place_stop(draft: Draft, position: Position) -> None:
    """Only where the venue would take it, while the rest of an entry may still come; the price is watched here
    in any case."""
    stop = _stop_price(draft, position)
    if stop is None or _wait_after_refusal(draft, position):
        return
    instrument = draft.market.instruments.get(position.symbol)
    if instrument is None or below_minimum(_lots(draft, position), stop, instrument):
        return
    entry_bar.stop_wanted(draft, position)
    _intend(draft, position, Purpose.STOP, OrderType.STOP, stop, "protection")


def _stop_price(draft: Draft, position: Position) -> Price | None:
    """To the tick as it is now: it was fixed before the venue's rules were known, or the venue changed them."""
    if position.stop is None:
        return None
    return round_stop(position.stop, position.direction, draft.market.instruments.get(position.symbol))


def _wait_after_refusal(draft: Draft, position: Position) -> bool:
    return not due(draft.at, position.stop_retry_after)


def cancel(draft: Draft, order: Order, reason: str) -> None:
    """Once; only what surely works can be cancelled, the rest is asked for first. Refused, it waits a while."""
    if order.status is OrderStatus.WORKING and not order.cancel_wanted and due(draft.at, order.cancel_after):
        draft.emit(f.CancelIntended(draft.at, order.client_order_id, reason))


def _lots(draft: Draft, position: Position) -> Quantity:
    """What can be sold of it now: not what orders of other positions have locked."""
    return _lots_of(draft, position, _sold_by_others(draft, position))


def _lots_of(draft: Draft, position: Position, locked: Decimal) -> Quantity:
    """Whole lots of what the position holds, and of what the account does: the fees of other trades may have been
    taken in the same coin (O11)."""
    instrument = draft.market.instruments.get(position.symbol)
    if instrument is None:
        return Quantity(ZERO)
    lots = sellable(position, instrument)
    if position.direction is not Direction.LONG:
        return lots
    in_account = draft.state.holdings.get(base_of(position.symbol), ZERO) - locked
    return Quantity(min(lots, max(floor_to(in_account, instrument.lot), ZERO)))


def _sold_by_others(draft: Draft, position: Position) -> Decimal:
    """What orders of other positions in the same instrument are selling already, and so have locked."""
    return sum((order.remaining for order in _sales_of_others(draft, position)), ZERO)


def _held_by_others(draft: Draft, position: Position) -> Decimal:
    """What of that they hold. The rest comes free: their positions were lessened, and their orders will be."""
    held = draft.state.positions
    return sum(
        (
            min(order.remaining, held[order.position_id].quantity)
            for order in _sales_of_others(draft, position)
            if order.position_id in held
        ),
        ZERO,
    )


def _sales_of_others(draft: Draft, position: Position) -> Iterator[Order]:
    if len(draft.state.positions_in.get(position.symbol, ())) < 2:
        return
    side = position.direction.entry_side.opposite
    for order in draft.state.orders.values():
        sells = order.symbol == position.symbol and order.side is side and not order.status.ended
        if sells and order.position_id != position.id:
            yield order


def _is_dust(draft: Draft, position: Position) -> bool:
    """Too little to be sold, now or later: what another position's order has locked comes free. Unknown without the
    venue's rules: then it is not."""
    instrument = draft.market.instruments.get(position.symbol)
    price = draft.market.price(position.symbol)
    if instrument is None:
        return position.quantity <= ZERO
    lots = _lots_of(draft, position, ZERO)
    if (
        lots <= ZERO or lots < instrument.min_quantity
    ):  # for that no price is needed, and after a start there is none
        return True
    return price is not None and bool(below_minimum(lots, price, instrument))


def _intend(
    draft: Draft, position: Position, purpose: Purpose, type: OrderType, stop: Price | None, reason: str
) -> None:
    """An order that lessens the position: whole lots of what our ledger holds, never more (law 4)."""
    quantity = _lots(draft, position)
    if quantity <= ZERO:
        return
    intent = next_intent(draft)
    order = Order(
        client_order_id(intent),
        intent,
        position.id,
        purpose,
        position.symbol,
        position.direction.entry_side.opposite,
        type,
        quantity,
        position.direction,
        position.preset,
        reason,
        draft.at,
        stop_price=stop,
    )
    draft.emit(f.OrderIntended(draft.at, order))


def next_intent(draft: Draft) -> IntentId:
    """The name of the next order of this book; never given twice, since the counter is folded from the facts."""
    return IntentId(f"{draft.state.nonce}.{draft.state.counter + 1}")


def _close(draft: Draft, position: Position, reason: str) -> None:
    """Everything is settled: the result is final."""
    entry_bar.closing(draft, position, hit_its_stop=reason in ("stop loss", "trailing stop"))
    draft.emit(
        f.PositionClosed(
            draft.at,
            position.id,
            position.symbol,
            position.direction,
            position.preset,
            position.entered,
            position.entry_price,
            position.exit_price,
            position.realised,
            position.fees,
            position.profit_share,
            position.quantity,
            position.opened_at or position.planned_at,
            reason,
            in_all(position.unpriced),
        )
    )
