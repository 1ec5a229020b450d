"""Keeps the series of one venue: from the store, then from the venue, checked on the way, and stored again.

Each (instrument, timeframe) is refreshed on its own: one that fails tells so and harms no other (law 16).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from loguru import logger

from engine.candle_check import Checked, Finding, Flaw, check_candles
from engine.clock import Clock
from engine.core.errors import Corrupt, KeyRefused, PocketdeskError, StorageTrouble, Unavailable
from engine.core.ids import Symbol
from engine.core.model import Candle
from engine.core.money import ZERO, Quantity
from engine.ports import CandleStore, MarketData
from engine.series import CandleSeries
from engine.timeframes import epoch, floor_epoch, moment_of, name_of

Key = tuple[Symbol, int]
"""An instrument and a timeframe in seconds."""

PAGE = 500
"""Candles in one request: what every venue in use gives at once."""
SPARE = 50
"""Candles kept beyond what is needed, so that a cycle that runs late still sees a whole window at its own close."""
HOLE_ASKED = 2
"""How often a hole is asked for. Then it stays one: asking for a whole window at each close would cost the budget."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a close is waited for. A venue publishes a closed candle some tenths of a second late.

    `waits`: seconds between questions, at most half a timeframe in all. `deadline`: seconds for
    all of one refresh, less for short timeframes.
    """

    waits: tuple[float, ...] = (0.15, 0.25, 0.4, 0.7, 1.0, 1.5)
    deadline: float = 10.0

    def limit(self, timeframe: int) -> float:
        """Seconds for one refresh: a hanging question must not hold up many closes of a short timeframe."""
        return min(self.deadline, max(3.0, timeframe / 2))

    def within(self, timeframe: int) -> list[float]:
        """The waits that fit into half of a timeframe."""
        fitting: list[float] = []
        for wait in self.waits:
            if sum(fitting) + wait > timeframe / 2:
                break
            fitting.append(wait)
        return fitting


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of one refresh.

    `complete`: the newest candle is there. `asked`: whether the venue was. `failed`: why it could not be, `storage`:
    why the candle store did not work, both empty when all went well.
    """

    key: Key
    complete: bool
    asked: bool = True
    findings: tuple[Finding, ...] = ()
    failed: str = ""
    storage: str = ""


