"""What the venue tells of our orders, in any order and any number of times (laws 2 and 3)."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.core import causes, entry_bar
from engine.core import facts as f
from engine.core import inputs as i
from engine.core.closing import heard
from engine.core.draft import Draft
from engine.core.due import due
from engine.core.exits import distances, opening
from engine.core.ids import ClientOrderId, PositionId, is_ours
from engine.core.ledger import Phase, Position, fee_value
from engine.core.model import Fill, Mode, OrderReport, OrderType, VenueStatus
from engine.core.money import ZERO, Quantity
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.pursue import STOP_REFUSALS, cancel, pursue
from engine.core.settings import ExitRules, Unprotected

ASK_AGAIN = (1, 2, 4, 8)
"""Seconds between the questions about one order; the last one repeats. It bounds how long an outcome stays unknown,
and a position unprotected, once the venue is back; one question in 8 s is less than 1 % of any venue's allowance."""
NOT_FOUND_PATIENCE = timedelta(seconds=18)
"""A request may arrive late, a real venue may list an order late, and both may come together: 'not found' counts only
this long after the order became unknown, and asked at least twice. The paper venue is our own and knows at once."""
LISTED_LATE = timedelta(seconds=60)
"""For so long after its end an order may be listed as open merely because the list is late; then it is asked for."""
CALL_OWNER_AFTER = 25
"""Questions about one order (some three minutes) after which the owner is called; they go on all the same."""
CANCEL_PATIENCE = timedelta(seconds=5)
MARKET_PATIENCE = timedelta(seconds=5)
"""A market order that still works after this is asked for: its fills may have been told to nobody."""
RETRY = (2, 5, 15, 30)
"""Seconds before a refused exit or stop is tried again. No longer: what was refused because the venue wanted to be left
alone is tried within 30 s of its return (law 5)."""

NOT_BY_US = "at the venue, not by us"
_ENDED = {
    VenueStatus.FILLED: OrderStatus.FILLED,
    VenueStatus.CANCELLED: OrderStatus.CANCELLED,
    VenueStatus.EXPIRED: OrderStatus.EXPIRED,
    VenueStatus.REJECTED: OrderStatus.REJECTED,
}


def on_report(draft: Draft, report: OrderReport) -> None:
    """An order's state as the venue has it; its fills are booked first, then its status. Most of what a venue tells it
    tells twice: what is no news moves nothing."""
    known = len(draft.facts)
    order = draft.state.order(report.client_order_id)
    if order is None:
        heard(draft, report)
        _unknown_to_us(draft, report.client_order_id, f"an order in {report.symbol}")
        return
    for fill in report.fills:
        book(draft, fill)
    order = draft.state.order(report.client_order_id)
    if order is not None and order.status.ended:
        _take_more(draft, order, report)
    elif order is not None:
        _take_status(draft, order, report)
    if len(draft.facts) > known:
        pursue_order(draft, report.client_order_id)


def _take_status(draft: Draft, order: Order, report: OrderReport) -> None:
    if report.status is VenueStatus.REJECTED:
        refused(draft, order, report.reason)
    elif report.status.ended:
        _end(draft, order, report)
        unasked = not order.cancel_wanted and report.status is not VenueStatus.FILLED
        if unasked and not draft.state.orders.get(order.client_order_id) and not order.filled:
            _back_off(draft, order, report.reason or f"it was {report.status} {NOT_BY_US}")
    elif order.status is not OrderStatus.WORKING or (order.cancel_wanted and order.attempts):
        # Told to be open after we asked for it: an earlier cancel did not take, so it may be sent again.
        draft.emit(f.OrderWorking(draft.at, order.client_order_id, report.venue_order_id))
        if order.purpose is Purpose.STOP:
            entry_bar.stop_works(draft, order.symbol)
        if order.cancel_wanted and order.type is OrderType.LIMIT:
            # It may rest for ever, so that nothing but this would remember that somebody wanted it gone.
            draft.emit(f.CancelIntended(draft.at, order.client_order_id, "its cancel did not take"))


def _end(draft: Draft, order: Order, report: OrderReport) -> None:
    filled = Quantity(max(report.filled, order.filled))
    draft.emit(f.OrderEnded(draft.at, order.client_order_id, _ENDED[report.status], filled, report.reason))


