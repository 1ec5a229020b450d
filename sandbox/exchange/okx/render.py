"""The venue's values as OKX's JSON: everything a string, fees negative, times in ms."""

from decimal import Decimal

from sandbox.exchange.market.candles import Candle
from sandbox.exchange.market.day import Day
from sandbox.exchange.matching.book import Book
from sandbox.exchange.matching.model import ZERO, Order, OrderType, Pair, Side, Status, TimeInForce, Trade
from sandbox.exchange.rest import Json, plain

STOPS = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
_PRICED_STOPS = (OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
_ALGO_BASE = 700_000_000
RECORDED_MS = 3
"""How long after a fill its record is made: two times in one answer, and only one of them in the stream."""


def inst_id(pair: Pair) -> str:
    return f"{pair.base}-{pair.quote}"


def algo_id(order_id: int) -> str:
    """A conditional order has an id of its own, beside that of the order which it becomes."""
    return str(_ALGO_BASE + order_id)


def order_id_of(algo: str) -> int:
    return int(algo) - _ALGO_BASE if algo.isdigit() else 0


def instrument(pair: Pair) -> Json:
    return {
        "instType": "SPOT",
        "instId": inst_id(pair),
        "baseCcy": pair.base,
        "quoteCcy": pair.quote,
        "settleCcy": "",
        "uly": "",
        "instFamily": "",
        "ctVal": "",
        "lever": "1",
        "state": "live" if pair.trading else "suspend",
        "tickSz": plain(pair.tick),
        "lotSz": plain(pair.step),
        "minSz": plain(pair.min_quantity),
        "maxLmtSz": plain(pair.max_quantity),
        "maxMktSz": plain(pair.max_notional),
        "listTime": "1600000000000",
        "expTime": "",
    }


def candle(pair: Pair, one: Candle, closed: bool) -> list[str]:
    prices = [plain(ticks * pair.tick) for ticks in (one.open, one.high, one.low, one.close)]
    turnover = plain(one.turnover * pair.tick * pair.step)
    volume = plain(one.volume * pair.step)
    return [str(one.open_ms), *prices, volume, turnover, turnover, "1" if closed else "0"]


def ticker(pair: Pair, day: Day, book: Book, now_ms: int) -> Json:
    return {
        "instType": "SPOT",
        "instId": inst_id(pair),
        "last": plain(day.last * pair.tick),
        "open24h": plain(day.open * pair.tick),
        "high24h": plain(day.high * pair.tick),
        "low24h": plain(day.low * pair.tick),
        "vol24h": plain(day.volume * pair.step),
        "volCcy24h": plain(day.turnover * pair.tick * pair.step),
        "ts": str(now_ms),
        **_best(book, Side.SELL, "bid"),
        **_best(book, Side.BUY, "ask"),
    }


def _best(book: Book, taker: Side, name: str) -> Json:
    level = next(iter(book.levels(taker)), None)
    return {
        f"{name}Px": "" if level is None else plain(level.price),
        f"{name}Sz": "" if level is None else plain(level.quantity),
    }


def state(order: Order) -> str:
    return {
        Status.NEW: "live",
        Status.PARTIALLY_FILLED: "partially_filled",
        Status.FILLED: "filled",
    }.get(order.status, "canceled")


def kind(order: Order) -> str:
    """OKX's ordType of a plain order, or of what a conditional one has become."""
    match order.type:
        case OrderType.LIMIT_MAKER:
            return "post_only"
        case OrderType.LIMIT if order.time_in_force is not TimeInForce.GTC:
            return order.time_in_force.lower()
        case OrderType.LIMIT | OrderType.STOP_LOSS_LIMIT | OrderType.TAKE_PROFIT_LIMIT:
            return "limit"
    return "market"


def order(order: Order, fees: dict[str, Decimal]) -> Json:
    """A plain order. One that a conditional order has become carries that one's ids and no clOrdId of its own."""
    algo = order.stop_price > 0
    by_quote = order.quote_quantity > 0
    coin, fee = next(iter(fees.items()), ("", ZERO))
    market = kind(order) == "market"
    return {
        "instType": "SPOT",
        "instId": inst_id(order.pair),
        "ordId": str(order.id),
        "clOrdId": "" if algo else order.client_id,
        "algoId": algo_id(order.id) if algo else "",
        "algoClOrdId": order.client_id if algo else "",
        "side": order.side.lower(),
        "ordType": kind(order),
        "tdMode": "cash",
        "tgtCcy": ("quote_ccy" if by_quote else "base_ccy") if market else "",
        "sz": plain(order.quote_quantity if by_quote else order.quantity),
        "px": "" if market else plain(order.price),
        "accFillSz": plain(order.filled),
        "avgPx": f"{order.filled_quote / order.filled:.8f}" if order.filled else "",
        "state": state(order),
        "fee": plain(-fee),
        "feeCcy": coin,
        "fillTime": str(order.updated_ms) if order.filled else "",
        "reduceOnly": "false",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def algo_state(order: Order) -> str:
    if order.working:
        return "effective"
    return "live" if order.is_open else "canceled"


def algo(order: Order) -> Json:
    """A conditional order; `ordId` is that of the order it has become, empty before."""
    name = "sl" if order.type in STOPS else "tp"
    other = "tp" if name == "sl" else "sl"
    return {
        "instType": "SPOT",
        "instId": inst_id(order.pair),
        "algoId": algo_id(order.id),
        "algoClOrdId": order.client_id,
        "clOrdId": "",
        "ordId": str(order.id) if order.working else "",
        "ordIdList": [str(order.id)] if order.working else [],
        "ordType": "conditional",
        "side": order.side.lower(),
        "tdMode": "cash",
        "sz": plain(order.quantity),
        "state": algo_state(order),
        f"{name}TriggerPx": plain(order.stop_price),
        f"{name}OrdPx": plain(order.price) if order.type in _PRICED_STOPS else "-1",
        f"{name}TriggerPxType": "last",
        f"{other}TriggerPx": "",
        f"{other}OrdPx": "",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def fill(trade: Trade, order: Order) -> Json:
    return {
        "instType": "SPOT",
        "instId": inst_id(trade.pair),
        "tradeId": str(trade.id),
        "ordId": str(trade.order_id),
        "clOrdId": "" if order.stop_price else trade.client_id,
        "billId": str(trade.id),
        "fillPx": plain(trade.price),
        "fillSz": plain(trade.quantity),
        "side": trade.side.lower(),
        "execType": "M" if trade.maker else "T",
        "fee": plain(-trade.fee),
        "feeCcy": trade.fee_coin,
        "ts": str(trade.time_ms + RECORDED_MS),
        "fillTime": str(trade.time_ms),
    }
