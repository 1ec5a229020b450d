"""The market side of one pair: last price, spread, and a ladder of what can be taken at this tick.

There is no other client in the ladder: it is drawn around the replayed price anew at every step, as deep as
the replayed volume allows, and what is taken from it is gone until the next step. So a large order slips, and
a resting order is filled in parts.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from sandbox.exchange.matching.model import ZERO, Pair, Side

LEVELS = 20
_GAP = Decimal("0.0002")  # distance between two levels, as a fraction of the price
_FLOOR_NOTIONALS = 20  # a level never holds less than this many smallest orders, even in a dead market


@dataclass(slots=True)
class Level:
    price: Decimal
    quantity: Decimal


class Book:
    """Prices are quote per base, quantities base. Before the first `draw` there is no price."""

    def __init__(self, pair: Pair, spread: Decimal) -> None:
        self.pair = pair
        self._spread = spread
        self.last = ZERO
        self.passing = ZERO
        self.update_id = 0
        self._volume = ZERO
        self._best: dict[Side, Decimal] = {}
        self._drawn: dict[Side, list[Level]] = {}

    @property
    def has_price(self) -> bool:
        return self.last > 0

    @property
    def ask(self) -> Decimal:
        return self._best[Side.BUY]

    @property
    def bid(self) -> Decimal:
        return self._best[Side.SELL]

    def draw(self, price: Decimal, volume: Decimal) -> None:
        """Set the last price; `volume` (base) passes through it at this step. The ladders are laid out once somebody
        asks for them."""
        pair = self.pair
        self.last = price
        self.passing = volume
        self.update_id += 1
        half = price * self._spread / 2
        bid = max(pair.tick, _to(price - half, pair.tick, ROUND_FLOOR))
        ask = max(bid + pair.tick, _to(price + half, pair.tick, ROUND_CEILING))
        self._best = {Side.BUY: ask, Side.SELL: bid}
        self._volume = volume
        self._drawn = {}

    def levels(self, taker: Side) -> list[Level]:
        """What a taker of that side meets, best first: asks for a buyer, bids for a seller."""
        return [level for level in self._ladder(taker) if level.quantity > 0]

    def _ladder(self, taker: Side) -> list[Level]:
        if taker not in self._drawn:
            self._drawn[taker] = self._lay_out(taker)
        return self._drawn[taker]

    def _lay_out(self, taker: Side) -> list[Level]:
        pair, best = self.pair, self._best[taker]
        gap = max(pair.tick, _to(self.last * _GAP, pair.tick, ROUND_CEILING))
        floor = _to(pair.min_notional * _FLOOR_NOTIONALS / self.last, pair.step, ROUND_CEILING)
        sizes = [max(floor, _to(self._volume * (k + 1) / 4, pair.step, ROUND_DOWN)) for k in range(LEVELS)]
        away = gap if taker is Side.BUY else -gap
        levels = [Level(best + away * k, size) for k, size in enumerate(sizes)]
        return [level for level in levels if level.price >= pair.tick]

    def crosses(self, side: Side, price: Decimal) -> bool:
        """Whether an order at `price` would be filled at once."""
        return price >= self.ask if side is Side.BUY else price <= self.bid


def _to(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding=rounding) * step
