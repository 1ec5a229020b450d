"""The cycle: what is fetched, what decides, what is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.candle_keeper import Patience
from engine.core.errors import Corrupt, KeyRefused, StorageTrouble, Unavailable
from engine.core.facts import Trouble
from engine.core.model import Action, Signal
from engine.cycle import Cycle
from tests.unit.cycle_world import BTC, ETH, HOUR, MINUTE, START, EveryCandle, World, bound, candle, preset


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
    await world.cycle.prepare()
    world.venue.hangs.add(ETH)
    delivered: list[Signal] = []
    cycle = world.new_cycle(deadline=0.2)
    world.venue.hangs.clear()
    await cycle.prepare()
    world.venue.hangs.add(ETH)

    running = asyncio.create_task(cycle.run(MINUTE, world.to(101), delivered.append))
    while not delivered:
        await asyncio.sleep(0)
    assert not running.done()
    result = await running

    assert [signal.symbol for signal in result.signals] == [BTC]
    assert [(found.trouble, found.subject) for found in result.troubles] == [
        (Trouble.CYCLE_FAILED, "ETH/USDT 1m")
    ]
    assert "no answer within 0.2 s" in result.troubles[0].detail
