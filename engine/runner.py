"""The shell around one trader: inbox -> decide -> journal -> new state -> effects, one input at a time."""

from __future__ import annotations

import asyncio
import secrets

from loguru import logger

from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import Corrupt, StorageTrouble
from engine.core.evolve import evolve
from engine.core.facts import CommandDone, EquityMarked, OrderAsked
from engine.core.ids import BookId, book_id
from engine.core.market import Market
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.core.trader import Decision, decide
from engine.desk import Answer
from engine.executor import Executor
from engine.inbox import Inbox, Letter
from engine.ports import Exchange, Journal, Notifier
from engine.trace import correlation_of, line_of

SNAPSHOT_EVERY = 500
"""Facts between snapshots: a restart folds at most this many."""
STORAGE_PAUSE = 1.0
"""Seconds between tries to write down what the venue told, while the database refuses."""
ANSWER_WITHIN = 10.0


class Runner:
    """One book at work. `open` before `run`; `run` ends only by cancellation or by an error that needs a restart."""

    def __init__(
        self,
        settings: TraderSettings,
        journal: Journal,
        clock: Clock,
        notifier: Notifier,
    ) -> None:
        self.settings = settings
        self.book: BookId = book_id(settings.connection, settings.mode)
        self.state = TraderState()
        self.market = Market()
        self._number = 0
        self._snapshot_at = 0
        self._journal = journal
        self._clock = clock
        self._notifier = notifier
        self._inbox = Inbox()
        self._executor: Executor | None = None
        self._entries_open = True

    @property
    def waiting(self) -> int:
        """Inputs in the inbox."""
        return len(self._inbox)

    # ── opening ───────────────────────────────────────────────────────────────────────────

    async def restore(self) -> bool:
        """Fold the journal into the state; whether the book existed. Raises Corrupt for a damaged journal."""
        found = await self._journal.latest(self.book)
        if found is not None:
            self._number, self.state = found
        self._snapshot_at = self._number
        for recorded in await self._journal.read(self.book, self._number):
            try:
                evolve(self.state, recorded.fact)
            except KeyError as error:
                raise Corrupt(f"fact {recorded.number} of {self.book} contradicts those before it") from error
            self._number = recorded.number
        return self.state.opened_at is not None

    async def open(self, exchange: Exchange, clean: bool) -> None:
        """Begin to work: the book is opened, or what was under way is asked for."""
        self._executor = Executor(exchange, self._clock, self.put)
        await self._take(Letter(i.Opened(self._clock.now(), secrets.token_hex(4), clean)))

    # ── the door ──────────────────────────────────────────────────────────────────────────

    def put(self, input: i.Input) -> None:
        """Hand in anything but a command. Once the gate is closed, signals are left outside (O20)."""
        if self._entries_open or not isinstance(input, i.SignalSeen):
            self._inbox.put(Letter(input))

    async def ask(self, command: i.Command) -> Answer:
        """Hand in a command and wait for what came of it. Raises StorageTrouble if it could not be written down."""
        reply: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        repeated = command.id in self.state.done_commands
        self._inbox.put(Letter(command, reply))
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                decision = await reply
        except TimeoutError:
            raise StorageTrouble(
                "the desk is busy writing to disk: the command may still be carried out"
            ) from None
        done = next((one for one in decision.facts if isinstance(one, CommandDone)), None)
        if done is None:
            return Answer(decision.state.done_commands.get(command.id, ""), (), repeated=True)
        return Answer(done.refused, decision.facts, repeated)

    # ── the loop ──────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Deal with inputs until cancelled. An error in a decision ends the run: the coordinator restarts it."""
        while True:
            letter = await self._inbox.get()
            try:
                await self._take(letter)
            except StorageTrouble as error:
                await self._not_stored(letter, error)

    async def _take(self, letter: Letter) -> None:
        self.market.see(letter.input)
        decision = decide(self.settings, self.state, self.market, letter.input)
        if decision.facts:
            self._number = await self._journal.append(
                self.book, self._number, decision.facts, decision.notices
            )
            self.state = decision.state
            with logger.contextualize(correlation=correlation_of(letter.input, decision.facts)):
                self._start(decision)
        if letter.reply is not None and not letter.reply.done():
            letter.reply.set_result(decision)
        if self._number - self._snapshot_at >= SNAPSHOT_EVERY:
            await self.save_snapshot()

    def _start(self, decision: Decision) -> None:
        for fact in decision.facts:
            level = "DEBUG" if isinstance(fact, EquityMarked | OrderAsked) else "INFO"
            logger.log(level, "{}: {}", self.book, line_of(fact))
        if self._executor is not None:
            for effect in decision.effects:
                self._executor.start(effect)
        if decision.notices:
            self._notifier.wake()

    async def _not_stored(self, letter: Letter, error: StorageTrouble) -> None:
        """Nothing was decided. What only the venue could tell is kept and tried again; prices and time come anew;
        whoever gave a command is told."""
        logger.error("{}: could not be written down: {}", type(letter.input).__name__, error)
        if letter.reply is not None:
            if not letter.reply.done():
                letter.reply.set_exception(error)
            return
        if not isinstance(letter.input, i.PriceSeen | i.TimerTicked | i.EquityDue | i.SignalSeen):
            self._inbox.put_back(letter)
        await asyncio.sleep(STORAGE_PAUSE)

    async def save_snapshot(self) -> None:
        """Keep the state; a failure costs only a slower restart."""
        try:
            await self._journal.snapshot(self.book, self._number, self.state)
        except StorageTrouble as error:
            logger.warning("no snapshot of {}: {}", self.book, error)
        self._snapshot_at = self._number

    # ── leaving ───────────────────────────────────────────────────────────────────────────

    def close_gate(self) -> None:
        """No signal gets in from now on."""
        self._entries_open = False

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing waits or is under way, while `run` still deals with it; whether that came in time."""
        if self._executor is None:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._inbox.drained()
                while self._executor.under_way:
                    await self._executor.settle(seconds)
                    await self._inbox.drained()
        except TimeoutError:
            return False
        return True
