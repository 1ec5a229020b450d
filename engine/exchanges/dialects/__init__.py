"""How each venue wants orders placed, found and ended: a short class a venue, over ccxt, each fact with its source."""

from __future__ import annotations

from engine.exchanges.dialects.base import Dialect
from engine.exchanges.dialects.binance import Binance
from engine.exchanges.dialects.bingx import Bingx
from engine.exchanges.dialects.bybit import Bybit
from engine.exchanges.dialects.kraken import Kraken
from engine.exchanges.dialects.kucoin import Kucoin
from engine.exchanges.dialects.okx import Okx

DIALECTS: dict[str, type[Dialect]] = {
    "binance": Binance,
    "bingx": Bingx,
    "bybit": Bybit,
    "kraken": Kraken,
    "kucoin": Kucoin,
    "okx": Okx,
}


def dialect_of(venue: str) -> Dialect:
    """Raises ValueError, naming those that exist."""
    if venue not in DIALECTS:
        raise ValueError(f"Live orders are known for {', '.join(sorted(DIALECTS))}, not for {venue!r}.")
    return DIALECTS[venue]()
