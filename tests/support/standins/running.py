"""Small local stand-ins for venues whose dialect the sandbox does not speak: REST and the user stream of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType

from sandbox.exchange.market.tape import Tape
from sandbox.exchange.matching.fees import FeePolicy, TakenIn
from sandbox.exchange.matching.model import Pair
from sandbox.exchange.testing import RunningVenue
from sandbox.exchange.venue import Client, Venue
from tests.support.standins.bingx_stream import bingx
from tests.support.standins.common import Speech, Streams, serving
from tests.support.standins.kraken_stream import kraken
from tests.support.standins.kucoin_stream import kucoin

Make = Callable[[Venue], tuple[Speech, Streams]]

STAND_INS: MappingProxyType[str, tuple[Make, FeePolicy]] = MappingProxyType(
    {
        "bingx": (bingx, FeePolicy()),
        "kraken": (kraken, FeePolicy(taken_in=TakenIn.QUOTE)),
        "kucoin": (kucoin, FeePolicy(taken_in=TakenIn.QUOTE)),
    }
)


def running_stand_in(
    venue: str, markets: list[tuple[Pair, Tape]], clients: Sequence[Client]
) -> AbstractAsyncContextManager[RunningVenue]:
    """Raises KeyError for a venue without one."""
    make, fees = STAND_INS[venue]
    return serving(make, markets, clients, fees)
