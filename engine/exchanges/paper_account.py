"""The paper account: what is free and what working orders hold, exact and never below zero."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from engine.core.ids import Coin
from engine.core.model import Balance
from engine.core.money import ZERO


class PaperAccount:
    """Amounts by coin. Every method raises ValueError rather than let an amount fall below zero."""

    def __init__(self, balances: Iterable[Balance] = ()) -> None:
        self._free: dict[Coin, Decimal] = {}
        self._used: dict[Coin, Decimal] = {}
        for balance in balances:
            self.receive(balance.coin, balance.total)

    def free(self, coin: Coin) -> Decimal:
        return self._free.get(coin, ZERO)

    def receive(self, coin: Coin, amount: Decimal) -> None:
        """Add `amount`, which is not negative."""
        self._free[coin] = self.free(coin) + _not_negative(amount)

    def pay(self, coin: Coin, amount: Decimal) -> None:
        """Take `amount` from what is free."""
        left = self.free(coin) - _not_negative(amount)
        if left < ZERO:
            raise ValueError(f"{amount} {coin} can't be paid: {self.free(coin)} free")
        self._free[coin] = left

    def lock(self, coin: Coin, amount: Decimal) -> None:
        """Move `amount` from free to used, for an order."""
        self.pay(coin, amount)
        self._used[coin] = self._used.get(coin, ZERO) + amount

    def unlock(self, coin: Coin, amount: Decimal) -> None:
        """Give back what an order held."""
        left = self._used.get(coin, ZERO) - _not_negative(amount)
        if left < ZERO:
            raise ValueError(f"{amount} {coin} can't be unlocked: {self._used.get(coin, ZERO)} used")
        self._used[coin] = left
        self.receive(coin, amount)

    def balances(self) -> list[Balance]:
        """Every coin that ever was here, by name; one that is gone stays with zeros."""
        return [Balance(coin, self._free[coin], self._used.get(coin, ZERO)) for coin in sorted(self._free)]


def _not_negative(amount: Decimal) -> Decimal:
    if not amount.is_finite() or amount < ZERO:
        raise ValueError(f"an amount must be finite and not negative, not {amount}")
    return amount
