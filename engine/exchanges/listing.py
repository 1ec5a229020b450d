"""What a venue lists, asked for by name where it lets us: all of Binance costs 45 MB."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from loguru import logger

from engine.core.errors import Unavailable
from engine.exchanges.row_by_row import rows_apart
from engine.exchanges.venues import VenueRow

Ask = Callable[..., Awaitable[Any]]
"""Calls ccxt and turns its errors into ours."""


async def listed(ask: Ask, client: Any, row: VenueRow, symbols: Sequence[str]) -> list[Any]:
    """ccxt's markets, `symbols` among them as far as the venue knows them. Raises what `ask` raises."""
    if not row.lists_by_id:
        found = await _read(ask, client, row)
        if not found:
            # Believed, it would leave out every instrument and every order in one (law 15).
            raise Unavailable(f"{row.title} lists nothing at all, which is not believed.")
        return found
    ids = ",".join(f'"{symbol.replace("/", "")}"' for symbol in symbols)
    try:
        return await _read(ask, client, row, {"symbols": f"[{ids}]"})
    except Unavailable as error:
        # One unknown id makes Binance refuse the whole list: each half is asked for by itself.
        if error.code != "-1121" or len(symbols) == 0:
            raise
    if len(symbols) == 1:
        return []
    middle = len(symbols) // 2
    return await listed(ask, client, row, symbols[:middle]) + await listed(ask, client, row, symbols[middle:])


async def _read(ask: Ask, client: Any, row: VenueRow, *arguments: Any) -> list[Any]:
    found, bad = await ask(rows_apart, client.fetch_markets, *arguments)
    if bad:
        logger.warning("{} lists {} instruments that can't be read; they are left out", row.title, len(bad))
    return list(found)
