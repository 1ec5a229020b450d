"""Every sentence with which an entry is denied; sizes and signals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Query, Submit
from engine.core.ids import Coin
from engine.core.market import STALE_AFTER
from engine.core.model import Direction, Mode, Side, VenueStatus
from engine.core.orders import Purpose
from engine.core.risk import Approved, Proposal, exposure
from engine.core.settings import Limits, Size
from engine.core.sizing import below_minimum
from tests.support.builders import (
    BNB,
    BTC,
    CROSS,
    ETH,
    WIDE,
    instrument,
    preset,
    price,
    quantity,
    quote,
    ratio,
    report,
    settings,
    signal,
    ticker,
)
from tests.support.desk import Desk
from tests.support.network import Fault


def ready(size: Size | None = None, limits: Limits | None = None, **rules: str) -> Desk:
    desk = Desk(settings(preset(size=size), preset(preset("bounce").id), limits=limits), [  # type: ignore[arg-type]
        instrument(BTC, **rules), instrument(ETH), instrument(BNB)  # type: ignore[arg-type]
    ])  # fmt: skip
    desk.price(BTC, "100")
    desk.price(ETH, "100")
    return desk


def denied(desk: Desk) -> str:
    return desk.of(f.SignalDenied)[-1].reason


def enter(desk: Desk, **what: str) -> str:
    """Why the strategy's wish was denied; empty if it was not."""
    before = len(desk.of(f.SignalDenied))
    desk.clock.advance(timedelta(seconds=1))
    desk.signal(BTC, **what)  # type: ignore[arg-type]
    return denied(desk) if len(desk.of(f.SignalDenied)) > before else ""


# ── every sentence ────────────────────────────────────────────────────────────────────────


def test_denied_while_halted() -> None:
    desk = ready()
    desk.command(i.Halt, "the owner was worried")
    assert enter(desk) == "halted: the owner was worried"


@pytest.mark.parametrize(("order", "word"), [(i.Pause, "paused"), (i.Stop, "stopped")])
def test_no_entries_by_hand_nor_by_a_strategy_while_not_running(order: type[i.Command], word: str) -> None:
    desk = ready()
    desk.command(order)
    assert desk.buy(BTC, "100") == f"the connection is {word}"
    assert desk.signal(BTC).facts == []


@pytest.mark.parametrize("breaker", [f.Breaker.DAILY_LOSS, f.Breaker.DRAWDOWN])
def test_denied_at_the_no_entries_step(breaker: f.Breaker) -> None:
    desk = ready()
    desk.record(f.BreakerMoved(desk.now, breaker, f.Step.WARN, ratio("0.02"), ratio("0.02")))
    assert enter(desk) == ""
    desk.record(f.BreakerMoved(desk.now, breaker, f.Step.NO_ENTRIES, ratio("0.05"), ratio("0.04")))
    assert desk.buy(ETH, "100") == f"{breaker.replace('_', ' ')} is at its no-entries step"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (f.Trouble.VENUE_UNREACHABLE, "the venue can't be reached"),
        (f.Trouble.CLOCK_OFF, "the clock is off"),
        (f.Trouble.STORAGE, "the database or disk is in trouble"),
    ],
)
def test_denied_while_something_is_wrong_with_the_whole_connection(trouble: f.Trouble, words: str) -> None:
    desk = ready()
    desk.give(i.TroubleSeen(desk.now, trouble, "", "it broke"))
    assert enter(desk) == words
    desk.give(i.TroubleGone(desk.now, trouble))
    assert enter(desk) == ""


def test_denied_while_the_key_is_refused_even_if_the_halt_was_lifted() -> None:
    desk = ready()
    desk.give(i.TroubleSeen(desk.now, f.Trouble.KEY_REFUSED, "", "expired"))
    assert desk.state.halted == "the venue refuses our key: expired"
    desk.command(i.LiftHalt)
    desk.command(i.Resume)
    assert enter(desk) == "the venue refuses the key"


@pytest.mark.parametrize("subject", [BTC, ""])
def test_denied_while_prices_are_stale(subject: str) -> None:
    desk = ready()
    desk.give(i.TroubleSeen(desk.now, f.Trouble.PRICES_STALE, subject, "silent"))
    assert enter(desk) == "prices of BTC/USDT are stale"
    other = "" if subject else "prices of ETH/USDT are stale"
    assert desk.buy(ETH, "100") == ("" if subject else other), "one instrument's silence stops it alone"


