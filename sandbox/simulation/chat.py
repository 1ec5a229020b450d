"""The phone's side of one process: what the owner sends is kept, made safer by, carried out and answered.

Hearing and keeping are the product's own (`Ears` is made by the bot's room); no screen is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import StorageTrouble
from engine.core.ids import CommandId
from engine.desk import Answer
from engine.safer_now import SaferNow
from sandbox.simulation.script import Kind
from sandbox.simulation.telegram import AwayError, Telegram

if TYPE_CHECKING:
    from sandbox.simulation.process import Life

STALE = 120.0
"""Seconds after which a command that is no halt and no pause is refused with words, as the bot does."""
SOON = 2.0
"""Seconds that the answer to a halt waits for it to be on disk, as the bot's does."""
WAITS = 1.0
"""Seconds that the process waits for the database before it dies: the next request to Telegram leaves meanwhile."""
BUSY = 5.0
"""Seconds that a write waits for a database that another process holds."""


class Kept(Protocol):
    """One update as it is stored."""

    @property
    def update_id(self) -> int: ...


class Ears(Protocol):
    """How a process hears: from the wire to the store and to the handlers."""

    async def recall(self) -> None: ...

    async def listen(self) -> None: ...

    async def flush(self) -> None: ...

    def done(self, number: int, answer: str) -> None: ...


MakeEars = Callable[
    [Telegram, "Drawer", Clock, Callable[[Mapping[str, Any]], bool], Callable[[str, int], None]], Ears
]
"""(Telegram, where updates are kept, clock, to the handlers, what makes safer: its word and the update's number)"""


class Shelf:
    """What is stored of updates; it outlives the process."""

    def __init__(self) -> None:
        self.kept: dict[int, Any] = {}
        self.answers: dict[int, str] = {}


class Drawer:
    """The shelf as one process has it: storage.updates.Updates, with faults."""

    def __init__(self, life: Life, shelf: Shelf) -> None:
        self._life = life
        self._shelf = shelf

    async def keep(self, fresh: Sequence[Kept], done: Mapping[int, str], now: datetime) -> None:
        weather = self._life.world.weather
        if fresh and weather.strikes(Kind.CRASH_BEFORE_KEEP):
            weather.hold(Kind.DATABASE_LOCKED, 2 * WAITS)
            await asyncio.sleep(WAITS)
            await self._life.die()
        await self._life.may_write()
        for one in fresh:
            self._shelf.kept.setdefault(one.update_id, one)
        self._shelf.answers |= {number: words for number, words in done.items() if number in self._shelf.kept}
        if fresh and weather.strikes(Kind.CRASH_AFTER_KEEP):
            await self._life.die()
        await self._life.written_down()

    async def waiting(self) -> list[Any]:
        await self._life.may_write()
        return [one for number, one in sorted(self._shelf.kept.items()) if number not in self._shelf.answers]

    async def known(self) -> set[int]:
        await self._life.may_write()
        return set(self._shelf.kept)


class Chat:
    """`commands`: what the owner means by the update of a number."""

    def __init__(self, life: Life, make_ears: MakeEars) -> None:
        self._life = life
        self._world = life.world
        self._safer = SaferNow()
        self._tasks: set[asyncio.Task[None]] = set()
        drawer = Drawer(life, self._world.shelf)
        self.ears = make_ears(
            self._world.telegram, drawer, self._world.clock, self._hand_over, self._make_safer
        )

    async def begin(self) -> None:
        """What the last process stored and did not do comes first."""
        try:
            await self.ears.recall()
        except StorageTrouble:
            await self._life.die()
        self._spawn(self.ears.listen())

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        self._safer.close()
        await self.ears.flush()

    def _make_safer(self, word: str, number: int) -> None:
        self._safer.begin(self._life.connection, self._safer_command(word, number))

    def _safer_command(self, word: str, number: int) -> i.Command:
        at, name = self._world.clock.now(), CommandId(f"tg:{number}")
        return i.Halt(at, name, "owner", "owner") if word == "halt" else i.Pause(at, name, "owner")

    def _hand_over(self, raw: Mapping[str, Any]) -> bool:
        """False for what can't be read."""
        try:
            number, text = int(raw["update_id"]), str(raw["message"]["text"])
            sent = float(raw["message"]["date"])
        except (KeyError, TypeError, ValueError):
            return False
        if text.startswith("/") and raw["message"]["from"]["id"] == self._world.owner.user:
            self._spawn(self._obey(number, text.removeprefix("/"), sent))
        return True

    async def _obey(self, number: int, word: str, sent: float) -> None:
        command = self._world.owner.sent.get(number)
        if command is None:
            return
        answer = await self._carry_out(number, word, command, sent)
        if self._world.weather.strikes(Kind.CRASH_AFTER_ACT):
            await self._life.die()
        await self._answer()
        self._world.owner.answered(number, command, answer)
        if self._world.weather.strikes(Kind.CRASH_AFTER_REPLY):
            await self._life.die()
        self.ears.done(number, answer)

    async def _carry_out(self, number: int, word: str, command: i.Command, sent: float) -> str:
        """What the owner is told: `done`, `refused`, `stale`, or `unsure` where nobody knows."""
        runner = self._life.connection.runner
        if word in ("halt", "pause"):
            self._make_safer(word, number)
            return await self._soon(self._safer_command(word, number))
        old = self._world.clock.now().timestamp() - sent > STALE
        if old and command.id not in runner.state.done_commands:
            return "stale"
        try:
            answer = await runner.ask(replace(command, at=self._world.clock.now()))
        except StorageTrouble:
            return "unsure"
        await self._life.alive()
        return _word_of(answer)

    async def _soon(self, command: i.Command) -> str:
        try:
            async with asyncio.timeout(SOON):
                return _word_of(await self._life.connection.runner.ask(command))
        except (TimeoutError, StorageTrouble):
            return "in force, and not on disk yet"

    async def _answer(self) -> None:
        """As often as it takes."""
        while True:
            try:
                await self._world.telegram.say()
                return
            except AwayError:
                await asyncio.sleep(2)


def _word_of(answer: Answer) -> str:
    return "refused" if answer.refused else "done"