class CandleKeeper:
    """The series of one venue, shared by all connections on it."""

    def __init__(
        self,
        venue: str,
        market: MarketData,
        store: CandleStore,
        clock: Clock,
        needs: dict[Key, int],
        patience: Patience = Patience(),  # frozen
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        at_once: int = 6,
    ) -> None:
        """`needs`: how many candles of each series; `at_once`: how many questions may be open at the venue."""
        self._venue = venue
        self._market = market
        self._store = store
        self._clock = clock
        self.needs = needs
        self._patience = patience
        self._sleep = sleep
        self._gate = asyncio.Semaphore(at_once)
        self._locks = {key: asyncio.Lock() for key in needs}
        self._doubted: dict[Key, tuple[Candle, ...]] = {}
        self._asked: dict[Key, Counter[int]] = {key: Counter() for key in needs}
        self.series = {key: CandleSeries(key[1], need + SPARE) for key, need in needs.items()}

    async def prepare(self, key: Key, close_at: datetime) -> Refreshed:
        """Take what the store has, then fetch the rest. A store that can't be read costs a longer fetch, no more."""
        findings: tuple[Finding, ...] = ()
        storage = ""
        try:
            stored = await self._store.load(self._venue, key[0], key[1], self.needs[key])
            checked = check_candles(key[0], key[1], stored, self._clock.now())
            self.series[key].put_all(checked.candles)
            findings = _told(checked.findings, Flaw.HOLE)
        except (StorageTrouble, Corrupt) as error:
            storage = str(error)
        fetched = await self.refresh(key, close_at)
        return replace(fetched, findings=findings + fetched.findings, storage=storage or fetched.storage)

    async def refresh(self, key: Key, close_at: datetime) -> Refreshed:
        """Fetch what is missing up to the close, waiting a little for a candle that is not published yet."""
        async with self._locks[key]:
            if self._is_complete(key, close_at) and not self._holes_to_ask(key):
                return Refreshed(key, complete=True, asked=False)
            limit = self._patience.limit(key[1])
            try:
                async with asyncio.timeout(limit):
                    return await self._fetch_patiently(key, close_at)
            except TimeoutError:
                return self._failed(key, close_at, f"no answer within {limit:g} s")
            except PocketdeskError as error:
                return self._failed(key, close_at, str(error))

    async def _fetch_patiently(self, key: Key, close_at: datetime) -> Refreshed:
        holes = self._holes_to_ask(key)
        waits = self._patience.within(key[1])
        findings: tuple[Finding, ...] = ()
        storage = ""
        while True:
            last_try = not waits
            try:
                checked = await self._fetch(key, close_at)
                storage = await self._keep(key, checked) or storage
                findings = _told(checked.findings)
            except Unavailable as error:
                if last_try or error.retry_after is not None or isinstance(error, KeyRefused):
                    raise
            if self._is_complete(key, close_at) or last_try:
                self._note_asked(key, holes)
                self._fill_quiet(key)
                return Refreshed(key, self._is_complete(key, close_at), findings=findings, storage=storage)
            await self._sleep(waits.pop(0))

    async def _fetch(self, key: Key, close_at: datetime) -> Checked:
        symbol, timeframe = key
        since = self._first_missing(key, close_at)
        got: list[Candle] = []
        cursor = since
        while cursor < epoch(close_at):
            limit = min(PAGE, (epoch(close_at) - cursor) // timeframe + 1)
            async with self._gate:
                page = await self._market.candles(symbol, timeframe, moment_of(cursor), limit)
            got += page
            after = epoch(page[-1].open_time) + timeframe if page else cursor
            if after <= cursor or len(page) < limit - 1:
                break
            cursor = after
        before, doubted = self.series[key].before(since), self._doubted.get(key, ())
        checked = check_candles(symbol, timeframe, got, self._clock.now(), before, doubted)
        self._doubted[key] = checked.doubted
        return checked

    async def _keep(self, key: Key, checked: Checked) -> str:
        """Into the series, and to disk; returns why the disk would not, in words. The series counts either way."""
        self.series[key].put_all(checked.candles)
        if not checked.candles:
            return ""
        try:
            await self._store.save(self._venue, key[0], key[1], checked.candles)
        except StorageTrouble as error:
            return str(error)
        return ""

    def _first_missing(self, key: Key, close_at: datetime) -> int:
        """The open time to ask from: the first hole that may still be filled, else what follows the newest."""
        series, timeframe = self.series[key], key[1]
        oldest = floor_epoch(epoch(close_at), timeframe) - self.needs[key] * timeframe
        newest_close = series.newest_close
        if newest_close is None or newest_close < oldest:
            return oldest
        holes = self._holes_to_ask(key)
        return max(oldest, holes[0] if holes else newest_close)

    def _holes_to_ask(self, key: Key) -> list[int]:
        asked = self._asked[key]
        return [hole for hole in self.series[key].holes(self.needs[key]) if asked[hole] < HOLE_ASKED]

    def _note_asked(self, key: Key, holes: list[int]) -> None:
        """Count that these were asked for in vain or not; what is filled or out of sight is forgotten."""
        asked = self._asked[key]
        asked.update(holes)
        self._asked[key] = Counter({hole: asked[hole] for hole in self.series[key].holes(self.needs[key])})

    def _fill_quiet(self, key: Key) -> None:
        """What the venue was asked for twice and still leaves out, between candles that it does tell, are minutes
        without a trade, not candles that got lost: flat at the last close (M13). Not kept on disk."""
        series, asked = self.series[key], self._asked[key]
        doubted = {epoch(one.open_time) for one in self._doubted.get(key, ())}
        for hole in series.holes(self.needs[key]):
            before = series.before(hole)
            if asked[hole] >= HOLE_ASKED and before is not None and hole not in doubted:
                close = before.close
                series.put(Candle(moment_of(hole), close, close, close, close, Quantity(ZERO)))

    def _is_complete(self, key: Key, close_at: datetime) -> bool:
        newest_close = self.series[key].newest_close
        return newest_close is not None and newest_close >= floor_epoch(epoch(close_at), key[1])

    def _failed(self, key: Key, close_at: datetime, why: str) -> Refreshed:
        logger.debug("no candles of {} {} on {}: {}", key[0], name_of(key[1]), self._venue, why)
        return Refreshed(key, self._is_complete(key, close_at), failed=why)


def _told(findings: Iterable[Finding], *usual: Flaw) -> tuple[Finding, ...]:
    """Those that someone should hear of: an unfinished candle is usual, and only left out."""
    return tuple(finding for finding in findings if finding.flaw not in (Flaw.UNFINISHED, *usual))