def test_denied_for_instruments_that_are_unknown_closed_or_paid_in_another_coin() -> None:
    desk = ready()
    desk.market.prices[BNB] = ticker(BNB, "100")
    desk.market.seen_at[BNB] = desk.now
    del desk.market.instruments[BNB]
    assert desk.buy(BNB, "100") == "BNB/USDT is not known at this venue"
    desk.market.instruments[BNB] = instrument(BNB, active=False)
    assert desk.buy(BNB, "100") == "BNB/USDT is not traded at the moment"
    desk.market.instruments[BNB] = replace(instrument(BNB), quote=preset().symbols[0].partition("/")[0])  # type: ignore[arg-type]
    assert desk.buy(BNB, "100") == "BNB/USDT is paid in BTC, this book counts in USDT"


def test_law_15_denied_without_a_fresh_price() -> None:
    desk = ready()
    desk.clock.advance(STALE_AFTER + timedelta(seconds=1))
    assert enter(desk) == "no fresh price for BTC/USDT"
    assert desk.buy(ETH, "100") == "no fresh price for ETH/USDT"


def test_denied_beyond_the_number_of_positions() -> None:
    desk = ready(limits=replace(WIDE, open_positions=1))
    assert desk.buy(ETH, "500") == ""
    assert enter(desk) == "1 positions are open, the limit is 1"


def test_denied_where_the_preset_holds_that_instrument_or_as_many_as_it_may() -> None:
    desk = ready()
    assert enter(desk) == ""
    assert enter(desk) == "there is a position in BTC/USDT already"
    few = Desk(settings(preset(max_positions=1)))
    few.price(BTC, "100")
    few.price(ETH, "100")
    few.signal(BTC)
    few.signal(ETH)
    assert denied(few) == "the preset holds 1 positions, its limit is 1"


def test_denied_for_a_short_on_a_spot_venue() -> None:
    desk = ready()
    short = replace(signal(BTC, desk.now), direction=Direction.SHORT)
    desk.give(i.SignalSeen(desk.now, short))
    assert denied(desk) == "this venue trades spot: a short is not possible"
    sold = desk.command(i.ManualEntry, ETH, Side.SELL, quote("100"))
    assert sold == "this venue trades spot: to sell, close a position"


def test_denied_for_a_stop_that_is_no_stop() -> None:
    desk = ready()
    assert enter(desk, stop_distance="100") == "the stop would be 100 away from a price of 100"
    coarse = ready(tick="5")
    words = "the stop would be at the price itself: BTC/USDT moves in steps of 5"
    assert enter(coarse) == words


def test_denied_while_equity_is_unknown() -> None:
    desk = ready()
    desk.buy(ETH, "500")
    del desk.market.prices[ETH]
    assert enter(desk) == "equity is not known yet: a held coin has no price"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (replace(WIDE, position=ratio("0")), "the limit of one position is used up"),
        (replace(WIDE, instrument_exposure=ratio("0.05")), "the exposure limit of BTC/USDT is used up"),
        (replace(WIDE, total_exposure=ratio("0.05")), "the limit of all exposure is used up"),
    ],
)
def test_denied_when_a_limit_is_used_up(limits: Limits, words: str) -> None:
    desk = ready(limits=limits)
    if "one position" not in words:
        desk.buy(BTC, "600")
        desk.price(BTC, "102")
    assert enter(desk) == words


def test_denied_when_the_free_balance_is_used_up() -> None:
    generous = replace(WIDE, position=ratio("3"), instrument_exposure=ratio("3"), total_exposure=ratio("3"))
    desk = ready(limits=generous)
    assert desk.buy(ETH, "500") == ""
    spent = desk.state.holdings[desk.state.quote]
    desk.record(f.BalanceFlowed(desk.now, desk.state.quote, -spent, quote(-spent), "withdrawn"))
    assert enter(desk) == "the free balance is used up"


def test_O13_denied_below_the_least_quantity_or_value() -> None:
    desk = ready(least="0.01")
    assert desk.buy(BTC, "0.9") == "0.009 BTC is below the venue's least of 0.01"
    assert desk.buy(ETH, "4.9") == "4.90 USDT is below the venue's least of 5 USDT"
    assert desk.buy(BTC, "0.001") == "0.000 BTC is below the venue's least of 0.01"


def test_O14_denied_where_the_entry_would_pass_and_its_stop_would_not() -> None:
    words = "its stop could not be placed: 4.90 USDT is below the venue's least of 5 USDT"
    assert ready().buy(BTC, "5.1") == words