def _take_more(draft: Draft, order: Order, report: OrderReport) -> None:
    """An order that ended stays so, but the venue may have filled more than it said first (O15), and one that we
    gave up, or that was listed as open long after its end and so was asked for, may work after all: it is cancelled,
    since another has taken its place (O22)."""
    if report.status.ended and report.filled > max(order.filled, order.venue_filled or ZERO):
        _end(draft, order, report)
    elif report.status is VenueStatus.OPEN and order.status is OrderStatus.NEVER_ARRIVED:
        _rise(draft, order, report, "it had been given up")
    elif report.status is VenueStatus.OPEN and order.attempts and ended_long_ago(draft, order):
        words = "it had ended, as the venue told us then, and works after all: it is cancelled"
        trouble(draft, f.Trouble.ORDER_UNCERTAIN, order.client_order_id, words)
        _rise(draft, order, report, "it had ended in our books")


def _rise(draft: Draft, order: Order, report: OrderReport, reason: str) -> None:
    draft.emit(f.OrderWorking(draft.at, order.client_order_id, report.venue_order_id))
    draft.emit(f.CancelIntended(draft.at, order.client_order_id, reason))


def ended_long_ago(draft: Draft, order: Order) -> bool:
    """Whether no list is so late that it would still show it as open; no list of one that filled is believed."""
    if order.ended_at is None or max(order.filled, order.venue_filled or ZERO) >= order.quantity:
        return False
    return due(draft.at, order.ended_at + LISTED_LATE)


def pursue_order(draft: Draft, client_order_id: ClientOrderId) -> None:
    """The next step for its position; an order that outlived its position is cancelled."""
    order = draft.state.order(client_order_id)
    if order is None:
        return
    if order.settled:
        trouble_over(draft, f.Trouble.ORDER_UNCERTAIN, client_order_id)
    pursue(draft, order.position_id)
    if order.position_id not in draft.state.positions:
        cancel(draft, order, "its position is gone")


# ── fills ─────────────────────────────────────────────────────────────────────────────────


def on_fill(draft: Draft, fill: Fill) -> None:
    """An execution told by itself."""
    if draft.state.order(fill.client_order_id) is None:
        _unknown_to_us(draft, fill.client_order_id, f"a fill in {fill.symbol}")
        return
    book(draft, fill)
    pursue_order(draft, fill.client_order_id)


def book(draft: Draft, fill: Fill) -> None:
    """Count a fill once, open its position with the first, and bring back one that was given up (O22)."""
    order = draft.state.order(fill.client_order_id)
    if order is None or (fill.symbol, fill.id) in draft.state.seen_fills:
        return
    if fill.symbol != order.symbol:
        # By another name it would not be known as one that is counted already (law 3).
        words = f"a fill in {fill.symbol} was told of our order in {order.symbol}: it is not booked"
        trouble(draft, f.Trouble.DATA_UNSOUND, str(order.client_order_id), words)
        return
    position_id = order.position_id
    if position_id not in draft.state.positions:
        position_id = _bring_back(draft, order, fill)
    instrument = draft.market.instruments.get(fill.symbol)
    prices = draft.market.coin_prices(draft.state.quote)
    value, unpriced = fee_value(fill, draft.state.quote, prices)
    draft.emit(f.FillBooked(draft.at, fill, position_id, value, unpriced))
    position = draft.state.positions[position_id]
    if position.opened_at is None and order.purpose is Purpose.ENTRY:
        draft.emit(opening(position, fill, instrument, draft.at))
        if position.phase is Phase.LEAVING:
            draft.emit(f.ExitWanted(draft.at, position_id, position.exit_reason, "rules"))


def _bring_back(draft: Draft, order: Order, fill: Fill) -> PositionId:
    """An order that we took for dead was filled after its position had gone: the coins are ours, so they get a
    position again, with the usual protection. What a stop or an exit sold then was in no position: the books show
    it, and the owner is told."""
    if order.purpose is not Purpose.ENTRY:
        words = f"{fill.quantity} of {fill.symbol} were sold by an order whose position was gone"
        trouble(draft, f.Trouble.DATA_UNSOUND, str(order.client_order_id), words)
    stop, take = distances(ExitRules(), fill.price)
    position_id = PositionId(f"p{draft.state.counter + 1}")
    draft.emit(
        f.PositionPlanned(
            draft.at, position_id, fill.symbol, order.direction, order.preset, stop, take, None, None
        )
    )
    return position_id


