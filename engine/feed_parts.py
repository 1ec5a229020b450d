"""The small pieces of a feed: its settings, its patience, what it knows of a symbol, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.core.facts import Trouble
from engine.core.ids import Symbol
from engine.core.inputs import TroubleGone, TroubleSeen
from engine.core.model import Ticker
from engine.core.money import Ratio
from engine.desk import FeedState

OnPrice = Callable[[Ticker], None]
OnTrouble = Callable[[TroubleSeen | TroubleGone], None]

WATCHER = "feed"
"""The subject of RUNNER_FAILED when it is the feed itself that failed."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """All times in seconds.

    `tick`: how often the feed looks after itself. `silence`: without news for so long a symbol is polled, and a
    stream without any is built anew. `stale`: without news for so long prices are told to be stale.
    `poll_every`: between two polls. `patience`: how long one poll may take. `reopen_first`, `reopen_most`: the wait
    before a broken stream is opened again, doubled each time up to the most. `band`: see SanityBand.
    """

    tick: float = 0.5
    silence: float = 15.0
    stale: float = 45.0
    poll_every: float = 5.0
    patience: float = 20.0
    reopen_first: float = 1.0
    reopen_most: float = 60.0
    band: Ratio = Ratio(Decimal("0.1"))


class Backoff:
    """Waits that double up to a bound. `jitter` gives numbers in [0, 1): bots that were cut off together by the
    same venue must not come back together."""

    def __init__(self, first: float, most: float, jitter: Callable[[], float]) -> None:
        self._first, self._most, self._jitter = first, most, jitter
        self._failures = 0

    def next(self) -> float:
        """Seconds to wait now: between half of the bound and all of it."""
        bound = min(self._most, self._first * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return bound * (0.5 + self._jitter() / 2)

    def reset(self) -> None:
        self._failures = 0


@dataclass(slots=True)
class SymbolWatch:
    """One symbol. `news_at` is our monotonic time when the venue's own time last moved on, or when we began to wait:
    age is measured by the venue's time, so a stream that repeats itself grows old (FAILURES M2)."""

    news_at: float
    ticker: Ticker | None = None
    source: FeedState = FeedState.STARTING

    def is_news(self, ticker: Ticker) -> bool:
        return self.ticker is None or ticker.at > self.ticker.at

    def take(self, ticker: Ticker, source: FeedState, now: float) -> None:
        self.ticker, self.source, self.news_at = ticker, source, now

    def age(self, now: float) -> float:
        return now - self.news_at


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """One connection's wish. Equal to itself only: the same symbols may be wanted twice."""

    symbols: frozenset[Symbol]
    on_price: OnPrice
    on_trouble: OnTrouble

    def concerns(self, subject: str) -> bool:
        """Whether a trouble with this subject is its business: a symbol of its own, the venue, the feed itself."""
        return subject in ("", WATCHER) or subject in self.symbols


class TroubleBoard:
    """What is wrong now. Each trouble is told once when it begins and once when it is over, to those it concerns."""

    def __init__(self) -> None:
        self._ongoing: dict[tuple[Trouble, str], TroubleSeen] = {}

    def begin(self, seen: TroubleSeen, subscriptions: Iterable[Subscription]) -> None:
        key = (seen.trouble, seen.subject)
        if key not in self._ongoing:
            self._ongoing[key] = seen
            for subscription in subscriptions:
                if subscription.concerns(seen.subject):
                    subscription.on_trouble(seen)

    def end(
        self, trouble: Trouble, subject: str, at: datetime, subscriptions: Iterable[Subscription]
    ) -> None:
        if self._ongoing.pop((trouble, subject), None) is not None:
            for subscription in subscriptions:
                if subscription.concerns(subject):
                    subscription.on_trouble(TroubleGone(at, trouble, subject))

    def retell(self, subscription: Subscription) -> None:
        """Tell a newcomer what is wrong already."""
        for seen in self._ongoing.values():
            if subscription.concerns(seen.subject):
                subscription.on_trouble(seen)

    def forget(self, subject: Symbol) -> None:
        for key in [key for key in self._ongoing if key[1] == subject]:
            del self._ongoing[key]
