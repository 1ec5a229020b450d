"""Fees on paper: of what was received, in the quote coin, or in a third coin as long as it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

from engine.core.ids import Coin, Symbol
from engine.core.model import Fee, Side
from engine.core.money import ONE, Price, Quantity
from engine.exchanges.paper_account import PaperAccount
from engine.exchanges.paper_orders import PaperOrder
from engine.exchanges.paper_rules import FeesIn, PaperRules

SMALLEST = Decimal("1E-8")
"""Fees are kept to eight decimals, rounded down: what was locked as price times rate then always covers them."""


def fee_share_on_buy(rules: PaperRules, order: PaperOrder) -> Decimal:
    """One plus what a buy pays on top of its value: the fee, where it is taken in the quote coin."""
    return ONE + _rate(order) if rules.fees_in is FeesIn.QUOTE else ONE


def take_fee(
    account: PaperAccount,
    rules: PaperRules,
    order: PaperOrder,
    quantity: Quantity,
    price: Price,
    last_prices: Mapping[Symbol, Price],
) -> Fee:
    """Take the fee of one execution and say what was taken.

    A fee coin without a known price, or with too little left, is passed over for the received coin, as
    Binance does when BNB runs out.
    """
    received = order.instrument.base if order.request.side is Side.BUY else order.instrument.quote
    wanted = {FeesIn.QUOTE: order.instrument.quote, FeesIn.COIN: rules.fee_coin}.get(
        rules.fees_in
    ) or received
    amount = _amount_in(wanted, order, quantity, price, last_prices)
    if amount is None or amount > account.free(wanted):
        wanted = received
        amount = _amount_in(received, order, quantity, price, last_prices) or Decimal(0)
    account.pay(wanted, amount)
    return Fee(amount, wanted)


def _amount_in(
    coin: Coin, order: PaperOrder, quantity: Quantity, price: Price, last_prices: Mapping[Symbol, Price]
) -> Decimal | None:
    """The fee counted in `coin`; None if nobody knows what it is worth."""
    instrument = order.instrument
    if coin == instrument.base:
        return _rounded(quantity * _rate(order))
    value = quantity * price * _rate(order)
    if coin == instrument.quote:
        return _rounded(value)
    worth = last_prices.get(Symbol(f"{coin}/{instrument.quote}"))
    return None if worth is None else _rounded(value / worth)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(SMALLEST, ROUND_FLOOR)


def _rate(order: PaperOrder) -> Decimal:
    """A limit order that rested makes the market, everything else takes from it."""
    return order.instrument.maker_fee if order.resting else order.instrument.taker_fee
