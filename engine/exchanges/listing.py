"""What a venue lists, asked for by name where it lets us: all of Binance costs 45 MB."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from loguru import logger

from engine.core.errors import Unavailable
from engine.exchanges.row_by_row import rows_apart
from engine.exchanges.venues import VenueRow

Ask = Callable[..., Awaitable[Any]]
"""Calls ccxt and turns its errors into ours."""


class Listing(NamedTuple):
    """ccxt's markets; `whole`: each of the venue's rows could be read, so that what is not among them is not listed."""

    markets: list[Any]
    whole: bool = True

    def with_known(self, known: Mapping[str, Any] | None) -> list[Any]:
        """Where a row could not be read, what is missing may have been in it: its rules are those of before."""
        there = {market["symbol"] for market in self.markets}
        missing = [] if self.whole else [one for symbol, one in (known or {}).items() if symbol not in there]
        return [*self.markets, *missing]


async def listed(ask: Ask, client: Any, row: VenueRow, symbols: Sequence[str]) -> Listing:
    """`symbols` are among them as far as the venue knows them. Raises what `ask` raises."""
    if not row.lists_by_id:
        found = await _read(ask, client, row)
        if not found.markets:
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
        return Listing([])
    middle = len(symbols) // 2
    one = await listed(ask, client, row, symbols[:middle])
    other = await listed(ask, client, row, symbols[middle:])
    return Listing(one.markets + other.markets, one.whole and other.whole)


async def _read(ask: Ask, client: Any, row: VenueRow, *arguments: Any) -> Listing:
    found, bad = await ask(rows_apart, client.fetch_markets, *arguments)
    if bad:
        logger.warning("{} lists {} instruments that can't be read; they are left out", row.title, len(bad))
    return Listing(list(found), not bad)