def _unknown_to_us(draft: Draft, client_order_id: ClientOrderId, what: str) -> None:
    """It carries our prefix but is not in our books: another copy of the desk, or books from a backup."""
    if is_ours(client_order_id) and client_order_id not in draft.state.foreign:
        trouble(
            draft,
            f.Trouble.DATA_UNSOUND,
            str(client_order_id),
            f"{what} has our mark but is not in our books",
        )


# ── refusals and unknown outcomes ─────────────────────────────────────────────────────────


def on_refused(draft: Draft, input: i.OrderRefused) -> None:
    """A refused submit. One that was seen to work can't have been refused: which is true is asked for (O8)."""
    order = draft.state.orders.get(input.client_order_id)
    if order is None or order.status.ended:
        return
    if order.status is OrderStatus.WORKING or order.filled:
        draft.emit(f.OutcomeLost(draft.at, order.client_order_id, f"refused, yet it worked: {input.reason}"))
        return
    refused(draft, order, input.reason)
    pursue(draft, order.position_id)


def refused(draft: Draft, order: Order, reason: str) -> None:
    """The venue refused it for certain."""
    draft.emit(f.OrderEnded(draft.at, order.client_order_id, OrderStatus.REJECTED, order.filled, reason))
    _back_off(draft, order, reason)


def _back_off(draft: Draft, order: Order, reason: str) -> None:
    """Nothing came of it, by the venue's will: exits and stops are tried again, ever more slowly (S4, S10)."""
    position = draft.state.positions.get(order.position_id)
    if position is None:
        return
    if order.purpose is Purpose.EXIT:
        count = position.exit_refusals + 1
        draft.emit(f.ExitRefused(draft.at, position.id, count, draft.at + _retry(count), reason))
    elif order.purpose is Purpose.STOP:
        count = position.stop_refusals + 1
        draft.emit(f.StopRefused(draft.at, position.id, count, draft.at + _retry(count), reason))
        entry_bar.stop_refused(draft, position, count, reason)
        if count >= STOP_REFUSALS and position.phase is Phase.OPEN and _sells_unprotected(draft, position):
            draft.emit(f.ExitWanted(draft.at, position.id, "the venue refuses its stop", "rules"))


def _sells_unprotected(draft: Draft, position: Position) -> bool:
    """Only where its preset says so: never a surprise sale."""
    preset = draft.settings.presets.get(position.preset) if position.preset is not None else None
    return preset is not None and preset.exits.unprotected is Unprotected.SELL


def _retry(count: int) -> timedelta:
    return timedelta(seconds=RETRY[min(count, len(RETRY)) - 1])


def on_lost(draft: Draft, client_order_id: ClientOrderId, reason: str) -> None:
    """A submit without a readable answer. If the order was heard of meanwhile, its state is known after all."""
    order = draft.state.orders.get(client_order_id)
    if order is not None and order.status is OrderStatus.INTENDED:
        draft.emit(f.OutcomeLost(draft.at, client_order_id, reason))


def on_not_found(draft: Draft, client_order_id: ClientOrderId) -> None:
    """The venue answered and doesn't know it: an end, as far as that can be believed."""
    order = draft.state.orders.get(client_order_id)
    if order is None or not _is_gone(draft, order):
        return
    status = OrderStatus.NEVER_ARRIVED if order.status is OrderStatus.UNKNOWN else OrderStatus.CANCELLED
    status = order.status if order.status.ended else status
    draft.emit(f.OrderEnded(draft.at, client_order_id, status, order.filled, "the venue does not know it"))
    pursue(draft, order.position_id)


def _is_gone(draft: Draft, order: Order) -> bool:
    """On paper our books are the account: what died with the process before it was written down never happened.
    On a live venue final only after patience, and never for an order that was seen to work."""
    if draft.state.mode is Mode.PAPER:
        return order.status is not OrderStatus.INTENDED
    if order.status is not OrderStatus.UNKNOWN or order.unknown_since is None:
        return False
    return order.attempts >= 2 and draft.at - order.unknown_since >= NOT_FOUND_PATIENCE


