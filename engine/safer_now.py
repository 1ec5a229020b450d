"""A halt or a pause that waits for nothing: entries stop in memory at once, and what stops them is written down as soon
as the database takes it (law 8). The process may end in between: then whoever gave the command gives it again, since it
was not acknowledged (T20, T21)."""

from __future__ import annotations

import asyncio

from loguru import logger

from engine.connection import Connection
from engine.core import inputs as i
from engine.core.errors import StorageTrouble

AGAIN = 0.5
"""Seconds between tries to write it down."""


class SaferNow:
    """One task for each command and connection, until it is on disk."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def begin(self, connection: Connection, command: i.Command) -> None:
        """A second call with the same command changes nothing."""
        key = (str(connection.settings.connection), str(command.id))
        if key in self._tasks:
            return
        connection.runner.hold_entries()
        task = asyncio.get_running_loop().create_task(self._write_down(connection, command))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _write_down(self, connection: Connection, command: i.Command) -> None:
        """By the runner of that moment: another may have taken its place meanwhile, and it holds entries, too."""
        held = connection.runner
        while True:
            if connection.runner is not held:
                held = connection.runner
                held.hold_entries()
            try:
                answer = await held.ask(command)
            except StorageTrouble as trouble:
                logger.warning("{} is in force and not written down yet: {}", type(command).__name__, trouble)
                await asyncio.sleep(AGAIN)
                continue
            if answer.refused:
                logger.warning("{} was not taken: {}", type(command).__name__, answer.refused)
            if connection.runner is held:
                held.release_entries()
                return
