"""The venue's values as Bybit's JSON: numbers as plain strings, times in ms as strings."""

from decimal import Decimal

from sandbox.exchange.market.candles import Candle
from sandbox.exchange.market.day import Day
from sandbox.exchange.matching.book import Book
from sandbox.exchange.matching.model import ZERO, Order, OrderType, Pair, Side, Status, TimeInForce, Trade
from sandbox.exchange.rest import Json, plain

_PRICED = frozenset(
    {OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
)


def instrument(pair: Pair) -> Json:
    return {
        "symbol": pair.id,
        "baseCoin": pair.base,
        "quoteCoin": pair.quote,
        "innovation": "0",
        "status": "Trading" if pair.trading else "Closed",
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": plain(pair.step),
            "quotePrecision": plain(pair.tick * pair.step),
            "minOrderQty": plain(pair.min_quantity),
            "maxOrderQty": plain(pair.max_quantity),
            "minOrderAmt": plain(pair.min_notional),
            "maxOrderAmt": plain(pair.max_notional),
        },
        "priceFilter": {"tickSize": plain(pair.tick)},
    }


def kline(pair: Pair, candle: Candle) -> list[str]:
    prices = [plain(ticks * pair.tick) for ticks in (candle.open, candle.high, candle.low, candle.close)]
    turnover = candle.turnover * pair.tick * pair.step
    return [str(candle.open_ms), *prices, plain(candle.volume * pair.step), plain(turnover)]


def ticker(pair: Pair, day: Day, book: Book) -> Json:
    change = Decimal(day.last - day.open) / Decimal(day.open)
    return {
        "symbol": pair.id,
        "lastPrice": plain(day.last * pair.tick),
        "prevPrice24h": plain(day.open * pair.tick),
        "price24hPcnt": f"{change:.4f}",
        "highPrice24h": plain(day.high * pair.tick),
        "lowPrice24h": plain(day.low * pair.tick),
        "turnover24h": plain(day.turnover * pair.tick * pair.step),
        "volume24h": plain(day.volume * pair.step),
        "usdIndexPrice": "",
        **_best(book, Side.SELL, "bid1"),
        **_best(book, Side.BUY, "ask1"),
    }


def _best(book: Book, taker: Side, name: str) -> Json:
    level = next(iter(book.levels(taker)), None)
    return {
        f"{name}Price": "" if level is None else plain(level.price),
        f"{name}Size": "" if level is None else plain(level.quantity),
    }


def status(order: Order) -> str:
    """Bybit's word. A spot order that ends with a part filled has one of its own, which ccxt reads as closed."""
    if order.status is Status.NEW:
        return "New" if order.working else "Untriggered"
    if order.status is Status.PARTIALLY_FILLED:
        return "PartiallyFilled"
    if order.status is Status.FILLED:
        return "Filled"
    if order.filled > 0:
        return "PartiallyFilledCanceled"
    return "Cancelled" if order.working else "Deactivated"


def order(order: Order, fees: dict[str, Decimal]) -> Json:
    by_quote = order.quote_quantity > 0
    market = order.type not in _PRICED
    average = order.filled_quote / order.filled if order.filled else ZERO
    return {
        "orderId": str(order.id),
        "orderLinkId": order.client_id,
        "symbol": order.pair.id,
        "side": order.side.capitalize(),
        "orderType": "Market" if market else "Limit",
        "price": plain(order.price),
        "qty": plain(order.quote_quantity if by_quote else order.quantity),
        "marketUnit": ("quoteCoin" if by_quote else "baseCoin") if market else "",
        "timeInForce": _time_in_force(order, market),
        "orderStatus": status(order),
        "avgPrice": f"{average:.8f}" if average else "",
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(order.filled_quote),
        "cumExecFee": plain(sum(fees.values(), ZERO)),
        "cumFeeDetail": {coin: plain(fee) for coin, fee in fees.items()},
        "leavesQty": plain(order.remaining if order.is_open else ZERO),
        "leavesValue": "0",
        "orderFilter": "tpslOrder" if order.stop_price else "Order",
        "stopOrderType": "tpslOrder" if order.stop_price else "",
        "triggerPrice": plain(order.stop_price),
        "triggerDirection": 0,
        "rejectReason": "EC_NoError",
        "cancelType": "CancelByUser" if order.status is Status.CANCELED else "UNKNOWN",
        "reduceOnly": False,
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def _time_in_force(order: Order, market: bool) -> str:
    if order.type is OrderType.LIMIT_MAKER:
        return "PostOnly"
    return str(TimeInForce.IOC) if market else str(order.time_in_force)


def execution(trade: Trade, order: Order) -> Json:
    return {
        "symbol": trade.pair.id,
        "orderId": str(trade.order_id),
        "orderLinkId": trade.client_id,
        "side": trade.side.capitalize(),
        "orderPrice": plain(order.price),
        "orderQty": plain(order.quantity),
        "orderType": "Limit" if order.type in _PRICED else "Market",
        "execId": f"{trade.pair.id}-{trade.id}",
        "execPrice": plain(trade.price),
        "execQty": plain(trade.quantity),
        "execValue": plain(trade.cost),
        "execType": "Trade",
        "execTime": str(trade.time_ms),
        "execFee": plain(trade.fee),
        "feeCurrency": trade.fee_coin,
        "isMaker": trade.maker,
    }
