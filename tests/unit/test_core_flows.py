"""Money that comes or goes by itself moves no breaker, whatever it is and whenever it comes (law 6, A14).

The first test is the example of docs/protection.md, to the last digit.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.breakers import figures
from engine.core.evolve import evolve, restore
from engine.core.ids import Coin, ConnectionId
from engine.core.model import Balance, Mode
from engine.core.money import Quote
from engine.core.state import TraderState
from tests.support.builders import BTC, START, USDT, settings
from tests.support.desk import Desk
from tests.unit.test_core_reconcile import live, look

amounts = st.decimals(Decimal("0.01"), Decimal(10) ** 9, places=2)


def book(equity: str, *, high: str | None = None) -> TraderState:
    """A book that had `high` once, and has `equity` now."""
    first = Quote(Decimal(high or equity))
    opened = f.BookOpened(START, ConnectionId("main"), Mode.LIVE, "cafe", USDT, first)
    return restore([opened, f.EquityMarked(START, Quote(Decimal(equity)), Quote(Decimal(equity)))])


def flow(state: TraderState, amount: str | Decimal) -> None:
    value = Quote(Decimal(amount))
    evolve(state, f.BalanceFlowed(START, USDT, value, value, "by hand"))


def lost(state: TraderState) -> tuple[Decimal, Decimal]:
    both = figures(state, state.equity)
    return both[f.Breaker.DAILY_LOSS], both[f.Breaker.DRAWDOWN]


def test_a14_the_worked_example() -> None:
    state = book("9437", high="10000")
    assert lost(state) == (Decimal("0.0563"), Decimal("0.0563"))
    flow(state, "50000")
    assert state.equity == 59437
    assert lost(state) == (Decimal("0.0563"), Decimal("0.0563"))
    assert state.high_water.quantize(Decimal("0.01")) == Decimal("62982.94")
    evolve(state, f.EquityMarked(START, Quote(Decimal("58842.63")), state.equity))
    assert lost(state)[1] == Decimal("0.065737")
    flow(state, "-50000")
    assert lost(state)[1].quantize(Decimal("1e-12")) == Decimal("0.065737000000")


@given(amounts, amounts, st.lists(amounts | amounts.map(lambda one: -one), max_size=12))
def test_a14_no_flow_moves_what_was_lost(high: Decimal, equity: Decimal, flows: list[Decimal]) -> None:
    """Whatever comes and goes, all of it included, and money for a book that had none."""
    state = book(str(min(high, equity)), high=str(high))
    before = lost(state)
    for amount in flows:
        flow(state, max(amount, -state.equity))
        assert lost(state) == pytest.approx(before, abs=Decimal("1e-15"))


def test_a14_all_withdrawn_and_paid_in_again_is_no_way_out_of_a_drawdown() -> None:
    state = book("9000", high="10000")
    flow(state, "-9000")
    assert lost(state) == (Decimal("0.1"), Decimal("0.1"))
    evolve(state, f.DayBegan(START, "2024-03-02", state.equity))
    assert lost(state) == (Decimal(0), Decimal("0.1"))
    flow(state, "25000")
    assert lost(state) == (Decimal(0), Decimal("0.1"))


def test_a14_the_first_money_is_no_profit_and_no_loss() -> None:
    state = book("0")
    flow(state, "500")
    assert {state.equity, state.high_water, state.day_mark} == {Decimal(500)}
    assert not any(lost(state))


def drawn_down() -> Desk:
    """A live desk that holds 10 BTC and lost enough to take no more entries."""
    desk = live()
    desk.signal(BTC)
    desk.price(BTC, "99")
    look(desk)
    return desk


def paid_in(desk: Desk, amount: str) -> tuple[Balance, ...]:
    held = desk.state.holdings
    return (Balance(Coin("BTC"), held[Coin("BTC")]), Balance(USDT, held[USDT] + Decimal(amount)))


@pytest.mark.parametrize("amount", ["50000", "-5", "0.01"])
def test_a14_a_flow_is_counted_at_the_worth_of_its_moment(amount: str) -> None:
    """What was lost between the last mark and the flow is no part of it."""
    desk = drawn_down()
    desk.advance(10)
    desk.price(BTC, "98.5")
    worth = desk.state.holdings[USDT] + desk.state.holdings[Coin("BTC")] * Decimal("98.5")
    before = figures(desk.state, Quote(worth))
    look(desk, balances=paid_in(desk, amount))
    after = figures(desk.state, Quote(worth + Decimal(amount)))
    assert after == pytest.approx(before, abs=Decimal("1e-15"))


def test_law_6_a_deposit_opens_no_entries_that_a_loss_has_closed() -> None:
    desk = drawn_down()
    limit = desk.settings.limits.drawdown.no_entries
    for state in (desk.state, desk.folded):
        state.high_water = Quote(desk.state.equity / (1 - limit) * Decimal("1.01"))
    desk.give(i.EquityDue(desk.now))
    assert desk.state.steps[f.Breaker.DRAWDOWN] is f.Step.NO_ENTRIES
    look(desk, balances=paid_in(desk, "50000"))
    desk.give(i.EquityDue(desk.now))
    assert desk.state.steps[f.Breaker.DRAWDOWN] is f.Step.NO_ENTRIES
    assert "no-entries step" in desk.buy(BTC, "300")


def test_law_12_the_days_figure_stays_what_it_is_when_a_halt_is_lifted() -> None:
    """It said 0.00 after the halt of a day that had lost 300."""
    state = book("9700", high="10000")
    evolve(state, f.HaltLatched(START, f.Breaker.DAILY_LOSS, "loss of the day"))
    evolve(state, f.HaltLifted(START, "owner"))
    assert state.equity - state.day_equity == -300
    assert not any(lost(state)), "losses are counted anew"


def test_law_12_a_deposit_is_in_no_days_figure() -> None:
    state = book("9700", high="10000")
    flow(state, "1000")
    assert state.equity - state.day_equity == -300


def test_law_13_a_sum_of_many_digits_is_kept_to_the_last() -> None:
    """Python's own context rounds after 28 digits without a word."""
    desk = Desk(settings())
    tiny = Decimal("0.000000000000000000000000000001")
    desk.record(f.BalanceFlowed(desk.now, USDT, Decimal(10) ** 15, Quote(Decimal(10) ** 15), "much"))
    desk.record(f.BalanceFlowed(desk.now, USDT, tiny, Quote(tiny), "little"))
    assert desk.state.holdings[USDT] == Decimal(10) ** 15 + 10000 + tiny
    assert str(desk.state.holdings[USDT]).endswith("1")
