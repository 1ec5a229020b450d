"""A start is told by one message, however many connections there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from bot.application import _tell_start
from bot.notices import notice
from bot.text import plain
from engine.clock import SystemClock
from engine.coordinator import Coordinator
from engine.core import inputs as i
from engine.core.ids import ConnectionId
from storage.outbox import Waiting
from storage.store import Store
from tests.fakes.desk import FakeDesk
from tests.support.builders import BTC


async def _told(folder: Path, names: Sequence[str], barred: set[str] | None = None) -> list[Waiting]:
    clock = SystemClock()
    store = await Store.open(f"sqlite+aiosqlite:///{folder}/start.db", clock)
    try:
        desk = FakeDesk(names)
        await desk.open_position(names[0], BTC)
        desk[names[-1]].command(i.Halt, "drawdown")
        left_out = {ConnectionId(one) for one in barred or ()}
        await _tell_start(store, cast("Coordinator", desk), clock, left_out)
        return await store.outbox.due(clock.now())
    finally:
        await store.close()


async def test_several_connections_are_one_message_with_each_in_it(tmp_path: Path) -> None:
    (one,) = await _told(tmp_path, ("main", "other"))
    text = plain(notice(one).text)
    assert text.startswith("🚀 Pocketdesk")
    main, other = text.index("main 📝 PAPER"), text.index("other 📝 PAPER")
    assert "positions 1" in text[main:other]
    assert "Trading: running" in text[main:other]
    assert "positions 0" in text[other:]
    assert "Halted: drawdown" in text[other:]


async def test_a_single_one_is_told_as_ever(tmp_path: Path) -> None:
    (one,) = await _told(tmp_path, ("main", "other"), {"other"})
    text = plain(notice(one).text)
    assert "Restored: positions 1" in text
    assert "main · PAPER" in text
    assert "other" not in text


async def test_where_none_was_started_nothing_is_told(tmp_path: Path) -> None:
    assert await _told(tmp_path, ("main",), {"main"}) == []
