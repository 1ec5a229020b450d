"""Numbers that must be exact whatever comes: rounding, sizes, ids, and the ledger (laws 3 and 13)."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import permutations

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from engine.core.exits import opening, round_stop
from engine.core.ids import (
    ClientOrderId,
    Coin,
    ConnectionId,
    FillId,
    IntentId,
    PositionId,
    base_of,
    book_id,
    client_order_id,
    is_ours,
)
from engine.core.ledger import Position, book_fill, fee_value, sellable
from engine.core.model import Balance, Direction, Fee, Fill, Side
from engine.core.money import ZERO, Price, Quantity, Quote, ceil_to, floor_to, is_sound
from engine.core.settings import Size
from engine.core.sizing import after_entry_fee, below_minimum, quantity_for, wanted_value
from tests.support.builders import BTC, START, USDT, instrument, ratio

amounts = st.decimals("0.00000001", "1000000", places=8)
steps = st.sampled_from([Decimal(one) for one in ("0.00000001", "0.001", "0.05", "0.25", "1", "3", "100")])
quick = effort(deadline=None, max_examples=200)


# ── rounding ──────────────────────────────────────────────────────────────────────────────


@given(amounts, steps)
def test_rounding_gives_the_nearest_multiple_on_its_side(value: Decimal, step: Decimal) -> None:
    below, above = floor_to(value, step), ceil_to(value, step)
    assert below <= value <= above
    assert value - below < step
    assert above - value < step
    assert below % step == above % step == 0
    assert floor_to(value, ZERO) == ceil_to(value, ZERO) == value


@given(st.sampled_from(["NaN", "sNaN", "Infinity", "-Infinity", "0", "-0.1"]))
def test_law_15_no_number_that_is_none_is_sound(value: str) -> None:
    assert not is_sound(Decimal(value))


# ── sizes ─────────────────────────────────────────────────────────────────────────────────


@given(amounts, amounts, steps, st.none() | amounts)
def test_a_quantity_is_whole_lots_and_never_costs_more_than_allowed(
    value: Decimal, price: Decimal, lot: Decimal, most: Decimal | None
) -> None:
    rules = replace(instrument(), lot=lot, max_quantity=Quantity(most) if most else None)
    quantity = quantity_for(Quote(value), Price(price), rules)
    assert ZERO <= quantity * price <= value
    assert quantity % lot == 0
    assert most is None or quantity <= most


@given(amounts, amounts, steps)
def test_what_is_not_below_the_minimum_passes_the_venues_filters(
    quantity: Decimal, price: Decimal, least: Decimal
) -> None:
    rules = replace(instrument(), min_quantity=Quantity(least))
    if not below_minimum(Quantity(quantity), Price(price), rules):
        assert quantity >= least
        assert quantity * price >= rules.min_notional
    assert below_minimum(Quantity(ZERO), Price(price), rules)


@given(st.decimals("0.0001", "0.5", places=4), st.decimals("100", "1000000", places=2), amounts)
def test_risk_sizing_loses_that_share_of_equity_at_the_stop(
    risk: Decimal, equity: Decimal, price: Decimal
) -> None:
    distance = Price(price / 10)
    value = wanted_value(Size(risk=ratio(str(risk))), Quote(equity), Price(price), distance, Decimal(1))
    lost = value / price * distance
    assert abs(lost - equity * risk) < Decimal("1e-15") * equity


@given(amounts, steps)
def test_O11_what_a_fee_in_the_base_coin_leaves_can_be_sold_again(quantity: Decimal, lot: Decimal) -> None:
    rules = replace(instrument(), lot=lot)
    rest = after_entry_fee(Quantity(quantity), rules)
    assert rest <= quantity * Decimal("0.999")
    assert rest % lot == 0


# ── ids ───────────────────────────────────────────────────────────────────────────────────


@given(st.text(max_size=60))
def test_a_client_order_id_fits_every_venue_and_is_always_the_same(intent: str) -> None:
    """Kraken takes 18 characters, OKX letters and digits only."""
    name = client_order_id(IntentId(intent))
    assert re.fullmatch(r"pd[a-z2-7]{16}", name)
    assert name == client_order_id(IntentId(intent))
    assert is_ours(name)


@given(st.sets(st.integers(0, 10**6), min_size=2, max_size=200))
def test_different_intents_have_different_names(numbers: set[int]) -> None:
    assert len({client_order_id(IntentId(f"cafe.{one}")) for one in numbers}) == len(numbers)


def test_law_4_the_owners_own_orders_are_not_ours() -> None:
    for other in (None, "", "pd", "web_abc", "pdabc", "PD" + "a" * 16, "pd" + "a" * 17):
        assert not is_ours(other)


def test_names_of_books_and_coins() -> None:
    assert book_id(ConnectionId("main"), "paper") == "main.paper"
    assert base_of(BTC) == "BTC"
    assert Balance(Coin("BTC"), Decimal(1), Decimal(2)).total == 3


# ── the ledger ────────────────────────────────────────────────────────────────────────────

COIN_PRICES = {"BNB": Price(Decimal(300))}
small = st.decimals("0.001", "50", places=3)
prices = st.decimals("1", "500", places=2)
fee_coins = st.sampled_from([Coin("BTC"), USDT, Coin("BNB"), None])
executions = st.lists(st.tuples(small, prices, fee_coins), min_size=1, max_size=6)


def executed(number: int, side: Side, quantity: Decimal, price: Decimal, coin: Coin | None) -> Fill:
    """One fill with a fee of a tenth of a percent in `coin`, to eight decimals as at a venue."""
    worth = {Coin("BTC"): Decimal(1), USDT: price, Coin("BNB"): price / 300}
    fees = (Fee((quantity * worth[coin] / 1000).quantize(Decimal("1e-8")), coin),) if coin else ()
    name = ClientOrderId("pd" + "a" * 16)
    return Fill(FillId(str(number)), name, BTC, side, Quantity(quantity), Price(price), fees, START)


def traded(direction: Direction, entries: list[Fill], exits: list[Fill]) -> Position:
    position = Position(PositionId("p1"), BTC, direction, None, START, Price(Decimal(1)))
    for one in [*entries, *exits]:
        position = book_fill(position, one, *fee_value(one, USDT, COIN_PRICES))
    return position


def worth_of(fills: list[Fill], price: Decimal) -> Decimal:
    """What the fills did to the account, by the plainest count there is."""
    total = ZERO
    for one in fills:
        sign = 1 if one.side is Side.BUY else -1
        total += sign * one.quantity * price - sign * one.value
        for fee in one.fees:
            at_fill = {Coin("BTC"): price, USDT: Decimal(1), Coin("BNB"): Decimal(300)}
            total -= fee.amount * at_fill[fee.coin]
    return total


@quick
@given(st.sampled_from(Direction), executions, executions, prices)
def test_law_3_realised_and_unrealised_add_up_to_what_the_account_gained(
    direction: Direction, bought: list[tuple[Decimal, Decimal, Coin | None]],
    sold: list[tuple[Decimal, Decimal, Coin | None]], price: Decimal,
) -> None:  # fmt: skip
    entries = [executed(n, direction.entry_side, *one) for n, one in enumerate(bought)]
    exits = [executed(100 + n, direction.entry_side.opposite, *one) for n, one in enumerate(sold)]
    position = traded(direction, entries, exits)
    gained = worth_of([*entries, *exits], price)
    difference = position.realised + position.unrealised(Price(price)) - gained
    assert abs(difference) < Decimal("1e-15")


@quick
@given(st.lists(st.tuples(small, prices, fee_coins), min_size=1, max_size=4))
def test_law_3_the_order_of_fills_does_not_matter(fills: list[tuple[Decimal, Decimal, Coin | None]]) -> None:
    entries = [executed(n, Side.BUY, *one) for n, one in enumerate(fills)]
    results = {
        (one.quantity, one.entry_value, one.fees, one.entry_fees)
        for one in (traded(Direction.LONG, list(some), []) for some in permutations(entries))
    }
    assert len(results) == 1


@quick
@given(executions, executions, steps)
def test_law_4_what_can_be_sold_is_whole_lots_and_never_more_than_is_held(
    bought: list[tuple[Decimal, Decimal, Coin | None]],
    sold: list[tuple[Decimal, Decimal, Coin | None]],
    lot: Decimal,
) -> None:
    entries = [executed(n, Side.BUY, *one) for n, one in enumerate(bought)]
    exits = [executed(100 + n, Side.SELL, *one) for n, one in enumerate(sold)]
    position = traded(Direction.LONG, entries, exits)
    lots = sellable(position, replace(instrument(), lot=lot))
    assert ZERO <= lots <= max(position.quantity, ZERO)
    assert lots % lot == 0


def test_a_position_before_its_first_fill_is_worth_nothing() -> None:
    empty = traded(Direction.LONG, [], [])
    assert {empty.entry_price, empty.exit_price, empty.realised, empty.profit_share} == {ZERO}
    assert empty.unrealised(Price(Decimal(5))) == empty.value(Price(Decimal(5))) == 0


def test_the_share_of_a_result_is_of_what_the_sold_part_cost() -> None:
    entry = executed(1, Side.BUY, Decimal(10), Decimal(100), None)
    exit_ = executed(2, Side.SELL, Decimal(5), Decimal(110), None)
    position = traded(Direction.LONG, [entry], [exit_])
    assert (position.realised, position.profit_share) == (Decimal(50), Decimal("0.1"))


def test_a_fee_in_the_base_coin_at_the_exit_is_counted_once() -> None:
    entry = executed(1, Side.BUY, Decimal(1), Decimal(100), None)
    exit_ = replace(
        executed(2, Side.SELL, Decimal("0.99"), Decimal(110), None), fees=(Fee(Decimal("0.01"), Coin("BTC")),)
    )
    position = traded(Direction.LONG, [entry], [exit_])
    assert position.quantity == 0
    assert position.realised == Decimal("8.9")


# ── exits ─────────────────────────────────────────────────────────────────────────────────


@quick
@given(st.sampled_from(Direction), prices, st.decimals("0.01", "0.9", places=2), steps)
def test_a_fixed_stop_never_loses_more_than_set(
    direction: Direction, price: Decimal, distance: Decimal, tick: Decimal
) -> None:
    rules = replace(instrument(), tick=tick)
    position = Position(PositionId("p1"), BTC, direction, None, START, Price(distance), Price(distance))
    opened = opening(position, executed(1, direction.entry_side, Decimal(1), price, None), rules, START)
    assert tick <= (price - opened.stop) * direction.sign <= max(distance, 2 * tick), (
        "a tick off, at least (S13)"
    )
    assert abs(price - opened.stop) < distance + 2 * tick
    assert opened.take_profit is not None
    assert (opened.take_profit - price) * direction.sign <= distance
    assert round_stop(opened.stop, direction, rules) == opened.stop
