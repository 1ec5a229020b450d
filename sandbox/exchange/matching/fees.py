"""What a fill costs: a share of what is received, or the same worth in base, in quote or in a third coin."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from sandbox.exchange.matching.accounts import Account
from sandbox.exchange.matching.model import Pair, Side

_EIGHT_PLACES = Decimal("0.00000001")


class TakenIn(StrEnum):
    """The coin of a fee, where there is no third one."""

    RECEIVED = "received"
    BASE = "base"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Rates as fractions (0.001 is 0.1 %). With `coin`, fees are taken in it while the account has enough of it,
    as Binance does with BNB; else in the coin that `taken_in` says; and in the received coin where the account
    has too little of that."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    coin: str | None = None
    taken_in: TakenIn = TakenIn.RECEIVED

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
        """The fee and its coin. `price_of(coin, quote)` is the last price of the fee coin, None if not listed."""
        rate = self.maker if maker else self.taker
        if self.coin is not None and self.coin not in (pair.base, pair.quote):
            price = price_of(self.coin, pair.quote)
            if price is not None:
                fee = _places(cost * rate / price)
                if account.free(self.coin) >= fee:
                    return fee, self.coin
        in_base, in_quote = (_places(quantity * rate), pair.base), (_places(cost * rate), pair.quote)
        received = in_base if side is Side.BUY else in_quote
        wanted = {TakenIn.RECEIVED: received, TakenIn.BASE: in_base, TakenIn.QUOTE: in_quote}[self.taken_in]
        fee, coin = wanted
        return wanted if account.free(coin) >= fee else received


def _places(amount: Decimal) -> Decimal:
    return amount.quantize(_EIGHT_PLACES, rounding=ROUND_DOWN)
