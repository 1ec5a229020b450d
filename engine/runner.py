"""The shell around one trader: inbox -> decide -> journal -> new state -> effects, one input at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from functools import partial

from loguru import logger

from engine.books import read_book
from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import Denied, PocketdeskError, StillOpen, StorageTrouble
from engine.core.facts import AnyFact, CommandDone, EquityMarked, OrderAsked
from engine.core.ids import BookId, book_id
from engine.core.market import Market
from engine.core.model import Action
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.core.trader import Decision, decide
from engine.desk import Answer
from engine.entry_hold import EntryHold
from engine.executor import Executor
from engine.inbox import Inbox, Letter
from engine.ports import Exchange, Journal, Notifier
from engine.trace import CORRELATION, correlation_of, line_of

_facts = logger.opt(lazy=True)
SNAPSHOT_EVERY = 500
"""Facts between snapshots: a restart folds at most this many."""
STORAGE_PAUSE = 1.0
"""Seconds between tries to write down what the venue told, while the database refuses."""
ANSWER_WITHIN = 10.0
_HELD = (
    "nothing is bought at this moment: a halt or a pause is under way, or may be among what waits to be read"
)
_RISKIER = (i.Resume, i.ManualEntry, i.LiftHalt)
"""Commands that could lead to an entry."""


class Runner:
    """One book at work. `open` before `run`; `run` ends only by cancellation or by an error that needs a restart."""

    def __init__(
        self,
        settings: TraderSettings,
        journal: Journal,
        clock: Clock,
        notifier: Notifier,
        hold: EntryHold | None = None,
    ) -> None:
        """`hold`: the connection's, which outlives this runner."""
        self.settings = settings
        self.hold = EntryHold() if hold is None else hold
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
        self._running = False
        self._closed = ""

    @property
    def waiting(self) -> int:
        """Inputs in the inbox."""
        return len(self._inbox)

    # ── opening ───────────────────────────────────────────────────────────────────────────

    async def restore(self) -> bool:
        """Fold the journal into the state; whether the book existed. Raises Corrupt for a damaged journal: the state
        is left empty then, since half a book would be taken for the whole."""
        book = await read_book(self._journal, self.book)
        self._number, self.state, self._snapshot_at = book.number, book.state, book.snapshot_at
        return self.state.opened_at is not None

    async def open(
        self, exchange: Exchange, clean: bool, rules_refused: Callable[[], None] = lambda: None
    ) -> None:
        """Begin to work: the book is opened, or what was under way is asked for. `rules_refused`: see Executor."""
        self._executor = Executor(exchange, self._clock, self.put, rules_refused, self.hold)
        await self._take(Letter(i.Opened(self._clock.now(), secrets.token_hex(4), clean)))

    # ── the door ──────────────────────────────────────────────────────────────────────────

    def put(self, input: i.Input) -> None:
        """Hand in anything but a command. Once the gate is closed, signals are left outside (O20)."""
        if self._entries_open or not isinstance(input, i.SignalSeen):
            self._inbox.put(Letter(input))

    @property
    def closed(self) -> bool:
        """Whether nobody takes this book's commands here any more."""
        return bool(self._closed)

    async def ask(self, command: i.Command) -> Answer:
        """Hand in a command and wait for what came of it. Raises StorageTrouble if it could not be written down, and
        StillOpen where it may have been, and this runner's book has to be read anew to tell."""
        if self._closed:
            return Answer(self._closed)
        if self.hold and isinstance(command, i.ManualEntry):
            return Answer(_HELD)
        if not self._entries_open and isinstance(command, _RISKIER):
            return Answer("the desk is being stopped: nothing that could lead to an entry is taken now")
        reply: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        repeated = command.id in self.state.done_commands
        letter = Letter(command, reply)
        self._inbox.put(letter)
        try:
            decision = await self._decided(letter, reply)
        except Denied as refused:
            return Answer(str(refused))
        done = next((one for one in decision.facts if isinstance(one, CommandDone)), None)
        if done is None:
            return Answer(decision.state.done_commands.get(command.id, ""), (), repeated=True)
        return Answer(done.refused, decision.facts, repeated)

    async def _decided(self, letter: Letter, reply: asyncio.Future[Decision]) -> Decision:
        """What nobody has looked at after a while is taken back, and was not done then. What is being written down is
        waited for as long as that takes: nobody could say before whether it was done (law 12)."""
        try:
            await asyncio.wait([reply], timeout=ANSWER_WITHIN)
            if not reply.done() and letter.withdraw():
                raise StorageTrouble(f"the desk is {self._doing}: the command was taken back")
            return await reply
        finally:
            reply.cancel()

    @property
    def _doing(self) -> str:
        return "busy writing to disk" if self._running else "being started again after a failure"

    # ── the loop ──────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Deal with inputs until cancelled. An error in a decision ends the run: the coordinator restarts it."""
        self._running = True
        try:
            while True:
                await self._next()
        finally:
            self._running = False

    async def _next(self) -> None:
        letter = await self._inbox.get()
        if letter.withdrawn:
            return
        letter.taken = True
        try:
            await self._take(letter)
        except StorageTrouble as error:
            await self._not_stored(letter, error)
        except BaseException:  # the end of this runner, too: what it was writing may be on disk
            words = "the desk failed over this command and starts again"
            _end(letter, StillOpen(words) if letter.written else Denied(words))
            raise

    async def _take(self, letter: Letter) -> None:
        if self.hold and _enters(letter.input):
            logger.info("{}: an entry is left out: {}", self.book, self.hold.why)
            _answer(letter, _HELD)
            return
        self.market.see(letter.input)
        decision = decide(self.settings, self.state, self.market, letter.input)
        if decision.facts:
            letter.written = True
            self._number = await self._journal.append(
                self.book, self._number, decision.facts, decision.notices
            )
            self.state = decision.state
            token = CORRELATION.set(correlation_of(letter.input, decision.facts))
            try:
                self._start(decision)
            finally:
                CORRELATION.reset(token)
        if letter.reply is not None and not letter.reply.done():
            letter.reply.set_result(decision)
        if self._number - self._snapshot_at >= SNAPSHOT_EVERY:
            await self.save_snapshot()

    def _start(self, decision: Decision) -> None:
        if self._executor is not None and decision.effects:
            for effect in decision.effects:
                self._executor.start(effect)
            # Orders leave first: to write about one takes as long as to send it.
            asyncio.get_running_loop().call_soon(self._log, decision.facts)
        else:
            self._log(decision.facts)
        if decision.notices:
            self._notifier.wake()

    def _log(self, facts: Sequence[AnyFact]) -> None:
        for fact in facts:
            level = "DEBUG" if isinstance(fact, EquityMarked | OrderAsked) else "INFO"
            _facts.log(level, "{}: {}", lambda: self.book, partial(line_of, fact))

    async def _not_stored(self, letter: Letter, error: StorageTrouble) -> None:
        """Nothing was decided. What only the venue could tell is kept and tried again; prices and time come anew;
        whoever gave a command is told."""
        logger.error("{}: could not be written down: {}", type(letter.input).__name__, error)
        if letter.reply is not None:
            _end(letter, error)
            return
        if not _comes_anew(letter.input):
            self._inbox.put_back(letter)
        await asyncio.sleep(STORAGE_PAUSE)

    async def save_snapshot(self) -> None:
        """Keep the state; a failure costs only a slower restart. A book that was never opened is not kept."""
        if self._executor is None:
            return
        try:
            await self._journal.snapshot(self.book, self._number, self.state)
        except StorageTrouble as error:
            logger.warning("no snapshot of {}: {}", self.book, error)
        self._snapshot_at = self._number

    # ── leaving ───────────────────────────────────────────────────────────────────────────

    def close_gate(self) -> None:
        """No signal gets in from now on."""
        self._entries_open = False

    def close(self, reason: str) -> None:
        """`run` is over and nobody takes this book's commands any more: who waits is told, and who comes."""
        self._closed = reason
        for letter in self._inbox.take_commands():
            _answer(letter, reason)

    async def inherit(self, before: Runner) -> None:
        """Follow a runner that failed: its effects end, the commands that wait for it are carried out here."""
        if before._executor is not None:
            await before._executor.give_up()
        for letter in before._inbox.take_commands():
            self._inbox.put(letter)

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


def _answer(letter: Letter, refused: str) -> None:
    """Whoever waits for a command that will not be carried out gets a sentence."""
    _end(letter, Denied(refused))


def _end(letter: Letter, error: PocketdeskError) -> None:
    if letter.reply is not None and not letter.reply.done():
        letter.reply.set_exception(error)


def _enters(input: i.Input) -> bool:
    if isinstance(input, i.SignalSeen):
        return input.signal.action is Action.ENTER
    return isinstance(input, i.ManualEntry)


def _comes_anew(input: i.Input) -> bool:
    """Whether losing it loses nothing: prices and time come again, and a wish to enter would be late. A strategy's
    wish to leave comes once."""
    if isinstance(input, i.SignalSeen):
        return input.signal.action is Action.ENTER
    return isinstance(input, i.PriceSeen | i.TimerTicked | i.EquityDue)
