"""What the facts about fees in third coins change in the books; a part of `evolve`.

`state.unpriced` is an index: it has the positions whose result waits for the price of a coin.
"""

from __future__ import annotations

from engine.core import facts as f
from engine.core.ids import Coin, PositionId
from engine.core.ledger import Position, price_fees
from engine.core.state import TraderState


def booked(state: TraderState, fact: f.FillBooked) -> None:
    for fee in fact.unpriced:
        its = state.unpriced.get(fee.coin, ())
        state.unpriced[fee.coin] = its if fact.position_id in its else (*its, fact.position_id)


def priced(state: TraderState, fact: f.FeesPriced) -> None:
    position = state.positions[fact.position_id]
    state.positions[fact.position_id] = price_fees(position, fact.coin, fact.price)
    _waits_no_more(state, fact.position_id, fact.coin)


def gone(state: TraderState, position: Position) -> None:
    for fee in position.unpriced:
        _waits_no_more(state, position.id, fee.coin)


def _waits_no_more(state: TraderState, position_id: PositionId, coin: Coin) -> None:
    rest = tuple(one for one in state.unpriced.get(coin, ()) if one != position_id)
    if rest:
        state.unpriced[coin] = rest
    else:
        state.unpriced.pop(coin, None)
