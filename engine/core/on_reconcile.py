"""Carries out a plan of repair, and the owner's choice about what is foreign."""

from __future__ import annotations

from datetime import timedelta

from engine.core import facts as f
from engine.core import inputs as i
from engine.core import reconcile as r
from engine.core.breakers import mark_now
from engine.core.closing import follow
from engine.core.draft import Draft
from engine.core.due import due
from engine.core.errors import Denied
from engine.core.exits import distances
from engine.core.forgotten import not_found
from engine.core.ids import IntentId, PositionId
from engine.core.model import Direction, OrderReport, OrderType, Side, VenuePicture
from engine.core.money import Quote
from engine.core.on_orders import ask, book, ended_long_ago, on_report, pursue_order, trouble_over
from engine.core.orders import Order, OrderStatus, Purpose
from engine.core.settings import ExitRules
from engine.core.sold_outside import is_behind, on_shortfall

WRITE_EVERY = timedelta(minutes=10)
"""A reconciliation that found nothing is written down at most this often, unless the owner asked for it."""


def on_picture(draft: Draft, input: i.PictureSeen) -> None:
    """Put right what differs. Balances are judged only once nothing else was left to repair."""
    trouble_over(draft, f.Trouble.RECONCILE_FAILED, "")
    if not draft.state.is_halted:
        # The owner lifted the halt that came with it, and the key may read. While halted that would prove nothing: a
        # key without the right to trade reads as well, and each stop that it refuses would ring anew.
        trouble_over(draft, f.Trouble.KEY_REFUSED, "")
    repairs = r.plan(draft.state, input.picture)
    for repair in repairs:
        _repair(draft, repair, input.picture)
    follow(draft, input.picture)
    _doubt(draft, input.picture)
    last = draft.state.reconciled_at
    old = last is None or draft.at - last >= WRITE_EVERY
    if repairs or input.asked or old or (not draft.state.shortfalls and is_behind(draft, input.picture)):
        flows = sum(isinstance(one, r.QuoteFlow) for one in repairs)
        questions = sum(isinstance(one, r.AskAgain) for one in repairs)  # nothing was put right by those yet
        draft.emit(f.Reconciled(draft.at, len(repairs) - questions, flows))


def _repair(draft: Draft, repair: r.Repair, picture: VenuePicture) -> None:
    match repair:
        case r.BookFill(fill):
            book(draft, fill)
            pursue_order(draft, fill.client_order_id)
        case r.TakeReport(report):
            on_report(draft, report)
        case r.AskAgain(client_order_id):
            not_found(draft, draft.state.orders.get(client_order_id), picture)
        case r.TellForeign(report):
            draft.emit(f.ForeignFound(draft.at, report))
        case r.Shortfall(coin):
            on_shortfall(draft, repair, picture, certain=coin not in r.unasked(draft.state, picture))
        case r.ShortfallGone(coin):
            draft.emit(f.ShortfallOver(draft.at, coin))
        case r.QuoteFlow(amount):
            quote = draft.state.quote
            mark_now(draft)
            draft.emit(f.BalanceFlowed(draft.at, quote, amount, Quote(amount), "no fill of ours explains it"))


def _doubt(draft: Draft, picture: VenuePicture) -> None:
    """What ended in our books and is listed as open long after is asked for by its name: the list may be wrong, or our
    books. It puts nothing right by itself, so it is no repair."""
    for report in picture.open_orders:
        order = draft.state.settled_orders.get(report.client_order_id)
        if order is not None and ended_long_ago(draft, order) and due(draft.at, order.ask_after):
            ask(draft, order)


# ── what is foreign ───────────────────────────────────────────────────────────────────────


def resolve(draft: Draft, command: i.ResolveForeign) -> None:
    """Adopt, close or ignore an order that has our mark but is not in our books. Raises Denied.

    A buy that is to be closed is in our books from here on, so its cancel is followed like that of any order of ours.
    """
    report = draft.state.foreign.get(command.client_order_id)
    if report is None:
        raise Denied("that order is settled already")
    adopted = command.choice is not f.ForeignChoice.IGNORE and report.side is Side.BUY
    if adopted:
        _adopt(draft, report)
    elif command.choice is f.ForeignChoice.ADOPT:
        raise Denied("only a buy can be adopted on a spot venue: close or ignore it")
    draft.emit(f.ForeignResolved(draft.at, report.client_order_id, report.symbol, command.choice, command.by))
    if adopted and command.choice is f.ForeignChoice.CLOSE:
        draft.emit(f.CancelIntended(draft.at, report.client_order_id, f"cancelled by {command.by}"))


def _adopt(draft: Draft, report: OrderReport) -> None:
    """Take it into the books as an entry: what it filled gets a position with the usual protection.

    So does one that the owner wants closed, since a part of it may be filled before the cancel arrives.
    """
    price = draft.market.price(report.symbol)
    if price is None:
        raise Denied(f"no price of {report.symbol} is known yet: try again in a moment")
    stop, take = distances(ExitRules(), price)
    position_id = PositionId(f"p{draft.state.counter + 1}")
    draft.emit(
        f.PositionPlanned(draft.at, position_id, report.symbol, Direction.LONG, None, stop, take, None, None)
    )
    draft.emit(f.OrderAdopted(draft.at, _as_order(draft, report, position_id)))
    for fill in report.fills:
        book(draft, fill)


def _as_order(draft: Draft, report: OrderReport, position_id: PositionId) -> Order:
    return Order(
        report.client_order_id,
        IntentId(f"adopted.{report.client_order_id}"),
        position_id,
        Purpose.ENTRY,
        report.symbol,
        Side.BUY,
        OrderType.LIMIT,
        report.quantity or report.filled,
        Direction.LONG,
        None,
        "adopted",
        draft.at,
        status=OrderStatus.WORKING,
        venue_order_id=report.venue_order_id,
    )
