"""How much to buy: from a preset's size to whole lots, never past a limit."""

from __future__ import annotations

from decimal import Decimal

from engine.core.model import Instrument
from engine.core.money import ONE, ZERO, Price, Quantity, Quote, floor_digits, floor_to
from engine.core.settings import Size

CENT = Decimal("0.01")


def wanted_value(size: Size, equity: Quote, price: Price, stop_distance: Price, factor: Decimal) -> Quote:
    """The quote value that a preset asks for, before any limit.

    By `risk`: value = equity × risk × price / stop distance, so that the stop costs that share of equity
    (fixed fractional sizing; Vince, The Mathematics of Money Management, 1992).
    """
    if size.quote is not None:
        return Quote(size.quote * factor)
    if size.risk is not None:
        return Quote(equity * size.risk * price / stop_distance * factor)
    return Quote(equity * (size.share or ZERO) * factor)


def quantity_for(value: Quote, price: Price, instrument: Instrument) -> Quantity:
    """Whole lots that cost at most `value` at `price`, within the venue's largest order."""
    quantity = floor_to(value / price, instrument.lot)
    if (most := instrument.most_at_market(price)) is not None:
        quantity = min(quantity, floor_to(most, instrument.lot))
    return Quantity(max(quantity, ZERO))


def below_minimum(quantity: Quantity, price: Price, instrument: Instrument) -> str:
    """Why the venue would refuse this much at this price; empty when it would not (O13)."""
    if quantity <= ZERO or quantity < instrument.min_quantity:
        least = max(instrument.min_quantity, instrument.lot)
        return f"{quantity} {instrument.base} is below the venue's least of {least}"
    if quantity * price < instrument.min_notional:
        value = quantity * price
        shown = value.quantize(CENT) if value >= ONE else floor_digits(value, 2)
        coin = instrument.quote
        return f"{shown:f} {coin} is below the venue's least of {instrument.min_notional} {coin}"
    return ""


def after_entry_fee(quantity: Quantity, instrument: Instrument) -> Quantity:
    """What can surely be sold again if the fee is taken in the base coin (O11), in whole lots (O12)."""
    return Quantity(floor_to(quantity * (ONE - instrument.taker_fee), instrument.lot))
