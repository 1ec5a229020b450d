"""Placing and cancelling, one order at a time; answers are ids only."""

from decimal import Decimal

from sandbox.exchange.matching.model import (
    Order,
    OrderRequest,
    OrderType,
    Pair,
    Reason,
    Refusal,
    Side,
    TimeInForce,
)
from sandbox.exchange.okx import render
from sandbox.exchange.okx.errors import Declined, at_once, code_of
from sandbox.exchange.okx.params import Params, wrong
from sandbox.exchange.okx.public import pair_of
from sandbox.exchange.okx.wallet import takes_cash
from sandbox.exchange.rest import Desk, Json

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_KINDS = {
    "market": (OrderType.MARKET, TimeInForce.GTC),
    "limit": (OrderType.LIMIT, TimeInForce.GTC),
    "post_only": (OrderType.LIMIT_MAKER, TimeInForce.GTC),
    "ioc": (OrderType.LIMIT, TimeInForce.IOC),
    "fok": (OrderType.LIMIT, TimeInForce.FOK),
}


def place(desk: Desk, params: Params, account: str) -> Json:
    """A plain order; raises `Declined` with the order's own code."""
    pair, side = _start(desk, params, account)
    kind, timing = _KINDS.get(params.need("ordType"), (None, TimeInForce.GTC))
    quantity, price = params.decimal("sz"), params.decimal("px")
    if kind is None or quantity is None or (kind is not OrderType.MARKET and price is None):
        raise wrong("ordType, sz or px")
    by_quote = kind is OrderType.MARKET and _unit(params, side) == "quote_ccy"
    if not by_quote and quantity < pair.min_quantity:
        raise Declined("51020")
    request = OrderRequest(
        pair_id=pair.id,
        side=side,
        type=kind,
        client_id=params.client_id() or f"venue{desk.venue.next_name()}",
        quantity=None if by_quote else quantity,
        quote_quantity=quantity if by_quote else None,
        price=None if kind is OrderType.MARKET else price,
        time_in_force=timing,
    )
    order = _placed(desk, account, request)
    return {"ordId": str(order.id), "clOrdId": params.get("clOrdId") or "", "tag": "", "ts": str(desk.now())}


def place_algo(desk: Desk, params: Params, account: str) -> Json:
    """A conditional order with one of slTriggerPx and tpTriggerPx, or a trigger order (a stop by its direction).

    It is known by algoId and algoClOrdId; a clOrdId that comes along is not kept.
    """
    pair, side = _start(desk, params, account)
    name, trigger, price = _condition(params)
    quantity = params.decimal("sz")
    if quantity is None:
        raise wrong("sz")
    last = desk.venue.matching.book(pair.id).last
    request = OrderRequest(
        pair_id=pair.id,
        side=side,
        type=_conditional(name, trigger, last, side, price is None),
        client_id=params.client_id("algoClOrdId") or f"venue{desk.venue.next_name()}",
        quantity=quantity,
        price=price,
        stop_price=trigger,
    )
    order = _placed(desk, account, request)
    known = params.get("algoClOrdId") or ""
    return {"algoId": render.algo_id(order.id), "algoClOrdId": known, "clOrdId": "", "tag": ""}


def cancel(desk: Desk, params: Params, account: str) -> Json:
    order = named(desk, params, account, "51400")
    if not order.is_open:
        raise Declined("51400")
    desk.venue.matching.cancel(order, desk.now())
    return {"ordId": str(order.id), "clOrdId": order.client_id, "ts": str(desk.now())}


def cancel_algo(desk: Desk, params: Params, account: str) -> Json:
    order = named_algo(desk, params, account, "51400")
    if order.working or not order.is_open:
        raise Declined("51400")
    desk.venue.matching.cancel(order, desk.now())
    return {"algoId": render.algo_id(order.id), "algoClOrdId": order.client_id}


def named(desk: Desk, params: Params, account: str, otherwise: str) -> Order:
    """The plain order of ordId or clOrdId, the newest; `Declined(otherwise)` if there is none."""
    pair, order_id, client_id = pair_of(desk, params), params.get("ordId"), params.client_id()
    if order_id is None and client_id is None:
        raise wrong("ordId or clOrdId")
    number = None if order_id is None else int(order_id) if order_id.isdigit() else 0
    order = _found(desk, account, pair, number, None if number is not None else client_id, otherwise)
    if order.stop_price and (not order.working or number is None):
        raise Declined(otherwise)  # it waits as an algo order, and what becomes of that has no clOrdId
    return order


def named_algo(desk: Desk, params: Params, account: str, otherwise: str) -> Order:
    """The conditional order of algoId or algoClOrdId."""
    algo_id, client_id = params.get("algoId"), params.client_id("algoClOrdId")
    if algo_id is None and client_id is None:
        raise wrong("algoId or algoClOrdId")
    for order in reversed(desk.venue.matching.orders(account)):
        wanted = render.algo_id(order.id) == algo_id if algo_id else order.client_id == client_id
        if order.stop_price and wanted:
            return order
    raise Declined(otherwise)


def _found(
    desk: Desk, account: str, pair: Pair, number: int | None, client_id: str | None, otherwise: str
) -> Order:
    try:
        return desk.venue.matching.find(account, pair.id, number, client_id)
    except Refusal:
        raise Declined(otherwise) from None


def _start(desk: Desk, params: Params, account: str) -> tuple[Pair, Side]:
    side, trade_mode = _SIDES.get(params.need("side")), params.need("tdMode")
    if side is None or trade_mode not in ("cash", "cross", "isolated"):
        raise wrong("side or tdMode")
    if trade_mode == "cash" and not takes_cash(desk, account):
        raise Declined("51000", "Parameter tdMode error")
    return pair_of(desk, params), side


def _unit(params: Params, side: Side) -> str:
    """A market order to buy is in quote unless it says otherwise."""
    return params.get("tgtCcy") or ("quote_ccy" if side is Side.BUY else "base_ccy")


def _condition(params: Params) -> tuple[str, Decimal, Decimal | None]:
    """(sl, tp or trigger; the trigger; the limit price, None for market)."""
    for name, trigger_name, price_name in (
        ("sl", "slTriggerPx", "slOrdPx"),
        ("tp", "tpTriggerPx", "tpOrdPx"),
        ("trigger", "triggerPx", "orderPx"),
    ):
        trigger = params.decimal(trigger_name)
        if trigger is not None:
            return name, trigger, None if params.need(price_name) == "-1" else params.decimal(price_name)
    raise wrong("slTriggerPx, tpTriggerPx or triggerPx")


def _conditional(name: str, trigger: Decimal, last: Decimal, side: Side, market: bool) -> OrderType:
    stop = name == "sl" or (name == "trigger" and (trigger < last) == (side is Side.SELL))
    if stop:
        return OrderType.STOP_LOSS if market else OrderType.STOP_LOSS_LIMIT
    return OrderType.TAKE_PROFIT if market else OrderType.TAKE_PROFIT_LIMIT


def _placed(desk: Desk, account: str, request: OrderRequest) -> Order:
    try:
        return desk.venue.matching.place(account, request, desk.now())[0].order
    except Refusal as refusal:
        if refusal.reason is Reason.WOULD_TRIGGER:
            raise Declined(at_once(request.type, request.side)) from None
        raise Declined(code_of(refusal)) from None
