"""An open live book is never left to nobody: whatever is stored, and whenever storing fails (laws 5, 8 and 10)."""

from __future__ import annotations

import asyncio

import pytest

from bot.modes import StoredModes
from engine.books import is_open, what_is_open
from engine.core import inputs as i
from engine.core.errors import Corrupt, StorageTrouble
from engine.core.facts import ForeignChoice
from engine.core.ids import BookId, ClientOrderId, CommandId
from engine.core.model import Mode, OrderReport, OrderRequest, OrderType, Side, State, VenueStatus
from engine.core.notices import Weight
from engine.core.state import Closing, TraderState
from engine.ports import Recorded
from storage.store import Store
from storage.trouble import CommitLost
from tests.support.builders import BTC, START, price, quantity
from tests.support.engine_world import Engine, LiveVenue, until
from tests.support.stored_live import MAIN, live_with_a_position, mode, process, ready, store, told, wished

__all__ = ["store"]


class SlowSettings:
    """What is stored waits from now on: `asked` once something is to be, until `may`."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()
        self._keep = store.settings.set
        monkeypatch.setattr(store.settings, "set", self._set)

    async def _set(self, key: str, value: object, *rest: object) -> None:
        self.asked.set()
        await self.may.wait()
        await self._keep(key, value, *rest)  # type: ignore[arg-type]


# ── what is stored never leaves an open live book to nobody ───────────────────────────────

FOREIGN = ClientOrderId("pd" + "f" * 16)


async def flat_and_live_beside_a_foreign_order(engine: Engine) -> None:
    await ready(engine)
    assert (await engine.desk.go_live(MAIN)).refused == ""
    await until(lambda: engine.desk.view(MAIN).state.equity == 10000, "the money")
    await engine.push(BTC, "40000")
    request = OrderRequest(
        FOREIGN, BTC, Side.BUY, OrderType.LIMIT, quantity("0.01"), price("39000"), None, False
    )
    await engine.live.submit(request)
    await engine.desk.reconcile(MAIN)
    await until(lambda: FOREIGN in engine.desk.view(MAIN).state.foreign, "the foreign order")


async def adopt(engine: Engine) -> None:
    """The one way in which something may be opened on a book that is paused: by the owner's own word."""
    command = i.ResolveForeign(START, CommandId("adopt"), "owner", FOREIGN, ForeignChoice.ADOPT)
    assert (await engine.desk.send(MAIN, command)).refused == ""


