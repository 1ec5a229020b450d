"""What differs between the venues, a row each, with the source of every fact.

Sources, unless a line names another: the venue modules of ccxt 4.5.90 (`describe()`, `fetch_markets`, `watch_ticker`)
as installed, since it is through them that we speak to the venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

SECONDS_OF = MappingProxyType(
    {
        "1s": 1,
        "1m": 60,
        "3m": 180,
        "5m": 300,
        "15m": 900,
        "30m": 1800,
        "1h": 3600,
        "2h": 7200,
        "4h": 14400,
        "6h": 21600,
        "8h": 28800,
        "12h": 43200,
        "1d": 86400,
    }
)
"""Timeframes that begin at whole multiples of their length since 1970. Weeks and months don't, so they are left out."""

_COMMON = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")


@dataclass(frozen=True, slots=True)
class VenueRow:
    """One venue.

    `options` are laid over ccxt's own so that few requests are made. `lists_by_id`: it can be asked for some
    instruments only, by their ids. `candles_per_request`: the most that one answer holds. `taker_fee` and
    `maker_fee` stand in where ccxt tells none. `stream_needs`: what a stream's address must contain. `market_max_at`:
    the venue's own names for the most base quantity of one order at market, where ccxt does not read it.
    """

    ccxt_id: str
    title: str
    timeframes: tuple[str, ...]
    candles_per_request: int
    options: Mapping[str, Any] = field(default_factory=dict)
    lists_by_id: bool = False
    taker_fee: Decimal = Decimal("0.001")
    maker_fee: Decimal = Decimal("0.001")
    stream_needs: str = ""
    market_max_at: tuple[str, ...] = ()
    caps_market_by_value: bool = False
    """The most of one order at market is told in the quote coin (`maxMktSz`, ccxt's `limits.cost.max`):
    https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments"""


VENUES: Mapping[str, VenueRow] = MappingProxyType(
    {
        row.ccxt_id: row
        for row in (
            # exchangeInfo takes `symbols`; 1000 klines, 1s klines, base fee 0.1 %:
            # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
            # The margin list is asked for by default; `watch_ticker` obeys the option of `watch_tickers`, whose
            # miniTicker has neither bid nor ask. ccxt takes a market stream for a spot one by '/stream' in it.
            VenueRow(
                "binance",
                "Binance",
                ("1s", *_COMMON, "3m", "2h", "6h", "8h", "12h"),
                1000,
                {
                    "defaultType": "spot",
                    "fetchMargins": False,
                    "fetchMarkets": {"types": ["spot"]},
                    "watchTickers": {"name": "ticker"},
                },
                lists_by_id=True,
                stream_needs="/stream",
            ),
            # 1000 klines: https://bybit-exchange.github.io/docs/v5/market/kline ; spot fee of a base account 0.1 %
            VenueRow(
                "bybit",
                "Bybit",
                (*_COMMON, "3m", "2h", "6h", "12h"),
                1000,
                {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
                market_max_at=("maxMarketOrderQty", "maxMktOrderQty"),
            ),
            # 300 candles an answer, 100 of them from the history endpoint, which ccxt turns to for old ones:
            # https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-candlesticks
            VenueRow(
                "okx",
                "OKX",
                (*_COMMON, "3m", "2h", "6h", "12h"),
                300,
                {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
                taker_fee=Decimal("0.0015"),
                caps_market_by_value=True,
            ),
            # 1440 klines; `fetch_markets` also asks for both lists of perpetuals, and no option stops that.
            VenueRow("bingx", "BingX", (*_COMMON, "3m", "2h", "6h", "12h"), 1440, {"defaultType": "spot"}),
            # 720 candles back from now, whatever `since` says:
            # https://docs.kraken.com/api-reference/market-data/get-ohlc-data ; fees of the lowest tier
            VenueRow(
                "kraken", "Kraken", _COMMON, 720, taker_fee=Decimal("0.004"), maker_fee=Decimal("0.0025")
            ),
            # 1500 klines: https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-klines
            # `fetchTickersFees` costs a request for all tickers with each list of instruments.
            VenueRow(
                "kucoin",
                "KuCoin",
                (*_COMMON, "3m", "2h", "6h", "8h", "12h"),
                1500,
                {"defaultType": "spot", "fetchMarkets": {"types": ["spot"], "fetchTickersFees": False}},
            ),
        )
    }
)


def row_of(venue: str) -> VenueRow:
    """Raises ValueError, naming those that exist."""
    if venue not in VENUES:
        raise ValueError(f"There is no venue called {venue!r}: choose one of {', '.join(sorted(VENUES))}.")
    return VENUES[venue]


def redirect(urls: Any, row: VenueRow, rest: str, stream: str) -> Any:
    """ccxt's nested `urls['api']` with other hosts: `rest` and `stream` are origins such as
    http://127.0.0.1:8080 and ws://127.0.0.1:8080, empty to leave that kind as it is. Paths are kept."""
    if isinstance(urls, Mapping):
        return {key: redirect(value, row, rest, stream) for key, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    is_stream = urls.startswith("ws")
    origin = stream if is_stream else rest
    if not origin:
        return urls
    path = urlsplit(urls).path
    if is_stream and "ws-api" not in path and row.stream_needs not in path:
        path = row.stream_needs + path
    return origin.rstrip("/") + path
