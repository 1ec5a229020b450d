"""Foreign orders that the owner wants gone: cancelled again as long as the venue shows them open.

Only those that are in no book of ours, which a sale never is: a buy that he closes is adopted first, and then ends like
any other order of ours. A cancel whose answer is lost, or that a crash kept from leaving, is not repeated blindly: each
picture of the account asks for the order itself, and that answer decides (law 2).
"""

from __future__ import annotations

from datetime import timedelta

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.due import due
from engine.core.ids import ClientOrderId
from engine.core.model import OrderReport, VenuePicture
from engine.core.state import Closing

CANCEL_AGAIN = (10, 30, 60)
"""Seconds between the cancels of one order, whatever asks for a picture meanwhile; the last one repeats."""


def heard(draft: Draft, report: OrderReport) -> None:
    """What the venue says of one, by its stream or in answer to the cancel."""
    if report.client_order_id in draft.state.closing and report.status.ended:
        draft.emit(
            f.ForeignEnded(draft.at, report.client_order_id, report.symbol, report.status, report.filled)
        )


def follow(draft: Draft, picture: VenuePicture) -> None:
    """Each that is wanted gone, by what a picture tells of it; one that the picture did not ask for waits."""
    told = {one.client_order_id: one for one in (*picture.open_orders, *picture.orders)}
    for name, one in list(draft.state.closing.items()):
        report = told.get(name)
        if report is None:
            _not_found(draft, name, one, picture)
        elif report.status.ended:
            heard(draft, report)
        elif due(draft.at, one.asked_at + _pause(one)):
            again = one.asked + 1
            draft.emit(f.ForeignCancelRepeated(draft.at, name, report.symbol, again, report.filled))


def _not_found(draft: Draft, name: ClientOrderId, one: Closing, picture: VenuePicture) -> None:
    """It was at the venue before and is in neither of its lists now: gone, and how it ended nobody tells."""
    if name in picture.missing:
        draft.emit(f.ForeignEnded(draft.at, name, one.report.symbol, None, one.report.filled))


def _pause(one: Closing) -> timedelta:
    return timedelta(seconds=CANCEL_AGAIN[min(one.asked, len(CANCEL_AGAIN)) - 1])
