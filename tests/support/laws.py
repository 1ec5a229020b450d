"""What must hold after every decision, whatever came. Each check names its law (DESIGN §3)."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

from engine.core import facts as f
from engine.core.effects import Submit
from engine.core.ids import base_of
from engine.core.ledger import Phase
from engine.core.model import Side
from engine.core.orders import OrderStatus
from engine.core.trader import Decision
from tests.support.desk import Desk


def check(desk: Desk, decision: Decision) -> None:
    """All laws that can be judged from one decision and the books after it."""
    intent_first(decision)
    nothing_twice(desk, decision)
    one_seller(desk)
    never_more_than_held(desk, decision)
    ended_stays_ended(desk, decision)
    sum_of_fills(desk)
    a_holding_has_exits(desk)
    a_halt_only_ends_by_the_owner(desk, decision)


def intent_first(decision: Decision) -> None:
    """Law 1: what is submitted is intended by a fact of the same decision."""
    intended = {fact.order.client_order_id for fact in decision.facts if isinstance(fact, f.OrderIntended)}
    for effect in decision.effects:
        if isinstance(effect, Submit):
            assert effect.request.client_order_id in intended


def nothing_twice(desk: Desk, decision: Decision) -> None:
    """Law 2: no client order id is ever submitted again."""
    new = [one.request.client_order_id for one in decision.effects if isinstance(one, Submit)]
    assert not set(new) & set(desk.submitted())
    assert len(set(new)) == len(new)


def one_seller(desk: Desk) -> None:
    """O16: at most one order that sells is under way for a position."""
    sellers = Counter(one.position_id for one in desk.state.orders.values() if one.side is Side.SELL)
    assert all(count == 1 for count in sellers.values()), sellers


def never_more_than_held(desk: Desk, decision: Decision) -> None:
    """Law 4: what an order sells was held by its position, and by the account, when it was intended."""
    for fact in decision.facts:
        if isinstance(fact, f.OrderIntended) and fact.order.side is Side.SELL:
            order = fact.order
            assert order.quantity <= desk.state.positions[order.position_id].quantity
            assert order.quantity <= desk.state.holdings[base_of(order.symbol)]


def ended_stays_ended(desk: Desk, decision: Decision) -> None:
    """Only what the venue did not know may turn out to work after all."""
    for fact in decision.facts:
        if isinstance(fact, f.OrderWorking):
            ended = [one for one in desk.of(f.OrderEnded) if one.client_order_id == fact.client_order_id]
            assert all(one.status is OrderStatus.NEVER_ARRIVED for one in ended)


def sum_of_fills(desk: Desk) -> None:
    """Law 3: positions and holdings are the fills, each once."""
    booked = desk.of(f.FillBooked)
    ids = [(one.fill.symbol, one.fill.id) for one in booked]
    assert len(set(ids)) == len(ids)
    for position in desk.state.positions.values():
        its = [one.fill for one in booked if one.position_id == position.id]
        assert position.entered == sum(one.quantity for one in its if one.side is Side.BUY)
        assert position.left == sum(one.quantity for one in its if one.side is Side.SELL)
    holdings: dict[str, Decimal] = defaultdict(Decimal, {desk.state.quote: desk.settings.starting_balance})
    for flow in desk.of(f.BalanceFlowed):
        holdings[flow.coin] += flow.amount
    for one in booked:
        sign = 1 if one.fill.side is Side.BUY else -1
        holdings[base_of(one.fill.symbol)] += sign * one.fill.quantity
        holdings[desk.state.quote] -= sign * one.fill.value
        for fee in one.fill.fees:
            holdings[fee.coin] -= fee.amount
    assert desk.state.holdings == dict(holdings)


def a_holding_has_exits(desk: Desk) -> None:
    """Law 5: from the first fill on there is a stop's price."""
    for position in desk.state.positions.values():
        if position.entered:
            assert position.phase is not Phase.PLANNED
            assert position.stop is not None


def a_halt_only_ends_by_the_owner(desk: Desk, decision: Decision) -> None:
    """Law 6."""
    lifted = any(isinstance(fact, f.HaltLifted) for fact in desk.facts)
    latched = any(isinstance(fact, f.HaltLatched) for fact in desk.facts)
    assert desk.state.is_halted or lifted or not latched
    if desk.state.is_halted and not any(isinstance(fact, f.HaltLatched) for fact in decision.facts):
        assert all(one.request.side is Side.SELL for one in decision.effects if isinstance(one, Submit))


def agrees_with_the_venue(desk: Desk) -> None:
    """Law 3, once all is quiet: what works at the venue and what it holds is what our books say."""
    assert set(desk.state.orders) == {
        report.client_order_id
        for one in desk.instruments
        for report in desk.venue.open_orders(one.symbol, desk.now)
    }
    at_venue = {balance.coin: balance.total for balance in desk.venue.balances() if balance.total}
    ours = {coin: amount for coin, amount in desk.state.holdings.items() if amount}
    assert at_venue == ours


def everything_is_protected(desk: Desk, eaten: str = "0.001") -> None:
    """Law 5, after a quiet while: a stop works for every position, for all of it but what is below a lot or was
    `eaten` by the fees of other trades."""
    for position in desk.state.positions.values():
        (stop,) = desk.state.orders_of(position.id)
        assert stop.status is OrderStatus.WORKING
        assert position.quantity - stop.remaining < Decimal(eaten)