async def test_law_5_what_is_opened_while_it_leaves_live_is_not_left_to_nobody_where_storage_fails_then(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    async with engine.running():
        await flat_and_live_beside_a_foreign_order(engine)
        connection = engine.room.connections[0]
        stop, keep, written, before = connection.stop, store.settings.set, 0, connection.runner

        async def adopted_meanwhile(seconds: float) -> bool:
            monkeypatch.setattr(connection, "stop", stop)
            await adopt(engine)
            return await stop(seconds)

        async def once(key: str, value: object, *rest: object) -> None:
            nonlocal written
            written += 1
            if written > 2:  # the wish, and one more
                raise StorageTrouble("the database is locked")
            await keep(key, value, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(connection, "stop", adopted_meanwhile)
        monkeypatch.setattr(store.settings, "set", once)
        await engine.desk.go_paper(MAIN)
        await until(lambda: connection.runner is not before and connection.working, "working again")
        assert engine.desk.view(MAIN).state.orders
        stored = StoredModes(store.settings)
        assert (await stored.mode(MAIN), await stored.leaves_live(MAIN)) == (Mode.LIVE, True)


async def test_law_5_a_paper_that_may_have_been_stored_is_taken_back_while_it_goes_on_live(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    async with engine.running():
        await flat_and_live_beside_a_foreign_order(engine)
        connection = engine.room.connections[0]
        keep = store.settings.set

        async def lost(key: str, value: object, *rest: object) -> None:
            await keep(key, value, *rest)  # type: ignore[arg-type]
            if value == "paper":
                monkeypatch.setattr(store.settings, "set", keep)
                raise CommitLost("the line was cut: whether it was stored is not known")

        monkeypatch.setattr(store.settings, "set", lost)
        await engine.desk.go_paper(MAIN)
        await until(lambda: store.settings.set == keep and connection.working, "the failure")
        assert mode(engine) is Mode.LIVE
        await adopt(engine)
        engine.desk.tick()
        stored = StoredModes(store.settings)
        for _ in range(100):
            if await stored.leaves_live(MAIN):
                break
            await asyncio.sleep(0.01)
        assert (await stored.mode(MAIN), await stored.leaves_live(MAIN)) == (Mode.LIVE, True)


async def live_position_on_which_paper_was_stored(store: Store) -> LiveVenue:
    engine = process(store)
    async with engine.running():
        await live_with_a_position(engine)
        assert engine.desk.view(MAIN).state.state is State.RUNNING
    await StoredModes(store.settings).keep_mode(MAIN, Mode.PAPER)
    return engine.live


async def test_law_5_a_live_book_that_is_open_is_led_live_and_paused_though_paper_was_stored(
    store: Store,
) -> None:
    venue = await live_position_on_which_paper_was_stored(store)
    again = process(store, venue)
    async with again.running(clean=False):
        await ready(again)
        assert again.made == [Mode.LIVE]
        await until(lambda: again.desk.view(MAIN).state.state is State.PAUSED, "the pause")
        state = again.desk.view(MAIN).state
        assert len(state.positions) == 1
        assert [one.stop_price for one in state.orders.values()] == [
            one.stop for one in state.positions.values()
        ]
        resumed = await again.desk.send(MAIN, i.Resume(START, CommandId("again"), "owner"))
        assert "on its way back to paper" in resumed.refused
        (notice,) = await told(store, "kept_live")
        assert (notice.weight, notice.data["mode"]) == (Weight.CRITICAL, "live")
        assert str(notice.data["positions"]).startswith("BTC/USDT 0.01")
        assert "sell" in str(notice.data["orders"])
        orders = len(await venue.open_orders([BTC]))
    third = process(store, venue)
    async with third.running():
        await ready(third)
        assert mode(third) is Mode.LIVE
        assert len(await told(store, "kept_live")) == 1
        assert len(await venue.open_orders([BTC])) == orders == 1


async def test_without_a_key_an_open_live_book_is_loud_and_nothing_trades_on_paper_beside_it(
    store: Store,
) -> None:
    venue = await live_position_on_which_paper_was_stored(store)
    again = process(store, venue)
    again.key = None
    async with again.running(clean=False):
        assert again.made == [Mode.LIVE]
        assert len(again.desk.view(MAIN).state.positions) == 1
        assert len(await told(store, "kept_live")) == 1
        (trouble,) = await told(store, "trouble")
        assert (trouble.weight, "no key" in str(trouble.data["detail"])) == (Weight.CRITICAL, True)


async def test_a_live_book_with_nothing_open_stays_behind_without_a_word(store: Store) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        assert (await engine.desk.go_live(MAIN)).refused == ""
        await engine.desk.go_paper(MAIN)
        await until(lambda: mode(engine) is Mode.PAPER, "paper")
    again = process(store, engine.live)
    async with again.running():
        assert (mode(again), again.made) == (Mode.PAPER, [Mode.PAPER])
        assert not await told(store, "kept_live")


async def test_law_8_a_live_that_could_not_be_stored_for_certain_is_not_what_the_next_process_begins_with(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    stored = StoredModes(store.settings)
    async with engine.running():
        await ready(engine)
        keep = store.settings.set

        async def lost(key: str, value: object, *rest: object) -> None:
            await keep(key, value, *rest)  # type: ignore[arg-type]
            monkeypatch.setattr(store.settings, "set", keep)
            raise CommitLost("the line was cut: whether it was stored is not known")

        monkeypatch.setattr(store.settings, "set", lost)
        with pytest.raises(StorageTrouble):
            await engine.desk.go_live(MAIN)
        assert (mode(engine), engine.made) == (Mode.PAPER, [Mode.PAPER, Mode.PAPER])
        assert engine.room.connections[0].working
        assert await stored.mode(MAIN) is Mode.LIVE
        engine.desk.tick()
        await until(lambda: not engine.desk._switching._unsure, "stored again")
        assert await stored.mode(MAIN) is Mode.PAPER


async def test_a_second_that_passes_while_the_wish_is_written_down_does_not_write_over_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    async with engine.running():
        await live_with_a_position(engine)
        slow = SlowSettings(store, monkeypatch)
        engine.desk._switching._unsure.add(MAIN)
        tapped = asyncio.create_task(engine.desk.go_paper(MAIN))
        await slow.asked.wait()
        engine.desk.tick()
        await asyncio.sleep(0.05)
        slow.may.set()
        await tapped
        engine.desk.tick()
    assert await StoredModes(store.settings).leaves_live(MAIN)


async def test_nothing_goes_live_while_the_desk_is_being_stopped(store: Store) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
    assert "being stopped" in (await engine.desk.go_live(MAIN)).refused
    assert engine.made == [Mode.PAPER]


# ── the end of a wish that had to wait is told ────────────────────────────────────────────


async def test_that_it_is_on_paper_at_last_is_told_once_also_by_the_process_that_follows(
    store: Store,
) -> None:
    again = process(store, await wished(store))
    async with again.running(clean=False):
        await ready(again)
        assert not await told(store, "on_paper")
        await again.desk.send(MAIN, i.Flatten(START, CommandId("flat"), "owner"))
        await until(lambda: again.room.connections[0].is_flat, "flat")
        for _ in range(3):
            again.desk.tick()
        await until(lambda: mode(again) is Mode.PAPER, "paper")
        (notice,) = await told(store, "on_paper")
        assert notice.data == {"connection": "main", "mode": "paper"}
    third = process(store, again.live)
    async with third.running():
        third.desk.tick()
        await asyncio.sleep(0.05)
        assert len(await told(store, "on_paper")) == 1


async def test_a_switch_that_the_screen_answers_at_once_is_not_told_again(store: Store) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        assert (await engine.desk.go_live(MAIN)).refused == ""
        await engine.desk.go_paper(MAIN)
        await until(lambda: mode(engine) is Mode.PAPER, "paper")
        assert not await told(store, "on_paper")


# ── two hands at once ─────────────────────────────────────────────────────────────────────


async def test_law_8_paper_that_is_asked_for_while_it_goes_live_is_paper_in_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        slow = SlowSettings(store, monkeypatch)
        going = asyncio.create_task(engine.desk.go_live(MAIN))
        await slow.asked.wait()
        assert engine.room.connections[0].runner.closed, "in the middle of the switch"
        tapped = asyncio.create_task(engine.desk.go_paper(MAIN))
        await asyncio.sleep(0)
        slow.may.set()
        await asyncio.gather(going, tapped)
        await until(lambda: mode(engine) is Mode.PAPER and not engine.desk.leaving_live(MAIN), "paper")
    assert await StoredModes(store.settings).mode(MAIN) is Mode.PAPER


async def test_going_live_twice_at_once_makes_one_account_at_work(store: Store) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        answers = await asyncio.gather(engine.desk.go_live(MAIN), engine.desk.go_live(MAIN))
        assert sorted(bool(one.refused) for one in answers) == [False, True]
        assert engine.made == [Mode.PAPER, Mode.LIVE]


async def test_a_process_that_ends_while_it_goes_live_leaves_nothing_at_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    async with engine.running():
        await ready(engine)
        slow = SlowSettings(store, monkeypatch)
        going = asyncio.create_task(engine.desk.go_live(MAIN))
        await slow.asked.wait()
        asyncio.get_running_loop().call_later(0.05, slow.may.set)
    await going
    assert not engine.room.connections[0].working
    assert await StoredModes(store.settings).mode(MAIN) is mode(engine)


async def test_a_live_book_that_can_not_be_read_is_told_and_the_desk_starts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = process(store)
    read = store.journal.read

    async def damaged(book: BookId, after: int = 0) -> list[Recorded]:
        if book == "main.live":
            raise Corrupt("fact 3 of book main.live is missing: restore a backup")
        return await read(book, after)

    monkeypatch.setattr(store.journal, "read", damaged)
    async with engine.running():
        await ready(engine)
        assert (mode(engine), engine.made) == (Mode.PAPER, [Mode.PAPER])
        (notice,) = await told(store, "live_unreadable")
        assert (notice.weight, "is missing" in str(notice.data["reason"])) == (Weight.CRITICAL, True)


def test_a_foreign_order_that_is_still_to_be_cancelled_keeps_a_book_open() -> None:
    state = TraderState()
    report = OrderReport(FOREIGN, None, BTC, VenueStatus.OPEN, quantity("0"), START)
    assert not is_open(state)
    state.closing[FOREIGN] = Closing(report, START)
    assert is_open(state)
    assert what_is_open(state) == {"positions": "", "orders": f"BTC/USDT {FOREIGN}"}
