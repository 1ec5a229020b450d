"""What the trader knows of the market: not journaled, seen anew after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.core import inputs as i
from engine.core.ids import Coin, Symbol, base_of
from engine.core.model import Instrument, Ticker
from engine.core.money import ZERO, Price, Quote
from engine.core.state import TraderState

STALE_AFTER = timedelta(seconds=60)
"""A price older than this decides no entry in its instrument."""
NOTHING_ELSE: Mapping[Coin, Price] = {}


@dataclass(slots=True)
class Market:
    """The newest price and the rules of each instrument. `seen_at` is our time of each price's arrival."""

    prices: dict[Symbol, Ticker] = field(default_factory=dict)
    seen_at: dict[Symbol, datetime] = field(default_factory=dict)
    instruments: dict[Symbol, Instrument] = field(default_factory=dict)

    def see(self, input: i.Input) -> None:
        """Take in what an input says of the market; other inputs are passed over."""
        if isinstance(input, i.PriceSeen):
            self.prices[input.ticker.symbol] = input.ticker
            self.seen_at[input.ticker.symbol] = input.at
        elif isinstance(input, i.InstrumentsSeen):
            self.instruments.update({one.symbol: one for one in input.instruments})

    def price(self, symbol: Symbol) -> Price | None:
        """The last price, however old; None before the first."""
        ticker = self.prices.get(symbol)
        return ticker.last if ticker else None

    def fresh_price(self, symbol: Symbol, at: datetime) -> Price | None:
        """The last price, unless it is stale at `at`."""
        seen = self.seen_at.get(symbol)
        if seen is None or at - seen > STALE_AFTER:
            return None
        return self.prices[symbol].last

    def coin_prices(self, quote: Coin) -> dict[str, Price]:
        """The price of each coin in `quote`, of those that we watch."""
        suffix = f"/{quote}"
        return {
            symbol.removesuffix(suffix): ticker.last
            for symbol, ticker in self.prices.items()
            if symbol.endswith(suffix)
        }


def equity(
    state: TraderState, market: Market, otherwise: Mapping[Coin, Price] = NOTHING_ELSE
) -> Quote | None:
    """All holdings in the quote coin at the last prices; None while a held coin has no price yet:
    no limit is judged on half a picture (law 15). `otherwise`: what to take for coins that were never priced.

    A coin that we owe and hold no position in was paid in fees out of the owner's own: until its price is seen it
    counts as nothing, or no equity would be known any more; it is told with the result (`UnpricedFee`).
    """
    prices = dict(otherwise) | {Coin(coin): last for coin, last in market.coin_prices(state.quote).items()}
    total = state.holdings.get(state.quote, ZERO)
    for coin, amount in state.holdings.items():
        if coin == state.quote or not amount:
            continue
        if coin not in prices:
            if amount < ZERO and all(base_of(symbol) != coin for symbol in state.positions_in):
                continue
            return None
        total += amount * prices[coin]
    return Quote(total)
