"""Position = sum of fills (law 3): each fill once, net of fees in whatever coin they are taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from engine.core.changed import changed
from engine.core.ids import Coin, PositionId, PresetId, Symbol, base_of
from engine.core.model import Direction, Fee, Fill, Instrument
from engine.core.money import ONE, ZERO, Price, Quantity, Quote, Ratio, divided, exact_sum, floor_to


class Phase(StrEnum):
    """`planned` until the first fill, `leaving` once an exit is wanted."""

    PLANNED = "planned"
    OPEN = "open"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class UnpricedFee:
    """Fees in a third coin whose price was not known when they were paid: of entries, or else of exits."""

    coin: Coin
    amount: Decimal
    entry: bool


@dataclass(frozen=True, slots=True)
class Position:
    """One position with its ledger and its exits. Sums, never averages, so that nothing is rounded.

    `entered`, `left`: base quantity of entry and exit fills, gross. `entry_value`, `exit_value`: their quote
    values. `base_fees`: fees taken in the base coin, which lessen what is held. `fees`: all fees in quote; those of
    entries and exits that were paid on top, not in the base coin, are in `entry_fees` and `exit_fees`. `unpriced`
    are in none of them: the result is not exact until their price is seen.
    """

    id: PositionId
    symbol: Symbol
    direction: Direction
    preset: PresetId | None
    planned_at: datetime
    stop_distance: Price
    take_profit_distance: Price | None = None
    trailing: Ratio | None = None
    deadline_seconds: int | None = None
    phase: Phase = Phase.PLANNED
    opened_at: datetime | None = None
    stop: Price | None = None
    take_profit: Price | None = None
    deadline: datetime | None = None
    entered: Quantity = Quantity(ZERO)
    left: Quantity = Quantity(ZERO)
    entry_value: Quote = Quote(ZERO)
    exit_value: Quote = Quote(ZERO)
    base_fees: Quantity = Quantity(ZERO)
    fees: Quote = Quote(ZERO)
    entry_fees: Quote = Quote(ZERO)
    exit_fees: Quote = Quote(ZERO)
    exit_reason: str = ""
    exit_refusals: int = 0
    exit_retry_after: datetime | None = None
    stop_refusals: int = 0
    stop_retry_after: datetime | None = None
    stop_touched_at: datetime | None = None
    refused_for: str = ""
    """Why the venue refused, or ended, its newest stop or exit."""
    sold_outside: Quantity = Quantity(ZERO)
    """What of `left` the owner sold at the venue himself, by orders that are not ours."""
    unpriced: tuple[UnpricedFee, ...] = ()

    @property
    def quantity(self) -> Quantity:
        """What is held (or owed, when short) now, in the base coin."""
        return Quantity(self._acquired - self.left)

    @property
    def entry_price(self) -> Price:
        """Average price of the entry fills; zero before the first."""
        return Price(divided(self.entry_value, self.entered)) if self.entered else Price(ZERO)

    @property
    def exit_price(self) -> Price:
        """Average price of the exit fills; zero before the first."""
        return Price(divided(self.exit_value, self.left)) if self.left else Price(ZERO)

    def value(self, price: Price) -> Quote:
        """What is held, at `price`."""
        return Quote(self.quantity * price)

    def unrealised(self, price: Price) -> Quote:
        """Profit of what is still held if it were valued at `price`; entry fees counted, exit fees not."""
        held_cost = divided(self._cost * self.quantity, self._acquired) if self._acquired else ZERO
        return Quote((self.value(price) - held_cost) * self.direction.sign)

    def net(self, price: Price, fee_rate: Decimal) -> Quote:
        """Profit of what is still held if it were left at `price`, the fees of both sides counted."""
        return Quote(self.unrealised(price) - self.value(price) * fee_rate)

    def break_even(self, fee_rate: Decimal) -> Price:
        """The price at which leaving what is held brings neither profit nor loss, the fees of both sides counted;
        `fee_rate`: of leaving, as a share. Zero before the first fill."""
        if not self._acquired:
            return Price(ZERO)
        return Price(divided(divided(self._cost, self._acquired), ONE - fee_rate * self.direction.sign))

    @property
    def realised(self) -> Quote:
        """Profit of what was left so far, net of every fee that was paid for it."""
        if not self.left or not self._acquired:
            return Quote(ZERO)
        cost = divided(self._cost * self.left, self._acquired)
        return Quote((self.exit_value - cost) * self.direction.sign - self.exit_fees)

    @property
    def profit_share(self) -> Ratio:
        """`realised` over what the part that was left had cost."""
        if not self.left or not self._acquired:
            return Ratio(ZERO)
        return Ratio(divided(self.realised * self._acquired, self._cost * self.left))

    @property
    def _acquired(self) -> Quantity:
        """What there is to leave: a fee in the base coin lessens what a long holds and adds to what a short owes."""
        return Quantity(self.entered - self.base_fees * self.direction.sign)

    @property
    def _cost(self) -> Quote:
        """What was paid for `_acquired`: a fee in the base coin is in it already, since less was got for the
        same money; the other entry fees are added (taken off what a short brought in)."""
        return Quote(self.entry_value + self.entry_fees * self.direction.sign)


def book_fill(position: Position, fill: Fill, fee_value: Quote, unpriced: tuple[Fee, ...] = ()) -> Position:
    """The position after one more fill. Counting each fill once is the caller's part."""
    if unpriced:
        is_entry = fill.side is position.direction.entry_side
        more = tuple(UnpricedFee(fee.coin, fee.amount, is_entry) for fee in unpriced)
        position = changed(position, unpriced=position.unpriced + more)
    base_fee = Quantity(sum((fee.amount for fee in fill.fees if fee.coin == base_of(fill.symbol)), ZERO))
    on_top = Quote(fee_value - base_fee * fill.price)
    base_fees, fees = Quantity(position.base_fees + base_fee), Quote(position.fees + fee_value)
    if fill.side is position.direction.entry_side:
        return changed(
            position,
            base_fees=base_fees,
            fees=fees,
            entered=Quantity(exact_sum(position.entered, fill.quantity)),
            entry_value=Quote(exact_sum(position.entry_value, fill.value)),
            entry_fees=Quote(position.entry_fees + on_top),
        )
    return changed(
        position,
        base_fees=base_fees,
        fees=fees,
        left=Quantity(exact_sum(position.left, fill.quantity)),
        exit_value=Quote(exact_sum(position.exit_value, fill.value)),
        exit_fees=Quote(position.exit_fees + on_top),
    )


