"""A bell is heard once, by whoever waits or by the next who does, and nobody waits longer than he said."""

from __future__ import annotations

import asyncio

from engine.bell import Bell
from sandbox.simulation.loop import VirtualLoop


def test_it_rings_in_time_or_not_at_all() -> None:
    loop = VirtualLoop()
    loop.run_until_complete(_heard(loop))
    loop.close()


async def _heard(loop: VirtualLoop) -> None:
    bell = Bell()
    assert not await bell.rings_within(5)
    assert loop.time() == 5
    loop.call_later(2, bell.ring)
    assert await bell.rings_within(5)
    assert loop.time() == 7
    bell.ring()
    bell.ring()
    assert await bell.rings_within(5), "a ring that nobody waited for is heard by the next"
    assert not await bell.rings_within(1), "and once"
    bell.ring()
    bell.silence()
    assert not await bell.rings_within(1)


def test_who_gives_up_waiting_leaves_no_timer_behind() -> None:
    loop = VirtualLoop()
    loop.run_until_complete(_given_up())
    loop.close()


async def _given_up() -> None:
    bell = Bell()
    waiting = asyncio.ensure_future(bell.rings_within(1000))
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    bell.ring()
    assert await bell.rings_within(1)
    assert waiting.cancelled()
