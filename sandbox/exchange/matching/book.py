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
        self._sides: dict[Side, list[Level]] = {Side.BUY: [], Side.SELL: []}

    @property
    def has_price(self) -> bool:
        return self.last > 0

    @property
    def ask(self) -> Decimal:
        return self._sides[Side.BUY][0].price

    @property
    def bid(self) -> Decimal:
        return self._sides[Side.SELL][0].price

    def draw(self, price: Decimal, volume: Decimal) -> None:
        """Set the last price, and lay out both sides; `volume` (base) passes through the price at this step."""
        pair = self.pair
        self.last = price
        self.passing = volume
        self.update_id += 1
        half = price * self._spread / 2
        bid = max(pair.tick, _to(price - half, pair.tick, ROUND_FLOOR))
        ask = max(bid + pair.tick, _to(price + half, pair.tick, ROUND_CEILING))
        gap = max(pair.tick, _to(price * _GAP, pair.tick, ROUND_CEILING))
        floor = _to(pair.min_notional * _FLOOR_NOTIONALS / price, pair.step, ROUND_CEILING)
        sizes = [max(floor, _to(volume * (k + 1) / 4, pair.step, ROUND_DOWN)) for k in range(LEVELS)]
        self._sides[Side.BUY] = [Level(ask + gap * k, size) for k, size in enumerate(sizes)]
        self._sides[Side.SELL] = [
            Level(bid - gap * k, size) for k, size in enumerate(sizes) if bid - gap * k >= pair.tick
        ]

    def levels(self, taker: Side) -> list[Level]:
        """What a taker of that side meets, best first: asks for a buyer, bids for a seller."""
        return [level for level in self._sides[taker] if level.quantity > 0]

    def crosses(self, side: Side, price: Decimal) -> bool:
        """Whether an order at `price` would be filled at once."""
        return price >= self.ask if side is Side.BUY else price <= self.bid


def _to(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding=rounding) * step
