"""What a fill costs: a share of what is received, or the same worth in a third coin."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from sandbox.exchange.matching.accounts import Account
from sandbox.exchange.matching.model import Pair, Side

_EIGHT_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Rates as fractions (0.001 is 0.1 %). With `coin`, fees are taken in it while the account has enough of it,
    and in the received coin otherwise, as Binance does with BNB."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    coin: str | None = None

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
        if side is Side.BUY:
            return _places(quantity * rate), pair.base
        return _places(cost * rate), pair.quote


def _places(amount: Decimal) -> Decimal:
    return amount.quantize(_EIGHT_PLACES, rounding=ROUND_DOWN)
