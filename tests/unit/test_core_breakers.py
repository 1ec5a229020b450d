"""Daily loss and drawdown: each in three steps, the last one latched (law 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.breakers import limit_of, step_for
from engine.core.market import STALE_AFTER, equity
from engine.core.notices import Weight
from engine.core.orders import Purpose
from engine.core.risk import BLIND_FOR
from engine.core.settings import Size
from tests.support.builders import (
    BTC,
    ETH,
    WIDE,
    preset,
    ratio,
    settings,
    steps,
)
from tests.support.desk import Desk

TIGHT = steps("0.02", "0.04", "0.06")


def judged(*worth: str, loss: bool = True) -> Desk:
    """All money but a little in BTC at 100, then the given prices, marked a minute apart."""
    wide = steps("0.9", "0.95", "0.99")
    limits = replace(WIDE, daily_loss=TIGHT if loss else wide, drawdown=wide if loss else TIGHT)
    desk = Desk(settings(preset(size=Size(share=ratio("0.9")), exits=replace(
        preset().exits, stop_loss=ratio("0.5"), take_profit=None)), limits=limits))  # fmt: skip
    desk.price(BTC, "100")
    desk.signal(BTC)
    for last in worth:
        look(desk, last)
    return desk


def look(desk: Desk, last: str) -> None:
    desk.clock.advance(timedelta(seconds=61))
    desk.price(BTC, last)
    desk.give(i.EquityDue(desk.now))
    desk.settle()


def moves(desk: Desk) -> list[str]:
    return [one.step.value for one in desk.of(f.BreakerMoved)]


def test_law_6_the_daily_loss_warns_then_stops_entries_then_halts() -> None:
    desk = judged("99", "97.5", "95", "92.9")
    assert moves(desk) == ["warn", "no_entries", "halt"]
    assert desk.state.is_halted
    assert desk.state.halted.startswith("daily loss of 6.")


def test_a_step_is_left_only_well_below_its_limit() -> None:
    desk = judged("97.6", "97.9", "97.85", "98.5")
    assert moves(desk) == ["warn", "clear"]


def test_hysteresis_by_the_number() -> None:
    assert step_for(ratio("0.037"), TIGHT, f.Step.NO_ENTRIES) is f.Step.NO_ENTRIES
    assert step_for(ratio("0.035"), TIGHT, f.Step.NO_ENTRIES) is f.Step.WARN
    assert limit_of(f.Step.CLEAR, TIGHT) == 0


def test_drawdown_counts_from_the_stored_high_water_mark() -> None:
    desk = judged("110", "107.5", loss=False)
    assert desk.state.high_water == equity(desk.state, desk.market) or moves(desk) == ["warn"]
    desk.crash()
    look(desk, "105")
    assert moves(desk) == ["warn", "no_entries"]


def test_law_6_a_halt_by_a_breaker_cancels_what_works_to_enter() -> None:
    desk = judged()
    desk.price(ETH, "100", volume="1")
    desk.buy(ETH, "500")
    assert desk.order(Purpose.ENTRY).filled == 1
    desk.record(f.HaltLatched(desk.now, f.Breaker.DRAWDOWN, "drawdown of 20 %"))
    desk.advance(1)
    assert not desk.orders(Purpose.ENTRY)
    assert desk.of(f.CancelIntended)[-1].reason == "halted"


def test_law_6_the_owners_halt_cancels_what_works_to_enter_at_once() -> None:
    desk = Desk()
    desk.price(BTC, "100", volume="1")
    desk.signal(BTC)
    assert desk.command(i.Halt) == ""
    assert not desk.orders(Purpose.ENTRY)
    assert desk.command(i.Halt) == "", "a second tap is no error"
    assert len(desk.of(f.HaltLatched)) == 1
    assert desk.state.halted == "halted by owner"


def test_a_lifted_halt_begins_its_marks_anew() -> None:
    desk = judged("92.9")
    desk.command(i.LiftHalt)
    look(desk, "92.9")
    assert not desk.state.is_halted
    assert desk.command(i.LiftHalt) == "no halt is latched"


def test_a_new_day_begins_once_and_only_forward() -> None:
    desk = judged("97.5")
    for days in (1, 0, -2):
        desk.give(i.EquityDue(desk.now + timedelta(days=days)))
        desk.price(BTC, "97.5")
    assert [one.day for one in desk.of(f.DayBegan)] == []
    tomorrow = timedelta(days=1)
    desk.clock.advance(tomorrow)
    look(desk, "97.5")
    look(desk, "97.5")
    assert [one.day for one in desk.of(f.DayBegan)] == ["2024-03-02"]
    assert moves(desk) == ["warn", "clear"], "the loss was yesterday's"


def test_law_15_equity_is_not_judged_while_nothing_that_is_held_has_a_fresh_price() -> None:
    desk = judged()
    desk.clock.advance(STALE_AFTER * 2)
    assert desk.give(i.EquityDue(desk.now)).facts == []
    desk.crash()
    assert desk.give(i.EquityDue(desk.now)).facts == []


def both_held() -> Desk:
    """Half of the money in each of two instruments at 100, their stops at 50; ETH then goes silent."""
    limits = replace(WIDE, daily_loss=TIGHT)
    exits = replace(preset().exits, stop_loss=ratio("0.5"), take_profit=None)
    desk = Desk(settings(preset(size=Size(share=ratio("0.45")), exits=exits), limits=limits))
    for symbol in (BTC, ETH):
        desk.price(symbol, "100")
        desk.signal(symbol)
    desk.advance(5)
    return desk


def test_law_6_a_silent_instrument_does_not_hide_what_another_loses() -> None:
    desk = both_held()
    desk.clock.advance(STALE_AFTER)
    look(desk, "96")
    assert moves(desk) == [], "at its last price the silent one has lost nothing"
    look(desk, "85")
    assert desk.state.is_halted
    assert desk.state.halted.startswith("daily loss of 6.")


def test_after_a_restart_one_that_stays_silent_counts_at_its_stop() -> None:
    desk = both_held()
    desk.crash()
    look(desk, "85")
    assert moves(desk) == [], "prices come one by one after a start"
    desk.give(i.TroubleSeen(desk.now, f.Trouble.PRICES_STALE, ETH, "no new price for 45 s"))
    assert desk.notices[-1].kind == "trouble"
    assert desk.notices[-1].weight >= Weight.RISK, "the owner is called about the blind one"
    look(desk, "100")
    assert desk.state.is_halted
    assert desk.state.equity < 8_000, "9000 were held, a half of them could be down to its stop"


def test_nothing_is_added_to_what_nobody_could_see_for_long() -> None:
    desk = both_held()
    desk.clock.advance(BLIND_FOR - timedelta(seconds=10))
    desk.price(BTC, "100")
    assert desk.buy(BTC, "100") == ""
    desk.clock.advance(timedelta(seconds=10))
    desk.price(BTC, "100")
    assert desk.buy(BTC, "100") == "ETH/USDT is held and had no new price for over 15 minutes"
    desk.price(ETH, "100")
    assert "no new price" not in desk.buy(BTC, "100")


def test_equity_is_written_down_once_a_minute_or_at_a_new_high() -> None:
    desk = judged()
    desk.give(i.EquityDue(desk.now))
    desk.give(i.EquityDue(desk.now))
    assert len(desk.of(f.EquityMarked)) == 1
    desk.price(BTC, "101")
    desk.give(i.EquityDue(desk.now))
    assert len(desk.of(f.EquityMarked)) == 2
    assert desk.of(f.EquityMarked)[-1].cash == desk.state.holdings[desk.state.quote]


def test_an_account_without_money_has_lost_nothing() -> None:
    desk = Desk(settings(balance="0"))
    desk.give(i.EquityDue(desk.now))
    assert moves(desk) == []
