"""The owner's side of the desk: one chat, put together from its parts.

    updates ─► Polling ─► gate ─► Updates ─► handlers ─► screens ─► Chat ─► Telegram
    facts   ─► stored outbox ─► Sender ─────────────────────────────┘

Telegram may be away, slow, or refuse the token: the desk goes on, and this comes back by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from loguru import logger
from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder, BaseHandler, ContextTypes, ExtBot, JobQueue

from bot.callbacks import Buttons
from bot.charts import Charts
from bot.chat import Chat, patiently
from bot.commands import COMMANDS
from bot.config_models import Telegram
from bot.dashboard import Dashboard
from bot.gate import Strangers, Verdict, judge, may_pair
from bot.handlers.base import Services
from bot.handlers.updates import ANSWERED, Place, Updates
from bot.outbox import Sender
from bot.pacing import Quiet
from bot.pair import announce as announce_on_terminal
from bot.pairing import Announce, Pairing
from bot.polling import POLL_SECONDS, Polling
from bot.said import Said
from bot.screens import talk
from bot.telegram.hearing import Cause, Hearing, sentence_of
from bot.telegram.inbox import UpdateInbox
from bot.telegram.reading import Raw
from bot.telegram.safer import Safer
from bot.telegram.salvage import PollingRequest
from bot.telegram.transport import AiohttpRequest
from bot.text import say
from bot.unstored import Unstored
from engine.clock import Clock
from engine.core.errors import StorageTrouble
from engine.core.ids import BookId
from engine.core.notices import Notice, Weight
from engine.desk import Desk
from storage.people import Person
from storage.store import Store

App = Application[Any, Any, Any, Any, Any, JobQueue[Any]]
_FIRST_WAIT, _LONGEST_WAIT, _TOKEN_WAIT = 1.0, 30.0, 60.0
_STOP_SECONDS = 2.0
_AGAIN = 5.0


class _Everything(BaseHandler[Update, ContextTypes.DEFAULT_TYPE, None]):
    """Every update of every kind goes to one function: the gate."""

    def check_update(self, update: object) -> bool:
        return isinstance(update, Update)


class Conversation:
    """A Notifier too: `wake` means that there is something to tell.

    The desk is given by `attach`, before `start`: it needs this for its notices. `announce` shows the pairing link
    and code to whoever runs the machine.
    """

    def __init__(
        self, settings: Telegram, store: Store, clock: Clock, version: str, announce: Announce | None = None
    ) -> None:
        logging.getLogger("httpx").setLevel(
            logging.WARNING
        )  # It logs addresses, and the token is in them (law 14).
        self._store = store
        self._clock = clock
        self._version = version
        polls = PollingRequest(connections=1, read=POLL_SECONDS + 10)
        self.application: App = _build(settings, polls)
        self._bot: ExtBot[None] = self.application.bot
        self._buttons = Buttons(store.tokens, clock, settings.token.get_secret_value())
        self._chat = Chat(self._bot, self._buttons)
        quiet = Quiet(settings.quiet_hours, settings.time_zone)
        self._said = Said()
        self._sender = Sender(self._chat, store.outbox, clock, quiet, self._said)
        self._unstored = Unstored(self._chat)
        self._charts = Charts()
        self._dashboard = Dashboard(self._chat, store.settings, clock)
        self._updates: Updates | None = None
        self._strangers = Strangers(store.journal, store.settings, clock)
        self._pairing = Pairing(store.people, clock, announce or announce_on_terminal)
        self._safer = Safer(self._buttons, clock)
        self._inbox = UpdateInbox(store.updates, clock, self._hand_over, self._safer.act)
        self._hearing = Hearing(clock, self._tell_deaf)
        self._polling = Polling(self._bot, polls, self._inbox, self._hearing, self._heard)
        self._owner: Person | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.application.add_handler(_Everything(self._on_update))
        self.application.add_error_handler(self._on_error)

    def attach(self, desk: Desk) -> None:
        """What is talked about from now on; it enters nothing before the owner could be heard, or not for long."""
        self._safer.begin(desk)
        services = Services(
            desk, self._store, self._clock, self._version, self._charts, self._dashboard, self._clock.now(),
            said=self._said,
        )  # fmt: skip
        services.deaf, services.unreadable = lambda: self.deaf, lambda: self._inbox.unreadable
        self._dashboard.source = services.summaries
        self._updates = Updates(services, self._chat, self._buttons)

    @property
    def updates(self) -> Updates:
        if self._updates is None:
            raise RuntimeError("the desk is not attached yet")
        return self._updates

    @property
    def scheduler(self) -> AsyncIOScheduler:
        """APScheduler as PTB has it; it runs from `start` on, whether Telegram can be reached or not."""
        return self.job_queue.scheduler

    @property
    def job_queue(self) -> JobQueue[Any]:
        assert self.application.job_queue is not None
        return self.application.job_queue

    @property
    def reachable(self) -> bool:
        """Whether Telegram answered the last time it was asked."""
        return self._hearing.reachable

    @property
    def deaf(self) -> str:
        """Why nothing can be heard from the owner, in words; empty when all is well."""
        return self._hearing.deaf

    def wake(self) -> None:
        """Notices were stored."""
        self._sender.wake()
        self._dashboard.wake()

    def see_storage(self, trouble: str) -> None:
        """Why nothing can be stored at all, told past the outbox; empty when it can."""
        self._unstored.see(trouble)

    def was_stuck(self, seconds: float) -> None:
        """The event loop stood still for so long, and goes on: told to the owner (P15)."""
        words = f"{seconds:.0f} s"
        self._tasks.append(asyncio.create_task(self._tell_deaf("stuck", words), name="was stuck"))

    async def start(self) -> None:
        """Returns at once; Telegram is reached in the background, for as long as it takes."""
        await self.job_queue.start()
        owner = await self._store.people.owner()
        if owner is not None:
            await self._met(owner)
            await self._inbox.recall()
        self._safer.listen()
        self._spawn(self._connect, "telegram")
        self._spawn(self._sender.run, "outbox")
        self._spawn(self._dashboard.run, "dashboard")
        self._spawn(self._inbox.run, "update inbox")

    async def say_last(self, seconds: float) -> None:
        """Let what was just stored reach the owner before the end, if Telegram can be reached in time."""
        if not self.reachable:
            return
        self._sender.hurry()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if not await self._store.outbox.waiting_count():
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            logger.debug("the last words wait in the outbox")

    async def stop(self) -> None:
        """Bounded: what Telegram does not take now is stored and told after the next start."""
        self._safer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._unstored.close()
        self._charts.close()
        for part in (self._write_down, self._farewell, self._end_handlers, self._hang_up):
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await part()
            except (TelegramError, TimeoutError, RuntimeError) as error:
                logger.debug("ending the conversation: {}", error)

    async def _write_down(self) -> None:
        await self._inbox.flush()

    async def _farewell(self) -> None:
        if self._hearing.reachable:
            await self._polling.acknowledge()

    async def _end_handlers(self) -> None:
        if self.application.running:
            await self.application.stop()
        elif self.job_queue.scheduler.running:
            await self.job_queue.stop(wait=False)

    async def _hang_up(self) -> None:
        """Also where a handler had to be cut off, since it waits for a database that takes nothing."""
        await self.application.shutdown()

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        self._tasks.append(asyncio.create_task(self._keep(work, name), name=name))

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Each part works for as long as we do: one that failed is told in the log and begun again, since nothing
        else would show that the owner gets no answers (S8)."""
        while True:
            try:
                await work()
            except Exception:
                logger.exception("the conversation's part {} failed and is begun again", name)
            await asyncio.sleep(_AGAIN)

    # ── reaching Telegram ─────────────────────────────────────────────────────────────────

    async def _connect(self) -> None:
        """Introduce ourselves until it works, then poll for ever."""
        wait = _FIRST_WAIT
        while not await self._introduced(wait):
            wait = min(wait * 2, _LONGEST_WAIT)
        if not self.application.running:
            await self.application.start()
            self._spawn(self._show_menu, "menu")
        await self._inbox.take_up()
        await self._polling.run()

    async def _introduced(self, wait: float) -> bool:
        try:
            await self.application.initialize()
            await self._pairing.open(self._bot.username)
        except TelegramError as error:
            await self._hearing.failed(error)
            await asyncio.sleep(_TOKEN_WAIT if isinstance(error, InvalidToken) else wait)
            return False
        return True

    async def _show_menu(self) -> None:
        """Telegram refusing it is no reason not to listen."""
        while True:
            try:
                await patiently(lambda: _set_menu(self._bot))
                await asyncio.Event().wait()  # for good
            except TelegramError as error:
                logger.warning("the menu of commands could not be set: {}", sentence_of(error))
            await asyncio.sleep(_TOKEN_WAIT)

    async def _met(self, owner: Person) -> None:
        self._owner = owner
        self._inbox.owner_id = owner.user_id
        self._safer.owner = owner
        self._sender.attach(owner)
        self._unstored.attach(owner)
        await self._dashboard.attach(owner)

    # ── updates ───────────────────────────────────────────────────────────────────────────

    def _hand_over(self, raw: Raw) -> None:
        """To the handlers. Raises what the library raises where it can't make anything of it."""
        self.application.update_queue.put_nowait(Update.de_json(dict(raw), self._bot))

    def _heard(self, full: bool) -> None:
        self._safer.heard(more=full)

    async def _tell_deaf(self, kind: str, words: str) -> None:
        """What kept the owner's words from us, told once he can be heard again (T19)."""
        now = self._clock.now()
        weight = Weight.INFO if kind == Cause.AWAY else Weight.RISK
        notice = Notice(
            now, BookId(""), "was_deaf", weight, {"cause": kind, "detail": words}, key=f"deaf:{kind}"
        )
        try:
            await self._store.journal.tell([notice])
        except StorageTrouble as trouble:
            logger.error("that nothing could be heard can't be stored: {}", trouble)
        self.wake()

    async def _on_update(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Handled to its end, then noted as done, with the answer that it got. What the end of the process cut off is
        not: the next one takes it up."""
        ANSWERED.set("")
        try:
            await self._handle(update)
        except Exception:
            await self._note(update.update_id, ANSWERED.get() or "it failed, and the owner was told so")
            raise
        await self._note(update.update_id, ANSWERED.get())

    async def _note(self, number: int, answer: str) -> None:
        await self._safer.finished(number)
        self._inbox.done(number, answer)

    async def _handle(self, update: Update) -> None:
        """The gate, then the handlers."""
        verdict = judge(update, self._owner)
        if verdict is Verdict.PASS:
            await self._passed(update)
        elif verdict is Verdict.PAIR:
            await self._pair(update)
        elif verdict is Verdict.STRANGER:
            await self._stranger(update)
        elif verdict is not Verdict.DROP and self._owner is not None:
            await self._refuse(self._owner, verdict)

    async def _passed(self, update: Update) -> None:
        if update.message is not None:
            await self.updates.on_message(update)
        elif update.callback_query is not None:
            await self.updates.on_tap(update.callback_query)
            self._sender.wake()
        elif update.my_chat_member is not None:
            self._membership(update.my_chat_member.new_chat_member.status)

    def _membership(self, status: str) -> None:
        """The owner blocked the bot, or took it back (T17)."""
        if status == "member":
            self._sender.unblocked()
        else:
            logger.error("the owner has blocked the bot: alerts wait in the outbox")

    async def _stranger(self, update: Update) -> None:
        """He may be the owner with a new phone, who has made a code with `pocketdesk pair`; else there is silence."""
        if await self._pair(update) or update.effective_user is None:
            return
        if await self._strangers.seen(update.effective_user):
            self.wake()

    async def _pair(self, update: Update) -> bool:
        message = update.message
        if message is None or not may_pair(message):
            return False
        owner = await self._pairing.attempt(message)
        if owner is None:
            return False
        await self._met(owner)
        place = Place(owner.chat_id, owner.user_id)
        await self.updates.show(place, talk.sentence(say("pairing.welcome", name=owner.name)))
        await self._dashboard.pin()
        return True

    async def _refuse(self, owner: Person, verdict: Verdict) -> None:
        """With words, in the private chat only."""
        texts: dict[Verdict, Callable[[], Any]] = {
            Verdict.FORWARDED: lambda: say("gate.forwarded"),
            Verdict.VIA_BOT: lambda: say("gate.via_bot"),
            Verdict.OFFLINE: lambda: say("gate.offline"),
            Verdict.GROUP: lambda: say("gate.group"),
        }
        screen = talk.sentence(texts[verdict]())
        await patiently(lambda: self._chat.send(owner.chat_id, owner.user_id, screen))

    async def _on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The top of every handler: the log gets the context, the owner a sentence; nothing else stops."""
        error = context.error
        if isinstance(error, TelegramError):
            logger.warning("an answer did not reach Telegram: {}", sentence_of(error))
            return
        logger.opt(exception=error).error("a handler failed")
        if self._owner is not None and isinstance(update, Update):
            place = Place(self._owner.chat_id, self._owner.user_id)
            await self.updates.show(place, talk.sentence(say("hint.failed")))


def _build(settings: Telegram, polls: AiohttpRequest) -> App:
    """Every address can be set; many updates are handled at a time."""
    builder = (
        ApplicationBuilder()
        .token(settings.token.get_secret_value())
        .base_url(f"{settings.api_base}/bot")
        .base_file_url(f"{settings.file_base or settings.api_base}/file/bot")
        .concurrent_updates(True)
        .updater(None)
        .request(AiohttpRequest(connections=32, read=10, write=10, connect=5, pool=5))
        .get_updates_request(polls)
    )
    return builder.build()


async def _set_menu(bot: Bot) -> None:
    """The command menu, from the table; only in private chats."""
    menu = [BotCommand(one.name, one.help) for one in COMMANDS]
    await bot.set_my_commands(menu, scope=BotCommandScopeAllPrivateChats())
