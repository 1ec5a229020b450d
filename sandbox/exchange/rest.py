"""What the REST dialects share: routes that pass the faults, the request budget, and plain numbers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.exchange.faults import Rule
from sandbox.exchange.http_faults import Call, Done, answer
from sandbox.exchange.market.day import DayStats
from sandbox.exchange.matching.model import Order, Pair, Trade
from sandbox.exchange.venue import Venue

Json = dict[str, Any]
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

DEFAULT_REQUESTS_PER_MINUTE = 6_000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came: what signatures are made over."""

    method: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]

    def query_params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


class Budget:
    """Requests per minute, one for the whole venue: everyone here comes from the same address."""

    def __init__(self, now_ms: Callable[[], int], per_minute: int = DEFAULT_REQUESTS_PER_MINUTE) -> None:
        self._now_ms = now_ms
        self.per_minute = per_minute
        self._minute = 0
        self._used = 0

    def spend(self) -> bool:
        """Count a request; False when the minute's budget is gone."""
        minute = self._now_ms() // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        return self._used <= self.per_minute


class Desk:
    """What the handlers of a dialect work on."""

    def __init__(self, venue: Venue, per_minute: int = DEFAULT_REQUESTS_PER_MINUTE) -> None:
        self.venue = venue
        self.days = DayStats()
        self.budget = Budget(venue.clock.true_ms, per_minute)

    def now(self) -> int:
        return self.venue.clock.now_ms()

    def fees_of(self, order: Order) -> dict[str, Decimal]:
        """What the fills of an order have cost so far, by coin."""
        fees: dict[str, Decimal] = {}
        for trade in self.trades(order.account, order.pair.id):
            if trade.order_id == order.id:
                fees[trade.fee_coin] = fees.get(trade.fee_coin, Decimal(0)) + trade.fee
        return fees

    def trades(self, account: str, pair_id: str | None = None) -> list[Trade]:
        return self.venue.matching.trades(account, pair_id)

    def pairs(self) -> list[Pair]:
        return list(self.venue.matching.pairs.values())


def plain(value: Decimal) -> str:
    """A number without exponent and without zeros that say nothing: 0.10 becomes 0.1."""
    return f"{value.normalize():f}"


def handler(
    venue: Venue,
    target: str,
    purpose: str,
    run: Callable[[Sent], Done],
    refuse: Callable[[Rule], web.Response],
) -> Handle:
    """An aiohttp handler for one endpoint: reads the request, then executes it as the faults let it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.text() if request.can_read_body else ""
        sent = Sent(request.method, request.path, request.rel_url.raw_query_string, body, request.headers)
        return await answer(venue, Call(request, target, purpose, lambda: run(sent), refuse))

    return handle


def newest(found: Sequence[Any], limit: int, skip: int = 0) -> list[Any]:
    """The last ones first, at most `limit` of them, after `skip`."""
    return list(reversed(found))[skip : skip + limit]
