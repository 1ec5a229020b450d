"""`make demo` from a fresh clone, as a newcomer runs it. `python -m benchmarks demo`.

What is committed is cloned into a new folder, and a phone pairs as the terminal says. Dependencies come from uv's
cache once they were installed on this machine.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.whole_bot import ROOT, compiled
from sandbox.telegram.phone import Phone

ANSWER_LIMIT_SECONDS, TRADE_LIMIT_SECONDS = 10.0, 120.0
_PATIENCE = 300.0
_OF_THE_OUTER_MAKE = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "ARGS"}
_PAGE = re.compile(rb"Chat page:\s+(http://127\.0\.0\.1:\d+)/")
_CODE = re.compile(rb"[?&]start=([A-Za-z0-9_-]{4,64})")


def measure() -> dict[str, float]:
    """Seconds from the command to the first answer in the chat, and to the first notice of an order filled on paper."""
    answered, traded = asyncio.run(_measure())
    return {"demo_to_first_answer_s": answered, "demo_to_first_trade_s": traded}


async def _measure() -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="demo") as folder:
        clone = _clone(Path(folder))
        began = time.perf_counter()
        async with _make_demo(clone) as output:
            address = (await _said(output, _PAGE)).decode()
            code = (await _said(output, _CODE)).decode()
            async with Phone(address) as phone:
                await phone.send(f"/start {code}")
                await phone.wait_for("", _PATIENCE)
                answered = time.perf_counter() - began
                await phone.wait_for(": filled", _PATIENCE)
                return answered, time.perf_counter() - began


def _clone(folder: Path) -> Path:
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


def own_words(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a make of its own: what the outer one was told (`ARGS=--quick`) is not meant for it."""
    return {name: value for name, value in environment.items() if name not in _OF_THE_OUTER_MAKE}


@asynccontextmanager
async def _make_demo(clone: Path) -> AsyncIterator[asyncio.StreamReader]:
    """The command in a process group of its own, ended as by Ctrl-C; what it says on its terminal."""
    process = await asyncio.create_subprocess_exec(
        "make", "demo", cwd=clone, env=own_words(compiled()), start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        os.killpg(process.pid, signal.SIGINT)
        await process.wait()


async def _said(output: asyncio.StreamReader, wanted: re.Pattern[bytes]) -> bytes:
    """The first group of the line that matches. Raises EOFError with everything that was said when none does."""
    said = b""
    async with asyncio.timeout(_PATIENCE):
        async for line in output:
            said += line
            if found := wanted.search(line):
                return found.group(1)
    raise EOFError(f"make demo ended: {said.decode(errors='replace')}")


if __name__ == "__main__":
    for name, seconds in measure().items():
        print(f"{name}: {seconds:.1f}")
