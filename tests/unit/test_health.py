"""The health page over real HTTP, and the watchdog's question to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from loguru import logger

from bot.health import HealthPage
from bot.health_client import ask_health
from engine.clock import SystemClock
from engine.core.ids import ConnectionId
from engine.desk import ConnectionView, FeedState
from tests.fakes.desk import FakeDesk


class Desk(FakeDesk):
    """One whose connections may break down."""

    broken_down: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()

    def view(self, connection: ConnectionId) -> ConnectionView:
        view = super().view(connection)
        feed = FeedState.SILENT if connection in self.unseen else view.health.feed
        return replace(
            view, health=replace(view.health, working=connection not in self.broken_down, feed=feed)
        )


@asynccontextmanager
async def page(desk: Desk, *, deaf: str = "") -> AsyncIterator[HealthPage]:
    served = HealthPage(desk, SystemClock(), "1.2.3", lambda: deaf)
    await served.open(0)
    try:
        yield served
    finally:
        await served.close()


async def get(served: HealthPage, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{served.port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_a_desk_that_works_is_ok() -> None:
    async with page(Desk(("main", "other"))) as served:
        status, text = await get(served, "/health")
        assert await asyncio.to_thread(ask_health, served.port) == (True, "ok, up for 0 s")
    report = json.loads(text)
    assert (status, report["ok"], report["version"], report["telegram"]) == (200, True, "1.2.3", True)
    assert set(report["connections"]) == {"main", "other"}
    assert report["connections"]["main"]["mode"] == "paper"
    assert report["connections"]["main"]["last_price_at"].endswith("+00:00")


async def test_health_is_not_green_while_nothing_can_be_heard() -> None:
    async with page(Desk(), deaf="the token was revoked") as served:
        status, text = await get(served, "/health")
        asked = await asyncio.to_thread(ask_health, served.port)
    report = json.loads(text)
    assert (status, report["ok"], report["working"], report["telegram"]) == (503, False, True, False)
    assert asked == (False, "Telegram: the token was revoked")


async def test_health_is_not_green_while_a_venue_can_not_be_reached() -> None:
    desk = Desk(("main", "other"))
    desk.unseen = frozenset({"other"})
    async with page(desk) as served:
        assert (await get(served, "/health"))[0] == 503
        assert await asyncio.to_thread(ask_health, served.port) == (False, "no prices come for other")


@pytest.mark.parametrize(("host", "status"), [("evil.example", 403), ("localhost", 200), ("127.0.0.1", 200)])
async def test_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    async with page(Desk()) as served, aiohttp.ClientSession() as http:
        for path in ("/health", "/metrics"):
            async with http.get(
                f"http://127.0.0.1:{served.port}{path}", headers={"Host": f"{host}:{served.port}"}
            ) as answer:
                assert answer.status == status


async def test_a_connection_that_stopped_working_is_named_to_the_watchdog() -> None:
    desk = Desk(("main", "other"))
    desk.broken_down = frozenset({"other"})
    async with page(desk) as served:
        status, text = await get(served, "/health")
        asked = await asyncio.to_thread(ask_health, served.port)
    assert (status, json.loads(text)["ok"]) == (503, False)
    assert asked == (False, "these connections do not work: other")


async def test_the_figures_can_be_read_by_prometheus() -> None:
    desk = Desk(("main", "other"))
    desk.broken_down = frozenset({"other"})
    async with page(desk) as served:
        status, text = await get(served, "/metrics")
    lines = text.splitlines()
    assert status == 200
    assert "pocketdesk_telegram_up 1.0" in lines
    assert 'pocketdesk_working{connection="main",mode="paper"} 1.0' in lines
    assert 'pocketdesk_working{connection="other",mode="paper"} 0.0' in lines
    equity = float(desk["main"].state.equity)
    assert f'pocketdesk_equity{{connection="main",mode="paper"}} {equity}' in lines


async def test_a_port_that_is_taken_is_told_and_stops_nothing() -> None:
    told: list[str] = []
    sink = logger.add(told.append, format="{message}")
    try:
        async with page(Desk()) as first:
            second = HealthPage(Desk(), SystemClock(), "1.2.3", lambda: "")
            await second.open(first.port)
            await second.close()
            assert (await get(first, "/health"))[0] == 200
    finally:
        logger.remove(sink)
    (line,) = [line for line in told if "health.port" in line]
    assert f"health.port = {first.port}: the health page can't be served" in line


async def test_a_bot_that_does_not_run_is_a_sentence() -> None:
    async with page(Desk()) as served:
        port = served.port
    fine, words = await asyncio.to_thread(ask_health, port)
    assert not fine
    assert words.startswith(f"no health page on 127.0.0.1:{port}: ")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[1,2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b"garbage\r\n\r\n",
    ],
)
async def test_another_program_on_the_port_is_not_a_healthy_bot(answer: bytes, tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        fine, words = await asyncio.to_thread(ask_health, port)
    assert not fine
    assert f"127.0.0.1:{port}" in words
