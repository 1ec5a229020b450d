"""How the paper venue treats an order: its fees, slippage and the filters that refuse one.

The refusals speak like Binance's spot filters, since these are the strictest of the venues in use:
https://developers.binance.com/docs/binance-spot-api-docs/filters
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from engine.core.errors import Rejected
from engine.core.ids import Coin
from engine.core.model import Instrument, OrderRequest, OrderType
from engine.core.money import ONE, ZERO, Price, Ratio, floor_to, is_sound


class FeesIn(StrEnum):
    """Which coin a fee is taken in. Binance takes it of what was received, unless a fee coin is held."""

    RECEIVED = "received"
    QUOTE = "quote"
    COIN = "coin"


@dataclass(frozen=True, slots=True)
class PaperRules:
    """What live prices don't tell, all shares of one.

    `spread`: the whole distance from bid to ask where the ticker has neither. `slippage`: how much worse than
    the touch a market order always fills. `impact`: how much worse still if it took all of a price's volume.
    `participation`: the share of a price's volume that our orders may take together. `fee_coin` is used with
    FeesIn.COIN only, and as long as enough of it is held. `fresh`: a price older than this fills nothing,
    the order waits for the next one.
    """

    spread: Ratio = Ratio(Decimal("0.0004"))
    slippage: Ratio = Ratio(Decimal("0.0002"))
    impact: Ratio = Ratio(Decimal("0.002"))
    participation: Ratio = Ratio(Decimal("0.25"))
    fees_in: FeesIn = FeesIn.RECEIVED
    fee_coin: Coin | None = None
    fresh: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        for name in ("spread", "slippage", "impact"):
            share = getattr(self, name)
            if not (share.is_finite() and ZERO <= share < ONE / 2):
                raise ValueError(f"{name} must be at least 0 and below 0.5, not {share}")
        if not (self.participation.is_finite() and ZERO < self.participation <= ONE):
            raise ValueError(f"participation must be above 0 and at most 1, not {self.participation}")
        if (self.fees_in is FeesIn.COIN) != (self.fee_coin is not None):
            raise ValueError("a fee coin belongs to fees in a coin, and only to them")


def check_filters(request: OrderRequest, instrument: Instrument, market_price: Price | None) -> None:
    """Raise Rejected as the venue would: lot, tick, least quantity, least notional, halted instrument.

    `market_price` values a market order; None where no price is known, then its notional can't be checked.
    """
    if not instrument.active:
        raise Rejected(f"{instrument.symbol} is not traded now: market is closed.", "MARKET_CLOSED")
    _check_quantity(request, instrument)
    for price in _stated_prices(request):
        if not is_sound(price) or floor_to(price, instrument.tick) != price:
            raise Rejected(
                f"Filter failure: PRICE_FILTER: {price} is no step of {instrument.tick}.", "PRICE_FILTER"
            )
    reference = request.price or request.stop_price or market_price
    if reference is not None and request.quantity * reference < instrument.min_notional:
        raise Rejected(
            f"Filter failure: NOTIONAL: {request.quantity} at {reference} is worth less than "
            f"{instrument.min_notional} {instrument.quote}.",
            "NOTIONAL",
        )


def _check_quantity(request: OrderRequest, instrument: Instrument) -> None:
    quantity = request.quantity
    sound = is_sound(quantity) and floor_to(quantity, instrument.lot) == quantity
    in_bounds = sound and quantity >= instrument.min_quantity
    most = instrument.max_quantity if request.type is OrderType.LIMIT else instrument.most_at_market(None)
    if most is not None:
        in_bounds = in_bounds and quantity <= most
    if not in_bounds:
        raise Rejected(
            f"Filter failure: LOT_SIZE: {quantity} {instrument.base} must be {instrument.min_quantity} to "
            f"{most or 'any'} in steps of {instrument.lot}.",
            "LOT_SIZE",
        )


def _stated_prices(request: OrderRequest) -> list[Price]:
    """The prices that this type of order must have; one that is missing or too many is refused."""
    wanted = {OrderType.LIMIT: request.price, OrderType.STOP: request.stop_price}
    given = [price for price in (request.price, request.stop_price) if price is not None]
    needed = [price for kind, price in wanted.items() if kind is request.type and price is not None]
    if given != needed or (request.type in wanted and not needed):
        raise Rejected(f"Mandatory or unwanted price for an order of type {request.type}.", "BAD_PRICES")
    return needed
