"""The bodies of user stream events: executionReport, outboundAccountPosition, balanceUpdate."""

from collections.abc import Iterable
from decimal import Decimal

from sandbox.exchange.binance.render import SELF_TRADE, Json, num
from sandbox.exchange.matching.model import ZERO, EventKind, OrderEvent


def execution_report(event: OrderEvent, now_ms: int) -> Json:
    order, trade = event.order, event.trade
    cancelled = event.kind is EventKind.CANCELED
    return {
        "e": "executionReport",
        "E": now_ms,
        "s": order.pair.id,
        "c": order.cancel_client_id if cancelled else order.client_id,
        "S": str(order.side),
        "o": str(order.type),
        "f": str(order.time_in_force),
        "q": num(order.quantity),
        "p": num(order.price),
        "P": num(order.stop_price),
        "F": num(ZERO),
        "g": -1,
        "C": order.client_id if cancelled else "",
        "x": str(event.kind),
        "X": str(order.status),
        "r": "NONE",
        "i": order.id,
        "l": num(trade.quantity if trade else ZERO),
        "z": num(order.filled),
        "L": num(trade.price if trade else ZERO),
        "n": num(trade.fee) if trade else "0",
        "N": trade.fee_coin if trade else None,
        "T": event.time_ms,
        "t": trade.id if trade else -1,
        "I": order.id,
        "w": order.is_open and order.working,
        "m": trade.maker if trade else False,
        "M": trade is not None,
        "O": order.created_ms,
        "Z": num(order.filled_quote),
        "Y": num(trade.cost if trade else ZERO),
        "Q": num(order.quote_quantity),
        "W": order.created_ms,
        "V": SELF_TRADE,
    }


def account_position(balances: Iterable[tuple[str, Decimal, Decimal]], changed_ms: int, now_ms: int) -> Json:
    """`balances` are (coin, free, locked) of the coins that may have changed."""
    return {
        "e": "outboundAccountPosition",
        "E": now_ms,
        "u": changed_ms,
        "B": [{"a": coin, "f": num(free), "l": num(locked)} for coin, free, locked in balances],
    }


def balance_update(coin: str, change: Decimal, now_ms: int) -> Json:
    return {"e": "balanceUpdate", "E": now_ms, "a": coin, "d": num(change), "T": now_ms}
