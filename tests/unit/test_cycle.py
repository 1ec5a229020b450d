"""The cycle: what is fetched, what decides, what is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.candle_keeper import Patience
from engine.core.errors import Corrupt, KeyRefused, StorageTrouble, Unavailable
from engine.core.facts import Trouble
from engine.core.ids import Symbol
from engine.core.model import Action, Signal
from engine.core.money import Price
from engine.cycle import Cycle
from engine.strategies.base import Decision
from tests.unit.cycle_world import (
    BTC,
    ETH,
    HOUR,
    MINUTE,
    START,
    EveryCandle,
    World,
    bound,
    candle,
    candles,
    preset,
)


async def test_a_closed_candle_leads_to_one_signal_with_exact_numbers() -> None:
    world = World(bound(EveryCandle()))
    await world.cycle.prepare()

    result = await world.cycle.run(MINUTE, world.to(101))

    (signal,) = result.signals
    assert (signal.preset, signal.symbol, signal.action) == ("probe", BTC, Action.ENTER)
    assert signal.candle_close == START + timedelta(minutes=101)
    assert signal.price == Decimal("120.0")
    assert signal.stop_distance == Decimal("0.3")
    assert signal.take_profit_distance is None
    assert (result.troubles, result.recovered, result.notes) == ((), (), ())


async def test_a_candle_is_decided_on_once() -> None:
    world = World(bound(EveryCandle()))
    await world.cycle.prepare()
    close_at = world.to(101)

    first = await world.cycle.run(MINUTE, close_at)
    again = await world.cycle.run(MINUTE, close_at)

    assert len(first.signals) == 1
    assert again.signals == ()


async def test_prepare_takes_from_the_store_and_fetches_only_the_rest() -> None:
    world = World(bound(EveryCandle(need=50)))
    await world.cycle.prepare()
    world.to(103)
    world.venue.asked.clear()

    restarted = world.new_cycle()
    await restarted.prepare()

    assert world.venue.asked == [(BTC, MINUTE, START + timedelta(minutes=100), 4)]
    series = restarted.series(BTC, MINUTE)
    assert series is not None
    assert series.newest_close == int((START + timedelta(minutes=103)).timestamp())
    assert restarted.series(ETH, MINUTE) is None


async def test_no_run_for_a_moment_that_is_no_close_or_not_yet() -> None:
    world = World(bound(EveryCandle()))
    now = world.clock.now()
    with pytest.raises(ValueError, match="not a past close of 1m"):
        await world.cycle.run(MINUTE, now - timedelta(seconds=30))
    with pytest.raises(ValueError, match="not a past close"):
        await world.cycle.run(MINUTE, now + timedelta(minutes=1))


async def test_a_higher_timeframe_shows_only_candles_closed_by_then() -> None:
    probe = EveryCandle(need=3)
    world = World(bound(probe, preset(timeframes=(MINUTE, HOUR))), begun=118)
    await world.cycle.prepare()
    for minute in (119, 120, 121):
        await world.cycle.run(MINUTE, world.to(minute))

    hours = [[START + timedelta(seconds=time) - START for time in frames[1]] for _, frames in probe.seen]
    newest = [int(frames[1][-1] - START.timestamp()) for _, frames in probe.seen]
    assert len(hours) == 3
    assert newest == [0, HOUR, HOUR]  # at 1:59 the candle of 0:00, from 2:00 on that of 1:00


async def test_signals_are_delivered_at_once_and_a_hanging_instrument_harms_no_other() -> None:
    world = World(bound(EveryCandle(), preset(symbols=(ETH, BTC))))
    cycle = world.new_cycle(deadline=0.2)
    await cycle.prepare()
    world.venue.hangs.add(ETH)
    delivered: list[Signal] = []

    running = asyncio.create_task(cycle.run(MINUTE, world.to(101), delivered.append))
    while not delivered:
        await asyncio.sleep(0)
    assert not running.done()
    result = await running

    assert [signal.symbol for signal in result.signals] == [BTC]
    assert result.troubles == ((Trouble.CYCLE_FAILED, "ETH/USDT 1m", "no answer within 0.2 s"),)
    assert result.notes == ("preset probe: no entry in ETH/USDT, its newest 1m candle is not there yet",)

    world.venue.hangs.clear()
    after = await cycle.run(MINUTE, world.to(102))
    assert {signal.symbol for signal in after.signals} == {BTC, ETH}
    assert after.recovered == ((Trouble.CYCLE_FAILED, "ETH/USDT 1m"),)


async def test_an_unpublished_candle_is_waited_for() -> None:
    world = World(bound(EveryCandle()))
    await world.cycle.prepare()
    close_at = world.to(101)
    opened = close_at - timedelta(minutes=1)
    world.venue.hidden.add(opened)

    async def publish(seconds: float) -> None:
        world.slept.append(seconds)
        if len(world.slept) == 2:
            world.venue.hidden.clear()

    cycle = Cycle("venue", world.venue, world.store, world.clock, world.presets, sleep=publish)
    result = await cycle.run(MINUTE, close_at)

    assert len(result.signals) == 1
    assert world.slept == [0.15, 0.25]
    assert result.troubles == ()


async def test_a_candle_that_stays_away_is_told_from_the_second_close_on_and_once() -> None:
    world = World(bound(EveryCandle()))
    await world.cycle.prepare()
    for minute in (100, 101, 102):
        world.venue.hidden.add(START + timedelta(minutes=minute))

    first = await world.cycle.run(MINUTE, world.to(101))
    second = await world.cycle.run(MINUTE, world.to(102))
    third = await world.cycle.run(MINUTE, world.to(103))
    world.venue.hidden.clear()
    back = await world.cycle.run(MINUTE, world.to(104))

    assert first.troubles == ()
    assert second.troubles[0][:2] == (Trouble.CYCLE_FAILED, "BTC/USDT 1m")
    assert "3 closes in a row" in third.troubles[0].detail
    assert third.recovered == ()
    assert back.recovered == ((Trouble.CYCLE_FAILED, "BTC/USDT 1m"),)
    assert [len(result.signals) for result in (first, second, third, back)] == [0, 0, 0, 1]


def test_patience_fits_into_half_of_a_timeframe() -> None:
    patience = Patience()
    assert patience.within(1) == [0.15, 0.25]
    assert sum(patience.within(MINUTE)) < MINUTE / 2
    assert patience.limit(1) == 3.0
    assert patience.limit(HOUR) == 10.0


async def test_a_venue_that_is_down_is_one_trouble_and_the_next_run_makes_up_for_it() -> None:
    world = World(bound(EveryCandle(), preset(symbols=(BTC, ETH))))
    for symbol in (BTC, ETH):
        world.venue.errors[symbol] = [Unavailable("maintenance", retry_after=30)]
    down = await world.cycle.prepare()
    back = await world.cycle.run(MINUTE, world.to(101))

    assert down.troubles == ((Trouble.VENUE_UNREACHABLE, "", "venue: maintenance"),)
    assert world.slept == []  # told to wait 30 s, so it was not asked again within seconds
    assert back.recovered == ((Trouble.VENUE_UNREACHABLE, ""),)
    assert len(back.signals) == 2


async def test_a_short_disturbance_is_no_trouble() -> None:
    world = World(bound(EveryCandle()))
    await world.cycle.prepare()
    world.venue.errors[BTC] = [Unavailable("reset by peer"), Unavailable("reset by peer")]
    result = await world.cycle.run(MINUTE, world.to(101))
    assert result.troubles == ()
    assert len(result.signals) == 1


@pytest.mark.parametrize(
    "error", [KeyRefused("bad key"), Corrupt("no candles in it"), ZeroDivisionError("a bug")]
)
async def test_what_asking_again_does_not_mend_is_told_at_once(error: Exception) -> None:
    world = World(bound(EveryCandle(), preset(symbols=(BTC, ETH))))
    await world.cycle.prepare()
    world.venue.errors[BTC] = [error]
    result = await world.cycle.run(MINUTE, world.to(101))
    assert world.slept == []
    ((trouble, subject, detail),) = result.troubles
    assert (trouble, subject) == (Trouble.CYCLE_FAILED, "BTC/USDT 1m")
    assert str(error) in detail
    assert [signal.symbol for signal in result.signals] == [ETH]


async def test_law_16_a_failing_strategy_is_told_and_the_others_go_on() -> None:
    broken, sound = EveryCandle(), EveryCandle()
    broken.hook = lambda view: 1 // 0
    world = World(
        bound(broken, preset("broken", (BTC, ETH))),
        bound(sound, preset("sound", (BTC,))),
    )
    await world.cycle.prepare()
    failed = await world.cycle.run(MINUTE, world.to(101))
    broken.hook = None
    mended = await world.cycle.run(MINUTE, world.to(102))

    assert [signal.preset for signal in failed.signals] == ["sound"]
    ((trouble, subject, detail),) = failed.troubles
    assert (trouble, subject) == (Trouble.STRATEGY_FAILED, "broken")
    assert "ZeroDivisionError" in detail
    assert "(and 1 more)" in detail
    assert [signal.preset for signal in mended.signals] == ["broken", "broken", "sound"]
    assert mended.recovered == ((Trouble.STRATEGY_FAILED, "broken"),)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("buy", "must return a Decision or None, not str"),
        (Decision("moon", ""), "'moon' is not a valid Action"),  # type: ignore[arg-type]
        (Decision(Action.ENTER, "", stop_distance=float("nan")), "stop_distance is nan"),
        (Decision(Action.ENTER, "", take_profit_distance=-1.0), "take_profit_distance is -1.0"),
    ],
)
async def test_a_senseless_answer_of_a_strategy_never_becomes_a_signal(answer: object, words: str) -> None:
    probe = EveryCandle()
    probe.hook = lambda view: answer
    world = World(bound(probe))
    await world.cycle.prepare()
    result = await world.cycle.run(MINUTE, world.to(101))
    assert result.signals == ()
    assert words in result.troubles[0].detail


async def test_m5_no_entry_from_a_window_with_a_hole_until_it_is_filled() -> None:
    world = World(bound(EveryCandle(need=20)))
    missing = START + timedelta(minutes=95)
    world.venue.hidden.add(missing)
    prepared = await world.cycle.prepare()
    holed = await world.cycle.run(MINUTE, world.to(101))
    world.venue.hidden.clear()
    filled = await world.cycle.run(MINUTE, world.to(102))

    assert prepared.troubles[0][:2] == (Trouble.DATA_UNSOUND, "BTC/USDT 1m")
    assert holed.signals == ()
    assert holed.notes == ("preset probe: no entry in BTC/USDT, candles are missing in its 1m history",)
    assert "no entries until" in holed.troubles[0].detail
    assert len(filled.signals) == 1
    assert filled.recovered == ((Trouble.DATA_UNSOUND, "BTC/USDT 1m"),)


async def test_a_hole_that_stays_is_asked_for_twice_and_then_left() -> None:
    world = World(bound(EveryCandle(need=20)))
    world.venue.hidden.add(START + timedelta(minutes=95))
    await world.cycle.prepare()
    world.venue.asked.clear()
    for minute in range(101, 106):
        await world.cycle.run(MINUTE, world.to(minute))
    since = [START + timedelta(minutes=minute) for minute in (95, 95, 102, 103, 104)]
    assert [asked[2] for asked in world.venue.asked] == since


async def test_exits_are_allowed_where_entries_are_not() -> None:
    world = World(bound(EveryCandle(Action.EXIT, need=20)))
    world.venue.hidden.add(START + timedelta(minutes=95))
    await world.cycle.prepare()
    result = await world.cycle.run(MINUTE, world.to(101))
    assert [signal.action for signal in result.signals] == [Action.EXIT]


@pytest.mark.parametrize(("late", "entries"), [(60, 1), (61, 0)])
async def test_no_entry_from_a_candle_older_than_one_timeframe(late: int, entries: int) -> None:
    world = World(bound(EveryCandle()))
    await world.cycle.prepare()
    close_at = world.to(101)
    world.to(101 + late / 60)
    result = await world.cycle.run(MINUTE, close_at)
    assert len(result.signals) == entries
    assert len(result.notes) == 1 - entries


async def test_a_late_run_decides_on_its_own_candle_and_sees_no_later_one() -> None:
    probe = EveryCandle(Action.EXIT)
    world = World(bound(probe))
    await world.cycle.prepare()
    close_at = world.to(101)
    world.to(104)
    (signal,) = (await world.cycle.run(MINUTE, close_at)).signals
    assert signal.candle_close == close_at
    await world.cycle.run(MINUTE, close_at + timedelta(minutes=3))
    closes = [times[0][-1] + MINUTE - int(START.timestamp()) for _, times in probe.seen]
    assert closes == [101 * MINUTE, 104 * MINUTE]


async def test_a_new_listing_waits_until_it_has_enough_candles() -> None:
    world = World(bound(EveryCandle(need=5)))
    world.venue.data[BTC, MINUTE] = candles(50, MINUTE, START + timedelta(minutes=97))
    await world.cycle.prepare()
    few = await world.cycle.run(MINUTE, world.to(101))
    enough = await world.cycle.run(MINUTE, world.to(102))
    assert few.notes == ("preset probe: BTC/USDT has 4 of the 5 candles that it needs",)
    assert len(enough.signals) == 1


async def test_unsound_candles_are_told_and_not_used() -> None:
    probe = EveryCandle(need=20)
    world = World(bound(probe))
    bad = [replace(one, close=Price(Decimal("NaN"))) for one in world.venue.data[BTC, MINUTE][198:200]]
    world.venue.data[BTC, MINUTE][198:200] = bad
    result = await world.cycle.prepare()
    ((trouble, subject, detail),) = result.troubles
    assert (trouble, subject) == (Trouble.DATA_UNSOUND, "BTC/USDT 1m")
    assert detail.startswith("BTC/USDT 1m: the candle of 2024-01-01 01:38:00 UTC has close NaN")
    series = world.cycle.series(BTC, MINUTE)
    assert series is not None
    assert len(series) == 18


async def test_a_store_that_fails_costs_nothing_but_an_alarm() -> None:
    world = World(bound(EveryCandle()))
    world.store.error = StorageTrouble("disk full")
    prepared = await world.cycle.prepare()
    result = await world.cycle.run(MINUTE, world.to(101))
    world.store.error = None
    after = await world.cycle.run(MINUTE, world.to(102))
    assert prepared.troubles == result.troubles == ((Trouble.STORAGE, "candles", "disk full"),)
    assert len(result.signals) == 1
    assert after.recovered == ((Trouble.STORAGE, "candles"),)


async def test_what_is_new_is_stored_and_damage_in_the_store_is_refused() -> None:
    world = World(bound(EveryCandle(need=20)))
    await world.cycle.prepare()
    kept = world.store.kept["venue", BTC, MINUTE]
    assert len(kept) == 20
    spoilt = START + timedelta(minutes=90)
    kept[spoilt] = candle(spoilt, -5)
    again = world.new_cycle()
    result = await again.prepare()
    assert "has open -5" in result.troubles[0].detail
    assert kept[spoilt].close > 0  # fetched afresh
    assert not again.series(BTC, MINUTE).gap_within(20)  # type: ignore[union-attr]


async def test_long_absences_are_fetched_page_by_page() -> None:
    world = World(bound(EveryCandle(need=990)), count=2000, begun=1500)
    await world.cycle.prepare()
    assert [asked[3] for asked in world.venue.asked] == [500, 491]
    assert len(world.cycle.series(BTC, MINUTE)) == 990  # type: ignore[arg-type]


async def test_few_questions_are_open_at_once() -> None:
    symbols = tuple(Symbol(f"C{i}/USDT") for i in range(20))
    world = World(bound(EveryCandle(), preset(symbols=symbols)))
    await world.cycle.prepare()
    assert len(world.venue.asked) == 20
    assert world.venue.most_open_questions == 6


async def test_presets_share_series_and_a_timeframe_is_fetched_once() -> None:
    world = World(
        bound(EveryCandle(need=5), preset("one")),
        bound(EveryCandle(need=9), preset("two")),
        bound(EveryCandle(), preset("two_frames", timeframes=(MINUTE, HOUR))),
        bound(EveryCandle(), preset("hourly", timeframes=(HOUR,))),
        begun=119,
    )
    await world.cycle.prepare()
    assert world.cycle.timeframes == (MINUTE, HOUR)
    assert len(world.cycle.series(BTC, MINUTE)) == 9  # type: ignore[arg-type]
    world.venue.asked.clear()
    close_at = world.to(120)
    minutes, hours = await asyncio.gather(world.cycle.run(MINUTE, close_at), world.cycle.run(HOUR, close_at))
    assert sorted((asked[0], asked[1]) for asked in world.venue.asked) == [(BTC, MINUTE), (BTC, HOUR)]
    assert [signal.preset for signal in minutes.signals] == ["one", "two", "two_frames"]
    assert [signal.preset for signal in hours.signals] == ["hourly"]


async def test_one_second_candles() -> None:
    world = World(bound(EveryCandle(), preset(timeframes=(1,))))
    world.venue.data[BTC, 1] = candles(200, 1, world.clock.now() - timedelta(seconds=100))
    await world.cycle.prepare()
    got = 0
    for _ in range(5):
        world.clock.advance(timedelta(seconds=1))
        got += len((await world.cycle.run(1, world.clock.now())).signals)
    assert got == 5


def test_connections_may_share_a_preset_but_not_a_name_for_two() -> None:
    same = bound(EveryCandle())
    assert World(same, same).cycle.timeframes == (MINUTE,)
    with pytest.raises(ValueError, match="two different presets are called probe"):
        World(same, bound(EveryCandle(), preset(symbols=(ETH,))))


async def test_failing_as_a_whole_leaves_earlier_troubles_of_instruments_as_they_are() -> None:
    """While the venue is away nothing is known of one instrument, so its alert is not ended."""
    world = World(bound(EveryCandle(), preset(symbols=(BTC, ETH))))
    await world.cycle.prepare()
    world.venue.errors[BTC] = [Corrupt("nonsense")]
    await world.cycle.run(MINUTE, world.to(101))
    for symbol in (BTC, ETH):
        world.venue.errors[symbol] = [Unavailable("away", retry_after=1)]
    away = await world.cycle.run(MINUTE, world.to(102))
    assert away.recovered == ()
    back = await world.cycle.run(MINUTE, world.to(103))
    assert back.recovered == ((Trouble.CYCLE_FAILED, "BTC/USDT 1m"), (Trouble.VENUE_UNREACHABLE, ""))


async def test_s7_a_spike_is_not_decided_on_and_the_next_candle_tells_what_it_was() -> None:
    world = World(bound(EveryCandle(need=20)))
    await world.cycle.prepare()
    minutes = world.venue.data[BTC, MINUTE]
    minutes[200] = candle(minutes[200].open_time, 1200)
    spike = await world.cycle.run(MINUTE, world.to(101))
    after = await world.cycle.run(MINUTE, world.to(102))

    assert spike.signals == ()
    assert "close 1200 after 119.9" in spike.troubles[0].detail
    assert after.signals == ()  # what lies in the window now is a hole
    assert "no entries until" in after.troubles[0].detail


async def test_a_new_level_is_taken_in_with_the_second_candle_at_it() -> None:
    world = World(bound(EveryCandle(need=20)))
    await world.cycle.prepare()
    minutes = world.venue.data[BTC, MINUTE]
    minutes[200:] = [candle(one.open_time, 1200) for one in minutes[200:]]
    first = await world.cycle.run(MINUTE, world.to(101))
    second = await world.cycle.run(MINUTE, world.to(102))
    assert first.signals == ()
    assert [signal.price for signal in second.signals] == [1200]
    assert second.recovered == ((Trouble.DATA_UNSOUND, "BTC/USDT 1m"),)


async def test_m13_minutes_that_the_venue_leaves_out_twice_are_quiet_and_no_gap() -> None:
    """ "minutes-without-trades": on a thin market nothing was ever entered."""
    world = World(bound(EveryCandle(need=20)))
    for minute in (88, 92, 95):
        world.venue.hidden.add(START + timedelta(minutes=minute))
    await world.cycle.prepare()
    await world.cycle.run(MINUTE, world.to(101))
    entered = await world.cycle.run(MINUTE, world.to(102))
    assert len(entered.signals) == 1
    series = world.cycle.series(BTC, MINUTE)
    assert series is not None
    assert not series.gap_within(20)
    flat = next(one for one in series.candles(20) if one.open_time == START + timedelta(minutes=95))
    before = next(one for one in series.candles(20) if one.open_time == START + timedelta(minutes=94))
    assert flat.open == flat.high == flat.low == flat.close == before.close
    assert flat.volume == 0


async def test_m14_a_true_long_wick_blocks_no_warm_up() -> None:
    world = World(bound(EveryCandle(need=20)))
    minutes = world.venue.data[BTC, MINUTE]
    place = next(n for n, one in enumerate(minutes) if one.open_time == START + timedelta(minutes=90))
    minutes[place] = replace(minutes[place], low=Price(minutes[place].low / 10))
    await world.cycle.prepare()
    entered = await world.cycle.run(MINUTE, world.to(101))
    assert len(entered.signals) == 1
