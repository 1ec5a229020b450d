"""The market clock: which price is due when.

One bar of the tape lasts one unit of real time (a second unless set), and is stamped with the real UTC second
in which it is played. Inside the unit the price walks open, low, high, close when the bar rises, and open,
high, low, close when it falls, so every candle that a client sees closes as it does in the record. Everything
before the start is the tape read backwards from where the play began.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sandbox.exchange.market.candles import Candles
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair

UNITS_MS = (50, 100, 125, 200, 250, 500, 1_000, 60_000, 180_000, 300_000, 900_000, 1_800_000, 3_600_000)
"""How long a bar may last: a part of a second, or one of the venue's timeframes up to an hour."""

_MOST_HISTORY_FIRST = 1_500
_MISSED_AT_ONCE = 60
_BEHIND_MS = 30_000  # further behind than this (a suspended machine) the time in between stays a hole


Matters = Callable[[Decimal, Decimal], bool]
"""Whether anything can come of prices between these two."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One trade of the market: price in quote, volume in base."""

    pair_id: str
    price: Decimal
    volume: Decimal
    time_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pair's record was when a bar began (ms UTC), and by what its prices were multiplied."""

    at_ms: int
    position: int
    factor: Decimal = Decimal(1)


class Instrument:
    """One pair's tape, the place where it is played, and what has been done to the price from outside."""

    def __init__(
        self, pair: Pair, tape: Tape, unit_ms: int, start_ms: int, before: Place | None = None
    ) -> None:
        """With the place of an earlier run, the record has gone on since then as if that one had never ended."""
        before = before or Place(start_ms, min(_MOST_HISTORY_FIRST, tape.length // 2))
        self.pair = pair
        self._tape = tape
        self._unit_ms = unit_ms
        self._before = before
        self._position = before.position + (start_ms - before.at_ms) // unit_ms
        self.candles = Candles(tape, unit_ms, start_ms, self._position)
        self._bar = tape.at(self._position)
        self._factor = before.factor
        self.price = self._price(self._bar.open)

    def place(self, at_ms: int) -> Place:
        """For a later run; `at_ms` is when the bar at hand began."""
        return Place(at_ms, self._position, self._factor)

    def missed(self, since_ms: int, until_ms: int, steps: int, matters: Matters) -> Iterator[Tick]:
        """What would have been played between two moments before the start, a minute of bars at a time, and for as long
        as it can make a difference. An hour of bars whose lowest and highest price do not matter is passed over."""
        first = max(0, (since_ms - self._before.at_ms) // self._unit_ms + 1)
        last = min((until_ms - self._before.at_ms) // self._unit_ms, first + self._tape.reach)
        for hour in range(first, last, _MISSED_AT_ONCE**2):
            ends = min(hour + _MISSED_AT_ONCE**2, last)
            whole = self._merged(hour, ends)
            if matters(self._price(whole.low), self._price(whole.high)):
                for minute in range(hour, ends, _MISSED_AT_ONCE):
                    bar = self._merged(minute, min(minute + _MISSED_AT_ONCE, ends))
                    yield from self._ticks(bar, self._before.at_ms + minute * self._unit_ms, steps)

    def _merged(self, first: int, end: int) -> Bar:
        """Bars as they are numbered from the place of the earlier run."""
        return self._tape.merged(self._before.position + first, self._before.position + end)

    def _ticks(self, bar: Bar, at_ms: int, steps: int) -> Iterator[Tick]:
        for step in range(steps):
            volume = share(bar.volume, step, steps) * self.pair.step
            price = self._price(walk(bar, step, steps))
            yield Tick(self.pair.id, price, volume, at_ms + step * self._unit_ms // steps)

    def advance(self, moves: bool) -> None:
        """The next unit begins; a market that does not move stands flat at its price, without volume."""
        if moves:
            self._position += 1
            self._bar = self._tape.at(self._position)

    def tick(self, step: int, steps: int, moves: bool, time_ms: int) -> Tick:
        if moves:
            self.price = self._price(walk(self._bar, step, steps))
        volume = share(self._bar.volume, step, steps) * self.pair.step if moves else Decimal(0)
        return self.trade(volume, time_ms)

    def trade(self, volume: Decimal, time_ms: int) -> Tick:
        self.candles.add(int(self.price / self.pair.tick), int(volume / self.pair.step), time_ms)
        return Tick(self.pair.id, self.price, volume, time_ms)

    def push(self, factor: Decimal) -> None:
        """Multiply this and every later price; ValueError if that is not a positive number."""
        if not factor.is_finite() or factor <= 0:
            raise ValueError(f"a price can't be multiplied by {factor}")
        moved = self.price * factor
        self._factor *= factor
        self.price = max(self.pair.tick, round(moved / self.pair.tick) * self.pair.tick)

    def _price(self, ticks: int) -> Decimal:
        return max(1, round(ticks * self._factor)) * self.pair.tick


class Feed:
    """All instruments on one clock. `due_ms` is when the next tick happens; `play` makes it happen."""

    def __init__(
        self,
        markets: list[tuple[Pair, Tape]],
        unit_ms: int,
        now_ms: int,
        before: Mapping[str, Place] | None = None,
    ) -> None:
        """`before`: where an earlier run was, by pair."""
        known = before or {}
        if unit_ms not in UNITS_MS:
            allowed = ", ".join(f"{ms / 1000:g}" for ms in UNITS_MS)
            raise ValueError(f"a candle can last {allowed} seconds, not {unit_ms / 1000:g}")
        self.unit_ms = unit_ms
        self.steps = max(4, unit_ms // 1000)
        start_ms = now_ms - now_ms % unit_ms
        self.instruments = {
            pair.id: Instrument(pair, tape, unit_ms, start_ms, known.get(pair.id)) for pair, tape in markets
        }
        self._unit_start_ms = start_ms
        self._step = 0
        self.moving = True
        self._moves = True

    @property
    def due_ms(self) -> int:
        return self._unit_start_ms + self._step * self.unit_ms // self.steps

    def places(self) -> dict[str, Place]:
        """Where each pair's record is, for a later run."""
        return {name: one.place(self._unit_start_ms) for name, one in self.instruments.items()}

    def missed(self, pair_id: str, since_ms: int, matters: Matters) -> Iterator[Tick]:
        """What a pair did from then until the start, while nobody played it, where it came to prices that matter."""
        return self.instruments[pair_id].missed(since_ms, self._unit_start_ms, self.steps, matters)

    def move(self, moving: bool) -> None:
        """Let prices stand still from this very moment, or move again from the next candle on."""
        self.moving = moving
        self._moves = self._moves and moving

    def play(self, now_ms: int) -> Iterator[Tick]:
        """The ticks that are due at `now_ms`, in order of time."""
        if now_ms - self.due_ms > _BEHIND_MS:
            self._begin_unit(now_ms - now_ms % self.unit_ms)
        while self.due_ms <= now_ms:
            time_ms = self.due_ms
            for instrument in self.instruments.values():
                yield instrument.tick(self._step, self.steps, self._moves, time_ms)
            self._step += 1
            if self._step == self.steps:
                self._begin_unit(self._unit_start_ms + self.unit_ms)

    def _begin_unit(self, start_ms: int) -> None:
        self._unit_start_ms = start_ms
        self._step = 0
        self._moves = self.moving
        for instrument in self.instruments.values():
            instrument.advance(self._moves)


def walk(bar: Bar, step: int, steps: int) -> int:
    """The price in ticks at `step` of `steps` on the way through a bar; the first is its open, the last its close."""
    turns = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    corners = (bar.open, *turns, bar.close)
    places = [
        turn * (steps - 1) // 3 for turn in range(4)
    ]  # whole steps: else none of them meets high and low
    leg = min(2, sum(step >= place for place in places[1:]))
    way = (step - places[leg]) / (places[leg + 1] - places[leg])
    return corners[leg] + round((corners[leg + 1] - corners[leg]) * way)


def share(volume: int, step: int, steps: int) -> int:
    """How much of a bar's volume is traded at a step: over all of them, exactly all of it."""
    return volume * (step + 1) // steps - volume * step // steps
