"""Partial fills on demand: orders that are filled only up to a share of their quantity until they are released."""

from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import count

from sandbox.exchange.matching.model import ZERO, Order


@dataclass(frozen=True, slots=True)
class Hold:
    """`share` (0 to 1) of the quantity may be filled, in whole steps. `client_id` is a pattern as of file names,
    `pair_id` None for all. A market order waits for its release unless `then_expires`."""

    share: Decimal
    client_id: str = "*"
    pair_id: str | None = None
    then_expires: bool = False
    id: int = 0

    def covers(self, order: Order) -> bool:
        return self.pair_id in (None, order.pair.id) and fnmatchcase(order.client_id, self.client_id)


class Holds:
    """The holds in force; the first that covers an order counts."""

    def __init__(self) -> None:
        self._holds: dict[int, Hold] = {}
        self._ids = count(1)
        self._waiting: set[int] = set()

    def add(
        self, share: Decimal, client_id: str = "*", pair_id: str | None = None, then_expires: bool = False
    ) -> Hold:
        """Raises ValueError for a share that is not from 0 to 1."""
        if not share.is_finite() or not 0 <= share <= 1:
            raise ValueError(f"the share that may be filled is from 0 to 1, not {share}")
        hold = Hold(share, client_id, pair_id, then_expires, next(self._ids))
        self._holds[hold.id] = hold
        return hold

    def release(self, hold_id: int | None = None) -> list[Hold]:
        """Lift one hold, or all; what was lifted. The orders go on with the next step of the market."""
        chosen = list(self._holds) if hold_id is None else [hold_id]
        return [self._holds.pop(key) for key in chosen if key in self._holds]

    def room(self, order: Order) -> Decimal:
        """How much more of `order` may be filled now (base)."""
        hold = self._of(order)
        if hold is None:
            return order.remaining
        most = order.quantity * hold.share
        return max(ZERO, most - most % order.pair.step - order.filled)

    def limit(self, order: Order, quantity: Decimal) -> Decimal:
        """As much of `quantity` as a hold lets through; an order that gets less is remembered as waiting."""
        room = self.room(order)
        if room < quantity:
            self._waiting.add(order.id)
        return min(room, quantity)

    def take_waiting(self, orders: list[Order]) -> list[Order]:
        """Those of `orders` that waited and wait no longer; each is told once."""
        free = [order for order in orders if order.id in self._waiting and self._of(order) is None]
        self._waiting.difference_update(order.id for order in free)
        return free

    def keeps_open(self, order: Order) -> bool:
        """Whether an order that would end now, with a rest, waits instead."""
        hold = self._of(order)
        return hold is not None and not hold.then_expires

    def _of(self, order: Order) -> Hold | None:
        return next((hold for hold in self._holds.values() if hold.covers(order)), None)
