"""One writer (law 11): a second one is refused or waits, and whoever lost the lease can't write."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from engine.clock import ManualClock
from engine.core.facts import HaltLifted
from engine.core.ids import BookId
from storage.lease import LASTS, Lease
from storage.opening import prepare, reach
from storage.store import Store
from storage.trouble import LeaseHeld, LeaseLost
from tests.contract.journal_fixtures import START, clock, server, store, url

__all__ = ["clock", "server", "store", "url"]

BOOK = BookId("main.paper")
FACT = HaltLifted(START, "owner")


async def test_a_second_process_is_refused_with_a_sentence(
    store: Store, url: str, clock: ManualClock
) -> None:
    with pytest.raises(LeaseHeld, match=r"in use by another Pocketdesk \(test\)"):
        await Store.open(url, clock, holder="second")
    assert await store.journal.append(BOOK, 0, [FACT]) == 1


async def test_a_process_that_was_paused_for_long_can_not_write(
    store: Store, url: str, clock: ManualClock
) -> None:
    clock.advance(LASTS)
    second = await Store.open(url, clock, holder="second")
    assert await second.journal.append(BOOK, 0, [FACT]) == 1
    with pytest.raises(LeaseLost, match="took over"):
        await store.journal.append(BOOK, 1, [FACT])
    with pytest.raises(LeaseLost):
        await store.settings.set("key", 1)
    with pytest.raises(LeaseLost):
        await store.tend()
    assert len(await second.journal.read(BOOK)) == 1
    await second.tend()
    await second.close()
    store.database.fence = await Lease(store.database, clock, "test").acquire(alone=True)


async def test_a_lease_that_is_renewed_is_kept(store: Store, url: str, clock: ManualClock) -> None:
    for _ in range(3):
        clock.advance(LASTS - timedelta(seconds=1))
        await store.tend()
    with pytest.raises(LeaseHeld):
        await Store.open(url, clock, holder="second")


async def test_a_standby_takes_over_when_the_first_ends(url: str, clock: ManualClock) -> None:
    first = await Store.open(url, clock, holder="first")
    standby = asyncio.create_task(Store.open(url, clock, holder="second", wait=None))
    await asyncio.sleep(0.1)
    assert not standby.done()
    await first.close()
    second = await asyncio.wait_for(standby, 20)
    assert await second.journal.append(BOOK, 0, [FACT]) == 1
    await second.close()


async def test_waiting_has_an_end(store: Store, url: str, clock: ManualClock) -> None:
    standby = asyncio.create_task(Store.open(url, clock, wait=timedelta(seconds=3)))
    async with asyncio.timeout(60):
        while not standby.done():  # on a busy machine it begins to wait late, and its time with it
            clock.advance(timedelta(seconds=1))
            await store.tend()
            await asyncio.sleep(0.05)
    with pytest.raises(LeaseHeld):
        await standby


async def test_a_lease_given_back_can_be_taken_at_once_and_no_longer_writes(
    url: str, clock: ManualClock
) -> None:
    database = reach(url)
    await prepare(database, alone=True)
    lease = Lease(database, clock, "first")
    first = await lease.acquire()
    await lease.release()
    with pytest.raises(LeaseLost):
        await lease.renew()
    assert await lease.acquire() > first
    await database.close()


async def test_each_holder_has_a_higher_fence(url: str, clock: ManualClock) -> None:
    fences = []
    for _ in range(3):
        opened = await Store.open(url, clock)
        fences.append(opened.database.fence)
        await opened.close()
    assert fences == sorted({fence for fence in fences if fence})
    assert len(fences) == 3


async def test_whether_the_end_was_orderly_is_remembered(url: str, clock: ManualClock) -> None:
    first = await Store.open(url, clock)
    assert first.was_clean
    await first._let_go()
    second = await Store.open(url, clock)
    assert not second.was_clean
    await second.close()
    third = await Store.open(url, clock)
    assert third.was_clean
    await third.close()