def on_cancel_refused(draft: Draft, client_order_id: ClientOrderId, reason: str) -> None:
    """It may have been filled, or the cancel got lost: its state is asked for before anything else (O15)."""
    order = draft.state.orders.get(client_order_id)
    if order is not None and not order.status.ended:
        again = draft.at + _retry(order.cancel_refusals + 1)
        draft.emit(f.CancelFailed(draft.at, client_order_id, reason, again))
        ask(draft, order)


def ask_what_is_due(draft: Draft) -> None:
    """Ask for every order whose state is not certain and whose time has come."""
    for order in list(draft.state.orders.values()):
        if _uncertain(draft, order) and due(draft.at, order.ask_after):
            ask(draft, order)


def cancel_orphans(draft: Draft) -> None:
    """An order without a position whose cancel was refused: nothing else would remember to send it again."""
    for order in list(draft.state.orders.values()):
        if order.cancel_refusals and order.position_id not in draft.state.positions:
            cancel(draft, order, "its position is gone")


def ask_at_once(draft: Draft) -> None:
    """The venue can be reached again: what was asked for in vain does not wait for its turn."""
    for order in list(draft.state.orders.values()):
        if _uncertain(draft, order):
            ask(draft, order)


def _uncertain(draft: Draft, order: Order) -> bool:
    if order.status is OrderStatus.UNKNOWN or order.status.ended:
        return True
    if order.status is OrderStatus.WORKING and order.type is OrderType.MARKET:
        # It should have filled at once: a stream that went silent must not hide that it did.
        return draft.at - order.created_at >= MARKET_PATIENCE
    return order.cancel_wanted and (order.ask_after is not None or _cancel_overdue(draft, order))


def _cancel_overdue(draft: Draft, order: Order) -> bool:
    return order.cancel_since is not None and draft.at - order.cancel_since >= CANCEL_PATIENCE


def ask(draft: Draft, order: Order) -> None:
    attempt = order.attempts + 1
    draft.emit(f.OrderAsked(draft.at, order.client_order_id, attempt, _next_question(draft, order, attempt)))
    # One that had ended in our books is asked for as often as a list still shows it: that is no uncertainty.
    if attempt % CALL_OWNER_AFTER == 0 and not order.status.ended:
        detail = f"asked for {attempt} times and still not certain: look at the venue's own list of orders"
        trouble(draft, f.Trouble.ORDER_UNCERTAIN, order.client_order_id, detail)


def _next_question(draft: Draft, order: Order, attempt: int) -> datetime:
    """Ever later, but at once when 'not found' begins to count: nobody waits for a position that was never bought."""
    due = draft.at + timedelta(seconds=ASK_AGAIN[min(attempt, len(ASK_AGAIN)) - 1])
    waits = draft.state.mode is Mode.LIVE and order.status is OrderStatus.UNKNOWN
    if waits and order.unknown_since is not None:
        counts = order.unknown_since + NOT_FOUND_PATIENCE
        return counts if draft.at < counts < due else due
    return due


# ── trouble ───────────────────────────────────────────────────────────────────────────────

WRITE_AGAIN = timedelta(seconds=60)
"""A trouble that goes on is written down at most this often: one alert with a count, not a hundred."""


def trouble(draft: Draft, kind: f.Trouble, subject: str, detail: str) -> None:
    """Something is wrong, for the first time or still."""
    known = draft.state.troubles.get((kind, subject))
    if known is None or draft.at - known.last >= WRITE_AGAIN:
        draft.emit(f.TroubleBegan(draft.at, kind, subject, detail))
    if kind is f.Trouble.KEY_REFUSED and not draft.state.is_halted:
        draft.emit(f.HaltLatched(draft.at, f.Breaker.FAILURE, f"the venue refuses our key: {detail}"))


def tell_what_lasts(draft: Draft) -> None:
    """What was said by something else at first, or might have been over at once, is told once it is news."""
    if draft.state.troubles:
        for (kind, subject), one in list(causes.now_news(draft.state, draft.at)):
            draft.emit(f.TroubleBegan(draft.at, kind, subject, one.detail))


def trouble_over(draft: Draft, kind: f.Trouble, subject: str) -> None:
    known = draft.state.troubles.get((kind, subject))
    if known is not None:
        seconds = int((draft.at - known.began).total_seconds())
        draft.emit(f.TroubleOver(draft.at, kind, subject, seconds, known.count, known.told))
