"""What can be wrong before anything starts: a sentence to the one who can mend it, and an exit code that says it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.support.whole_desk import STEPS_PRESET, TOKEN, Bot, WholeDesk, whole_desk


async def refused(desk: WholeDesk, code: int, *words: str) -> Bot:
    bot = await desk.run()
    assert await bot.ended() == code, bot.said()
    for word in words:
        assert word in bot.said()
    assert "Traceback" not in bot.said()
    assert TOKEN not in bot.said()
    return bot


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[telegram]", "[telegramm]"), ("telegramm", "telegram")),
        (('initial_state = "running"', 'initial_stat = "running"'), ("initial_stat", "initial_state")),
        (('share = "10%"', "share = nan"), ("size.share", "nan")),
        (('share = "10%"', 'share = "400%"'), ("size.share",)),
        (('stop_loss = "5%"', "stop_loss = true"), ("stop_loss",)),
        (('venue = "binance"', 'venue = "binanse"'), ("venue", "binance")),
        (('presets = ["steps"]', 'presets = ["stepz"]'), ("stepz", "steps")),
        (('timeframes = ["1s"]', 'timeframes = ["1y"]'), ("timeframes",)),
        (("[presets.steps]", "[presets.steps"), ("line",)),
        ((TOKEN, "no token at all"), ("token",)),
        (('mode = "paper"', 'mode = "live"'), ("mode", "chat")),
    ],
    ids=["table", "key", "nan", "much", "switch", "venue", "preset", "timeframe", "toml", "token", "live"],
)
async def test_a_broken_config_is_refused_by_name(
    tmp_path: Path, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    async with whole_desk(tmp_path, connection='mode = "paper"') as desk:
        text = desk.config.read_text(encoding="utf-8")
        assert change[0] in text
        desk.config.write_text(text.replace(*change), encoding="utf-8")
        await refused(desk, 2, "config.toml", *words)
        assert not desk.database.exists(), "nothing is begun"


async def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        desk.config.unlink()
        await refused(desk, 2, "config.toml")


async def test_a_database_that_cannot_be_made(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, more='[storage]\npath = "/proc/pocketdesk/desk.db"') as desk:
        await refused(desk, 1, "/proc/pocketdesk")


async def test_a_database_that_is_none(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        desk.database.parent.mkdir()
        desk.database.write_bytes(b"this is a letter to my aunt, no database\n" * 200)
        before = desk.database.read_bytes()
        await refused(desk, 1, "pocketdesk.db")
        assert desk.database.read_bytes() == before, "what is not ours is left as it was"


async def test_a_wrong_token_is_said_and_trading_begins_all_the_same(tmp_path: Path) -> None:
    wrong = "1:wrong-token-of-somebody"
    async with whole_desk(tmp_path, token=wrong) as desk:
        bot = await desk.run()
        await bot.says("the bot's token is wrong or was revoked")
        assert "@BotFather" in bot.said()
        await desk.until_fact("Reconciled")
        assert wrong not in bot.said()
        check = await desk.run("check", "--config", str(desk.config))
        assert await check.ended() == 1
        assert "token" in check.said()
        assert wrong not in check.said()
        assert await bot.terminate() == 0


async def test_check_passes_on_a_good_desk_and_names_a_venue_that_is_down(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        check = await desk.run("check", "--config", str(desk.config))
        assert await check.ended() == 0, check.said()
        await desk.market.go_away()
        check = await desk.run("check", "--config", str(desk.config))
        assert await check.ended() == 1
        assert "fail" in check.said()
        assert "main" in check.said()
        assert "Traceback" not in check.said()


async def test_a_strategy_file_that_is_broken_is_told_and_the_others_run(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        (tmp_path / "own" / "broken.py").write_text("def half(", encoding="utf-8")
        (tmp_path / "own" / "hostile.py").write_text("raise RuntimeError('no')", encoding="utf-8")
        bot = await desk.paired()
        assert "broken" in bot.said()
        assert "hostile" in bot.said()
        await desk.position()


async def test_a_strategy_that_fails_is_told_and_the_others_run(tmp_path: Path) -> None:
    failing = '[presets.bad]\nstrategy = "fails"\nsymbols = ["BTC/USDT"]\ntimeframes = ["1s"]\n'
    async with whole_desk(tmp_path, more=failing) as desk:
        steps = (tmp_path / "own" / "steps.py").read_text(encoding="utf-8")
        fails = steps.replace("class Steps(", "class Fails(").replace('name = "steps"', 'name = "fails"')
        fails = fails.replace(
            "        change =", '        raise ZeroDivisionError("<b>by zero</b>")\n        change ='
        )
        (tmp_path / "own" / "fails.py").write_text(fails, encoding="utf-8")
        text = desk.config.read_text(encoding="utf-8").replace(
            'presets = ["steps"]', 'presets = ["bad", "steps"]'
        )
        desk.config.write_text(text, encoding="utf-8")
        await desk.paired()
        told = await desk.told("A strategy failed: bad")
        assert "<b>by zero</b>" in told.text
        await desk.position()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["1,2,3,1,nan,5"], "NaN"),
        (["1,2,3,1,2,5", "1,2,3,1,2,5"], "not after"),
        (["60000,2,3,1,2,5", "0,2,3,1,2,5"], "not after"),
        (["0,9,3,1,2,5"], "do not enclose"),
        (["0,2,3,-1,2,5"], "above zero"),
        (["0,2,3"], "3 values"),
        ([], "at least 2"),
    ],
)
async def test_a_csv_with_disorder_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], words: str
) -> None:
    path = tmp_path / "market.csv"
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *lines]), encoding="utf-8")
    async with whole_desk(tmp_path) as desk:
        venue = await desk.run("sandbox", "exchange", "--port", "0", "--market", f"BTC/USDT={path}")
        assert await venue.ended() == 1
        assert words in venue.said()
        assert str(path) in venue.said()
        assert "Traceback" not in venue.said()


async def test_a_csv_with_holes_is_played_and_the_holes_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    rows = [f"{60_000 * minute},100,101,99,100,5" for minute in range(300) if minute % 50 != 7]
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]), encoding="utf-8")
    async with whole_desk(tmp_path) as desk:
        venue = await desk.run("sandbox", "exchange", "--port", "0", "--market", f"BTC/USDT={path}")
        said = await venue.says("listens at")
        assert "6 missing candles" in said


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.market.fault("GET *", "hang")
        desk.telegram.fault("hang")
        os.kill(bot.process.pid, signal.SIGTERM)
        await bot.says("stopping")
        os.kill(bot.process.pid, signal.SIGTERM)
        assert await bot.ended(timeout=8) in (0, 3)
        await asyncio.sleep(0)
        await desk.market.come_back()
        desk.telegram.clear_faults()


def test_the_preset_of_these_tests_is_the_one_that_is_broken_here() -> None:
    """The changes above must meet what the config says."""
    assert 'share = "10%"' in STEPS_PRESET
    assert 'stop_loss = "5%"' in STEPS_PRESET
