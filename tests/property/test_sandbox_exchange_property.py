"""Whatever is ordered and wherever the price goes, the sandbox venue's money adds up."""

from collections import defaultdict
from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.exchange.market.pairs import pair_for
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.engine import Matching
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import (
    CONDITIONAL,
    UNPRICED,
    OrderRequest,
    OrderType,
    Refusal,
    Side,
    Status,
    TimeInForce,
)

PAIR = pair_for("BTC/USDT", D(50_000))
START = {"USDT": D(20_000), "BTC": D("0.5"), "BNB": D("0.02")}

prices = st.integers(4_000_000, 6_000_000).map(lambda cents: D(cents) / 100)
quantities = st.integers(1, 60_000).map(lambda steps: steps * PAIR.step)
steps = st.tuples(st.just("step"), prices, quantities)
orders = st.tuples(
    st.just("order"), st.sampled_from(OrderType), st.sampled_from(Side), quantities, prices, prices,
    st.sampled_from(TimeInForce), st.booleans(),
)  # fmt: skip
cancels = st.tuples(st.just("cancel"), st.integers(0, 5))
plays = st.lists(st.one_of(steps, orders, cancels), max_size=40)


def request_for(number: int, action: tuple[object, ...]) -> OrderRequest:
    _, kind, side, quantity, price, stop, time_in_force, by_quote = action
    assert isinstance(kind, OrderType)
    assert isinstance(side, Side)
    assert isinstance(quantity, D)
    assert isinstance(price, D)
    assert isinstance(stop, D)
    assert isinstance(time_in_force, TimeInForce)
    in_quote = bool(by_quote) and kind is OrderType.MARKET
    return OrderRequest(
        "BTCUSDT", side, kind, f"c{number}",
        quantity=None if in_quote else quantity,
        quote_quantity=quantity * 50_000 if in_quote else None,
        price=None if kind in UNPRICED else price,
        stop_price=stop if kind in CONDITIONAL else None,
        time_in_force=time_in_force if kind is OrderType.LIMIT else TimeInForce.GTC,
    )  # fmt: skip


def play(matching: Matching, actions: list[tuple[object, ...]]) -> None:
    for number, action in enumerate(actions):
        now = 10 + number
        try:
            match action:
                case ("step", D() as price, D() as volume):
                    matching.step("BTCUSDT", price, volume, now)
                case ("order", *_):
                    matching.place("me", request_for(number, action), now)
                case ("cancel", int() as index) if index < len(matching.open_orders()):
                    matching.cancel(matching.open_orders()[index], now)
        except Refusal:
            continue
        check_money(matching)


def check_money(matching: Matching) -> None:
    account = matching.accounts["me"]
    expected: dict[str, D] = defaultdict(D, START)
    for trade in matching.trades():
        sign = 1 if trade.side is Side.BUY else -1
        expected["BTC"] += sign * trade.quantity
        expected["USDT"] -= sign * trade.cost
        expected[trade.fee_coin] -= trade.fee
    reserved: dict[str, D] = defaultdict(D)
    for order in matching.open_orders():
        reserved[order.lock_coin] += order.locked
    for coin in ("USDT", "BTC", "BNB"):
        assert account.free(coin) >= 0
        assert account.free(coin) + account.locked(coin) == expected[coin]
        assert account.locked(coin) == reserved[coin]


@settings(max_examples=150, deadline=None)
@given(actions=plays, fee_coin=st.sampled_from([None, "BNB"]))
def test_balances_are_the_start_plus_fills_minus_fees(
    actions: list[tuple[object, ...]], fee_coin: str | None
) -> None:
    matching = Matching([PAIR, pair_for("BNB/USDT", D(500))], FeePolicy(coin=fee_coin))
    matching.open_account("me", START)
    matching.step("BNBUSDT", D(500), D(100), 1)
    matching.step("BTCUSDT", D(50_000), D(1), 1)
    play(matching, actions)
    for order in matching.orders():
        fills = [trade for trade in matching.trades() if trade.order_id == order.id]
        assert sum((trade.quantity for trade in fills), D(0)) == order.filled
        assert sum((trade.cost for trade in fills), D(0)) == order.filled_quote
        assert order.filled + order.remaining == order.quantity
        assert (order.status is Status.FILLED) == (order.remaining == 0)
        assert order.is_open or order.locked == 0
        if order.type not in UNPRICED:
            assert all(
                (trade.price - order.price) * (1 if order.side is Side.BUY else -1) <= 0 for trade in fills
            )


bars = st.builds(
    lambda body, up, down, volume: Bar(body[0], max(body) + up, min(body) - down, body[1], volume),
    st.tuples(st.integers(100, 1000), st.integers(100, 1000)), st.integers(0, 9), st.integers(0, 9), st.integers(0, 50),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    recorded=st.lists(bars, min_size=1, max_size=150),
    start=st.integers(-700, 700),
    length=st.integers(1, 900),
)
def test_a_merged_bar_is_what_its_bars_are_together(recorded: list[Bar], start: int, length: int) -> None:
    tape = Tape(recorded)
    parts = [tape.at(position) for position in range(start, start + length)]
    assert tape.merged(start, start + length) == Bar(
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        sum(part.volume for part in parts),
    )
