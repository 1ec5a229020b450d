"""The bodies of market stream events.

Source: Binance Spot API documentation, "WebSocket Streams".
"""

from collections.abc import Iterator
from typing import Any

from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.public import best, depth_of
from sandbox.exchange.binance.render import Json, change_percent, kline, num, price_of
from sandbox.exchange.market.candles import Candle
from sandbox.exchange.market.feed import Tick
from sandbox.exchange.matching.model import Pair

_DEPTH = 1_000


class StreamEvents:
    """Remembers what was sent last where an event depends on it: unfinished candles, the depth, the second."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._opened: dict[tuple[str, str], int] = {}
        self._depths: dict[str, Json] = {}
        self._seconds: dict[tuple[str, str], int] = {}

    def start(self, pair_id: str, kind: str) -> None:
        """Someone subscribed: differences count from here."""
        if kind.startswith("depth") and pair_id not in self._depths:
            self._depths[pair_id] = depth_of(self._desk, self._desk.venue.matching.pair(pair_id), _DEPTH)

    def of_tick(self, tick: Tick, kinds: list[str]) -> Iterator[tuple[str, Any]]:
        """(kind, body) of everything that this tick says to listeners of `kinds`."""
        pair = self._desk.venue.matching.pair(tick.pair_id)
        difference = self._difference(pair) if any(kind.startswith("depth") for kind in kinds) else {}
        for kind in kinds:
            if kind.startswith("kline_"):
                yield from ((kind, body) for body in self._klines(pair, kind))
            elif kind in ("depth", "depth@100ms", "depth@1000ms"):
                yield kind, difference
            elif kind.startswith("depth"):
                yield kind, depth_of(self._desk, pair, int(kind.removeprefix("depth").partition("@")[0]))
            elif kind == "bookTicker":
                yield kind, self._book_ticker(pair)
            elif kind in ("trade", "aggTrade"):
                if tick.volume > 0:
                    yield kind, self._trade(pair, kind)
            elif self._is_due(tick, kind):
                yield kind, self._ticker(pair) if kind == "ticker" else self._mini_ticker(pair)

    def of_all(self, kind: str) -> list[Json]:
        one = self._ticker if kind == "!ticker@arr" else self._mini_ticker
        return [one(pair) for pair in self._desk.venue.matching.pairs.values()]

    def _is_due(self, tick: Tick, kind: str) -> bool:
        """Tickers come once a second."""
        key, second = (tick.pair_id, kind), tick.time_ms // 1000
        due = self._seconds.get(key) != second
        self._seconds[key] = second
        return due

    def _klines(self, pair: Pair, kind: str) -> Iterator[Json]:
        """The running candle; before it, once, the one that has just closed."""
        candles = self._desk.venue.feed.instruments[pair.id].candles
        interval_ms = candles.intervals.get(kind.removeprefix("kline_"))
        if interval_ms is None:
            return
        running, finished = candles.current(interval_ms), candles.previous(interval_ms)
        seen = self._opened.get((pair.id, kind))
        self._opened[(pair.id, kind)] = running.open_ms
        if finished is not None and seen is not None and seen < running.open_ms:
            yield self._kline(pair, finished, kind, interval_ms, closed=True)
        yield self._kline(pair, running, kind, interval_ms, closed=False)

    def _kline(self, pair: Pair, candle: Candle, kind: str, interval_ms: int, closed: bool) -> Json:
        row = kline(pair, candle, interval_ms)
        names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
        body = dict(zip(names, row, strict=True))
        body |= {"s": pair.id, "i": kind.removeprefix("kline_"), "f": 1, "L": candle.trades, "x": closed}
        return {"e": "kline", "E": self._now(), "s": pair.id, "k": body}

    def _trade(self, pair: Pair, kind: str) -> Json:
        trade = self._desk.venue.trades[pair.id][-1]
        body = {"e": kind, "E": self._now(), "s": pair.id, "p": num(trade.price), "q": num(trade.quantity)}
        ids = {"t": trade.id} if kind == "trade" else {"a": trade.id, "f": trade.id, "l": trade.id}
        return body | ids | {"T": trade.time_ms, "m": trade.buyer_is_maker, "M": True}

    def _book_ticker(self, pair: Pair) -> Json:
        top = best(self._desk, pair)
        return {
            "u": self._desk.venue.matching.book(pair.id).update_id,
            "s": pair.id,
            "b": top["bidPrice"],
            "B": top["bidQty"],
            "a": top["askPrice"],
            "A": top["askQty"],
        }

    def _mini_ticker(self, pair: Pair) -> Json:
        day = self._desk.days.of(self._desk.venue.feed.instruments[pair.id])
        return {
            "e": "24hrMiniTicker",
            "E": self._now(),
            "s": pair.id,
            "c": price_of(pair, day.last),
            "o": price_of(pair, day.open),
            "h": price_of(pair, day.high),
            "l": price_of(pair, day.low),
            "v": num(day.volume * pair.step),
            "q": num(day.turnover * pair.tick * pair.step),
        }

    def _ticker(self, pair: Pair) -> Json:
        day = self._desk.days.of(self._desk.venue.feed.instruments[pair.id])
        top = best(self._desk, pair)
        trades = self._desk.venue.trades[pair.id]
        return self._mini_ticker(pair) | {
            "e": "24hrTicker",
            "p": price_of(pair, day.last - day.open),
            "P": change_percent(day),
            "w": price_of(pair, round(day.average)),
            "x": price_of(pair, day.open),
            "Q": num(trades[-1].quantity) if trades else "0.00000000",
            "b": top["bidPrice"],
            "B": top["bidQty"],
            "a": top["askPrice"],
            "A": top["askQty"],
            "O": day.open_ms,
            "C": self._now(),
            "F": 1,
            "L": day.trades,
            "n": day.trades,
        }

    def _difference(self, pair: Pair) -> Json:
        """What changed in the ladder since the last event: new levels, and the gone ones with a quantity of zero."""
        before, now = self._depths[pair.id], depth_of(self._desk, pair, _DEPTH)
        self._depths[pair.id] = now
        first = before["lastUpdateId"] + 1
        sides = {}
        for short, side in (("b", "bids"), ("a", "asks")):
            kept = {price for price, _ in now[side]}
            gone = [[price, "0.00000000"] for price, _ in before[side] if price not in kept]
            sides[short] = gone + now[side]
        return {
            "e": "depthUpdate",
            "E": self._now(),
            "s": pair.id,
            "U": first,
            "u": now["lastUpdateId"],
            **sides,
        }

    def _now(self) -> int:
        return self._desk.venue.clock.now_ms()
