"""The last 24 hours of an instrument, as tickers show them: 23 whole hours and the one that is running."""

from dataclasses import dataclass

from sandbox.exchange.market.candles import INTERVALS, Candle
from sandbox.exchange.market.feed import Instrument

_HOUR_MS = INTERVALS["1h"]


@dataclass(frozen=True, slots=True)
class Day:
    """Prices in ticks, volume in steps, turnover in ticks times steps."""

    open_ms: int
    open: int
    high: int
    low: int
    last: int
    volume: int
    turnover: int
    trades: int

    @property
    def average(self) -> float:
        """Volume-weighted price in ticks; the last price when nothing was traded."""
        return self.turnover / self.volume if self.volume else float(self.last)


class DayStats:
    """Reads the finished hours once an hour, so that a ticker every second costs next to nothing."""

    def __init__(self) -> None:
        self._finished: dict[str, tuple[int, list[Candle]]] = {}

    def of(self, instrument: Instrument) -> Day:
        running = instrument.candles.current(_HOUR_MS)
        known = self._finished.get(instrument.pair.id)
        if known is None or known[0] != running.open_ms:
            hours = instrument.candles.read(_HOUR_MS, 24, None, running.open_ms - 1)[1:]
            self._finished[instrument.pair.id] = (running.open_ms, hours)
        candles = [*self._finished[instrument.pair.id][1], running]
        return Day(
            open_ms=candles[0].open_ms,
            open=candles[0].open,
            high=max(candle.high for candle in candles),
            low=min(candle.low for candle in candles),
            last=running.close,
            volume=sum(candle.volume for candle in candles),
            turnover=sum(candle.turnover for candle in candles),
            trades=sum(candle.trades for candle in candles),
        )
