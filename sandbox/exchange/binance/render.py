"""The venue's values as Binance's JSON: plain decimals with eight places as strings, times in ms."""

from decimal import Decimal
from typing import Any

from sandbox.exchange.market.candles import Candle
from sandbox.exchange.market.day import Day
from sandbox.exchange.matching.filters import MAX_PRICE, PERCENT_DOWN, PERCENT_UP
from sandbox.exchange.matching.model import Order, OrderType, Pair, Side, Trade
from sandbox.exchange.venue import MarketTrade

Json = dict[str, Any]
SELF_TRADE = "EXPIRE_MAKER"


def num(value: Decimal) -> str:
    return f"{value:.8f}"


def price_of(pair: Pair, ticks: int) -> str:
    return num(ticks * pair.tick)


def symbol(pair: Pair) -> Json:
    return {
        "symbol": pair.id,
        "status": "TRADING" if pair.trading else "BREAK",
        "baseAsset": pair.base,
        "baseAssetPrecision": 8,
        "quoteAsset": pair.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [str(kind) for kind in OrderType],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(pair),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": SELF_TRADE,
        "allowedSelfTradePreventionModes": [SELF_TRADE],
    }


def _filters(pair: Pair) -> list[Json]:
    lot = {"minQty": num(pair.min_quantity), "maxQty": num(pair.max_quantity), "stepSize": num(pair.step)}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": num(pair.tick),
            "maxPrice": num(MAX_PRICE),
            "tickSize": num(pair.tick),
        },
        {"filterType": "LOT_SIZE", **lot},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": num(Decimal(0)),
            "maxQty": num(pair.max_market_quantity),
            "stepSize": num(Decimal(0)),
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": num(pair.min_notional),
            "applyMinToMarket": True,
            "maxNotional": num(pair.max_notional),
            "applyMaxToMarket": True,
            "avgPriceMins": 0,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(PERCENT_UP),
            "bidMultiplierDown": str(PERCENT_DOWN),
            "askMultiplierUp": str(PERCENT_UP),
            "askMultiplierDown": str(PERCENT_DOWN),
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": pair.max_open_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": pair.max_open_conditional},
    ]


def kline(pair: Pair, candle: Candle, interval_ms: int) -> list[Any]:
    volume = candle.volume * pair.step
    turnover = candle.turnover * pair.tick * pair.step
    return [
        candle.open_ms,
        price_of(pair, candle.open),
        price_of(pair, candle.high),
        price_of(pair, candle.low),
        price_of(pair, candle.close),
        num(volume),
        candle.open_ms + interval_ms - 1,
        num(turnover),
        candle.trades,
        num(volume / 2),
        num(turnover / 2),
        "0",
    ]


def change_percent(day: Day) -> str:
    return f"{100 * (day.last - day.open) / day.open:.3f}"


def public_trade(trade: MarketTrade) -> Json:
    return {
        "id": trade.id,
        "price": num(trade.price),
        "qty": num(trade.quantity),
        "quoteQty": num(trade.price * trade.quantity),
        "time": trade.time_ms,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def aggregate_trade(trade: MarketTrade) -> Json:
    return {
        "a": trade.id,
        "p": num(trade.price),
        "q": num(trade.quantity),
        "f": trade.id,
        "l": trade.id,
        "T": trade.time_ms,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def order_core(order: Order) -> Json:
    """What every answer about an order has in common."""
    core = {
        "symbol": order.pair.id,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": num(order.price),
        "origQty": num(order.quantity),
        "executedQty": num(order.filled),
        "origQuoteOrderQty": num(order.quote_quantity),
        "cummulativeQuoteQty": num(order.filled_quote),
        "status": str(order.status),
        "timeInForce": str(order.time_in_force),
        "type": str(order.type),
        "side": str(order.side),
        "selfTradePreventionMode": SELF_TRADE,
    }
    if order.working:
        core["workingTime"] = order.created_ms
    return core


def order(order: Order) -> Json:
    """An order as it is asked for."""
    return order_core(order) | {
        "stopPrice": num(order.stop_price),
        "icebergQty": num(Decimal(0)),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working,
        "workingTime": order.created_ms if order.working else -1,
    }


def fill(trade: Trade) -> Json:
    """A fill inside the answer to an order."""
    return {
        "price": num(trade.price),
        "qty": num(trade.quantity),
        "commission": num(trade.fee),
        "commissionAsset": trade.fee_coin,
        "tradeId": trade.id,
    }


def my_trade(trade: Trade) -> Json:
    return {
        "symbol": trade.pair.id,
        "id": trade.id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": num(trade.price),
        "qty": num(trade.quantity),
        "quoteQty": num(trade.cost),
        "commission": num(trade.fee),
        "commissionAsset": trade.fee_coin,
        "time": trade.time_ms,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.maker,
        "isBestMatch": True,
    }
