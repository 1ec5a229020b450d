"""The sandbox venue as its own process: options, the line that says it is ready, and the end by SIGTERM."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from sandbox.exchange.testing import VenueControl

PATIENCE_S = 20


@asynccontextmanager
async def venue_process(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.exchange", "--port", "0", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready_address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode()
    assert line.startswith("The sandbox venue listens at http://127.0.0.1:")
    return line.split()[-1]


@pytest.fixture
def market_file(tmp_path: Path) -> Path:
    lines = ["timestamp,open,high,low,close,volume"]
    lines += [f"{60_000 * n},{100 + n % 5},{107 + n % 5},{95 + n % 5},{101 + n % 5},50" for n in range(400)]
    path = tmp_path / "market.csv"
    path.write_text("\n".join(lines))
    return path


async def test_it_replays_a_file_and_ends_on_sigterm(market_file: Path) -> None:
    options = (
        "--market",
        f"XYZ/USDT={market_file}",
        "--account",
        "test-key-1:test-secret:USDT=50,XYZ=2",
        "--fee",
        "0",
    )
    async with venue_process(*options) as process, aiohttp.ClientSession() as session:
        address = await ready_address(process)
        url = f"{address}/api/v3/klines?symbol=XYZUSDT&interval=1s&limit=600"
        async with session.get(url) as response:
            candles = await response.json()
        assert len(candles) == 600
        assert {float(candle[2]) - float(candle[3]) for candle in candles[:-2]} == {12.0}
        async with session.get(f"{address}/control/state") as response:
            state = await response.json()
        assert list(state["accounts"]) == ["test-key-1"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


async def test_it_speaks_another_dialect_and_plays_its_script(tmp_path: Path) -> None:
    script = tmp_path / "day.json"
    script.write_text('{"seed": 1, "step": [{"do": "balance", "coin": "USDT", "free": 7}]}')
    options = ("--dialect", "okx", "--script", str(script))
    async with venue_process(*options) as process, aiohttp.ClientSession() as session:
        address = await ready_address(process)
        async with session.get(f"{address}/api/v5/public/time") as response:
            assert (await response.json())["code"] == "0"
        control = VenueControl(session, address)
        async with asyncio.timeout(PATIENCE_S):
            while (await control.state())["accounts"]["sandbox-key"]["USDT"]["free"] != "7.00000000":
                await asyncio.sleep(0.02)
        fault = await control.fault("time", "status", code="50026", times=1)
        async with session.get(f"{address}/api/v5/public/time") as response:
            assert (response.status, (await response.json())["code"]) == (500, "50026")
        assert [(rule["id"], rule["struck"]) for rule in await control.faults()] == [(fault, 1)]
        await control.lift(fault)
        assert await control.faults() == []
        with pytest.raises(ValueError, match="nothing that can be done here"):
            await control.do("dance")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--host", "0.0.0.0"), "loopback only"),
        (("--market", "BTCUSDT=x.csv"), "BASE/QUOTE"),
        (("--market", "BTC/USDT=/nowhere.csv"), "cannot be read"),
        (("--market", "BTC/USDT", "--market", "BTC/USDT"), "named twice"),
        (("--candle-seconds", "7"), "a candle can last"),
        (("--account", "key:secret"), "KEY:SECRET:COIN=AMOUNT"),
        (("--account", "key:secret:USDT=many"), "not a coin with an amount"),
        (("--fee", "50"), "percentage from 0 to 10"),
        (("--fee-coin", "BNB"), "add --market BNB/USDT"),
        (("--port", "99999"), "not a port"),
        (("--dialect", "kraken"), "invalid choice"),
        (("--script", "/nowhere.toml"), "cannot be read"),
    ],
)
async def test_bad_options_end_with_a_sentence(options: tuple[str, ...], text: str) -> None:
    async with venue_process(*options) as process:
        _, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        assert process.returncode not in (0, None)
        assert text in errors.decode()
        assert "Traceback" not in errors.decode()
