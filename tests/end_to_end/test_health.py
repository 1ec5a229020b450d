"""The health page of the real process, asked by the command that a container's health check runs."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from tests.support.whole_desk import ROOT, whole_desk


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ask(config: Path) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "health", "--config", str(config),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_health_command_tells_a_running_bot_from_one_that_ended(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        config = desk.config
        with config.open("a", encoding="utf-8") as file:
            file.write(f"\n[health]\nenabled = true\nport = {free_port()}\n")
        bot = await desk.paired()
        code, said = await ask(config)
        assert (code, said.startswith("ok, up for ")) == (0, True), said
        await bot.terminate()
        code, said = await ask(config)
    assert code == 1
    assert said.startswith("no health page on 127.0.0.1:")
