"""One connection at work: its runner, its exchange, and the tasks between them, restarted when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from loguru import logger

from engine.account_watch import AccountWatch
from engine.books import is_open, read_book
from engine.clock import Clock
from engine.core import inputs as i
from engine.core.errors import Corrupt, Denied, PocketdeskError, StillOpen, StorageTrouble
from engine.core.facts import Trouble
from engine.core.ids import CommandId, Symbol, book_id
from engine.core.model import Balance, Instrument, Mode, Ticker
from engine.core.notices import Notice, Weight
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.desk import AccountSeen, Answer
from engine.entry_hold import EntryHold
from engine.exchanges.paper import PaperExchange
from engine.ports import Exchange, Journal, Notifier, unread_of
from engine.runner import Runner

COOLDOWNS = (1.0, 5.0, 15.0, 60.0)
"""Seconds before a runner that failed is started again; the last one repeats."""
WORKED_WELL = 600.0
"""Seconds of work after which earlier failures lengthen no cooldown any more."""
LOOK_AGAIN = 0.05
"""Seconds between looks whether the connection works again."""
CLOSE_SECONDS = 3.0
"""How long a venue's client may take to close: no restart waits for one that hangs."""

MakeExchange = Callable[[TraderSettings], Exchange]


class Connection:
    """Supervises one trader, in one mode at a time.

    `make_exchange` gives a new exchange for each start; in paper mode that is a PaperExchange, so that no client
    that could place an order exists (law 7).
    """

    def __init__(
        self,
        settings: TraderSettings,
        make_exchange: MakeExchange,
        journal: Journal,
        clock: Clock,
        notifier: Notifier,
        paper_fee: Decimal | None = None,
    ) -> None:
        """`paper_fee`: a share that a paper account pays instead of the venue's usual fees."""
        self.settings = settings
        self.working = False
        self.restarts = 0
        self._failed_in_a_row = 0
        self.hold = EntryHold()
        self.runner = Runner(settings, journal, clock, notifier, self.hold)
        self._paper_fee = paper_fee
        self._make_exchange = make_exchange
        self._exchange: Exchange | None = None
        self._watch: AccountWatch | None = None
        self._journal = journal
        self._clock = clock
        self._notifier = notifier
        self._instruments: dict[Symbol, Instrument] = {}
        self._left_out: frozenset[Symbol] = frozenset()
        self._ready = False
        self.want_rules: Callable[[], None] = lambda: None
        """Called when the venue's rules have to be read again, now; set by the room that reads them (law 18)."""
        self.barred = ""
        """Why it is not to begin in this process; empty for all but very few."""
        self._task: asyncio.Task[None] | None = None
        self._unread_before = 0

    # ── what it is told ───────────────────────────────────────────────────────────────────

    def symbols(self) -> tuple[Symbol, ...]:
        """What its presets trade, its positions hold, what foreign orders the owner wants gone, and what prices the
        other coins in the account: without them its equity would not be known, and no limit could be judged."""
        state = self.runner.state
        named = [symbol for preset in self.settings.presets.values() for symbol in preset.symbols]
        held = [Symbol(f"{coin}/{state.quote}") for coin, amount in state.holdings.items() if amount]
        closing = [one.report.symbol for one in state.closing.values()]
        own = Symbol(f"{state.quote}/{state.quote}")
        return tuple(
            one for one in dict.fromkeys((*named, *state.positions_in, *closing, *held)) if one != own
        )

    def listed(self) -> tuple[Symbol, ...]:
        """Of `symbols` those that can be asked about: a question about one that the venue does not list fails, and
        would take the others along with it (M7)."""
        rules = self._instruments
        return tuple(
            one for one in self.symbols() if one not in self._left_out and (one in rules or not rules)
        )

    @property
    def lacks_rules(self) -> bool:
        """Whether it holds or owes a coin since the rules were read: the venue may not even list it."""
        return any(one not in self._instruments and one not in self._left_out for one in self.symbols())

    def see_instruments(self, instruments: Iterable[Instrument], left_out: Iterable[Symbol] = ()) -> None:
        """The venue's rules, at first and whenever they are read again. `left_out`: asked for and not listed."""
        instruments = tuple(instruments)
        if instruments or left_out:
            self._left_out = frozenset(left_out)
        if self._exchange is not None and any(
            self._instruments.get(one.symbol, one) != one for one in instruments
        ):
            self._exchange.forget_rules()  # the client that sends has a copy of its own
        self._instruments.update({one.symbol: one for one in instruments if one.symbol in self.symbols()})
        mine = [self._with_our_fee(one) for one in self._instruments.values()]
        self._make_ready(mine)
        self.runner.put(i.InstrumentsSeen(self._clock.now(), tuple(mine)))

    def _with_our_fee(self, instrument: Instrument) -> Instrument:
        if self._paper_fee is None or self.settings.mode is not Mode.PAPER:
            return instrument
        return replace(instrument, taker_fee=self._paper_fee, maker_fee=self._paper_fee)

    def _make_ready(self, instruments: list[Instrument]) -> None:
        """The paper account is what our books say it is; it can't match before it knows the venue's rules."""
        if isinstance(self._exchange, PaperExchange):
            self._exchange.list_instruments(instruments)
            if not self._ready and instruments:
                state = self.runner.state
                balances = [Balance(coin, amount) for coin, amount in state.holdings.items()]
                self._exchange.restore(balances, list(state.orders.values()))
        if instruments and self._watch is not None:
            self._ready = True
            self._watch.begin()

    def see_price(self, ticker: Ticker) -> None:
        """The paper exchange first, so that a fill at this price precedes what the trader makes of it."""
        if self._ready and isinstance(self._exchange, PaperExchange):
            self._exchange.on_price(ticker)
        self.runner.put(i.PriceSeen(self._clock.now(), ticker))

    def reconcile(self) -> None:
        """Hold our books against the venue's now, instead of at the next turn."""
        if self._watch is not None:
            self._watch.look_now(asked=True)

    def set_mode(self, mode: Mode) -> None:
        """Before the start: the mode that it was in last."""
        if mode is not self.settings.mode:
            self.settings = replace(self.settings, mode=mode)
            self.runner = Runner(self.settings, self._journal, self._clock, self._notifier, self.hold)

    def bar(self, reason: str) -> None:
        """Before the start: it is not to begin in this process. Its book is shown as it is, nobody leads it, no venue
        is asked about it, and commands are answered with `reason`."""
        self.barred = reason

    def _reconnected(self) -> None:
        """The venue was away: its rules may be others now."""
        if self._exchange is not None:
            self._exchange.forget_rules()
        self.want_rules()

    # ── its life ──────────────────────────────────────────────────────────────────────────

    async def start(self, clean: bool) -> None:
        """Restore the books and begin. Damaged books, a missing key or a client that can't be made stop this
        connection alone, and are told (law 16); raises StorageTrouble: without a database nothing may trade."""
        if self.barred:
            await self._only_read()
            return
        opened = True
        try:
            await self._open(clean)
        except StorageTrouble:
            raise
        except Exception as error:  # the top of this connection's start
            unforeseen = not isinstance(error, Corrupt | Denied)
            logger.opt(exception=unforeseen).error("{} can't be started: {}", self.settings.connection, error)
            await self._tell_failure(error)
            opened = False
        self._begin(opened)

    async def _only_read(self) -> None:
        self.runner.close_gate()
        self.runner.close(self.barred)
        try:
            await self.runner.restore()
        except Corrupt as error:
            logger.error("{} can't be shown: {}", self.runner.book, error)

    def _begin(self, opened: bool) -> None:
        self._task = asyncio.get_running_loop().create_task(self._supervise(opened))

    async def _open(self, clean: bool) -> None:
        await self.runner.restore()
        await self._open_restored(clean)

    async def _open_restored(self, clean: bool) -> None:
        self._exchange = self._make_exchange(self.settings)
        self._watch = AccountWatch(
            self.runner, self._exchange, self.listed, self._clock, lambda: self._left_out, self._reconnected
        )
        self._ready = False
        await self.runner.open(self._exchange, clean, lambda: self.want_rules())

    async def _supervise(self, opened: bool) -> None:
        """Nothing but cancellation ends it: nobody else would start this connection again."""
        while True:
            try:
                if not opened:
                    await asyncio.sleep(COOLDOWNS[min(max(self._failed_in_a_row, 1), len(COOLDOWNS)) - 1])
                    await self._begin_again()
                await self._work()
            except Exception as error:  # the top of this connection: told, counted, begun again (S8)
                unforeseen = not isinstance(error, PocketdeskError)
                logger.opt(exception=unforeseen).error("{} failed: {}", self.settings.connection, error)
                self.working = opened = False
                await self._tell_failure(error)

    async def _work(self) -> None:
        """Runs until one of them fails, and then ends the others."""
        assert self._watch is not None, "opened before"  # for the type checker
        self.working = True
        began = self._clock.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_endless(self.runner.run))
                group.create_task(_endless(self._watch.listen))
                group.create_task(_endless(self._watch.look))
        finally:
            if self._clock.monotonic() - began >= WORKED_WELL:
                self._failed_in_a_row = 0

    async def _begin_again(self) -> None:
        """From the journal, as after a crash: what was in memory is not trusted any more. The new runner takes the
        old one's place with its books read: an empty book would look flat."""
        before = self.runner
        await self._close_exchange()
        after = Runner(self.settings, self._journal, self._clock, self._notifier, self.hold)
        after.market = before.market
        await after.restore()
        await after.inherit(before)
        self.runner = after
        await self._open_restored(clean=False)
        self.see_instruments(())

    async def _tell_failure(self, error: Exception) -> None:
        self.restarts += 1
        self._failed_in_a_row += 1
        cause = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        notice = Notice(
            self._clock.now(),
            self.runner.book,
            "trouble",
            Weight.CRITICAL,
            {
                "connection": self.settings.connection,
                "mode": self.settings.mode.value,
                "trouble": Trouble.RUNNER_FAILED.value,
                "subject": "",
                "detail": f"{type(cause).__name__}: {cause}",
            },
            key=f"{self.runner.book}:runner_failed",
        )
        try:
            await self._journal.tell([notice])
        except StorageTrouble as trouble:
            logger.error("the failure could not be stored either: {}", trouble)
        self._notifier.wake()

    async def stop(self, seconds: float) -> bool:
        """Close the gate, let what is under way come back, write the rest down; whether all was settled in time."""
        self.runner.close_gate()
        settled = await self.runner.settle(seconds)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.working = False
        self.runner.close(
            f"{self.settings.connection} was stopped before this was carried out: give it again"
        )
        await self.runner.save_snapshot()
        await self._close_exchange()
        return settled

    async def _close_exchange(self) -> None:
        """What a client fails with while it closes no longer matters."""
        exchange, self._exchange = self._exchange, None
        self._unread_before += unread_of(exchange)
        if exchange is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await exchange.close()
        except Exception as error:  # nothing may keep a restart from its books
            logger.warning("the client of {} did not close well: {!r}", self.settings.connection, error)

    async def ask(self, command: i.Command) -> Answer:
        """Hand in a command and tell what came of it: a runner that fails over it is followed by one that has read what
        is on disk, and only that tells (law 12). Raises StorageTrouble if it could not be written down."""
        asked = self.runner
        try:
            return await asked.ask(command)
        except StillOpen as error:
            logger.warning("{}: {}", self.settings.connection, error)
        done = await self._done_commands(asked)
        if command.id in done:
            return Answer(done[command.id])
        return Answer("the desk failed over this command and began again without it: it can be given again")

    async def _done_commands(self, asked: Runner) -> dict[CommandId, str]:
        """As they are on disk, once another runner than `asked` is at work, so that nothing is being written any more;
        however long that takes."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            if self.runner is asked or not self.working:
                continue
            try:
                return (await read_book(self._journal, asked.book)).state.done_commands
            except StorageTrouble as error:
                logger.warning("what came of a command can't be read yet: {}", error)

    @property
    def unread_rows(self) -> int:
        """Rows of the account's answers that were left out, those of former clients among them."""
        return self._unread_before + unread_of(self._exchange)

    @property
    def account(self) -> AccountSeen | None:
        return self._watch.account if self._watch is not None else None

    @property
    def is_flat(self) -> bool:
        """Whether its books are known and led, and nothing is open or under way in them."""
        state = self.runner.state
        return not self.barred and state.opened_at is not None and not is_open(state)

    async def live_book(self) -> TraderState:
        """What its live book has, while it may be at work on the other one. Raises Corrupt, StorageTrouble."""
        book = await read_book(self._journal, book_id(self.settings.connection, Mode.LIVE))
        return book.state

    async def go_on(self, mode: Mode) -> None:
        """After `stop`: in the same mode, or in the other one with other books and another exchange, nothing shared;
        a new live book begins paused.

        The database in trouble is waited for, since nobody else would start this connection again.
        """
        self.settings = replace(self.settings, mode=mode)
        market = self.runner.market
        self.runner = Runner(self.settings, self._journal, self._clock, self._notifier, self.hold)
        self.runner.market = market
        try:
            await self.start(clean=True)
        except StorageTrouble as error:
            logger.error("{} can't be started: {}", self.settings.connection, error)
            self._begin(opened=False)
        self.see_instruments(())
        self._notifier.wake()


async def _endless(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A loop that returns instead of going on has failed, too."""
    await work()
    raise RuntimeError("a loop that should never end has ended")
