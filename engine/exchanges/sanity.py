"""A price that jumps is held until something else says the same (FAILURES S7, law 15). Pure.

One tick at a tenth of the price must not sell a position; a market that really falls by a tenth must not be missed.
So a price outside the band around the last accepted one waits until another source tells about the same, or until
more ticks of the same source with a later time do. A price back inside the band throws it away.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.core.ids import Symbol
from engine.core.model import Ticker
from engine.core.money import ONE, Price, Ratio


@dataclass(frozen=True, slots=True)
class Held:
    """A price that waits for confirmation: what told it first, and how many ticks agreed with it since."""

    ticker: Ticker
    source: str
    agreed: int = 0


class SanityBand:
    """`band` is the share of the last accepted price that one tick may move; `confirmations` is how many further
    ticks of the same source make a jump true."""

    def __init__(self, band: Ratio, confirmations: int = 2) -> None:
        if not Decimal(0) < band < ONE or confirmations < 1:
            raise ValueError(
                f"a band is between 0 and 1, with one confirmation or more: {band}, {confirmations}"
            )
        self._band = band
        self._confirmations = confirmations
        self._accepted: dict[Symbol, Price] = {}
        self._held: dict[Symbol, Held] = {}

    def passes(self, ticker: Ticker, source: str) -> bool:
        """Whether to act on this price. False: it is held; ask a second source."""
        last, held = self._accepted.get(ticker.symbol), self._held.get(ticker.symbol)
        if last is None or self._near(ticker.last, last) or self._confirmed(ticker, source, held):
            self._accepted[ticker.symbol] = ticker.last
            self._held.pop(ticker.symbol, None)
            return True
        self._held[ticker.symbol] = self._hold(ticker, source, held)
        return False

    def held(self, symbol: Symbol) -> Held | None:
        return self._held.get(symbol)

    def forget(self, symbol: Symbol) -> None:
        """Nobody wants this symbol any more: if it comes back, its first price is taken as it is."""
        self._accepted.pop(symbol, None)
        self._held.pop(symbol, None)

    def _confirmed(self, ticker: Ticker, source: str, held: Held | None) -> bool:
        if held is None or not self._near(ticker.last, held.ticker.last):
            return False
        return source != held.source or (
            ticker.at > held.ticker.at and held.agreed + 1 >= self._confirmations
        )

    def _hold(self, ticker: Ticker, source: str, held: Held | None) -> Held:
        if held is None or source != held.source or not self._near(ticker.last, held.ticker.last):
            return Held(ticker, source)
        agreed = held.agreed + (1 if ticker.at > held.ticker.at else 0)
        return Held(ticker, source, agreed)

    def _near(self, price: Price, reference: Price) -> bool:
        return abs(price - reference) <= reference * self._band
