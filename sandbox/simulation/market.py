"""The instruments of a simulated day, once for the venue's matching and once for the engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from engine.core.ids import Coin, Symbol
from engine.core.model import Instrument
from engine.core.money import Price, Quantity, Quote
from sandbox.exchange.matching.accounts import Account
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import Pair, Side
from sandbox.simulation.script import Fees

QUOTE = Coin("USDT")
FEE_COIN = "BNB"
RATE = Decimal("0.001")
BTC, SOL, BNB = Symbol("BTC/USDT"), Symbol("SOL/USDT"), Symbol("BNB/USDT")
TRADED = (BTC, SOL)
"""One with fine lots, one with coarse ones, so that dust is a matter every time."""
PRICES = {BTC: Decimal("60000"), SOL: Decimal("150"), BNB: Decimal("500")}


def _pair(symbol: Symbol, tick: str, lot: str, most: int) -> Pair:
    base, _, quote = symbol.partition("/")
    step, largest = Decimal(lot), Decimal(most)
    return Pair(base, quote, Decimal(tick), step, step, largest, largest, min_notional=Decimal(5))


_PAIRS = {
    BTC: _pair(BTC, "0.01", "0.00001", 900),
    SOL: _pair(SOL, "0.01", "0.1", 9000),
    BNB: _pair(BNB, "0.1", "0.001", 900),
}


def pair_id(symbol: Symbol) -> str:
    return symbol.replace("/", "")


def pairs() -> list[Pair]:
    return list(_PAIRS.values())


@cache
def instrument(pair: Pair) -> Instrument:
    """What the engine is told of it."""
    return Instrument(
        Symbol(pair.name),
        Coin(pair.base),
        Coin(pair.quote),
        pair.tick,
        pair.step,
        Quantity(pair.min_quantity),
        Quantity(pair.max_quantity),
        Quote(pair.min_notional),
        RATE,
        RATE,
        pair.trading,
        Quantity(pair.max_market_quantity),
        max_stops=pair.max_open_conditional,
    )


def to_tick(price: Decimal, tick: Decimal) -> Price:
    return Price(max((price / tick).to_integral_value() * tick, tick))


def other_rules(symbol: Symbol, random: Random) -> dict[str, Any]:
    """Steps and limits as a venue may have them tomorrow, finer or coarser than at first."""
    first = _PAIRS[symbol]
    step = first.step * random.choice((Decimal("0.1"), 1, 1, 10))
    least = max(step, first.min_quantity)
    most = Decimal(random.choice((400, 700, 1200, 2_000_000))) / PRICES[symbol]
    return {
        "tick": first.tick * random.choice((Decimal("0.1"), 1, 1, 10)),
        "step": step,
        "min_quantity": least * random.choice((1, 1, 5)),
        "min_notional": Decimal(random.choice((1, 5, 5, 12))),
        "max_market_quantity": max(most // step * step, least * 10),
        "max_open_conditional": random.choice((1, 2, 20, 20)),
    }


class QuoteFees(FeePolicy):
    """Fees in the quote coin at a buy as well, as some venues take them, while there is enough of it."""

    def charge(
        self,
        pair: Pair,
        side: Side,
        cost: Decimal,
        quantity: Decimal,
        maker: bool,
        account: Account,
        price_of: Callable[[str, str], Decimal | None],
    ) -> tuple[Decimal, str]:
        fee = (cost * self.taker).quantize(Decimal("0.00000001"))
        if account.free(pair.quote) >= fee:
            return fee, pair.quote
        return super().charge(pair, side, cost, quantity, maker, account, price_of)


def policy(fees: Fees) -> FeePolicy:
    if fees is Fees.QUOTE:
        return QuoteFees(RATE, RATE)
    return FeePolicy(RATE, RATE, FEE_COIN if fees is Fees.THIRD else None)
