"""Orders: placing, cancelling, asking, and the executions that came of them.

Answers to placing and cancelling are ids only: whether an order was filled has to be asked.
"""

from decimal import Decimal

from sandbox.exchange.bybit import render
from sandbox.exchange.bybit.errors import error, wrong
from sandbox.exchange.bybit.params import Params
from sandbox.exchange.matching.model import Order, OrderRequest, OrderType, Reason, Refusal, Side, TimeInForce
from sandbox.exchange.rest import Desk, Json, newest

_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
_TIMES = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "PostOnly": TimeInForce.GTC}
_RECENT = 500
"""How many ended orders can be asked for by id where open orders are asked for."""


def place(desk: Desk, params: Params, account: str) -> Json:
    params.spot()
    request = _request(desk, params)
    if any(one.client_id == request.client_id for one in desk.venue.matching.orders(account)):
        raise error(170141)  # an orderLinkId is never used twice there, not even after the order has ended
    order = desk.venue.matching.place(account, request, desk.now())[0].order
    return _ids(order)


def cancel(desk: Desk, params: Params, account: str) -> Json:
    params.spot()
    order = _find(desk, params, account)
    if not order.is_open:
        raise error(170213)
    desk.venue.matching.cancel(order, desk.now())
    return _ids(order)


def cancel_all(desk: Desk, params: Params, account: str) -> Json:
    params.spot()
    symbol = params.get("symbol")
    working = desk.venue.matching.open_orders(account, symbol)
    for order in working:
        desk.venue.matching.cancel(order, desk.now())
    return {"list": [_ids(order) for order in working], "success": "1"}


def open_orders(desk: Desk, params: Params, account: str) -> Json:
    """Open orders; one that is named by an id also if it has ended lately."""
    found = _selected(desk, params, account)
    working = [order for order in found if order.is_open and _fits_filter(order, params)]
    ended = [order for order in found if not order.is_open][-_RECENT:]
    if params.get("openOnly") == "1":
        return _page(desk, params, ended)
    named = params.get("orderId") or params.get("orderLinkId")
    return _page(desk, params, ended + working if named else working)


def history(desk: Desk, params: Params, account: str) -> Json:
    """Orders that have ended."""
    since, until, wanted = params.integer("startTime"), params.integer("endTime"), params.get("orderStatus")
    found = [
        order
        for order in _selected(desk, params, account)
        if not order.is_open
        and (since is None or order.created_ms >= since)
        and (until is None or order.created_ms <= until)
        and wanted in (None, render.status(order))
    ]
    return _page(desk, params, found)


def executions(desk: Desk, params: Params, account: str) -> Json:
    if params.elsewhere():
        return _empty(params)
    since, until = params.integer("startTime"), params.integer("endTime")
    order_id, client_id = params.get("orderId"), params.get("orderLinkId")
    found = [
        trade
        for trade in desk.trades(account, params.get("symbol"))
        if (since is None or trade.time_ms >= since)
        and (until is None or trade.time_ms <= until)
        and order_id in (None, str(trade.order_id))
        and client_id in (None, trade.client_id)
    ]
    orders = {order.id: order for order in desk.venue.matching.orders(account)}
    limit, skip = params.limit(50, 100), params.integer("cursor") or 0
    rows = [render.execution(trade, orders[trade.order_id]) for trade in newest(found, limit, skip)]
    return {"category": "spot", "list": rows, "nextPageCursor": _cursor(len(found), limit, skip)}


def _request(desk: Desk, params: Params) -> OrderRequest:
    pair = desk.venue.matching.pair(params.need("symbol"))
    side = _SIDES.get(params.need("side"))
    style, timing = params.need("orderType"), params.get("timeInForce") or "GTC"
    if side is None or style not in ("Market", "Limit") or timing not in _TIMES:
        raise wrong("side, orderType or timeInForce")
    quantity, price, trigger = params.decimal("qty"), params.decimal("price"), params.decimal("triggerPrice")
    if quantity is None or (style == "Limit" and price is None):
        raise wrong("qty or price")
    if params.get("orderFilter") not in (None, "Order") and trigger is None:
        raise error(170203)
    by_quote = style == "Market" and trigger is None and _unit(params, side) == "quoteCoin"
    if not by_quote and quantity < pair.min_quantity:
        raise error(170136)
    last = desk.venue.matching.book(pair.id).last
    return OrderRequest(
        pair_id=pair.id,
        side=side,
        type=_type(
            side, style == "Market", timing == "PostOnly", trigger, last, params.get("triggerDirection")
        ),
        client_id=params.client_id() or f"venue-{desk.venue.next_name()}",
        quantity=None if by_quote else quantity,
        quote_quantity=quantity if by_quote else None,
        price=price if style == "Limit" else None,
        stop_price=trigger,
        time_in_force=_TIMES[timing] if style == "Limit" else TimeInForce.GTC,
    )


def _unit(params: Params, side: Side) -> str:
    """A market order to buy is in quote unless it says otherwise."""
    return params.get("marketUnit") or ("quoteCoin" if side is Side.BUY else "baseCoin")


def _type(
    side: Side, market: bool, post_only: bool, trigger: Decimal | None, last: Decimal, direction: str | None
) -> OrderType:
    """Whether a trigger is a stop or a take profit shows in its direction, said or seen from the last price."""
    if trigger is None:
        return OrderType.MARKET if market else OrderType.LIMIT_MAKER if post_only else OrderType.LIMIT
    falls = direction == "2" if direction in ("1", "2") else trigger < last
    if falls == (side is Side.SELL):
        return OrderType.STOP_LOSS if market else OrderType.STOP_LOSS_LIMIT
    return OrderType.TAKE_PROFIT if market else OrderType.TAKE_PROFIT_LIMIT


def _find(desk: Desk, params: Params, account: str) -> Order:
    pair = desk.venue.matching.pair(params.need("symbol"))
    order_id, client_id = params.get("orderId"), params.client_id()
    if order_id is None and client_id is None:
        raise wrong("orderId or orderLinkId")
    if order_id is not None and not order_id.isdigit():
        raise Refusal(Reason.UNKNOWN_ORDER, order_id)
    return desk.venue.matching.find(account, pair.id, None if order_id is None else int(order_id), client_id)


def _selected(desk: Desk, params: Params, account: str) -> list[Order]:
    if params.elsewhere():
        return []
    symbol = params.get("symbol")
    if symbol is not None:
        desk.venue.matching.pair(symbol)
    order_id, client_id = params.get("orderId"), params.client_id()
    return [
        order
        for order in desk.venue.matching.orders(account, symbol)
        if order_id in (None, str(order.id)) and client_id in (None, order.client_id)
    ]


def _fits_filter(order: Order, params: Params) -> bool:
    """`orderFilter` Order leaves out what waits for its trigger; the other two leave out the rest."""
    wanted = params.get("orderFilter")
    return wanted is None or (wanted == "Order") == order.working


def _page(desk: Desk, params: Params, found: list[Order]) -> Json:
    limit, skip = params.limit(20, 50), params.integer("cursor") or 0
    rows = [render.order(order, desk.fees_of(order)) for order in newest(found, limit, skip)]
    return {
        "category": params.need("category"),
        "list": rows,
        "nextPageCursor": _cursor(len(found), limit, skip),
    }


def _empty(params: Params) -> Json:
    return {"category": params.need("category"), "list": [], "nextPageCursor": ""}


def _cursor(count: int, limit: int, skip: int) -> str:
    return str(skip + limit) if skip + limit < count else ""


def _ids(order: Order) -> Json:
    return {"orderId": str(order.id), "orderLinkId": order.client_id}
