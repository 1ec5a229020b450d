"""The sandbox as a process of its own: it says where it is, serves, keeps its state and ends when told to."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp

from sandbox.telegram.testing import Phone

COMMAND = (sys.executable, "-m", "sandbox.telegram")


async def start(*arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    """The process and the address that its first line names."""
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    return process, line.split(" at ")[1].strip().rstrip("/")


async def test_it_serves_and_ends_on_sigterm_even_with_open_polls(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    process, address = await start("--port", "0", "--bot-name", "Desk", "--state", str(state))
    async with Phone(address) as phone, aiohttp.ClientSession(address) as http:
        assert (await phone.state())["bot"]["first_name"] == "Desk"
        await phone.send("/start")
        async with http.get("/") as page:
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        async with http.get("/", headers={"Host": "evil.example"}) as foreign:
            assert foreign.status == 403
        async with http.get("/sandbox/events", params={"user": "1001"}) as stream:
            assert (await stream.content.readline()).startswith(b"retry")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 8) == 0
    assert '"text":"/start"' in state.read_text(encoding="utf-8")


async def test_a_foreign_host_is_refused_with_a_sentence() -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--host", "0.0.0.0", stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert b"listens on this machine only" in said
