"""For tests: a venue in this process, and a ccxt object turned to it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.exchange.binance.limits import DEFAULT_WEIGHT_PER_MINUTE
from sandbox.exchange.market.seeded import DEFAULT_INSTRUMENTS, seeded_market
from sandbox.exchange.market.tape import Tape
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import Pair
from sandbox.exchange.server import serving
from sandbox.exchange.venue import DEMO_CLIENT, Client, Venue


@dataclass(frozen=True, slots=True)
class RunningVenue:
    """`base_url` is http://127.0.0.1:<port>; `venue` may be driven directly, in the same process."""

    venue: Venue
    base_url: str


@asynccontextmanager
async def running_venue(
    instruments: Iterable[str] = tuple(DEFAULT_INSTRUMENTS),
    *,
    markets: list[tuple[Pair, Tape]] | None = None,
    clients: Iterable[Client] = (DEMO_CLIENT,),
    fees: FeePolicy | None = None,
    seed: int = 1,
    candle_seconds: float = 1.0,
    moving: bool = True,
    weight_per_minute: int = DEFAULT_WEIGHT_PER_MINUTE,
) -> AsyncIterator[RunningVenue]:
    """A venue on a free port for as long as the context lasts.

    With `moving=False` prices stand still until a test moves them, so that what happens is exactly what it asks for.
    """
    chosen = markets if markets is not None else [seeded_market(name, seed) for name in instruments]
    venue = Venue(chosen, clients, fees, round(candle_seconds * 1000))
    venue.feed.move(moving)
    async with serving(venue, weight_per_minute=weight_per_minute) as base_url:
        yield RunningVenue(venue, base_url)


def point_ccxt_at(exchange: Any, base_url: str) -> None:
    """Send every REST and stream address of a ccxt `binance` object, of any flavour, to `base_url`."""
    ws_url = base_url.replace("http", "ws", 1)
    api = exchange.urls["api"]
    for name, url in list(api.items()):
        if isinstance(url, str):
            api[name] = base_url + "/" + url.split("/", 3)[3]
    if "ws" in api:
        api["ws"]["spot"] = f"{ws_url}/stream/ws"
        api["ws"]["ws-api"]["spot"] = f"{ws_url}/ws-api/v3"
