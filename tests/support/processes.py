"""Processes of the bot as tests start them: each anew, or forked from one that has imported everything already.

Forked ones are processes like any other, with a pid to be killed by, files and memory of their own. Only the second
of processor time that importing takes is spared, which for thousands of starts is most of what they cost.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
START_WITHIN = 30.0
"""Seconds for a process to be forked; the first one waits for the imports."""


class Process(Protocol):
    """What a test needs of a process; asyncio's own has it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int, /) -> None: ...
    def kill(self) -> None: ...


Start = Callable[[str, Sequence[str], Path], Awaitable[Process]]
"""Starts `python -m MODULE WORDS…`, what it says going to a file."""


async def start_fresh(module: str, words: Sequence[str], terminal: Path) -> Process:
    """A new interpreter, as in life."""
    with terminal.open("wb") as out:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *words, cwd=ROOT, env=_environment(),
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip


def _environment() -> dict[str, str]:
    """Compiled files are kept, whatever the caller does with his own: else each start would compile all of it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"POCKETDESK_SUPERVISOR": "off"}  # tests kill the bot itself, and see how it ended


class Forked:
    """One process of the fork server's, by its pid."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signal: int, /) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self, code: int) -> None:
        """To be called once the server has told of its end."""
        self.returncode = code
        self._ended.set()


class ForkServer:
    """This side of tests/support/fork_server.py; itself a Start."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._children: dict[int, Forked] = {}
        self._begun: asyncio.Queue[Forked] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, module: str, words: Sequence[str], terminal: Path) -> Process:
        assert self._process.stdin is not None
        wanted = json.dumps({"module": module, "words": list(words), "terminal": str(terminal)})
        async with self._one_at_a_time, asyncio.timeout(START_WITHIN):
            self._process.stdin.write(f"{wanted}\n".encode())
            await self._process.stdin.drain()
            return await self._begun.get()

    async def listen(self) -> None:
        """Take what the server tells, until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            kind, pid, *code = line.decode().split()
            if kind == "began":
                child = self._children[int(pid)] = Forked(int(pid))
                self._begun.put_nowait(child)
            else:
                self._children.pop(int(pid)).end(int(code[0]))


@asynccontextmanager
async def fork_server() -> AsyncIterator[Start]:
    """A server of its own; whatever it started ends with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.fork_server", cwd=ROOT, env=_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    server = ForkServer(process)
    listening = asyncio.create_task(server.listen())
    try:
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening
