"""Asking for orders, conditional orders and fills; newest first, as there."""

from collections.abc import Callable

from sandbox.exchange.matching.model import Order
from sandbox.exchange.okx import render
from sandbox.exchange.okx.orders import named, named_algo
from sandbox.exchange.okx.params import Params
from sandbox.exchange.okx.public import pair_of
from sandbox.exchange.rest import Desk, Json, newest


def order(desk: Desk, params: Params, account: str) -> list[Json]:
    found = named(desk, params, account, "51603")
    return [render.order(found, desk.fees_of(found))]


def algo(desk: Desk, params: Params, account: str) -> list[Json]:
    return [render.algo(named_algo(desk, params, account, "51603"))]


def pending(desk: Desk, params: Params, account: str) -> list[Json]:
    """Open plain orders; what waits for its trigger is asked for elsewhere."""
    return _orders(desk, params, account, lambda one: one.is_open and one.working)


def history(desk: Desk, params: Params, account: str) -> list[Json]:
    wanted = params.get("state")
    return _orders(
        desk,
        params,
        account,
        lambda one: not one.is_open and one.working and wanted in (None, render.state(one)),
    )


def algos_pending(desk: Desk, params: Params, account: str) -> list[Json]:
    return _algos(desk, params, account, lambda one: one.is_open and not one.working)


def algos_history(desk: Desk, params: Params, account: str) -> list[Json]:
    wanted = params.get("state")
    return _algos(
        desk,
        params,
        account,
        lambda one: (one.working or not one.is_open) and wanted in (None, render.algo_state(one)),
    )


def fills(desk: Desk, params: Params, account: str) -> list[Json]:
    begin, end, order_id = params.integer("begin"), params.integer("end"), params.get("ordId")
    after = params.integer("after")
    pair_id = pair_of(desk, params).id if params.get("instId") else None
    found = [
        trade
        for trade in desk.trades(account, pair_id)
        if (begin is None or trade.time_ms + render.RECORDED_MS >= begin)
        and (end is None or trade.time_ms + render.RECORDED_MS <= end)
        and order_id in (None, str(trade.order_id))
        and (after is None or trade.id < after)
    ]
    orders = {one.id: one for one in desk.venue.matching.orders(account, pair_id)}
    return [render.fill(trade, orders[trade.order_id]) for trade in newest(found, params.limit())]


def _orders(desk: Desk, params: Params, account: str, fits: Callable[[Order], bool]) -> list[Json]:
    found = _selected(desk, params, account, fits)
    return [render.order(one, desk.fees_of(one)) for one in newest(found, params.limit())]


def _algos(desk: Desk, params: Params, account: str, fits: Callable[[Order], bool]) -> list[Json]:
    found = [one for one in _selected(desk, params, account, fits) if one.stop_price]
    return [render.algo(one) for one in newest(found, params.limit())]


def _selected(desk: Desk, params: Params, account: str, fits: Callable[[Order], bool]) -> list[Order]:
    begin, end = params.integer("begin"), params.integer("end")
    pair_id = pair_of(desk, params).id if params.get("instId") else None
    return [
        one
        for one in desk.venue.matching.orders(account, pair_id)
        if fits(one) and (begin is None or one.created_ms >= begin) and (end is None or one.created_ms <= end)
    ]
