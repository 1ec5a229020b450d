"""A halt or a pause that waits for nothing: entries stop in memory at once, and what stops them is written down as soon
as the database takes it (law 8). The process may end in between: then whoever gave the command gives it again, since it
counts as done only once it is on disk (T20, T21)."""

from __future__ import annotations

import asyncio

from loguru import logger

from engine.connection import Connection
from engine.core import inputs as i
from engine.core.errors import StorageTrouble
from engine.desk import Answer

AGAIN = 0.5
"""Seconds between tries to write it down."""


class SaferNow:
    """One task for each command and connection, until it is on disk."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], asyncio.Task[Answer]] = {}

    def begin(self, connection: Connection, command: i.Command) -> asyncio.Task[Answer]:
        """In force when this returns; the task ends once it is on disk. Asked again meanwhile, it is the same task."""
        key = (str(connection.settings.connection), str(command.id))
        task = self._tasks.get(key)
        if task is None:
            reason = f"command {command.id}"
            connection.hold.put_on(reason)
            task = asyncio.get_running_loop().create_task(_write_down(connection, command, reason))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    def close(self) -> None:
        """At the end of the process: what is not on disk stays in force as long as that takes."""
        for task in self._tasks.values():
            task.cancel()


async def _write_down(connection: Connection, command: i.Command, reason: str) -> Answer:
    """By the runner of each moment: one that failed or changes its mode is followed by another."""
    while True:
        runner = connection.runner
        try:
            answer = await runner.ask(command)
        except StorageTrouble as trouble:
            logger.warning("{} is in force and not written down yet: {}", type(command).__name__, trouble)
        else:
            if not (answer.refused and runner.closed and not connection.barred):
                connection.hold.take_off(reason)
                return answer
        await asyncio.sleep(AGAIN)
