"""The venue: matching, market, clock, keys and faults in one object that the dialects speak for."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import count

from loguru import logger

from sandbox.exchange.clock import VenueClock
from sandbox.exchange.faults import Faults
from sandbox.exchange.kept import Coins, Kept
from sandbox.exchange.market.feed import Feed, Tick
from sandbox.exchange.market.tape import Tape
from sandbox.exchange.matching.engine import Matching
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import ZERO, OrderEvent, Pair
from sandbox.exchange.matching.pricing import can_meet

_KEPT_TRADES = 1_000


@dataclass(frozen=True, slots=True)
class Client:
    """Someone with an account here: key, secret and what he starts with; OKX wants a passphrase as well."""

    key: str
    secret: str
    balances: Mapping[str, Decimal]
    passphrase: str = "sandbox-passphrase"


DEMO_CLIENT = Client(
    "sandbox-key",
    "sandbox-secret",
    {"USDT": Decimal(10_000), "BTC": Decimal("0.1"), "BNB": Decimal(1)},
)


@dataclass(frozen=True, slots=True)
class MarketTrade:
    """A public trade: `id` is unique in its pair."""

    id: int
    price: Decimal
    quantity: Decimal
    time_ms: int
    buyer_is_maker: bool


class Venue:
    """Build it with the markets as (pair, tape); `run` plays them until it is cancelled."""

    def __init__(
        self,
        markets: list[tuple[Pair, Tape]],
        clients: Iterable[Client] = (DEMO_CLIENT,),
        fees: FeePolicy | None = None,
        unit_ms: int = 1_000,
        kept: Kept | None = None,
    ) -> None:
        """`kept`: what an earlier run left; accounts that are no client's any more are let go. Raises `Refusal` if it
        has orders of a pair that is not among the markets."""
        self.clock = VenueClock()
        self.faults = Faults()
        self.matching = Matching([pair for pair, _ in markets], fees, listener=self._on_order_event)
        self.feed = Feed(markets, unit_ms, self.clock.true_ms(), kept.places if kept else None)
        self.secrets = {client.key: client.secret for client in clients}
        self._revoked: dict[str, str] = {}
        self.wallets: dict[str, dict[str, dict[str, Decimal]]] = {}
        """What each account's owner has in his other accounts here; not kept over a restart."""
        self.account_modes: dict[str, Mapping[str, object]] = {}
        """What an account's owner has set, in the words of the venue's own answer about it."""
        self.passphrases = {client.key: client.passphrase for client in clients}
        self._names = count(1)
        self.trades: dict[str, deque[MarketTrade]] = {
            pair.id: deque(maxlen=_KEPT_TRADES) for pair, _ in markets
        }
        self.tick_listeners: list[Callable[[Tick], None]] = []
        self.order_listeners: list[Callable[[OrderEvent], None]] = []
        self.balance_listeners: list[Callable[[str, str, Decimal], None]] = []
        had = kept.accounts if kept else {}
        for client in clients:
            self._open_account(client, had.get(client.key))
        if kept is not None:
            self._resume(kept)
        self._play_due()

    def _open_account(self, client: Client, coins: Coins | None) -> None:
        if coins is None:
            self.matching.open_account(client.key, client.balances)
            return
        free = {coin: amount for coin, (amount, _) in coins.items()}
        locked = {coin: amount for coin, (_, amount) in coins.items()}
        self.matching.open_account(client.key, free, locked)

    def _resume(self, kept: Kept) -> None:
        """Orders that rested while nobody kept the venue meet the prices of that time: a real one never sleeps."""
        orders = [one for one in kept.orders if one.account in self.secrets]
        trades = [one for one in kept.trades if one.account in self.secrets]
        self._names = count(kept.at_ms)  # beyond all that were given before
        self.matching.resume(orders, trades, kept.last_order_id, kept.last_trade_ids)
        for pair_id in self.feed.instruments:
            for tick in self.feed.missed(pair_id, kept.at_ms, partial(self._matters, pair_id)):
                self.matching.step(pair_id, tick.price, tick.volume, tick.time_ms)

    def _matters(self, pair_id: str, low: Decimal, high: Decimal) -> bool:
        """Whether an open order of the pair would wake or be filled at one of these prices."""
        return any(
            can_meet(order, low) or can_meet(order, high)
            for order in self.matching.open_orders(pair_id=pair_id)
        )

    def next_name(self) -> int:
        """A number for what comes without a name of its own, such as an order without a client id."""
        return next(self._names)

    async def run(self) -> None:
        """Play the market: one sleep until each due tick."""
        while True:
            wait_ms = self.feed.due_ms - self.clock.true_ms()
            await asyncio.sleep(max(1, wait_ms) / 1000)
            self._play_due()

    def push_price(self, pair_id: str, factor: Decimal) -> None:
        """Multiply the price by `factor` at once and for good; stops and resting orders meet it now."""
        instrument = self.feed.instruments[self.matching.pair(pair_id).id]
        instrument.push(factor)
        passing = self.matching.book(pair_id).passing
        self._on_tick(instrument.trade(passing, self.clock.true_ms()))

    def stir(self) -> None:
        """Let what a hold kept waiting go on now, without any trade of the market."""
        for pair in list(self.matching.pairs.values()):
            self.matching.step(pair.id, self.matching.book(pair.id).last, ZERO, self.clock.now_ms())

    def revoke_key(self, key: str, revoked: bool = True) -> None:
        """From now on `key` is one that the venue does not know, as after its owner deleted it; its orders work on."""
        if revoked:
            if key in self.secrets:
                self._revoked[key] = self.secrets.pop(key)
        elif key in self._revoked:
            self.secrets[key] = self._revoked.pop(key)

    def set_balance(self, account: str, coin: str, free: Decimal) -> None:
        """A deposit or withdrawal from outside; KeyError for an unknown account."""
        held = self.matching.accounts[account]
        change = free - held.free(coin)
        held.set_free(coin, free)
        held.updated_ms = self.clock.now_ms()
        for listener in self.balance_listeners:
            listener(account, coin, change)

    def move_coins(self, account: str, coin: str, amount: Decimal, wallet: str) -> None:
        """From the account that trades to another one of its owner, or back if `amount` is below zero. ValueError where
        there is not so much."""
        held = self.wallets.setdefault(account, {}).setdefault(wallet, {})
        free = self.matching.accounts[account].free(coin)
        there = held.get(coin, ZERO)
        if amount > free or -amount > there:
            raise ValueError(f"there is only {free} {coin} to move, and {there} in “{wallet}”")
        held[coin] = there + amount
        self.set_balance(account, coin, free - amount)

    def wallet(self, account: str, name: str) -> dict[str, Decimal]:
        """What is in an account of the owner that does not trade."""
        return {
            coin: amount for coin, amount in self.wallets.get(account, {}).get(name, {}).items() if amount
        }

    def _play_due(self) -> None:
        for tick in self.feed.play(self.clock.true_ms()):
            self._on_tick(tick)

    def _on_tick(self, tick: Tick) -> None:
        if tick.pair_id not in self.matching.pairs:
            return  # delisted: its price goes on, unseen
        book = self.matching.book(tick.pair_id)
        falling = book.has_price and tick.price < book.last
        if tick.volume > ZERO:
            trade_id = self.matching.next_trade_id(tick.pair_id)
            trade = MarketTrade(trade_id, tick.price, tick.volume, tick.time_ms, buyer_is_maker=falling)
            self.trades[tick.pair_id].append(trade)
        self.matching.step(tick.pair_id, tick.price, tick.volume, self.clock.now_ms())
        for listener in self.tick_listeners:
            listener(tick)

    def _on_order_event(self, event: OrderEvent) -> None:
        logger.debug("{} order {} {}", event.kind, event.order.id, event.order.client_id)
        for listener in self.order_listeners:
            listener(event)