def test_only_risk_makes_an_approved() -> None:
    stop, take = price("2"), None
    wish = Proposal(BTC, Direction.LONG, None, Size(quote=quote("1")), preset().exits, "x", stop, take)
    with pytest.raises(TypeError, match=r"only risk\.approve"):
        Approved(wish, wish.size.quote, price("1"), object())  # type: ignore[arg-type]


def test_a_live_book_denies_entries_until_it_was_held_against_the_venue() -> None:
    desk = Desk(settings(mode=Mode.LIVE))
    desk.price(BTC, "100")
    assert desk.state.state.value == "paused", "a live book never begins running"
    desk.command(i.Resume)
    assert desk.buy(BTC, "100") == "our books were not held against the venue's yet"


def test_denied_where_the_account_holds_less_than_our_positions() -> None:
    desk = ready()
    coin = instrument(BTC).base
    desk.record(f.ShortfallSeen(desk.now, coin, instrument().min_quantity, instrument().min_quantity))
    assert enter(desk) == "the account holds less BTC than our positions"


# ── limits are kept while things are under way ────────────────────────────────────────────


def test_exposure_counts_what_the_venue_filled_and_our_books_lack() -> None:
    """An answer with the total alone: the fills come later, the limit is used now."""
    desk = ready(limits=replace(WIDE, total_exposure=ratio("0.1")))
    desk.network.plan(Submit, Fault.HANGS)
    assert desk.buy(ETH, "900") == ""
    name = desk.submitted()[0]
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.FILLED, "9", symbol=ETH)))
    assert exposure(desk.state, desk.market) == Decimal(900)
    assert enter(desk) == ""
    assert desk.of(f.FillBooked)[-1].fill.quantity == Decimal(1)


def test_after_a_restart_no_limit_is_judged_before_orders_under_way_have_a_price() -> None:
    desk = ready()
    desk.network.plan(Submit, Fault.LOST_AFTER)
    desk.buy(ETH, "900")
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 9)
    desk.crash()
    desk.price(BTC, "100")
    assert enter(desk) == "an order in ETH/USDT is under way and its price is not known yet"


# ── sizes ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(share=ratio("0.1")), "10"),
        (Size(quote=quote("250")), "2.5"),
        (Size(risk=ratio("0.01")), "50"),  # 1 % of 10,000 lost at a stop 2 away
        (Size(share=ratio("0.00001")), None),
        (Size(), None),
    ],
)
def test_a_presets_size(size: Size, expected: str | None) -> None:
    desk = ready(size)
    why = enter(desk)
    bought = [one.order.quantity for one in desk.of(f.OrderIntended) if one.order.purpose is Purpose.ENTRY]
    assert bought == ([Decimal(expected)] if expected else [])
    assert bool(why) is (expected is None)


def test_the_volume_factor_multiplies_every_size() -> None:
    desk = Desk(settings(factor="0.5"))
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert desk.position.entered == Decimal(5)


def test_a_strategys_own_stop_distance_replaces_the_presets() -> None:
    desk = ready()
    enter(desk, stop_distance="5")
    assert desk.position.stop == Decimal(95)


# ── signals ───────────────────────────────────────────────────────────────────────────────


def test_a_candle_counts_once_for_a_preset_and_instrument() -> None:
    desk = ready()
    first = signal(BTC, desk.now)
    assert desk.give(i.SignalSeen(desk.now, first)).facts
    desk.settle()
    late = replace(first, candle_close=first.candle_close - timedelta(minutes=1))
    for again in (first, late, replace(first, preset=preset("gone").id)):  # type: ignore[arg-type]
        assert desk.give(i.SignalSeen(desk.now, again)).facts == []


def test_a_preset_that_was_switched_off_takes_no_signal() -> None:
    desk = ready()
    assert desk.command(i.SwitchPreset, CROSS, False) == ""
    assert desk.command(i.SwitchPreset, CROSS, False) == ""
    assert len(desk.of(f.PresetSwitched)) == 1
    assert desk.signal(BTC).facts == []
    desk.command(i.SwitchPreset, CROSS, True)
    assert enter(desk) == ""


def test_a_small_value_in_a_dear_quote_coin_keeps_its_digits() -> None:
    rules = replace(
        instrument(BTC), quote=Coin("BTC"), min_quantity=quantity("0"), min_notional=quote("0.0001")
    )
    words = below_minimum(quantity("0.02"), price("0.0012345"), rules)
    assert words == "0.000024 BTC is below the venue's least of 0.0001 BTC"
