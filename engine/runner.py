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
from engine.core.effects import Submit
from engine.core.errors import Denied, StorageTrouble
from engine.core.facts import AnyFact, CommandDone, EquityMarked, OrderAsked
from engine.core.ids import BookId, book_id
from engine.core.market import Market
from engine.core.model import Action
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.core.trader import Decision, decide
from engine.desk import Answer
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
        self._held = 0
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
        self._executor = Executor(exchange, self._clock, self.put, rules_refused)
        await self._take(Letter(i.Opened(self._clock.now(), secrets.token_hex(4), clean)))

    # ── the door ──────────────────────────────────────────────────────────────────────────

    def put(self, input: i.Input) -> None:
        """Hand in anything but a command. Once the gate is closed, signals are left outside (O20)."""
        if self._entries_open or not isinstance(input, i.SignalSeen):
            self._inbox.put(Letter(input))

    def hold_entries(self) -> None:
        """From this moment nothing is entered, whatever the database and the inbox do: an order to enter that is
        decided on and was not sent is not sent (law 8). Until as many calls of `release_entries`."""
        self._held += 1

    def release_entries(self) -> None:
        self._held -= 1

    @property
    def holds_entries(self) -> bool:
        return self._held > 0

    async def ask(self, command: i.Command) -> Answer:
        """Hand in a command and wait for what came of it. Raises StorageTrouble if it could not be written down."""
        if self._closed:
            return Answer(self._closed)
        if self._held and isinstance(command, i.ManualEntry):
            return Answer("entries are being stopped at this moment: nothing is bought")
        if not self._entries_open and isinstance(command, _RISKIER):
            return Answer("the desk is being stopped: nothing that could lead to an entry is taken now")
        reply: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        repeated = command.id in self.state.done_commands
        self._inbox.put(Letter(command, reply))
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                decision = await reply
        except TimeoutError:
            raise StorageTrouble(self._why_late()) from None
        except Denied as refused:
            return Answer(str(refused))
        done = next((one for one in decision.facts if isinstance(one, CommandDone)), None)
        if done is None:
            return Answer(decision.state.done_commands.get(command.id, ""), (), repeated=True)
        return Answer(done.refused, decision.facts, repeated)

    def _why_late(self) -> str:
        doing = "busy writing to disk" if self._running else "being started again after a failure"
        return f"the desk is {doing}: the command may still be carried out"

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
        try:
            await self._take(letter)
        except StorageTrouble as error:
            await self._not_stored(letter, error)
        except Exception:
            _answer(letter, "the desk failed over this command and starts again: look before you repeat it")
            raise

    async def _take(self, letter: Letter) -> None:
        if self._held and _enters(letter.input):
            return
        self.market.see(letter.input)
        decision = decide(self.settings, self.state, self.market, letter.input)
        if decision.facts:
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
                if self._held and isinstance(effect, Submit) and not effect.request.reduces:
                    self._not_sent(effect)
                else:
                    self._executor.start(effect)
            # Orders leave first: to write about one takes as long as to send it.
            asyncio.get_running_loop().call_soon(self._log, decision.facts)
        else:
            self._log(decision.facts)
        if decision.notices:
            self._notifier.wake()

    def _not_sent(self, effect: Submit) -> None:
        """Written down, and then entries were stopped: it ends as what it is, an order that never left."""
        words = "it was not sent: entries were stopped just before"
        self.put(i.OrderRefused(self._clock.now(), effect.request.client_order_id, words, "HELD"))

    def _log(self, facts: Sequence[AnyFact]) -> None:
        for fact in facts:
            level = "DEBUG" if isinstance(fact, EquityMarked | OrderAsked) else "INFO"
            _facts.log(level, "{}: {}", lambda: self.book, partial(line_of, fact))

    async def _not_stored(self, letter: Letter, error: StorageTrouble) -> None:
        """Nothing was decided. What only the venue could tell is kept and tried again; prices and time come anew;
        whoever gave a command is told."""
        logger.error("{}: could not be written down: {}", type(letter.input).__name__, error)
        if letter.reply is not None:
            if not letter.reply.done():
                letter.reply.set_exception(error)
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
    if letter.reply is not None and not letter.reply.done():
        letter.reply.set_exception(Denied(refused))


def _enters(input: i.Input) -> bool:
    return isinstance(input, i.SignalSeen) and input.signal.action is Action.ENTER


def _comes_anew(input: i.Input) -> bool:
    """Whether losing it loses nothing: prices and time come again, and a wish to enter would be late. A strategy's
    wish to leave comes once."""
    if isinstance(input, i.SignalSeen):
        return input.signal.action is Action.ENTER
    return isinstance(input, i.PriceSeen | i.TimerTicked | i.EquityDue)
