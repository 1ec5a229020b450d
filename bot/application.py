"""The composition root: config, storage, engine, Telegram and scheduler, put together in one readable place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from loguru import logger

from bot import VERSION
from bot.assembly import build_desk
from bot.config_models import Config
from bot.conversation import Conversation
from bot.left_behind import tell_left_behind
from bot.modes import StoredModes
from bot.same_venue import bar_moved
from bot.schedule import Schedule
from bot.watchdog import Watchdog
from engine.clock import Clock, SystemClock
from engine.coordinator import Coordinator
from engine.core.errors import StorageTrouble
from engine.core.ids import BookId, ConnectionId, book_id
from engine.core.notices import Notice, Weight
from engine.desk import ConnectionView, Desk
from storage.store import Store
from storage.trouble import LeaseLost

if TYPE_CHECKING:
    from bot.health import HealthPage

TEND_EVERY = 5.0
TIDY_EVERY = timedelta(days=1).total_seconds()
DISK_FULL = "the disk is full: the last room is kept for closing positions, nothing is entered; make room"
LAST_WORDS_SECONDS = 0.8
DRAIN_SECONDS = 4.0
"""For orders under way at the end; the whole end has 7 s (bot/lifecycle.py)."""


async def run(config: Config, stop: asyncio.Event) -> None:
    """Work until `stop` is set. Raises StorageTrouble when the database can't be used: nothing trades without it."""
    clock = SystemClock()
    store = await Store.open(config.storage_url, clock)
    orderly = False
    try:
        orderly = await _work(config, store, clock, stop)
    finally:
        await store.close(orderly=orderly)


async def _work(config: Config, store: Store, clock: Clock, stop: asyncio.Event) -> bool:
    """Whether it ended in good order: told to, and with nothing left under way."""
    conversation = Conversation(config.telegram, store, clock, VERSION)
    modes = StoredModes(store.settings)
    desk = build_desk(config, store.journal, store.candles, modes, clock, conversation)
    conversation.attach(desk)
    schedule = Schedule(conversation.scheduler, desk, clock)
    watchdog = Watchdog(conversation.was_stuck)
    watchdog.start()
    chores = [
        asyncio.create_task(_every(TEND_EVERY, lambda: tend(store, desk, conversation.see_storage), stop)),
        asyncio.create_task(_every(TIDY_EVERY, store.tidy, stop)),
    ]
    page: HealthPage | None = None
    try:
        barred = await bar_moved((one for room in desk.rooms for one in room.connections), store, clock)
        await desk.start(store.was_clean)
        await tell_left_behind(desk.connections(), store, clock)
        page = await _health_page(config, desk, clock, lambda: conversation.deaf)
        await _tell_start(store, desk, clock, barred)
        schedule.arm()
        await conversation.start()
        await stop.wait()
    finally:
        logger.info("stopping")
        watchdog.stop()  # from here on the end has a timer of its own (bot/lifecycle.py)
        if page is not None:
            await page.close()
        await schedule.disarm()
        settled = await desk.stop(DRAIN_SECONDS)
        await _tell_stop(store, desk, clock)
        await conversation.say_last(LAST_WORDS_SECONDS)
        await conversation.stop()
        for chore in chores:
            chore.cancel()
    return settled


async def tend(
    store: Store, desk: Coordinator, unstored: Callable[[str], None] = lambda trouble: None
) -> None:
    """Keep the lease, and stop entries while the disk is full or the database in trouble (P4). `unstored` hears why
    nothing can be stored at all, empty when it can: no alert would come through the outbox then.

    Raises StorageTrouble.
    """
    try:
        await store.tend()
    except LeaseLost:
        raise
    except StorageTrouble as error:
        desk.see_storage(str(error))
        unstored(str(error))
        raise
    # The lease finds room in its old place for longer than a new fact does.
    refused = store.journal.refused
    desk.see_storage(refused or (DISK_FULL if store.disk_full else ""))
    unstored(refused)


async def _health_page(
    config: Config, desk: Desk, clock: Clock, deaf: Callable[[], str]
) -> HealthPage | None:
    if not config.health.enabled:
        return None
    from bot.health import HealthPage  # aiohttp's server side costs memory that most don't need

    page = HealthPage(desk, clock, VERSION, deaf)
    await page.open(config.health.port)
    return page


async def _every(seconds: float, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Do a chore again and again. The database in trouble is told in the logs and tried again; a lost lease ends us."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except LeaseLost as error:
            logger.critical("{}", error)
            stop.set()
        except StorageTrouble as error:
            logger.error("{}", error)
        except Exception:  # the top of this chore: it must go on, or the lease would run out unseen
            logger.exception("a chore failed and is tried again")


async def _tell_stop(store: Store, desk: Coordinator, clock: Clock) -> None:
    """One notice: the owner should know that nobody watches any more. A database in trouble is told in the log."""
    name = desk.connections()[0]
    view = desk.view(name)
    data = {"connection": name, "mode": view.settings.mode.value}
    notice = Notice(clock.now(), book_id(name, view.settings.mode), "stopped", Weight.WARNING, data)
    try:
        await store.journal.tell([notice])
    except StorageTrouble as error:
        logger.error("that we stop could not be stored: {}", error)


async def _tell_start(
    store: Store, desk: Coordinator, clock: Clock, barred: Collection[ConnectionId]
) -> None:
    """One message for one start, however many connections there are: version, modes and what was restored; loud after
    a crash."""
    started = [name for name in desk.connections() if name not in barred]
    if not started:
        return
    views = [desk.view(name) for name in started]
    told = [_standing_of(view) for view in views]
    common: dict[str, str | int | bool | None] = {"version": VERSION, "clean": store.was_clean}
    weight = Weight.INFO if store.was_clean else Weight.RISK
    book = views[0].book if len(views) == 1 else BookId("")
    data = {**common, **told[0]} if len(views) == 1 else {**common, **_numbered(told)}
    await store.journal.tell([Notice(clock.now(), book, "started", weight, data)])


def _standing_of(view: ConnectionView) -> dict[str, str | int | bool | None]:
    return {
        "connection": view.settings.connection,
        "mode": view.settings.mode.value,
        "state": view.state.state.value,
        "halted": view.state.halted,
        "positions": len(view.state.positions),
        "orders": len(view.state.orders),
    }


def _numbered(
    each: Sequence[Mapping[str, str | int | bool | None]],
) -> dict[str, str | int | bool | None]:
    """A notice's data is flat: the fields of the first are `1.connection`, `1.mode` and so on."""
    return {f"{place}.{name}": value for place, one in enumerate(each, 1) for name, value in one.items()}


async def new_pairing(config: Config) -> str:
    """Forget the owner, so that the next start shows a new pairing link. Raises LeaseHeld while the bot runs."""
    store = await Store.open(config.storage_url, SystemClock())
    try:
        owner = await store.people.owner()
        if owner is None:
            return "Nobody is paired: start the bot, it shows a link and a code."
        await store.people.remove(owner.user_id)
        return f"{owner.name} is forgotten. Start the bot: it shows a new link and code for the next owner."
    finally:
        await store.close()
