"""Keeps the world in a JSON file over a restart, or only in memory."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from sandbox.telegram.files import FileStore
from sandbox.telegram.world import Memory, World, new_memory

_EVERY_SECONDS = 1.0
_LEFT_OUT = 100


def _further_on(memory: Memory) -> Memory:
    """With some numbers left out: those of the last second before a kill are not in the file, and must not mean
    something else now. A bot takes an update that it knows for done, and edits the messages that it remembers."""
    memory.updates.next_id += _LEFT_OUT
    for chat in memory.chats.values():
        chat.next_message_id += _LEFT_OUT
    return memory


class Keeper:
    """Reads the state at the beginning, writes it when something changed and at the end."""

    def __init__(self, token: str, bot_name: str, path: Path | None) -> None:
        self._path = path
        self._written = -1
        self._task: asyncio.Task[None] | None = None
        memory = self._read() or new_memory(token, bot_name)
        memory.token = token
        folder = path.with_name(path.name + ".files") if path else None
        self.world = World(memory, FileStore(memory.files, folder))

    def start(self) -> None:
        """Begin to write now and then; nothing to do without a file."""
        if self._path is not None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write for the last time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            self._write()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            if self._mark() != self._written:
                self._write()

    def _mark(self) -> int:
        pending = self.world.memory.updates
        return hash((self.world.hub.published, pending.next_id, len(pending.waiting)))

    def _read(self) -> Memory | None:
        if self._path is None or not self._path.exists():
            return None
        try:
            return _further_on(Memory.model_validate_json(self._path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(
                f"{self._path} is no state of the Telegram sandbox; move it away to begin anew."
            ) from error

    def _write(self) -> None:
        """Beside the old file first, then in its place: a cut never leaves half a state."""
        assert self._path is not None
        beside = self._path.with_name(self._path.name + ".new")
        beside.write_text(self.world.memory.model_dump_json(), encoding="utf-8")
        beside.replace(self._path)
        self._written = self._mark()
