"""Reading the JSON objects that come through the back door; ValueError with a sentence for what makes no sense."""

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from sandbox.exchange.faults import Rule
from sandbox.exchange.market.pairs import split_name
from sandbox.exchange.matching.fees import FeePolicy, TakenIn
from sandbox.exchange.matching.model import UNPRICED, OrderRequest, OrderType, Side

Body = dict[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)
_RULES = TypeAdapter(Rule)


def need(body: Body, name: str) -> Any:
    if name not in body:
        raise ValueError(f"“{name}” is missing")
    return body[name]


def text(body: Body, name: str) -> str:
    match need(body, name):
        case str() as value if value:
            return value
    raise ValueError(f"“{name}” must be a text, not {body[name]!r}")


def decimal(body: Body, name: str) -> Decimal:
    try:
        value = Decimal(str(need(body, name)))
    except InvalidOperation:
        raise ValueError(f"“{name}” must be a number, not {body[name]!r}") from None
    if not value.is_finite():
        raise ValueError(f"“{name}” must be a finite number")
    return value


def optional_decimal(body: Body, name: str) -> Decimal | None:
    return decimal(body, name) if body.get(name) is not None else None


def whole(body: Body, name: str) -> int:
    value = decimal(body, name)
    if value != value.to_integral_value():
        raise ValueError(f"“{name}” must be a whole number, not {body[name]!r}")
    return int(value)


def switch(body: Body, name: str) -> bool:
    match need(body, name):
        case bool() as value:
            return value
    raise ValueError(f"“{name}” must be true or false, not {body[name]!r}")


class Wallet(StrEnum):
    """Where coins can be moved to: an account for deposits, or what earns interest."""

    FUNDING = "funding"
    EARN = "earn"


def choice(body: Body, name: str, kind: type[Choice]) -> Choice:
    try:
        return kind(need(body, name))
    except ValueError:
        raise ValueError(f"“{name}” is one of {', '.join(kind)}, not {body.get(name)!r}") from None


def pair_id(body: Body) -> str:
    return "".join(split_name(text(body, "instrument")))


def rule_of(body: Body) -> Rule:
    """A fault rule; see `sandbox.exchange.faults.Rule`."""
    try:
        rule = _RULES.validate_python(body)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise ValueError(f"a fault's “{'.'.join(map(str, first['loc']))}”: {first['msg']}") from None
    if rule.status is not None and not (400 <= rule.status <= 599):
        raise ValueError("“status” must be an HTTP status from 400 to 599")
    if not 0 < rule.probability <= 1:
        raise ValueError("“probability” must be above 0 and at most 1")
    if rule.seconds < 0 or rule.skip < 0 or (rule.for_seconds is not None and not rule.for_seconds > 0):
        raise ValueError("“seconds”, “skip” and “for_seconds” can't be negative, “for_seconds” not zero")
    return rule


def order_request(body: Body, client_id: str) -> OrderRequest:
    """{"instrument", "side", "type", "quantity", and what its type needs of "price" and "stop_price"}."""
    kind = choice(body, "type", OrderType)
    price = optional_decimal(body, "price")
    if kind not in UNPRICED and price is None:
        raise ValueError(f"an order of type {kind} needs a “price”")
    quantity = decimal(body, "quantity")
    if quantity <= 0:
        raise ValueError("“quantity” must be more than zero")
    return OrderRequest(
        pair_id=pair_id(body),
        side=choice(body, "side", Side),
        type=kind,
        client_id=client_id,
        quantity=quantity,
        price=None if kind in UNPRICED else price,
        stop_price=optional_decimal(body, "stop_price"),
    )


def fee_policy(body: Body, before: FeePolicy) -> FeePolicy:
    """`before` with the changes that `body` names."""
    maker = optional_decimal(body, "maker")
    taker = optional_decimal(body, "taker")
    for rate in (maker, taker):
        if rate is not None and not 0 <= rate < Decimal("0.1"):
            raise ValueError("a fee is a fraction from 0 to below 0.1, such as 0.001")
    return FeePolicy(
        maker=before.maker if maker is None else maker,
        taker=before.taker if taker is None else taker,
        coin=body.get("coin", before.coin),
        taken_in=choice(body, "taken_in", TakenIn) if "taken_in" in body else before.taken_in,
    )