def sellable(position: Position, instrument: Instrument) -> Quantity:
    """What of it can be sent as one order: whole lots, never more than is held or than the venue takes at once."""
    most = position.quantity
    if (at_once := instrument.most_at_market(position.entry_price)) is not None:
        most = min(most, at_once)
    return Quantity(max(floor_to(most, instrument.lot), ZERO))


def price_fees(position: Position, coin: Coin, price: Price) -> Position:
    """With the fees in `coin` counted at `price`, which came after they were paid."""
    its = [fee for fee in position.unpriced if fee.coin == coin]
    entry = sum((fee.amount for fee in its if fee.entry), ZERO) * price
    exit_ = sum((fee.amount for fee in its if not fee.entry), ZERO) * price
    return changed(
        position,
        fees=Quote(position.fees + entry + exit_),
        entry_fees=Quote(position.entry_fees + entry),
        exit_fees=Quote(position.exit_fees + exit_),
        unpriced=tuple(fee for fee in position.unpriced if fee.coin != coin),
    )


def fee_value(fill: Fill, quote: Coin, coin_prices: Mapping[str, Price]) -> tuple[Quote, tuple[Fee, ...]]:
    """The fees of a fill in the quote coin, and those in third coins that `coin_prices` lacks, which are not in it:
    unknown is not zero."""
    total, unpriced = ZERO, []
    for fee in fill.fees:
        if fee.coin == quote:
            total += fee.amount
        elif fee.coin == base_of(fill.symbol):
            total += fee.amount * fill.price
        elif fee.coin in coin_prices:
            total += fee.amount * coin_prices[fee.coin]
        else:
            unpriced.append(fee)
    return Quote(total), tuple(unpriced)


def in_all(fees: Iterable[UnpricedFee | Fee]) -> tuple[Fee, ...]:
    """One sum for each coin."""
    sums: dict[Coin, Decimal] = {}
    for fee in fees:
        sums[fee.coin] = sums.get(fee.coin, ZERO) + fee.amount
    return tuple(Fee(amount, coin) for coin, amount in sums.items())
