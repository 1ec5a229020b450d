"""What is around the desk fails: the venue, its streams, Telegram, the token, the owner's patience."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.core.alarms import Trouble
from engine.core.facts import TroubleBegan
from engine.core.ids import BookId
from sandbox.telegram.testing import SeenMessage
from tests.support.live_truth import read_facts
from tests.support.whole_desk import PATIENCE, ROOT, TOKEN, WholeDesk, eventually, whole_desk

SLOWLY = 75.0
"""Prices are stale after 45 s: a test that waits for it must be more patient."""

EVERYTHING = '[logs]\nlevel = "DEBUG"\n'
"""For tests that look for secrets: the most that is ever written down."""


def assert_no_secret(desk: WholeDesk) -> None:
    """Law 14: the token is in no file but the config, and not on the terminal."""
    for path in desk.folder.rglob("*"):
        if path.is_file() and path != desk.config:
            assert TOKEN.encode() not in path.read_bytes(), path
            assert TOKEN.partition(":")[2].encode() not in path.read_bytes(), path


def loud(message: SeenMessage) -> SeenMessage:
    assert not message.silent
    return message


@asynccontextmanager
async def venue_process(port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "sandbox", "exchange", "--port", str(port), "--market", "BTC/USDT", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        yield
    finally:
        process.kill()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_venue_that_is_down_at_the_start_is_told_and_traded_on_once_it_is_there(
    tmp_path: Path,
) -> None:
    async with whole_desk(tmp_path) as desk:
        port = free_port()
        desk.market.url = f"http://127.0.0.1:{port}"
        desk.write_config()
        bot = await desk.paired()
        told = loud(await desk.told("The venue can't be reached"))
        assert "asked again until it is back" in told.text
        for command in ("/start", "/positions", "/balance", "/chart BTC", "/risk", "/health", "/pause"):
            assert "went wrong" not in (await desk.ask(command)).text
        async with venue_process(port):
            await desk.market.control("POST", "market", moving=False)
            await desk.told("Over: The venue can't be reached")
            asked = await desk.ask("/resume", "Resume trading?")
            await desk.phone.press(asked, asked.buttons[0][0].text)
            await desk.phone.wait_for("running", PATIENCE)
            await desk.position()
        assert "Traceback" not in bot.said()


async def test_a_venue_that_goes_and_comes_back_rings_each_time_and_each_end_is_told(
    tmp_path: Path,
) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        for times in (1, 2):
            await desk.market.go_away()
            await desk.until_fact("TroubleBegan", times)
            loud(await desk.told("⚠️ The venue can't be reached", times))
            assert "BTC/USDT" in (await desk.ask("/positions", "Open positions · 1")).text
            await desk.market.come_back()
            over = await desk.told("Over: The venue can't be reached", times)
            assert "It lasted" in over.text
            assert over.silent, "nothing is to be done any more"
        first, second = [one for one in await desk.texts() if one.startswith("⚠️ The venue can't be reached")]
        assert "× 2" in second, "the second one of a quarter of an hour says so"
        assert "× 2" not in first
        await desk.market.step(-6)
        await desk.told("BTC/USDT closed:")
        assert "Traceback" not in bot.said()


async def test_silent_prices_are_told_then_asked_for_and_the_stop_works_by_them(tmp_path: Path) -> None:
    """The connection stays, nothing comes through it. Candles are not to be had, so only the stop can sell."""
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        await desk.market.fault("candles", "status")
        await desk.market.fault("stream *", "silence")
        tickers = (await desk.market.control("POST", "faults", target="ticker", action="status"))["id"]
        await desk.market.step(-6)

        async def stale() -> bool:
            facts = [
                one
                for one in read_facts(desk.database, BookId("main.paper"))
                if isinstance(one, TroubleBegan)
            ]
            return any(one.trouble is Trouble.PRICES_STALE for one in facts)

        await eventually(stale, "stale prices", SLOWLY, pause=0.5)
        alarms = [text for text in await desk.texts() if text.startswith("⚠️")]
        assert ["can't be reached" in text for text in alarms] == [True], (
            "neither tickers nor candles: one cause"
        )
        assert "ExitWanted" not in await desk.kinds()
        await desk.market.control("DELETE", f"faults/{tickers}")
        assert "stop loss" in (await desk.told("BTC/USDT closed:")).text
        assert "asking" in (await desk.ask("/health", "Prices by")).text


async def test_a_single_wild_price_sells_nothing(tmp_path: Path) -> None:
    """S7: one tick at a tenth of the price, and the old price again."""
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        await desk.market.fault("candles", "status")
        await desk.market.step(-90)
        await desk.market.step(900)
        await asyncio.sleep(2)
        assert "ExitWanted" not in await desk.kinds()
        assert "BTC/USDT" in (await desk.ask("/positions", "Open positions · 1")).text


async def test_trading_goes_on_without_telegram_and_everything_is_told_in_order_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with whole_desk(tmp_path, more=EVERYTHING) as desk:
        bot = await desk.paired()
        await desk.ready()
        await desk.telegram.stop()
        await desk.market.step(1)
        await desk.until_fact("PositionOpened")
        await desk.telegram.start()
        await desk.told("Buy BTC/USDT: filled")
        (entry,) = [text for text in await desk.texts() if "BTC/USDT" in text]
        assert entry.startswith("✅ Buy BTC/USDT: filled"), (
            "what was sent, filled and protected is one message"
        )
        assert "rests at the venue" in entry
        await desk.ask("/version", "Pocketdesk")
        assert "Telegram is reachable" in bot.said()
        assert_no_secret(desk)


async def test_what_waited_comes_by_weight_and_each_trade_is_two_messages(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        desk.telegram.fault("server_error")
        for number in range(2):
            await desk.market.step(-1)
            await desk.until_fact("PositionClosed", number + 1)
            await desk.market.step(1)
            await desk.until_fact("PositionOpened", number + 2)
        await desk.market.go_away()
        await desk.until_fact("TroubleBegan", 2)
        before = len(await desk.phone.messages())
        desk.telegram.clear_faults()
        await desk.told("Buy BTC/USDT: filled", count=3)
        new = [
            one.text
            for one in (await desk.phone.messages())[before:]
            if one.by_bot and not one.text.startswith("📌")
        ]
        assert "can't be reached" in new[0]
        assert [text[:1] for text in new if "BTC/USDT" in text] == ["🏁", "✅", "🏁", "✅"], (
            "each result after its entry"
        )


async def test_telegrams_wait_is_obeyed_and_nothing_is_lost(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, limits=True) as desk:
        await desk.paired()
        await desk.ready()
        desk.telegram.fault("too_many_requests", seconds=4, methods=["sendMessage"])
        refused = len(desk.telegram.calls("sendMessage"))
        await desk.market.step(1)
        await desk.told("Buy BTC/USDT: filled")
        calls = desk.telegram.calls("sendMessage")[refused:]
        assert len(calls) < 20, "it asks again when it was told to, not at once"
        orders = [one for one in await desk.phone.messages() if "Buy BTC/USDT" in one.text]
        assert len(orders) == 1


async def test_an_answer_that_is_lost_on_the_way_loses_no_notice(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.ready()
        desk.telegram.fault("drop_answer", methods=["sendMessage"], times=1)
        desk.telegram.fault("garbage", methods=["sendMessage"], times=1)
        await desk.market.step(1)
        await desk.told("Buy BTC/USDT: filled")


async def test_a_revoked_token_is_said_in_the_log_and_trading_goes_on(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, more=EVERYTHING) as desk:
        bot = await desk.paired()
        await desk.ready()
        desk.telegram.revoke_token()
        await desk.market.step(1)
        await desk.until_fact("PositionOpened")
        await bot.says("the bot's token is wrong or was revoked")
        assert bot.process.returncode is None
        assert await bot.terminate() == 0
        assert_no_secret(desk)


async def test_a_blocked_bot_keeps_its_notices_until_it_is_taken_back(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, more=EVERYTHING) as desk:
        bot = await desk.paired()
        await desk.ready()
        await desk.phone.block()
        await desk.market.step(1)
        await desk.until_fact("PositionOpened")
        await bot.says("blocked")
        await desk.phone.unblock()
        await desk.told("Buy BTC/USDT: filled")
        assert_no_secret(desk)


async def test_a_second_poller_is_named_in_the_log(tmp_path: Path) -> None:
    """Another process with the same token: both get 409 now and then."""
    async with whole_desk(tmp_path, more=EVERYTHING) as desk:
        bot = await desk.paired()
        other = f"{desk.telegram.address}/bot{TOKEN}/getUpdates"

        async def conflict() -> bool:
            async with desk.market.http.post(other, json={"timeout": 1, "offset": -1}) as response:
                await response.read()
            return "another process polls with the same token" in bot.said()

        await eventually(conflict, "the conflict in the log")
        await desk.told("has started")
        await desk.ask("/version", "Pocketdesk")
        assert_no_secret(desk)
