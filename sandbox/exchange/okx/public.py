"""Market data: what needs no key."""

from sandbox.exchange.market.candles import Candle
from sandbox.exchange.matching.model import Pair, Reason, Refusal, Side
from sandbox.exchange.okx import render
from sandbox.exchange.okx.params import Params, wrong
from sandbox.exchange.rest import Desk, Json, newest, plain


def pair_of(desk: Desk, params: Params) -> Pair:
    base, dash, quote = params.need("instId").partition("-")
    if not dash:
        raise Refusal(Reason.UNKNOWN_SYMBOL, base)
    return desk.venue.matching.pair(base + quote)


def server_time(desk: Desk, params: Params, account: str) -> list[Json]:
    return [{"ts": str(desk.now())}]


def instruments(desk: Desk, params: Params, account: str) -> list[Json]:
    """Spot only; the other kinds exist and are empty."""
    if params.need("instType") != "SPOT":
        return []
    return [
        render.instrument(pair)
        for pair in ([pair_of(desk, params)] if params.get("instId") else desk.pairs())
    ]


def ticker(desk: Desk, params: Params, account: str) -> list[Json]:
    return [_ticker(desk, pair_of(desk, params))]


def tickers(desk: Desk, params: Params, account: str) -> list[Json]:
    return [_ticker(desk, pair) for pair in desk.pairs()] if params.need("instType") == "SPOT" else []


def candles(desk: Desk, params: Params, account: str) -> list[list[str]]:
    """Newest first; `after` means earlier than, `before` later than."""
    pair = pair_of(desk, params)
    known = desk.venue.feed.instruments[pair.id].candles
    name = (params.get("bar") or "1m").removesuffix("utc").lower()
    if name not in known.intervals:
        raise wrong("bar")
    interval_ms, limit = known.intervals[name], params.limit(100, 300)
    before, after = params.integer("before"), params.integer("after")
    since = None if before is None else before + 1
    found: list[Candle] = known.read(interval_ms, limit, since, None if after is None else after - 1)
    now = desk.venue.clock.true_ms()
    return [render.candle(pair, one, one.open_ms + interval_ms <= now) for one in newest(found, limit)]


def book(desk: Desk, params: Params, account: str) -> list[Json]:
    pair, depth = pair_of(desk, params), params.integer("sz") or 1
    ladder = desk.venue.matching.book(pair.id)

    def side(taker: Side) -> list[list[str]]:
        return [
            [plain(level.price), plain(level.quantity), "0", "1"] for level in ladder.levels(taker)[:depth]
        ]

    return [{"asks": side(Side.BUY), "bids": side(Side.SELL), "ts": str(desk.now())}]


def _ticker(desk: Desk, pair: Pair) -> Json:
    day = desk.days.of(desk.venue.feed.instruments[pair.id])
    return render.ticker(pair, day, desk.venue.matching.book(pair.id), desk.now())
