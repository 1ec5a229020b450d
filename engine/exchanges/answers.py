"""From ccxt's orders, trades and balances to our reports and fills; what is not sound raises Corrupt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from engine.core.errors import Corrupt
from engine.core.ids import ClientOrderId, Coin, FillId, Symbol, VenueOrderId
from engine.core.model import Balance, Fee, Fill, OrderReport, Side, VenueStatus
from engine.core.money import ZERO, Price, Quantity, exact_sum
from engine.exchanges.numbers import moment, not_negative, number, positive

_STATUS: Mapping[str, VenueStatus] = {
    "open": VenueStatus.OPEN,
    "canceling": VenueStatus.OPEN,
    "closed": VenueStatus.FILLED,
    "canceled": VenueStatus.CANCELLED,
    "expired": VenueStatus.EXPIRED,
    "rejected": VenueStatus.REJECTED,
}
"""ccxt's unified words: https://docs.ccxt.com/#/README?id=order-structure"""


def order_report(
    raw: Mapping[str, Any],
    client_order_id: ClientOrderId,
    symbol: Symbol,
    now: datetime,
    fills: Sequence[Fill] = (),
) -> OrderReport:
    """An order as a venue tells it. Without a time of its own it is of `now`."""
    filled = _quantity(raw.get("filled"))
    quantity = _quantity(raw.get("amount"))
    return OrderReport(
        client_order_id,
        VenueOrderId(str(raw["id"])) if raw.get("id") else None,
        symbol,
        _status(raw, filled or ZERO, quantity),
        Quantity(filled or ZERO),
        _time(raw, now),
        tuple(fills),
        side=_side(raw),
        quantity=quantity,
    )


def accepted(
    raw: Any, client_order_id: ClientOrderId, symbol: Symbol, now: datetime, fills: Sequence[Fill] = ()
) -> OrderReport:
    """The answer to a submit. Some venues tell the ids alone: the order is open then, until more is heard. Raises
    Corrupt without the venue's id: such an answer proves nothing."""
    if not isinstance(raw, Mapping) or not raw.get("id"):
        raise Corrupt("the venue's answer to an order carries no order id.")
    told = raw.get("clientOrderId")
    if told and str(told) != client_order_id:
        raise Corrupt("the venue's answer is about another order.")
    if raw.get("status") is None:
        return still_open(raw, client_order_id, symbol, now)
    return order_report(raw, client_order_id, symbol, now, fills)


def still_open(
    raw: Mapping[str, Any], client_order_id: ClientOrderId, symbol: Symbol, now: datetime
) -> OrderReport:
    """From an answer that tells ids at most."""
    number = VenueOrderId(str(raw["id"])) if raw.get("id") else None
    return OrderReport(client_order_id, number, symbol, VenueStatus.OPEN, Quantity(ZERO), _time(raw, now))


def _status(raw: Mapping[str, Any], filled: Decimal, quantity: Decimal | None) -> VenueStatus:
    told = _STATUS.get(str(raw.get("status")))
    if told is None:
        raise Corrupt(f"an order's state is none that we know: {raw.get('status')!r}.")
    if told is VenueStatus.FILLED and quantity is not None and filled < quantity:
        return VenueStatus.CANCELLED  # 'closed' with a rest: the venue ended it before it was filled
    return told


def fill(
    raw: Mapping[str, Any],
    client_order_id: ClientOrderId,
    symbol: Symbol,
    otherwise_at: datetime,
    side: Side | None = None,
) -> Fill:
    """One execution. `otherwise_at` and `side` (the order's) stand in where a venue does not repeat them, such as
    within its answer to an order."""
    if not raw.get("id"):
        raise Corrupt(f"an execution in {symbol} has no id.")
    return Fill(
        FillId(str(raw["id"])),
        client_order_id,
        symbol,
        _side(raw) or side or _no_side(symbol),
        Quantity(positive(raw.get("amount"), f"an execution's quantity in {symbol}")),
        Price(positive(raw.get("price"), f"an execution's price in {symbol}")),
        _fees(raw, symbol),
        _time(raw, otherwise_at),
    )


def balances(raw: Mapping[str, Any], tell: Callable[[str], object] = lambda words: None) -> list[Balance]:
    """Coins of which there is something, free or held by orders. A row that can't be read is one that was not told, and
    takes no other along (M12)."""
    free, used = raw.get("free"), raw.get("used")
    if not isinstance(free, Mapping) or not isinstance(used, Mapping):
        raise Corrupt("the venue's answer has no balances.")
    found = [_balance_or_not(coin, free.get(coin), used.get(coin), tell) for coin in {**free, **used}]
    return [balance for balance in found if balance.total or not balance.told]


def _balance_or_not(coin: str, free: object, used: object, tell: Callable[[str], object]) -> Balance:
    try:
        return _balance(coin, free, used)
    except Corrupt as error:
        tell(str(error))
        return Balance(Coin(coin), ZERO, ZERO, told=False)


def _balance(coin: str, free: object, used: object) -> Balance:
    what = f"the balance of {coin}"
    if free is None:
        # Not zero: with nothing under way `used` is 0 beside it, and all that there is would be gone.
        raise Corrupt(f"{what} is not told.")
    return Balance(Coin(coin), not_negative(free, what), not_negative(used or 0, what))


def untold(raw: Mapping[str, Any], coins: Sequence[Coin | None]) -> Mapping[str, Any]:
    """The balances without what is told of `coins`, whose rows could not be read. Raises Corrupt where it is not even
    known which coin that was: then nothing is known of any that is missing."""
    if None in coins:
        raise Corrupt("a balance can't be read, and not even of which coin it is.")
    blank = dict.fromkeys(coins)
    return {**raw, "free": {**raw["free"], **blank}, "used": {**raw["used"], **blank}}


def total_in(accounts: Sequence[Mapping[str, Any]], coin: Coin) -> Decimal:
    """What all of them hold of it; nothing where it is not mentioned. Raises Corrupt where it is, and can't be read."""
    found = [account["total"][coin] for account in accounts if coin in (account.get("total") or {})]
    amounts = (not_negative(amount, f"{coin} in another account") for amount in found)
    return reduce(exact_sum, amounts, ZERO)


def _fees(raw: Mapping[str, Any], symbol: Symbol) -> tuple[Fee, ...]:
    """A rebate is a fee below zero. What ccxt tells without a coin, such as an empty fee, is none."""
    told = raw.get("fees") or [raw.get("fee")]
    found = (one for one in told if isinstance(one, Mapping) and one.get("currency"))
    fees = (Fee(number(one.get("cost"), f"a fee in {symbol}"), Coin(one["currency"])) for one in found)
    return tuple(fee for fee in fees if fee.amount)


def _side(raw: Mapping[str, Any]) -> Side | None:
    return Side(raw["side"]) if raw.get("side") in ("buy", "sell") else None


def _no_side(symbol: Symbol) -> Side:
    raise Corrupt(f"an execution in {symbol} tells no side.")


def _quantity(value: object) -> Quantity | None:
    return None if value is None else Quantity(not_negative(value, "an order's quantity"))


def _time(raw: Mapping[str, Any], otherwise: datetime) -> datetime:
    stamp = raw.get("lastUpdateTimestamp") or raw.get("timestamp")
    return otherwise if stamp is None else moment(stamp, "an order's time")
