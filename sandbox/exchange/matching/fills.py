"""Settling one fill: coins change hands, the fee is taken, the order moves on."""

from collections.abc import Callable
from decimal import Decimal

from engine.core.changed import changed
from sandbox.exchange.matching.accounts import Account
from sandbox.exchange.matching.book import Book
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import UNPRICED, ZERO, Order, Side, Status, Trade


class Fills:
    """The trades so far and the arithmetic of the next one."""

    def __init__(self, policy: FeePolicy, price_of: Callable[[str, str], Decimal | None]) -> None:
        self.policy = policy
        self.trades: list[Trade] = []
        self._price_of = price_of
        self.last_ids: dict[str, int] = {}

    def next_id(self, pair_id: str) -> int:
        self.last_ids[pair_id] = self.last_ids.get(pair_id, 0) + 1
        return self.last_ids[pair_id]

    def most(self, order: Order, price: Decimal) -> Decimal:
        """The most that `order` may still take at `price`, from what it asked for and what it has locked."""
        if order.side is Side.SELL or order.type not in UNPRICED:
            return order.remaining
        affordable = order.locked / price
        return min(order.remaining, affordable - affordable % order.pair.step)

    def top_up(self, order: Order, account: Account, book: Book) -> Order:
        """A stop that buys at market locked its stop price; if the ladder is dearer, lock the rest if it is there."""
        if order.side is Side.SELL or order.type not in UNPRICED:
            return order
        dearest = max((level.price for level in book.levels(Side.BUY)), default=ZERO)
        extra = max(ZERO, min(dearest * order.quantity - order.locked, account.free(order.pair.quote)))
        account.lock(order.pair.quote, extra)
        return changed(order, locked=order.locked + extra)

    def fill(
        self, order: Order, account: Account, price: Decimal, quantity: Decimal, maker: bool, time_ms: int
    ) -> tuple[Order, Trade]:
        """Move the coins for `quantity` at `price`; the order after it, and the trade."""
        pair, cost = order.pair, price * quantity
        if order.side is Side.BUY:
            spent, received, coin = cost, quantity, pair.base
        else:
            spent, received, coin = quantity, cost, pair.quote
        account.spend_locked(order.lock_coin, spent)
        fee, fee_coin = self.policy.charge(pair, order.side, cost, quantity, maker, account, self._price_of)
        if fee_coin == coin:
            account.receive(coin, received - fee)
        else:
            account.receive(coin, received)
            account.spend_free(fee_coin, fee)
        trade = Trade(
            id=self.next_id(pair.id),
            order_id=order.id,
            client_id=order.client_id,
            account=order.account,
            pair=pair,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_coin=fee_coin,
            maker=maker,
            time_ms=time_ms,
        )
        self.trades.append(trade)
        return _advanced(order, account, spent, trade), trade


def _advanced(order: Order, account: Account, spent: Decimal, trade: Trade) -> Order:
    """The order after `trade`; a limit buy filled below its limit gets the difference back at once."""
    filled = order.filled + trade.quantity
    locked = order.locked - spent
    if order.side is Side.BUY and order.type not in UNPRICED:
        needed = (order.quantity - filled) * order.price
        account.unlock(order.pair.quote, locked - needed)
        locked = needed
    complete = order.quantity > 0 and filled == order.quantity
    return changed(
        order,
        filled=filled,
        filled_quote=order.filled_quote + trade.cost,
        locked=locked,
        status=Status.FILLED if complete else Status.PARTIALLY_FILLED,
        updated_ms=trade.time_ms,
    )
