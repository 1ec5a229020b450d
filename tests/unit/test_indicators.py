"""Indicators against their definitions, worked out by the plainest arithmetic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.indicators import adx, atr, bollinger, ema, macd, rsi, sma

CLOSE = np.array([10, 11, 12, 11, 13, 14, 13, 15, 16, 15, 17, 18], dtype=np.float64)
HIGH, LOW = CLOSE + 1, CLOSE - 2


def test_sma_is_the_mean_and_nothing_before() -> None:
    out = sma(CLOSE, 4)
    assert np.isnan(out[:3]).all()
    assert out[-1] == pytest.approx((16 + 15 + 17 + 18) / 4)


def test_ema_begins_with_a_mean_and_follows_by_its_weight() -> None:
    value = float(np.mean(CLOSE[:3]))
    for close in CLOSE[3:]:
        value += (close - value) * 2 / (3 + 1)
    assert ema(CLOSE, 3)[-1] == pytest.approx(value)


def test_macd_is_the_difference_of_two_averages() -> None:
    values = np.cumsum(np.random.default_rng(1).normal(0, 1, 400)) + 100
    out = macd(values, 5, 10, 4)
    assert out.line[-1] == pytest.approx(ema(values, 5)[-1] - ema(values, 10)[-1])
    assert out.histogram[-1] == pytest.approx(out.line[-1] - out.signal[-1])


def test_bollinger_uses_the_deviation_of_the_whole_population() -> None:
    out = bollinger(CLOSE, 5, 2.0)
    mean, spread = np.mean(CLOSE[-5:]), np.std(CLOSE[-5:])
    assert (out.lower[-1], out.middle[-1], out.upper[-1]) == pytest.approx(
        (mean - 2 * spread, mean, mean + 2 * spread)
    )


def test_rsi_by_wilders_averages() -> None:
    steps = np.diff(CLOSE)
    up, down = np.clip(steps, 0, None), np.clip(-steps, 0, None)
    rise, fall = np.mean(up[:3]), np.mean(down[:3])
    for i in range(3, len(steps)):
        rise, fall = (rise * 2 + up[i]) / 3, (fall * 2 + down[i]) / 3
    assert rsi(CLOSE, 3)[-1] == pytest.approx(100 * rise / (rise + fall))


def test_atr_by_wilders_average() -> None:
    ranges = [max(h, c) - min(lo, c) for h, lo, c in zip(HIGH[1:], LOW[1:], CLOSE[:-1], strict=True)]
    value = float(np.mean(ranges[:3]))
    for one in ranges[3:]:
        value = (value * 2 + one) / 3
    assert atr(HIGH, LOW, CLOSE, 3)[-1] == pytest.approx(value)


def test_adx_is_strong_in_a_straight_move_and_weak_in_a_zigzag() -> None:
    straight = np.arange(100, dtype=np.float64) + 100
    zigzag = 100 + np.tile([0.0, 1.0], 50)
    assert adx(straight + 0.5, straight - 0.5, straight, 14)[-1] > 90
    assert adx(zigzag + 0.5, zigzag - 0.5, zigzag, 14)[-1] < 20


def test_talib_brings_neither_pandas_nor_polars_even_where_they_are_installed(tmp_path: Path) -> None:
    """Stand-ins on the path play the installed packages; importing one of them would be seen."""
    for name in ("pandas", "polars"):
        (tmp_path / f"{name}.py").write_text("class Series: ...\nIMPORTED = True\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import engine.indicators\n"
        "assert not {'pandas', 'polars'} & set(sys.modules), 'dragged in'\n"
        "import pandas; assert pandas.IMPORTED\n"  # whoever wants it later still gets it
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_package_that_was_imported_before_stays(tmp_path: Path) -> None:
    (tmp_path / "polars.py").write_text("class Series: ...\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import polars, engine.indicators\n"
        "assert sys.modules['polars'] is polars\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
