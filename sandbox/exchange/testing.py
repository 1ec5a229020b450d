"""For tests: a venue in this process, and a ccxt object turned to it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.exchange.backdoor import Backdoor
from sandbox.exchange.binance.limits import DEFAULT_WEIGHT_PER_MINUTE
from sandbox.exchange.bodies import rule_of
from sandbox.exchange.faults import Rule
from sandbox.exchange.market.seeded import DEFAULT_INSTRUMENTS, seeded_market
from sandbox.exchange.market.tape import Tape
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import Pair
from sandbox.exchange.server import Dialect, serving
from sandbox.exchange.venue import DEMO_CLIENT, Client, Venue


@dataclass(frozen=True, slots=True)
class RunningVenue:
    """`base_url` is http://127.0.0.1:<port>; `venue` may be driven directly, in the same process."""

    venue: Venue
    base_url: str

    def do(self, verb: str, **body: Any) -> Any:
        """What `POST /control/<verb>` does, at once: `do("balance", coin="USDT", free=0)`."""
        return Backdoor(self.venue).do(verb, body)

    def fault(self, target: str, action: str, **more: Any) -> Rule:
        """Add a rule: `fault("place", "drop", point="after-accept", times=1)`; see `sandbox.exchange.faults.Rule`."""
        return self.venue.faults.add(rule_of({"target": target, "action": action, **more}))


class VenueControl:
    """The back door of a venue in another process, over HTTP.

    Raises ValueError with the venue's sentence for what it refuses; aiohttp's errors if it cannot be reached.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._url = f"{base_url}/control"

    async def do(self, verb: str, **body: Any) -> Any:
        return await self._ask("POST", verb, body)

    async def fault(self, target: str, action: str, **more: Any) -> int:
        """Add a rule; its id."""
        return int((await self.do("faults", target=target, action=action, **more))["id"])

    async def faults(self) -> list[dict[str, Any]]:
        """The rules, with how often each has struck."""
        return list(await self._ask("GET", "faults"))

    async def lift(self, fault_id: int | None = None) -> None:
        """Remove one rule, or all; what hangs is let go."""
        await self._ask("DELETE", "faults" if fault_id is None else f"faults/{fault_id}")

    async def state(self) -> dict[str, Any]:
        """Everything at the venue: balances, orders with their client ids, fills, prices."""
        return dict(await self._ask("GET", "state"))

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._session.request(method, f"{self._url}/{path}", json=body) as response:
            answer = await response.json()
        if response.status != 200:
            raise ValueError(answer["error"])
        return answer


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
    dialect: Dialect | str = Dialect.BINANCE,
) -> AsyncIterator[RunningVenue]:
    """A venue on a free port for as long as the context lasts.

    With `moving=False` prices stand still until a test moves them, so that what happens is exactly what it asks for.
    """
    chosen = markets if markets is not None else [seeded_market(name, seed) for name in instruments]
    venue = Venue(chosen, clients, fees, round(candle_seconds * 1000))
    venue.feed.move(moving)
    async with serving(venue, weight_per_minute=weight_per_minute, dialect=Dialect(dialect)) as base_url:
        yield RunningVenue(venue, base_url)


def point_ccxt_at(exchange: Any, base_url: str) -> None:
    """Send every address, REST and streams, of a ccxt `binance`, `bybit` or `okx` object to `base_url`."""
    api = exchange.urls["api"]
    _turn(api, base_url)
    if exchange.id == "binance" and "ws" in api:
        ws_url = base_url.replace("http", "ws", 1)
        api["ws"]["spot"] = f"{ws_url}/stream/ws"
        api["ws"]["ws-api"]["spot"] = f"{ws_url}/ws-api/v3"


def _turn(addresses: dict[str, Any], base_url: str) -> None:
    """Replace scheme and host of every address in a tree of them; paths stay."""
    for name, address in addresses.items():
        if isinstance(address, dict):
            _turn(address, base_url)
        elif isinstance(address, str):
            path = address.partition("://")[2].partition("/")[2]
            server = base_url.replace("http", "ws", 1) if address.startswith("ws") else base_url
            addresses[name] = f"{server}/{path}" if path else server
