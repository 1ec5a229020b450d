"""Orders: placing, asking, cancelling, and the trades that came of them."""

from decimal import Decimal

from sandbox.exchange.binance import render
from sandbox.exchange.binance.desk import Desk
from sandbox.exchange.binance.errors import BinanceError, missing, unknown_on_cancel
from sandbox.exchange.binance.params import CLIENT_ID, Params
from sandbox.exchange.binance.render import Json, num
from sandbox.exchange.matching.model import (
    CONDITIONAL,
    UNPRICED,
    EventKind,
    Order,
    OrderEvent,
    OrderRequest,
    OrderType,
    Reason,
    Refusal,
    Side,
    TimeInForce,
)

_TIMED = frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})


def place(desk: Desk, params: Params, account: str) -> Json:
    request = _request(desk, params)
    style = params.optional_text("newOrderRespType", "ACK|RESULT|FULL") or _default_style(request.type)
    events = desk.venue.matching.place(account, request, desk.venue.clock.now_ms())
    return _placed(events, style)


def test(desk: Desk, params: Params, account: str) -> Json:
    """Checks an order as `place` would, and forgets it."""
    desk.venue.matching.check(account, _request(desk, params))
    return {}


def ask(desk: Desk, params: Params, account: str) -> Json:
    return render.order(_find(desk, params, account))


def cancel(desk: Desk, params: Params, account: str) -> Json:
    try:
        order = _find(desk, params, account)
        events = desk.venue.matching.cancel(order, desk.venue.clock.now_ms(), _cancel_id(desk, params))
    except Refusal as refusal:
        if refusal.reason is not Reason.UNKNOWN_ORDER:
            raise
        raise unknown_on_cancel() from None
    return _cancelled(events[0])


def cancel_all(desk: Desk, params: Params, account: str) -> list[Json]:
    pair = desk.venue.matching.pair(params.symbol())
    now = desk.venue.clock.now_ms()
    working = desk.venue.matching.open_orders(account, pair.id)
    if not working:
        raise unknown_on_cancel()
    return [_cancelled(desk.venue.matching.cancel(order, now, desk.new_client_id())[0]) for order in working]


def open_orders(desk: Desk, params: Params, account: str) -> list[Json]:
    symbol = params.symbol() if "symbol" in params else None
    return [render.order(order) for order in desk.venue.matching.open_orders(account, symbol)]


def all_orders(desk: Desk, params: Params, account: str) -> list[Json]:
    pair = desk.venue.matching.pair(params.symbol())
    limit = params.limit(500, 1000)
    since, until, first = params.integer("startTime"), params.integer("endTime"), params.integer("orderId")
    found = [
        order
        for order in desk.venue.matching.orders(account, pair.id)
        if (since is None or order.created_ms >= since)
        and (until is None or order.created_ms <= until)
        and (first is None or order.id >= first)
    ]
    return [
        render.order(order)
        for order in (found[-limit:] if since is None and first is None else found[:limit])
    ]


def my_trades(desk: Desk, params: Params, account: str) -> list[Json]:
    pair = desk.venue.matching.pair(params.symbol())
    limit = params.limit(500, 1000)
    since, until = params.integer("startTime"), params.integer("endTime")
    first, order_id = params.integer("fromId"), params.integer("orderId")
    timed = since is not None or until is not None
    if timed and (first is not None or order_id is not None):
        raise BinanceError(-1128, "Combination of optional parameters invalid.")
    found = [
        trade
        for trade in desk.venue.matching.trades(account, pair.id)
        if (since is None or trade.time_ms >= since)
        and (until is None or trade.time_ms <= until)
        and (first is None or trade.id >= first)
        and (order_id is None or trade.order_id == order_id)
    ]
    return [
        render.my_trade(trade)
        for trade in (found[-limit:] if since is None and first is None else found[:limit])
    ]


def _request(desk: Desk, params: Params) -> OrderRequest:
    symbol = desk.venue.matching.pair(params.symbol()).id
    side = params.choice("side", Side, -1117, "Invalid side.")
    kind = params.choice("type", OrderType, -1116, "Invalid orderType.")
    time_in_force = TimeInForce.GTC
    if kind in _TIMED:
        time_in_force = params.choice("timeInForce", TimeInForce, -1115, "Invalid timeInForce.")
    _refuse_unwanted(kind, params)
    quantity, quote_quantity = params.decimal("quantity"), params.decimal("quoteOrderQty")
    if kind is OrderType.MARKET and quantity is None and quote_quantity is None:
        raise missing("quantity")
    if kind is not OrderType.MARKET and quantity is None:
        raise missing("quantity")
    return OrderRequest(
        pair_id=symbol,
        side=side,
        type=kind,
        client_id=params.optional_text("newClientOrderId", CLIENT_ID) or desk.new_client_id(),
        quantity=quantity,
        quote_quantity=quote_quantity,
        price=None if kind in UNPRICED else _required(params, "price"),
        stop_price=_required(params, "stopPrice") if kind in CONDITIONAL else None,
        time_in_force=time_in_force,
    )


def _refuse_unwanted(kind: OrderType, params: Params) -> None:
    """−1106 for what this kind of order does not take: a price on a market order is a mistake, not a detail."""
    unwanted = {
        "price": kind in UNPRICED,
        "timeInForce": kind not in _TIMED,
        "stopPrice": kind not in CONDITIONAL,
        "quoteOrderQty": kind is not OrderType.MARKET,
    }
    for name, refused in unwanted.items():
        if refused and name in params:
            raise BinanceError(-1106, f"Parameter '{name}' sent when not required.")
    if "quantity" in params and "quoteOrderQty" in params:
        raise BinanceError(-1128, "Combination of optional parameters invalid.")


def _required(params: Params, name: str) -> Decimal:
    value = params.decimal(name)
    if value is None:
        raise missing(name)
    return value


def _find(desk: Desk, params: Params, account: str) -> Order:
    pair = desk.venue.matching.pair(params.symbol())
    order_id = params.integer("orderId")
    client_id = params.optional_text("origClientOrderId", CLIENT_ID)
    if order_id is None and client_id is None:
        raise BinanceError(
            -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        )
    return desk.venue.matching.find(account, pair.id, order_id, client_id)


def _cancel_id(desk: Desk, params: Params) -> str:
    return params.optional_text("newClientOrderId", CLIENT_ID) or desk.new_client_id()


def _default_style(kind: OrderType) -> str:
    return "FULL" if kind in (OrderType.MARKET, OrderType.LIMIT) else "ACK"


def _placed(events: list[OrderEvent], style: str) -> Json:
    order = events[-1].order
    if style == "ACK":
        return {
            "symbol": order.pair.id,
            "orderId": order.id,
            "orderListId": -1,
            "clientOrderId": order.client_id,
            "transactTime": order.created_ms,
        }
    answer = render.order_core(order) | {"transactTime": order.updated_ms}
    if order.stop_price:
        answer["stopPrice"] = num(order.stop_price)
    if style == "FULL":
        answer["fills"] = [render.fill(event.trade) for event in events if event.trade is not None]
    return answer


def _cancelled(event: OrderEvent) -> Json:
    if event.kind is not EventKind.CANCELED:
        raise AssertionError(f"cancelling order {event.order.id} ended in {event.kind}")
    order = event.order
    return render.order_core(order) | {
        "origClientOrderId": order.client_id,
        "clientOrderId": order.cancel_client_id,
        "transactTime": event.time_ms,
    }
