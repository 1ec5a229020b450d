"""What one live price lets the paper venue fill: the touch, the slippage, and how much.

No fill is ever better than the touch: a buy pays the ask or more, a sell gets the bid or less.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.core.model import Instrument, Side, Ticker
from engine.core.money import ONE, ZERO, Price, Quantity, Ratio, ceil_to, floor_to, is_sound
from engine.exchanges.paper_rules import PaperRules


@dataclass(slots=True)
class PaperMarket:
    """One instrument at its newest price. `left` is what of this price's volume our orders may still take,
    None when the volume is unknown and nothing bounds a fill."""

    instrument: Instrument
    ticker: Ticker
    rules: PaperRules
    seen_at: datetime
    left: Quantity | None = None

    def __post_init__(self) -> None:
        volume = self.ticker.volume
        if volume is not None:
            # At least one lot where anything was traded: else an exit in a thin market would never begin to fill.
            share = floor_to(volume * self.rules.participation, self.instrument.lot)
            self.left = Quantity(max(share, self.instrument.lot) if volume > 0 else volume)

    def is_fresh(self, at: datetime) -> bool:
        """Whether an order that comes at `at` may fill on this price at once."""
        return at - self.seen_at <= self.rules.fresh

    def touch(self, side: Side) -> Price:
        """The price on the other side of the book: the ask for a buy, the bid for a sell."""
        bid, ask = self.ticker.bid, self.ticker.ask
        if bid is not None and ask is not None and is_sound(bid) and bid <= ask and ask.is_finite():
            return ask if side is Side.BUY else bid
        half = self.ticker.last * self.rules.spread / 2
        return Price(self.ticker.last + half if side is Side.BUY else self.ticker.last - half)

    def market_price(self, side: Side, quantity: Quantity) -> Price:
        """What a market order of `quantity` gets: the touch, worsened by slippage and by its own size, to a whole
        tick and never below one."""
        worse = self.rules.slippage + self.rules.impact * self._weight(quantity)
        tick = self.instrument.tick
        if side is Side.BUY:
            return Price(ceil_to(self.touch(side) * (ONE + worse), tick))
        price = floor_to(self.touch(side) * (ONE - worse), tick)
        return Price(price if is_sound(price) else tick)

    def crosses(self, side: Side, limit: Price) -> bool:
        """Whether a limit order at `limit` meets the other side of the book."""
        touch = self.touch(side)
        return touch <= limit if side is Side.BUY else touch >= limit

    def triggers(self, side: Side, stop: Price) -> bool:
        """Whether the last price has reached a stop: a sell's from above, a buy's from below."""
        return self.ticker.last <= stop if side is Side.SELL else self.ticker.last >= stop

    def fillable(self, quantity: Quantity) -> Quantity:
        """How much of `quantity` this price's volume still allows."""
        return quantity if self.left is None else min(quantity, self.left)

    def take(self, quantity: Quantity) -> None:
        """Our order took this much of the volume."""
        if self.left is not None:
            self.left = Quantity(self.left - quantity)

    def _weight(self, quantity: Quantity) -> Ratio:
        """How much of the price's volume `quantity` is, at most all of it; nothing where the volume is unknown."""
        volume = self.ticker.volume
        if volume is None:
            return Ratio(ZERO)
        return Ratio(min(quantity / volume, ONE) if is_sound(volume) else ONE)
