"""Market data: what needs no key."""

from sandbox.exchange.bybit import render
from sandbox.exchange.bybit.errors import wrong
from sandbox.exchange.bybit.params import Params
from sandbox.exchange.matching.model import Pair, Side
from sandbox.exchange.rest import Desk, Json, newest, plain

_INTERVALS = {
    **{str(n): f"{n}m" for n in (1, 3, 5, 15, 30)},
    **{str(60 * n): f"{n}h" for n in (1, 2, 4, 6, 12)},
    "D": "1d",
    "W": "1w",
    "1s": "1s",  # not on the real venue; here the market is played by the second
}


def server_time(desk: Desk, params: Params, account: str) -> Json:
    now = desk.now()
    return {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}


def instruments(desk: Desk, params: Params, account: str) -> Json:
    """Spot only; the other categories exist and are empty."""
    found = [] if params.elsewhere() else _pairs(desk, params)
    rows = [render.instrument(pair) for pair in found]
    return {"category": params.need("category"), "list": rows, "nextPageCursor": ""}


def tickers(desk: Desk, params: Params, account: str) -> Json:
    """Spot only; ccxt asks for the perpetuals (linear) unless it is told a spot symbol, and gets none."""
    rows = [
        render.ticker(
            pair, desk.days.of(desk.venue.feed.instruments[pair.id]), desk.venue.matching.book(pair.id)
        )
        for pair in ([] if params.elsewhere() else _pairs(desk, params))
    ]
    return {"category": params.need("category"), "list": rows}


def klines(desk: Desk, params: Params, account: str) -> Json:
    """Newest first, as there."""
    params.spot()
    pair = desk.venue.matching.pair(params.need("symbol"))
    candles = desk.venue.feed.instruments[pair.id].candles
    name = _INTERVALS.get(params.need("interval"), "")
    if name not in candles.intervals:
        raise wrong("interval")
    limit = params.limit(200, 1000)
    found = candles.read(candles.intervals[name], limit, params.integer("start"), params.integer("end"))
    rows = [render.kline(pair, candle) for candle in newest(found, limit)]
    return {"category": "spot", "symbol": pair.id, "list": rows}


def book(desk: Desk, params: Params, account: str) -> Json:
    params.spot()
    pair = desk.venue.matching.pair(params.need("symbol"))
    ladder, limit = desk.venue.matching.book(pair.id), params.limit(1, 200)

    def side(taker: Side) -> list[list[str]]:
        return [[plain(level.price), plain(level.quantity)] for level in ladder.levels(taker)[:limit]]

    now = desk.now()
    return {
        "s": pair.id,
        "b": side(Side.SELL),
        "a": side(Side.BUY),
        "ts": now,
        "u": ladder.update_id,
        "cts": now,
    }


def trades(desk: Desk, params: Params, account: str) -> Json:
    params.spot()
    pair = desk.venue.matching.pair(params.need("symbol"))
    rows = [
        {
            "execId": str(trade.id),
            "symbol": pair.id,
            "price": plain(trade.price),
            "size": plain(trade.quantity),
            "side": "Sell" if trade.buyer_is_maker else "Buy",
            "time": str(trade.time_ms),
            "isBlockTrade": False,
        }
        for trade in newest(desk.venue.trades[pair.id], params.limit(60, 60))
    ]
    return {"category": "spot", "list": rows}


def _pairs(desk: Desk, params: Params) -> list[Pair]:
    name = params.get("symbol")
    return desk.pairs() if name is None else [desk.venue.matching.pair(name)]
