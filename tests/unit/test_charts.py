"""A real worker process draws a real picture; its death is a sentence, not silence."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot import chart_worker
from bot.charts import IDLE_SECONDS, Chart, ChartFailed, Charts, Level, as_words
from bot.handlers.charting import weeks_of
from engine.workers.kept import KeptWorker
from tests.fakes.conversation import talking
from tests.fakes.desk import wave
from tests.support.builders import BTC, fill
from tests.support.whole_desk import eventually

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
CANDLES = wave(NOW, 300, 90)


def chart() -> Chart:
    levels = [
        Level("last", Decimal("101.5"), "101.50"),
        Level("entry", Decimal("101.3"), "in 101.30"),
        Level("stop", Decimal("97"), "stop 97.00"),
    ]
    bought = fill("pd1", "1", "100", at=CANDLES[30].open_time)  # type: ignore[arg-type]
    return Chart("BTC/USDT", "5m · PAPER", "101.50", "▲ +1 %", True, "foot", 300, CANDLES, levels, [bought])


@pytest.fixture
async def charts() -> AsyncIterator[Charts]:
    made = Charts()
    yield made
    made.close()


async def test_a_picture_is_drawn_and_the_worker_used_again(charts: Charts) -> None:
    first = await charts.draw(chart())
    worker = charts.worker.worker
    second = await charts.draw(replace(chart(), levels=[], fills=[]))
    assert first.startswith(b"\x89PNG")
    assert second.startswith(b"\x89PNG")
    assert charts.worker.worker is worker
    assert charts.failures == 0


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_few_candles_and_flat_ones(charts: Charts, count: int) -> None:
    flat = [replace(one, open=one.close, high=one.close, low=one.close) for one in CANDLES[:count]]
    assert (await charts.draw(replace(chart(), candles=flat))).startswith(b"\x89PNG")


async def test_what_can_not_be_drawn_is_an_error_and_the_next_works(charts: Charts) -> None:
    with pytest.raises(ChartFailed):
        await charts.draw(replace(chart(), candles=[]))
    assert charts.failures == 1
    assert (await charts.draw(chart())).startswith(b"\x89PNG")


async def test_a_worker_that_was_killed_is_replaced(charts: Charts) -> None:
    await charts.draw(chart())
    worker = charts.worker.worker
    assert worker is not None
    os.kill(worker.pid, 9)
    await eventually(lambda: asyncio.to_thread(lambda: not worker.lives), "its end")
    assert (await charts.draw(chart())).startswith(b"\x89PNG")


@pytest.mark.parametrize("what", ["hangs", "ends", "raves", "fails"])
async def test_hanging_crashing_and_raving_workers_are_ended(what: str) -> None:
    charts = Charts(KeptWorker("tests.support.bad_worker", "drawing", 0, [what]))
    with pytest.raises(ChartFailed):
        await charts.draw(chart(), deadline=1.0)
    assert charts.worker.worker is None
    assert charts.failures == 1


def test_idle_worker_is_ended() -> None:
    assert 0 < IDLE_SECONDS <= 30


def test_marks_lie_on_their_candles() -> None:
    (mark,) = as_words(chart())["marks"]
    assert mark == {"place": 30, "price": 100.0, "side": "buy"}


def test_marks_lie_on_their_candles_where_a_venue_left_quiet_minutes_out() -> None:
    holes = [one for number, one in enumerate(CANDLES) if not 5 <= number < 15]
    (mark,) = as_words(replace(chart(), candles=holes))["marks"]
    assert mark["place"] == 20


async def test_the_main_process_imports_no_matplotlib(tmp_path: Path) -> None:
    import subprocess

    code = "import sys, bot.conversation; assert not {'matplotlib', 'numpy', 'pandas'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_chart_of_weeks_is_made_of_days_from_monday() -> None:
    """Case chart-of-weeks: 2024-02-26 was a Monday."""
    days = [
        replace(CANDLES[n], open_time=datetime(2024, 2, 23, tzinfo=UTC) + timedelta(days=n))
        for n in range(12)
    ]
    weeks = weeks_of(days)
    assert [one.open_time.day for one in weeks] == [26, 4]
    whole, torn = days[3:10], days[10:]
    assert weeks[0].open == whole[0].open
    assert weeks[0].close == whole[-1].close
    assert weeks[0].high == max(one.high for one in whole)
    assert weeks[0].low == min(one.low for one in whole)
    assert weeks[0].volume == sum(one.volume for one in whole)
    assert weeks[1].close == torn[-1].close
    assert len(weeks_of(days[:2])) == 1, "a coin that was listed on Friday"


async def test_chart_of_weeks_in_the_chat(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        picture = await talk.ask("/chart BTC 1w", "over the candles shown")
        assert picture.attachment is not None


async def test_chart_in_the_chat(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.desk.open_position()
        asked = await talk.ask("/chart", "Which instrument?")
        picture = await talk.tap(asked, "BTC/USDT", "over the candles shown")
        assert picture.attachment is not None
        hourly = await talk.tap(picture, "1h", "1h")
        assert hourly.id == picture.id, "edited in place"
        talk.desk.mute = "the venue is away"
        await talk.ask("/chart BTC 5m", "the venue is away")
        talk.desk.mute = ""
        talk.conversation._charts.close()
        talk.conversation._charts.worker = KeptWorker("tests.support.bad_worker", "drawing", 5, ["ends"])
        await talk.ask("/chart BTC 5m", "could not be drawn")


async def test_chart_takes_its_words_in_any_order_and_case(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        for text, shown in (
            ("/chart eth 4h", "ETH/USDT · 4h"),
            ("/chart 4H eth", "ETH/USDT · 4h"),
            ("/CHART BTC 1d", "BTC/USDT · 1d"),
            ("/chart btc-usdt 15min", "BTC/USDT · 15m"),
            ("/chart BTC", "BTC/USDT · 1m"),
        ):
            assert shown in (await talk.ask(text, "over the candles shown")).text
        asked = await talk.ask("/chart 1w", "Which instrument?")
        assert "· 1w" in (await talk.tap(asked, "ETH/USDT", "over the candles shown")).text
        talk.desk.lacks = {120}  # answered with those that there are
        refused = await talk.ask("/chart BTC 2m", "it has 1m, 1h, 1d")
        assert "Weeks" in refused.text
        assert "· 1w" in (await talk.tap(refused, "1w", "over the candles shown")).text


def test_times_below_a_chart_carry_dates() -> None:
    first = datetime(2024, 2, 29, 20, tzinfo=UTC).timestamp()
    hours = [first + 2 * 3600 * n for n in range(4)]
    assert chart_worker.time_labels(hours, 3600) == ["20:00\n29 Feb", "22:00", "00:00\n01 Mar", "02:00"]
    days = [datetime(year, 12, 30, tzinfo=UTC).timestamp() for year in (2022, 2023)]
    assert chart_worker.time_labels(days, 86_400) == ["30 Dec\n2022", "30 Dec\n2023"]
    assert chart_worker.time_labels([first], 1) == ["20:00:00\n29 Feb"]


async def test_picture_and_caption_tell_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price goes on while it is drawn."""
    drawn: list[Chart] = []
    async with talking(tmp_path) as talk:
        charts = talk.conversation._charts
        really = charts.draw

        async def draw(chart: Chart) -> bytes:
            drawn.append(chart)
            (desk,) = talk.desk.desks.values()
            desk.price(BTC, "12345.67")
            return await really(chart)

        monkeypatch.setattr(charts, "draw", draw)
        picture = await talk.ask("/chart BTC 1h", "over the candles shown")
        assert drawn[0].last in picture.text
        assert "12,345.67" not in picture.text


def test_fonts_are_kept_in_one_folder_where_there_is_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each start of the chart's process leaves a folder behind, and takes seconds."""
    fixed = tmp_path / f"pocketdesk-fonts-{os.geteuid()}"
    (tmp_path / "file").touch()
    monkeypatch.setenv("MPLCONFIGDIR", "")
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    chart_worker.keep_fonts()
    assert os.environ["MPLCONFIGDIR"] == str(fixed)
    assert fixed.stat().st_mode & 0o777 == 0o700
    fixed.chmod(0o777)
    monkeypatch.setenv("MPLCONFIGDIR", "")
    chart_worker.keep_fonts()
    assert not os.environ["MPLCONFIGDIR"], "a folder that anybody may write to is not taken"
    monkeypatch.setenv("HOME", str(tmp_path))
    chart_worker.keep_fonts()
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / ".cache" / "matplotlib")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "given"))
    chart_worker.keep_fonts()
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "given")
