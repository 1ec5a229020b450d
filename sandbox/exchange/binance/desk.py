"""What the handlers of the dialect work on: the venue and what only this dialect needs."""

import itertools
import secrets
from decimal import Decimal

from sandbox.exchange.binance.limits import DEFAULT_WEIGHT_PER_MINUTE, WeightLimit
from sandbox.exchange.market.day import DayStats
from sandbox.exchange.venue import Venue


class Desk:
    """One per server."""

    def __init__(self, venue: Venue, weight_per_minute: int = DEFAULT_WEIGHT_PER_MINUTE) -> None:
        self.venue = venue
        self.limits = WeightLimit(venue.clock.true_ms, weight_per_minute)
        self.days = DayStats()
        self._names = itertools.count(1)
        self._prefix = secrets.token_hex(5)

    def new_client_id(self) -> str:
        """For an order or a cancellation that came without one."""
        return f"{self._prefix}{next(self._names):012d}"


def rate(value: Decimal) -> str:
    return f"{value:.8f}"
