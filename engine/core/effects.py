"""What has to be done in the world because of a fact. An effect starts only after its fact is on disk (law 1)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.facts import (
    AnyFact,
    CancelIntended,
    ForeignCancelRepeated,
    ForeignResolved,
    OrderAsked,
    OrderIntended,
)
from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest
from engine.core.state import TraderState


@dataclass(frozen=True, slots=True)
class Submit:
    request: OrderRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    client_order_id: ClientOrderId
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Query:
    client_order_id: ClientOrderId
    symbol: Symbol


Effect = Submit | Cancel | Query


def effects_of(fact: AnyFact, state: TraderState) -> Effect | None:
    """The effect of a fact, given the state after it. A restart never asks this of old facts:
    what was under way then is asked for at the venue, not done again."""
    if isinstance(fact, OrderIntended):
        return Submit(fact.order.request())
    if isinstance(fact, ForeignResolved | ForeignCancelRepeated):
        wanted_gone = fact.client_order_id in state.closing
        return Cancel(fact.client_order_id, fact.symbol) if wanted_gone else None
    if isinstance(fact, CancelIntended | OrderAsked):
        order = state.order(fact.client_order_id)
        if order is None:
            return None
        kind = Cancel if isinstance(fact, CancelIntended) else Query
        return kind(order.client_order_id, order.symbol)
    return None
