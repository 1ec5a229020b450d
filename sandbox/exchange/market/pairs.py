"""Rules for an instrument of which only the name and a price are known: steps that suit its price."""

from decimal import Decimal

from sandbox.exchange.matching.model import Pair

_CENT = Decimal("0.01")
_SMALLEST = Decimal("0.00000001")
_MAX = Decimal(9_000_000)
_QUOTES: dict[str, tuple[Decimal, Decimal]] = {
    # quote coin: (worth of about one quantity step, smallest order), both in that coin
    "BTC": (Decimal("0.0001"), Decimal("0.0001")),
    "ETH": (Decimal("0.001"), Decimal("0.001")),
    "BNB": (Decimal("0.01"), Decimal("0.01")),
}
_DOLLAR = (Decimal(1), Decimal(5))


def split_name(name: str) -> tuple[str, str]:
    """`BTC/USDT` -> ('BTC', 'USDT'); ValueError with a sentence for anything else."""
    base, slash, quote = name.partition("/")
    if not (slash and base.isalnum() and quote.isalnum() and name == name.upper()):
        raise ValueError(
            f"“{name}” is not an instrument; write it as BASE/QUOTE in capitals, such as BTC/USDT"
        )
    return base, quote


def pair_for(name: str, price: Decimal) -> Pair:
    """An instrument whose tick is about the fifth digit of `price` (a cent at most) and whose quantity step is
    worth about a dollar; tick times step is never finer than the eighth decimal, so that every amount is exact."""
    base, quote = split_name(name)
    worth, min_notional = _QUOTES.get(quote, _DOLLAR)
    tick = max(_SMALLEST, min(_CENT, Decimal(10) ** (price.adjusted() - 4)))
    step = min(Decimal(1), max(_SMALLEST / tick, Decimal(10) ** (worth / price).adjusted()))
    step = max(step, _SMALLEST / tick)
    return Pair(
        base=base,
        quote=quote,
        tick=tick,
        step=step,
        min_quantity=step,
        max_quantity=_MAX,
        max_market_quantity=_MAX / 10,
        min_notional=min_notional,
    )
