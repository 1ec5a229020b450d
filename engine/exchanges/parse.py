"""From ccxt's dictionaries and lists to our values; what is not sound raises Corrupt and goes no further."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from engine.core.errors import Corrupt
from engine.core.ids import Coin, Symbol
from engine.core.model import Candle, Instrument, Ticker
from engine.core.money import ZERO, Price, Quantity, Quote
from engine.exchanges.numbers import moment, not_negative, number, positive, positive_or_none
from engine.exchanges.venues import VenueRow

_DAY = Decimal(86400)
_SMALLEST = Decimal("1E-8")
_AHEAD = timedelta(seconds=5)
"""How far a price may be ahead of the venue's clock, as we last measured it against ours, before it is refused."""


def instrument(market: Mapping[str, Any], row: VenueRow) -> Instrument:
    """From a ccxt market in TICK_SIZE mode, in which all our venues list their steps."""
    symbol = Symbol(market["symbol"])
    limits, precision = market["limits"], market["precision"]
    lot = positive(precision["amount"], f"the lot of {symbol}")
    least = positive_or_none(limits["amount"]["min"], f"the least quantity of {symbol}")
    most = positive_or_none(limits["amount"]["max"], f"the most quantity of {symbol}")
    cost = positive_or_none(limits["cost"]["min"], f"the least value of {symbol}")
    return Instrument(
        symbol,
        Coin(market["base"]),
        Coin(market["quote"]),
        tick=positive(precision["price"], f"the tick of {symbol}"),
        lot=lot,
        min_quantity=Quantity(max(least or lot, lot)),
        max_quantity=None if most is None else Quantity(most),
        min_notional=Quote(cost or ZERO),
        taker_fee=_fee(market.get("taker"), row.taker_fee, symbol),
        maker_fee=_fee(market.get("maker"), row.maker_fee, symbol),
        active=market.get("active") is not False,
        market_max=_market_max(market, row, symbol),
        market_max_value=_market_max_value(market, row, symbol),
        max_stops=_max_stops(market, symbol),
    )


def _market_max(market: Mapping[str, Any], row: VenueRow, symbol: Symbol) -> Quantity | None:
    """As ccxt tells it (`limits.market`), else by the venue's own name. Zero is 'no cap' there."""
    told = (market["limits"].get("market") or {}).get("max")
    for name in row.market_max_at:
        told = told or (market.get("info") or {}).get(name) or _inside(market.get("info"), name)
    most = positive_or_none(told, f"the most quantity at market of {symbol}")
    return None if most is None else Quantity(most)


def _market_max_value(market: Mapping[str, Any], row: VenueRow, symbol: Symbol) -> Quote | None:
    if not row.caps_market_by_value:
        return None
    most = positive_or_none(market["limits"]["cost"].get("max"), f"the most value at market of {symbol}")
    return None if most is None else Quote(most)


def _inside(info: object, name: str) -> object:
    """Bybit keeps it in a part of its own, `lotSizeFilter`."""
    parts = info.values() if isinstance(info, Mapping) else ()
    return next((part[name] for part in parts if isinstance(part, Mapping) and name in part), None)


def _max_stops(market: Mapping[str, Any], symbol: Symbol) -> int | None:
    """Binance: the filter MAX_NUM_ALGO_ORDERS. It counts the owner's own as well.
    https://developers.binance.com/docs/binance-spot-api-docs/filters#max_num_algo_orders"""
    info = market.get("info")
    filters = info.get("filters") if isinstance(info, Mapping) else None
    for one in filters if isinstance(filters, list) else ():
        if isinstance(one, Mapping) and one.get("filterType") == "MAX_NUM_ALGO_ORDERS":
            return int(not_negative(one.get("maxNumAlgoOrders"), f"the most stops in {symbol}"))
    return None


def _fee(value: object, otherwise: Decimal, symbol: Symbol) -> Decimal:
    """A maker's rebate is a fee below zero; we count none, so that paper is never better than life."""
    return otherwise if value is None else max(number(value, f"the fee of {symbol}"), ZERO)


