"""Balances of one client: free and locked per coin, exact, never negative."""

from collections.abc import Mapping
from decimal import Decimal

from sandbox.exchange.matching.model import ZERO, Reason, Refusal


class Account:
    """One client's coins. `name` is what orders are filed under (the dialects use the API key)."""

    def __init__(
        self, name: str, balances: Mapping[str, Decimal], locked: Mapping[str, Decimal] | None = None
    ) -> None:
        """`locked` is what the open orders of an account that goes on hold."""
        self.name = name
        self._free = {coin: amount for coin, amount in balances.items() if amount > 0}
        self._locked = dict(locked or {})
        self.updated_ms = 0
        self.changes = 0
        """How often anything changed: whoever looks often need not look again while it stays."""

    def free(self, coin: str) -> Decimal:
        return self._free.get(coin, ZERO)

    def locked(self, coin: str) -> Decimal:
        return self._locked.get(coin, ZERO)

    def coins(self) -> list[str]:
        return sorted(self._free.keys() | self._locked.keys())

    def snapshot(self, coins: list[str] | None = None) -> tuple[tuple[str, Decimal, Decimal], ...]:
        """(coin, free, locked) for the coins asked for, or for all."""
        chosen = self.coins() if coins is None else coins
        return tuple((coin, self.free(coin), self.locked(coin)) for coin in chosen)

    def set_free(self, coin: str, amount: Decimal) -> None:
        """A change from outside (deposit, withdrawal); what orders have locked stays locked."""
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"the free {coin} must be zero or more, not {amount}")
        self._put(self._free, coin, amount)

    def lock(self, coin: str, amount: Decimal) -> None:
        """Reserve for an order; raises `Refusal` and changes nothing if there is not enough."""
        if amount > self.free(coin):
            raise Refusal(Reason.INSUFFICIENT_BALANCE, coin)
        self._put(self._free, coin, self.free(coin) - amount)
        self._put(self._locked, coin, self.locked(coin) + amount)

    def unlock(self, coin: str, amount: Decimal) -> None:
        self.spend_locked(coin, amount)
        self._put(self._free, coin, self.free(coin) + amount)

    def spend_locked(self, coin: str, amount: Decimal) -> None:
        if amount > self.locked(coin):
            raise AssertionError(f"{self.name}: {amount} {coin} spent of {self.locked(coin)} locked")
        self._put(self._locked, coin, self.locked(coin) - amount)

    def spend_free(self, coin: str, amount: Decimal) -> None:
        if amount > self.free(coin):
            raise AssertionError(f"{self.name}: {amount} {coin} spent of {self.free(coin)} free")
        self._put(self._free, coin, self.free(coin) - amount)

    def receive(self, coin: str, amount: Decimal) -> None:
        self._put(self._free, coin, self.free(coin) + amount)

    def _put(self, amounts: dict[str, Decimal], coin: str, amount: Decimal) -> None:
        amounts[coin] = amount
        self.changes += 1
