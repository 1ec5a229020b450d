"""Random histories of the paper venue: what must hold after each step whatever came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import Rejected
from engine.core.ids import ClientOrderId, Coin, Symbol
from engine.core.model import Balance, Fill, Instrument, OrderReport, OrderRequest, OrderType, Side, Ticker
from engine.core.money import ONE, ZERO, Price, Quantity, Quote, Ratio, floor_to
from engine.exchanges.paper_book import PaperBook
from engine.exchanges.paper_rules import FeesIn, PaperRules

START = datetime(2024, 3, 1, tzinfo=UTC)
BTC, BNB = Symbol("BTC/USDT"), Symbol("BNB/USDT")
TICK, LOT = Decimal("0.05"), Decimal("0.003")
INSTRUMENTS = [
    Instrument(BTC, Coin("BTC"), Coin("USDT"), TICK, LOT, min_notional=Quote(Decimal(5))),
    Instrument(BNB, Coin("BNB"), Coin("USDT"), TICK, LOT),
]
FUNDS = {Coin("USDT"): Decimal(1000), Coin("BTC"): Decimal(3), Coin("BNB"): Decimal("0.01")}

steps_of = st.integers(min_value=1, max_value=4000)
symbols = st.sampled_from([BTC, BNB])


@dataclass(frozen=True)
class Submit:
    symbol: Symbol
    side: Side
    type: OrderType
    lots: int
    ticks: int


@dataclass(frozen=True)
class See:
    symbol: Symbol
    ticks: int
    spread: int | None
    volume: int | None


@dataclass(frozen=True)
class Cancel:
    number: int


submits = st.builds(
    Submit, symbols, st.sampled_from(Side), st.sampled_from(OrderType), st.integers(1, 1500), steps_of
)
sights = st.builds(See, symbols, steps_of, st.none() | st.integers(0, 3), st.none() | st.integers(0, 2000))
histories = st.lists(st.one_of(submits, sights, sights, st.builds(Cancel, st.integers(0, 20))), max_size=40)
rules_of = st.builds(
    PaperRules,
    spread=st.sampled_from([Ratio(ZERO), Ratio(Decimal("0.01"))]),
    slippage=st.sampled_from([Ratio(ZERO), Ratio(Decimal("0.003"))]),
    fees_in=st.sampled_from([FeesIn.RECEIVED, FeesIn.QUOTE]),
) | st.just(PaperRules(fees_in=FeesIn.COIN, fee_coin=Coin("BNB")))


class Player:
    """Plays a history and looks at the venue after each step."""

    def __init__(self, rules: PaperRules) -> None:
        self.rules = rules
        self.venue = PaperBook(INSTRUMENTS, [Balance(coin, amount) for coin, amount in FUNDS.items()], rules)
        self.now = START
        self.count = 0
        self.tickers: dict[Symbol, Ticker] = {}
        self.requests: dict[ClientOrderId, OrderRequest] = {}
        self.fills: list[Fill] = []

    def play(self, history: Iterable[Submit | See | Cancel]) -> None:
        for step in history:
            self.now += timedelta(seconds=1)
            for report in self.do(step):
                self.check_report(report)
                self.fills.extend(report.fills)
            self.check_balances()

    def do(self, step: Submit | See | Cancel) -> list[OrderReport]:
        if isinstance(step, See):
            self.tickers[step.symbol] = self.ticker(step)
            return self.venue.on_price(self.tickers[step.symbol], self.now)
        try:
            if isinstance(step, Cancel):
                return [self.venue.cancel(ClientOrderId(f"pd{step.number}"), self.now)]
            return [self.venue.submit(self.request(step), self.now)]
        except Rejected:
            return []

    def ticker(self, step: See) -> Ticker:
        last = step.ticks * TICK
        bid = ask = None
        if step.spread is not None:
            bid, ask = Price(max(last - step.spread * TICK, TICK)), Price(last + step.spread * TICK)
        volume = None if step.volume is None else Quantity(step.volume * LOT)
        return Ticker(step.symbol, Price(last), self.now, bid, ask, volume)

    def request(self, step: Submit) -> OrderRequest:
        self.count += 1
        price = Price(step.ticks * TICK)
        request = OrderRequest(
            ClientOrderId(f"pd{self.count}"),
            step.symbol,
            step.side,
            step.type,
            Quantity(step.lots * LOT),
            price if step.type is OrderType.LIMIT else None,
            price if step.type is OrderType.STOP else None,
        )
        self.requests[request.client_order_id] = request
        return request

    def check_report(self, report: OrderReport) -> None:
        request = self.requests[report.client_order_id]
        told = self.venue.order(report.client_order_id, self.now)
        assert told is not None
        assert told.filled == report.filled == sum(fill.quantity for fill in told.fills)
        assert ZERO <= report.filled <= request.quantity
        for fill in report.fills:
            self.check_fill(fill, request)

    def check_fill(self, fill: Fill, request: OrderRequest) -> None:
        assert fill.quantity > ZERO
        assert floor_to(fill.quantity, LOT) == fill.quantity
        assert floor_to(fill.price, TICK) == fill.price >= TICK
        ticker, half = self.tickers[fill.symbol], self.rules.spread / 2
        if request.side is Side.BUY:
            assert fill.price >= (ticker.ask or ticker.last * (ONE + half))
            assert request.price is None or fill.price <= request.price
        else:
            assert fill.price <= max(ticker.bid or ticker.last * (ONE - half), TICK)
            assert request.price is None or fill.price >= request.price

    def check_balances(self) -> None:
        expected = dict(FUNDS)
        for fill in self.fills:
            sign = 1 if fill.side is Side.BUY else -1
            base, quote = (Coin(coin) for coin in fill.symbol.split("/"))
            expected[base] += sign * fill.quantity
            expected[quote] -= sign * fill.value
            for fee in fill.fees:
                assert fee.amount > ZERO
                expected[fee.coin] -= fee.amount
        for balance in self.venue.balances():
            assert balance.free >= ZERO
            assert balance.used >= ZERO
            assert balance.total == expected[balance.coin]

    def check_end(self) -> None:
        assert len({fill.id for fill in self.fills}) == len(self.fills)
        for symbol in (BTC, BNB):
            for report in self.venue.open_orders(symbol, self.now):
                self.venue.cancel(report.client_order_id, self.now)
        assert all(balance.used == ZERO for balance in self.venue.balances())


@settings(max_examples=200, deadline=None)
@given(histories, rules_of)
def test_coins_are_neither_made_nor_lost_and_no_fill_is_too_good(
    history: list[Submit | See | Cancel], rules: PaperRules
) -> None:
    player = Player(rules)
    player.play(history)
    player.check_end()


@settings(max_examples=50, deadline=None)
@given(histories, rules_of)
def test_the_same_history_gives_the_same_fills(
    history: list[Submit | See | Cancel], rules: PaperRules
) -> None:
    one, two = Player(rules), Player(rules)
    one.play(history)
    two.play(history)
    assert one.fills == two.fills
    assert one.venue.balances() == two.venue.balances()


@settings(max_examples=100, deadline=None)
@given(st.lists(sights, min_size=1, max_size=20), st.sampled_from(Side), st.integers(1, 300))
def test_a_price_never_gives_more_than_its_share_of_volume(prices: list[See], side: Side, lots: int) -> None:
    player = Player(PaperRules())
    player.play([See(BTC, 200, 1, 0), Submit(BTC, side, OrderType.MARKET, lots, 1)])
    for step in prices:
        before = len(player.fills)
        player.play([See(BTC, step.ticks, step.spread, step.volume)])
        got = sum((fill.quantity for fill in player.fills[before:]), ZERO)
        if step.volume is not None:
            share = step.volume * LOT * player.rules.participation
            assert got <= (max(share, LOT) if step.volume else ZERO)