def ticker(symbol: Symbol, raw: Any, venue_now: datetime) -> tuple[Ticker, Decimal | None]:
    """A price, its volume still unknown, and the base quantity of the last 24 hours where the venue tells it."""
    if not isinstance(raw, Mapping):
        raise Corrupt(f"there is no price of {symbol} in the answer.")
    day = raw.get("baseVolume")
    stamp = raw.get("timestamp")
    found = Ticker(
        symbol,
        Price(positive(raw.get("last"), f"the price of {symbol}")),
        venue_now if stamp is None else moment(stamp, f"the time of {symbol}"),
        _price(raw.get("bid"), f"the bid of {symbol}"),
        _price(raw.get("ask"), f"the ask of {symbol}"),
    )
    return found, None if day is None else not_negative(day, f"the volume of {symbol}")


def check_not_ahead(ticker: Ticker, venue_now: datetime) -> None:
    """Raise Corrupt for a price from the future: after it, every true one would look old."""
    if ticker.at > venue_now + _AHEAD:
        raise Corrupt(
            f"the price of {ticker.symbol} is of {ticker.at:%Y-%m-%d %H:%M:%S}, which is still to come."
        )


def _price(value: object, what: str) -> Price | None:
    exact = positive_or_none(value, what)
    return None if exact is None else Price(exact)


class Volumes:
    """How much was traded since the ticker before.

    Venues tell the last 24 hours, out of which old trades fall as new ones come in, so the difference of two
    tickers says too little, or less than nothing. The even share of the day for the time in between is the other
    guess; the larger of both is taken.
    """

    def __init__(self) -> None:
        self._last: dict[Symbol, tuple[datetime, Decimal]] = {}

    def with_volume(self, ticker: Ticker, day: Decimal | None) -> Ticker:
        """`ticker` with its volume; None for the first one of a symbol, or without a day's volume."""
        before = self._last.get(ticker.symbol)
        if day is None or (before is not None and ticker.at < before[0]):
            return ticker
        self._last[ticker.symbol] = (ticker.at, day)
        if before is None:
            return ticker
        seconds = Decimal(str((ticker.at - before[0]).total_seconds()))
        volume = max(day - before[1], day * seconds / _DAY).quantize(_SMALLEST, ROUND_FLOOR)
        return replace(ticker, volume=Quantity(volume))


def candles(
    rows: Sequence[Any], timeframe: int, until: datetime, tell: Callable[[str], object] = lambda words: None
) -> list[Candle]:
    """Candles that are closed `until` then, in order, each open time once (the last telling counts). A missing one
    stays missing.

    A row that can't be read is left out alone and told: it is missing, and whoever keeps the series sees the hole and
    asks again (M12). Raises Corrupt where no row can be read: that is no answer.
    """
    found: dict[datetime, Candle] = {}
    bad = 0
    for row in rows:
        try:
            read = candle(row, timeframe)
        except Corrupt as error:
            bad += 1
            tell(str(error))
            if bad == len(rows):
                raise
            continue
        if read.open_time + timedelta(seconds=timeframe) <= until:
            found[read.open_time] = read
    return [found[at] for at in sorted(found)]


def candle(row: Any, timeframe: int) -> Candle:
    """From ccxt's [ms, open, high, low, close, volume]. Raises Corrupt unless low <= open, close <= high."""
    if not isinstance(row, list | tuple) or len(row) < 6:
        raise Corrupt(f"a candle has six numbers, not {row!r}.")
    at = moment(row[0], "a candle's time")
    if int(at.timestamp()) % timeframe or at.microsecond:
        raise Corrupt(f"a candle of {timeframe} s can't begin at {at:%Y-%m-%d %H:%M:%S.%f}.")
    opened, high, low, close = (
        positive(value, f"the {name} of the candle at {at}")
        for name, value in zip(("open", "high", "low", "close"), row[1:5], strict=True)
    )
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise Corrupt(f"the candle at {at} does not fit together: {row!r}.")
    volume = not_negative(row[5], f"the volume of the candle at {at}")
    return Candle(at, Price(opened), Price(high), Price(low), Price(close), Quantity(volume))


def newest_open(rows: Sequence[Any]) -> datetime | None:
    """The latest open time in a page of raw candles."""
    times = []
    for row in rows:
        with suppress(Corrupt):  # told by `candles`
            times.append(moment(row[0] if isinstance(row, list | tuple) and row else None, "a candle's time"))
    return max(times, default=None)
