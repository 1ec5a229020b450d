"""The owner's word (laws 8 and 9), and what he is told: every kind of notice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Query, Submit, effects_of
from engine.core.facts import Trouble
from engine.core.ids import ClientOrderId, CommandId, PositionId, PresetId
from engine.core.model import Side, VenueStatus
from engine.core.notices import SAID_BY, Notice, Weight
from engine.core.notify import notice_of
from engine.core.orders import OrderStatus, Purpose
from engine.core.state import TraderState
from tests.support.builders import BTC, ETH, fill, instrument, preset, price, quote, ratio, report, settings
from tests.support.desk import Desk
from tests.support.network import Fault


def holding() -> Desk:
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    return desk


def working_entry(*faults: Fault | None) -> Desk:
    """4 of 10 filled, the rest working."""
    desk = Desk()
    desk.price(BTC, "100", volume="4")
    desk.network.plan(Submit, *faults)
    desk.signal(BTC)
    return desk


# ── law 9: at most once, always answered ──────────────────────────────────────────────────


def test_law_9_a_command_delivered_twice_acts_once_even_after_a_restart() -> None:
    desk = holding()
    tap = i.ManualEntry(desk.now, CommandId("tap"), "owner", ETH, Side.BUY, quote("500"))
    desk.price(tap.symbol, "100")
    assert desk.give(tap).effects
    desk.settle()
    desk.crash()
    again = desk.give(tap)
    assert (again.facts, again.effects) == ([], [])
    assert desk.state.done_commands[CommandId("tap")] == ""


def test_law_9_a_refusal_is_kept_as_the_answer_too() -> None:
    desk = Desk()
    tap = i.LiftHalt(desk.now, CommandId("tap"), "owner")
    for _ in range(2):
        desk.give(tap)
    assert desk.state.done_commands[CommandId("tap")] == "no halt is latched"
    assert len(desk.of(f.CommandDone)) == 1


def test_the_answers_that_are_kept_are_bounded() -> None:
    desk = Desk()
    for _ in range(510):
        desk.command(i.Pause)
    assert len(desk.state.done_commands) == 500


def test_law_8_pausing_resuming_and_stopping_are_no_toggles() -> None:
    desk = Desk()
    for kind in (i.Pause, i.Pause, i.Stop, i.Stop, i.Resume, i.Resume):
        assert desk.command(kind) == ""
    assert [one.state.value for one in desk.of(f.StateChanged)] == ["running", "paused", "stopped", "running"]


def test_law_6_a_halt_refuses_to_resume_and_says_why() -> None:
    desk = Desk()
    desk.command(i.Halt, "too much")
    assert desk.command(i.Resume) == "a halt is latched (too much): lift it first"


# ── commands about positions and orders ───────────────────────────────────────────────────


def test_close_and_flatten_leave_at_market_and_flatten_pauses() -> None:
    desk = holding()
    assert desk.command(i.ClosePosition, PositionId("p99")) == "that position is closed already"
    assert desk.command(i.Flatten) == ""
    assert not desk.state.positions
    assert desk.state.state.value == "paused"
    assert desk.of(f.PositionClosed)[0].reason == "closed by owner"


def test_law_12_every_refused_move_of_a_stop_says_why() -> None:
    desk = holding()
    name = desk.position.id
    assert (
        desk.command(i.MoveStop, name, price("101")) == "a stop at 101 would be hit at once: the price is 100"
    )
    assert desk.command(i.MoveStop, name, price("NaN")) == "NaN is not a price"
    assert desk.command(i.MoveStop, name, price("-1")) == "-1 is not a price"
    desk.clock.advance(timedelta(minutes=2))
    assert desk.command(i.MoveStop, name, price("99")) == "no fresh price for BTC/USDT"
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.HANGS)
    desk.command(i.ClosePosition, name)
    assert desk.command(i.MoveStop, name, price("99")) == "the position is being left already"


def test_a_moved_stop_is_replaced_at_the_venue_once() -> None:
    desk = holding()
    for _ in range(2):
        assert desk.command(i.MoveStop, desk.position.id, price("98.5012")) == ""
    assert desk.order(Purpose.STOP).stop_price == Decimal("98.51")
    assert len(desk.of(f.StopMoved)) == 1
    assert desk.command(i.MoveStop, desk.position.id, price("95")) == "", "the owner may move it back"


def test_law_5_a_stop_moved_before_the_first_fill_is_refused_and_the_position_still_gets_its_own() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.HANGS)
    desk.signal(BTC)
    words = "nothing of that position was bought yet: it has no stop to move"
    assert desk.command(i.MoveStop, desk.position.id, price("90")) == words
    name = desk.submitted()[0]
    desk.give(i.FillSeen(desk.now, fill(name, "10", "100")))
    assert desk.position.stop == Decimal(98)


def test_an_order_can_be_cancelled_by_hand_where_that_is_no_harm() -> None:
    desk = working_entry()
    entry = desk.order(Purpose.ENTRY).client_order_id
    assert desk.command(i.CancelOrder, entry) == ""
    assert desk.command(i.CancelOrder, entry) == "that order has ended already"
    desk.advance(4)
    stop = desk.order(Purpose.STOP).client_order_id
    words = "that order protects a position: move the stop or close the position instead"
    assert desk.command(i.CancelOrder, stop) == words


def test_a_cancel_by_hand_is_sent_once_and_not_for_an_order_of_unknown_outcome() -> None:
    desk = working_entry(Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 3)
    entry = desk.order(Purpose.ENTRY).client_order_id
    words = "the venue has not told yet whether it has that order: it is being asked"
    assert desk.command(i.CancelOrder, entry) == words
    busy = working_entry()
    busy.network.delay = timedelta(seconds=1)
    for _ in range(2):
        assert busy.command(i.CancelOrder, busy.order(Purpose.ENTRY).client_order_id) == ""
    assert len(busy.of(f.CancelIntended)) == 1


def test_a_preset_that_does_not_exist_is_refused() -> None:
    words = "there is no preset moon on this connection"
    assert Desk().command(i.SwitchPreset, PresetId("moon"), True) == words


@pytest.mark.parametrize("value", ["0", "-5", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_refused(value: str) -> None:
    desk = holding()
    assert desk.buy(BTC, value) == f"{Decimal(value)} is not an amount to buy for"


# ── troubles ──────────────────────────────────────────────────────────────────────────────


def test_a_trouble_that_goes_on_is_one_alert_with_a_count_not_a_hundred() -> None:
    desk = Desk()
    for _ in range(100):
        desk.clock.advance(timedelta(seconds=3))
        desk.give(i.TroubleSeen(desk.now, Trouble.VENUE_UNREACHABLE, "", "timeout"))
    assert len(desk.of(f.TroubleBegan)) == 5
    assert len({notice.key for notice in desk.told("trouble")}) == 1
    assert desk.told("trouble")[0].key == "main.paper:venue_unreachable:"
    desk.give(i.TroubleGone(desk.now, Trouble.VENUE_UNREACHABLE))
    (over,) = desk.of(f.TroubleOver)
    assert (over.seconds, over.count) == (297, 5)
    assert desk.give(i.TroubleGone(desk.now, Trouble.VENUE_UNREACHABLE)).facts == []


def test_a_new_episode_of_a_trouble_is_told_as_one() -> None:
    desk = Desk()
    for _ in range(2):
        for _ in range(2):
            desk.give(i.TroubleSeen(desk.now, Trouble.VENUE_UNREACHABLE, "", "timeout"))
            desk.clock.advance(timedelta(seconds=90))
        desk.give(i.TroubleGone(desk.now, Trouble.VENUE_UNREACHABLE))
        desk.clock.advance(timedelta(seconds=90))
    first, second = [one.data["episode"] for one in desk.told("trouble")]
    assert first != second
    over = desk.told("trouble_over")
    assert [one.key for one in over] == ["main.paper:venue_unreachable::over"] * 2
    assert len({one.data["episode"] for one in over}) == 2


def test_a4_a_refused_key_is_one_incident_whatever_follows_from_it() -> None:
    desk = Desk()
    desk.give(i.TroubleSeen(desk.now, Trouble.KEY_REFUSED, "", "expired"))
    desk.give(i.ReconcileFailed(desk.now, "expired"))
    desk.advance(50)
    assert desk.state.is_halted
    (key, failed), (halted,) = desk.told("trouble"), desk.told("halted")
    assert (key.weight, key.data["trouble"], SAID_BY in key.data) == (Weight.CRITICAL, "key_refused", False)
    assert failed.data[SAID_BY] == halted.data[SAID_BY] == "key_refused"
    desk.command(i.LiftHalt)
    desk.clock.advance(timedelta(seconds=90))
    desk.give(i.TroubleSeen(desk.now, Trouble.KEY_REFUSED, "", "expired"))
    assert SAID_BY not in desk.told("halted")[-1].data, "the key's notice is old by now: a new halt rings"


def test_what_the_owner_does_is_said_by_the_answer_and_what_the_desk_does_is_not() -> None:
    desk = Desk()
    seen = len(desk.notices)
    for command in (i.Pause, i.Resume, i.Halt, i.LiftHalt):
        desk.command(command)
    told = desk.notices[seen:]
    assert [one.kind for one in told] == ["state_changed", "state_changed", "halted", "halt_lifted"]
    assert all(one.data[SAID_BY] == "answer" for one in told)
    latched = f.HaltLatched(desk.now, f.Breaker.DRAWDOWN, "drawdown of 20 %")
    by_the_desk = notice_of(latched, desk.state)
    assert by_the_desk is not None
    assert SAID_BY not in by_the_desk.data


def test_a_restart_sees_troubles_afresh() -> None:
    desk = Desk()
    desk.give(i.TroubleSeen(desk.now, Trouble.STORAGE, "", "full"))
    desk.crash()
    assert not desk.state.troubles
    assert desk.of(f.Restarted)[0].clean is False


# ── notices: kind, weight, thread ─────────────────────────────────────────────────────────


def test_law_10_a_trade_from_signal_to_result_is_told_in_order() -> None:
    desk = holding()
    desk.price(BTC, "98")
    told = [(one.kind, one.weight) for one in desk.notices]
    assert told == [
        ("order_placed", Weight.STEP),
        ("order_filled", Weight.STEP),
        ("position_opened", Weight.STEP),
        ("stop_resting", Weight.STEP),
        ("order_filled", Weight.STEP),
        ("position_closed", Weight.TRADE),
    ]
    entering, leaving = desk.notices[:4], desk.notices[4:]
    assert len({one.key for one in entering}) == 1, "the entry is one message, edited as it goes"
    assert len({one.key for one in leaving}) == 1, "and so is the way out"
    assert entering[0].key != leaving[0].key
    assert len({one.thread for one in desk.notices}) == 1, "all of a position answers its first message"
    closed = desk.told("position_closed")[0].data
    assert closed["entry"] == "100"
    assert closed["exit"] == "98"
    assert closed["held_seconds"] == 0
    assert {one.data["mode"] for one in desk.notices} == {"paper"}, "law 12: paper or live beside it"


def test_a_partial_fill_without_fees_says_so() -> None:
    desk = working_entry(Fault.HANGS)
    name = desk.submitted()[0]
    desk.give(i.FillSeen(desk.now, fill(name, "4", "100")))
    told = desk.told("order_filled")[0].data
    assert (told["filled"], told["quantity"], told["fees"]) == ("4", "10.0", "0")


def test_a_rejected_order_is_told_with_the_venues_reason() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.REFUSED)
    desk.signal(BTC)
    (told,) = desk.told("order_rejected")
    assert (told.weight, told.data["detail"]) == (Weight.WARNING, "refused for the test")
    assert not desk.state.positions


def test_a_report_that_says_rejected_is_a_refusal_too() -> None:
    desk = working_entry(Fault.HANGS)
    name = desk.submitted()[0]
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.REJECTED, reason="no margin")))
    assert desk.told("order_rejected")[0].data["detail"] == "no margin"
    assert not desk.state.positions


def test_an_unknown_outcome_rings_with_its_time() -> None:
    desk = working_entry(Fault.LOST_AFTER)
    (told,) = desk.told("order_unknown")
    assert (told.weight, told.data["since"]) == (Weight.RISK, desk.now.isoformat())


def test_refused_exits_and_stops_ring_loudest() -> None:
    desk = holding()
    desk.network.plan(Submit, Fault.REFUSED, Fault.REFUSED)
    desk.command(i.ClosePosition, desk.position.id)
    exit_, stop = desk.told("exit_refused")[0], desk.told("stop_refused")[0]
    assert exit_.weight is stop.weight is Weight.CRITICAL
    assert exit_.data["symbol"] == stop.data["symbol"] == BTC


def test_a_moved_stop_halts_and_lifts_are_told() -> None:
    desk = holding()
    desk.command(i.MoveStop, desk.position.id, price("99"))
    desk.command(i.Halt)
    desk.command(i.LiftHalt)
    weights = [(one.kind, one.weight) for one in desk.notices if one.weight != Weight.STEP][-3:]
    assert weights == [
        ("stop_moved", Weight.INFO),
        ("halted", Weight.CRITICAL),
        ("halt_lifted", Weight.RISK),
    ]
    assert desk.told("stop_moved")[0].data["by"] == "owner"


@pytest.mark.parametrize(
    ("step", "weight"),
    [
        (f.Step.CLEAR, Weight.INFO),
        (f.Step.WARN, Weight.RISK),
        (f.Step.NO_ENTRIES, Weight.RISK),
        (f.Step.HALT, Weight.CRITICAL),
    ],
)
def test_a_breakers_steps_are_told_by_their_weight(step: f.Step, weight: Weight) -> None:
    desk = Desk()
    told = notice_of(
        f.BreakerMoved(desk.now, f.Breaker.DRAWDOWN, step, ratio("0.05"), ratio("0.04")), desk.state
    )
    assert isinstance(told, Notice)
    assert (told.kind, told.weight, told.data["figure"]) == ("breaker", weight, "0.05")


@pytest.mark.parametrize(
    ("trouble", "weight"),
    [
        (Trouble.KEY_REFUSED, Weight.CRITICAL),
        (Trouble.VENUE_UNREACHABLE, Weight.RISK),
        (Trouble.CYCLE_MISSED, Weight.WARNING),
    ],
)
def test_troubles_ring_where_money_is_at_risk(trouble: Trouble, weight: Weight) -> None:
    desk = Desk()
    desk.give(i.TroubleSeen(desk.now, trouble, "x", "why"))
    desk.advance(15)
    assert desk.told("trouble")[0].weight is weight
    desk.give(i.TroubleGone(desk.now, trouble, "x"))
    assert desk.told("trouble_over")[0].weight is Weight.WARNING


def test_facts_about_orders_that_are_forgotten_tell_and_do_nothing() -> None:
    """A journal may be longer than what is remembered."""
    desk, gone = Desk(), ClientOrderId("pd" + "z" * 16)
    filled = instrument().min_quantity
    for fact in (
        f.OrderEnded(desk.now, gone, OrderStatus.REJECTED, filled),
        f.OutcomeLost(desk.now, gone, "x"),
        f.CancelIntended(desk.now, gone, "x"),
    ):
        assert notice_of(fact, TraderState()) is None
        assert effects_of(fact, TraderState()) is None


def test_what_is_set_from_outside_is_in_the_first_facts() -> None:
    desk = Desk(settings(preset(), balance="123"))
    opened = desk.of(f.BookOpened)[0]
    assert (opened.balance, opened.quote, opened.nonce) == (Decimal(123), "USDT", "cafe")
