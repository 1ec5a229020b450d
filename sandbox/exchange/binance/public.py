"""Market data: what needs no key."""

from collections.abc import Callable
from typing import Any

from sandbox.exchange.binance import render
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import BinanceError
from sandbox.exchange.binance.params import Params
from sandbox.exchange.binance.render import Json, num, price_of
from sandbox.exchange.matching.model import Pair, Side


def ping(desk: Desk, params: Params, account: str) -> Json:
    return {}


def server_time(desk: Desk, params: Params, account: str) -> Json:
    return {"serverTime": desk.venue.clock.now_ms()}


def exchange_info(desk: Desk, params: Params, account: str) -> Json:
    return {
        "timezone": "UTC",
        "serverTime": desk.venue.clock.now_ms(),
        "rateLimits": rate_limits(desk),
        "exchangeFilters": [],
        "symbols": [render.symbol(pair) for pair in _pairs(desk, params)],
    }


def rate_limits(desk: Desk) -> list[Json]:
    weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return [weight | {"limit": desk.limits.per_minute}]


def klines(desk: Desk, params: Params, account: str) -> list[list[Any]]:
    pair = _pair(desk, params)
    interval = params.raw("interval")
    candles = desk.venue.feed.instruments[pair.id].candles
    if interval not in candles.intervals:
        raise BinanceError(-1120, "Invalid interval.")
    interval_ms = candles.intervals[interval]
    found = candles.read(
        interval_ms, params.limit(500, 1000), params.integer("startTime"), params.integer("endTime")
    )
    return [render.kline(pair, candle, interval_ms) for candle in found]


def ticker_day(desk: Desk, params: Params, account: str) -> Json | list[Json]:
    return _each(desk, params, _day)


def ticker_price(desk: Desk, params: Params, account: str) -> Json | list[Json]:
    def price(desk: Desk, pair: Pair) -> Json:
        return {"symbol": pair.id, "price": num(desk.venue.matching.book(pair.id).last)}

    return _each(desk, params, price)


def ticker_book(desk: Desk, params: Params, account: str) -> Json | list[Json]:
    return _each(desk, params, best)


def depth(desk: Desk, params: Params, account: str) -> Json:
    pair = _pair(desk, params)
    return depth_of(desk, pair, params.limit(100, 5000))


def trades(desk: Desk, params: Params, account: str) -> list[Json]:
    pair = _pair(desk, params)
    return [
        render.public_trade(trade) for trade in list(desk.venue.trades[pair.id])[-params.limit(500, 1000) :]
    ]


def aggregate_trades(desk: Desk, params: Params, account: str) -> list[Json]:
    pair = _pair(desk, params)
    limit = params.limit(500, 1000)
    since, until, first = params.integer("startTime"), params.integer("endTime"), params.integer("fromId")
    found = [
        trade
        for trade in desk.venue.trades[pair.id]
        if (since is None or trade.time_ms >= since)
        and (until is None or trade.time_ms <= until)
        and (first is None or trade.id >= first)
    ]
    chosen = found[-limit:] if since is None and first is None else found[:limit]
    return [render.aggregate_trade(trade) for trade in chosen]


def depth_of(desk: Desk, pair: Pair, limit: int) -> Json:
    book = desk.venue.matching.book(pair.id)
    return {
        "lastUpdateId": book.update_id,
        "bids": [[num(level.price), num(level.quantity)] for level in book.levels(Side.SELL)[:limit]],
        "asks": [[num(level.price), num(level.quantity)] for level in book.levels(Side.BUY)[:limit]],
    }


def best(desk: Desk, pair: Pair) -> Json:
    """Best bid and ask; zeros for a side with nothing on it, as on the real venue."""
    sides = depth_of(desk, pair, 1)
    bid, ask = (sides[name][0] if sides[name] else ["0.00000000"] * 2 for name in ("bids", "asks"))
    return {"symbol": pair.id, "bidPrice": bid[0], "bidQty": bid[1], "askPrice": ask[0], "askQty": ask[1]}


def _day(desk: Desk, pair: Pair) -> Json:
    day = desk.days.of(desk.venue.feed.instruments[pair.id])
    now = desk.venue.clock.now_ms()
    return {
        **best(desk, pair),
        "priceChange": price_of(pair, day.last - day.open),
        "priceChangePercent": render.change_percent(day),
        "weightedAvgPrice": price_of(pair, round(day.average)),
        "prevClosePrice": price_of(pair, day.open),
        "lastPrice": price_of(pair, day.last),
        "lastQty": num(desk.venue.trades[pair.id][-1].quantity)
        if desk.venue.trades[pair.id]
        else "0.00000000",
        "openPrice": price_of(pair, day.open),
        "highPrice": price_of(pair, day.high),
        "lowPrice": price_of(pair, day.low),
        "volume": num(day.volume * pair.step),
        "quoteVolume": num(day.turnover * pair.tick * pair.step),
        "openTime": day.open_ms,
        "closeTime": now,
        "firstId": 1,
        "lastId": day.trades,
        "count": day.trades,
    }


def _pair(desk: Desk, params: Params) -> Pair:
    return desk.venue.matching.pair(params.symbol())


def _pairs(desk: Desk, params: Params) -> list[Pair]:
    names = params.symbols()
    pairs = desk.venue.matching.pairs
    return list(pairs.values()) if names is None else [desk.venue.matching.pair(name) for name in names]


def _each(desk: Desk, params: Params, one: Callable[[Desk, Pair], Json]) -> Json | list[Json]:
    """One object for `symbol`, a list for `symbols` or none."""
    found: list[Json] = [one(desk, pair) for pair in _pairs(desk, params)]
    return found[0] if "symbol" in params else found
