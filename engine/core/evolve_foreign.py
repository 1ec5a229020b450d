"""What the facts about foreign orders change in the books; a part of `evolve`."""

from __future__ import annotations

from dataclasses import replace

from engine.core import facts as f
from engine.core.state import Closing, TraderState


def found(state: TraderState, fact: f.ForeignFound) -> None:
    state.foreign[fact.report.client_order_id] = fact.report


def resolved(state: TraderState, fact: f.ForeignResolved) -> None:
    """Kept as known, so that it is not told of again. One that is to be closed and was not adopted is followed until
    the venue says that it works no longer: its cancel may be lost."""
    report = state.foreign[fact.client_order_id]
    state.foreign[fact.client_order_id] = None
    adopted = state.order(fact.client_order_id) is not None
    if fact.choice is f.ForeignChoice.CLOSE and report is not None and not adopted:
        state.closing[fact.client_order_id] = Closing(report, fact.at)


def cancel_repeated(state: TraderState, fact: f.ForeignCancelRepeated) -> None:
    one = state.closing[fact.client_order_id]
    state.closing[fact.client_order_id] = replace(one, asked_at=fact.at, asked=fact.asked)


def ended(state: TraderState, fact: f.ForeignEnded) -> None:
    del state.closing[fact.client_order_id]


def adopted(state: TraderState, fact: f.OrderAdopted) -> None:
    state.orders[fact.order.client_order_id] = fact.order
