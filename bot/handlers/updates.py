"""From an update that passed the gate to a shown screen: commands, taps, and everything else that can be sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from loguru import logger
from telegram import CallbackQuery, Message, Update
from telegram.error import BadRequest, TelegramError

from bot.callbacks import Buttons, Fate, Pressed
from bot.chat import Chat, patiently
from bot.commands import BY_NAME, Command, Risk, nearest
from bot.confirm import without_proof
from bot.handlers.arguments import BadArgument, read_arguments
from bot.handlers.arguments import nearest as nearest_of
from bot.handlers.base import EVERY, Ask, Services
from bot.handlers.routes import ROUTES, TYPED, Route
from bot.screens import talk
from bot.screens.base import Button, Screen
from bot.telegram.reading import MOST_WORDS, SAFER, command_in, the_one_named
from bot.text import plain, say, word
from bot.waiting import Wanted
from engine.core.ids import BookId, CommandId
from engine.core.notices import Notice, Weight

ANSWERED: ContextVar[str] = ContextVar("answered", default="")
"""What the owner was last shown for the update at hand."""
STALE = timedelta(minutes=2)
OF_TWO_WORDS = 2
"""An amount may be written in more than one word: `1 000 USDT`."""
_WORD = re.compile(r"(LIVE|LIFT) \d{4}", re.IGNORECASE)
PATIENT = 6.0
"""Seconds until what was asked for is said to take long; the database refuses a write of its own after five."""
_ANSWER_SECONDS = 1.5
"""How long a tap that acts waits to learn from Telegram that it is an old one."""


@dataclass(slots=True)
class Place:
    """Where an answer goes: in the place of `message`, or as a new message when that is None."""

    chat_id: int
    user_id: int
    message: int | None = None
    is_photo: bool = False


class Updates:
    """Handles one update; many at the same time, so that none waits for a slow one."""

    def __init__(self, services: Services, chat: Chat, buttons: Buttons) -> None:
        self._services = services
        self._chat = chat
        self._buttons = buttons

    async def on_message(self, update: Update) -> None:
        """A command, an awaited text, or something that gets a friendly sentence."""
        message = update.message
        assert message is not None
        assert message.from_user is not None
        place = Place(message.chat.id, message.from_user.id)
        name = f"tg:{update.update_id}"
        text = (message.text or "").strip()
        found = command_in(text)
        if found is not None and (text.startswith("/") or _is_command(found[0], text)):
            await self._command(found[0], list(found[1]), message, name, place)
        elif text:
            await self._typed(message, name, place)
        else:
            await self.show(place, talk.not_text())

    def _ask(self, name: str, args: Mapping[str, str]) -> Ask:
        return Ask(CommandId(name), self._services.now(), "owner", args)

    def _is_stale(self, message: Message) -> bool:
        return self._services.now() - message.date > STALE

    async def _command(
        self, spelled: str, words: list[str], message: Message, name: str, place: Place
    ) -> None:
        self._services.waiting.forget()
        command = BY_NAME.get(spelled)
        if command is None:
            await self.show(place, talk.unknown_command(spelled, nearest(spelled[:40])))
        elif command.risk is not Risk.READS and command.name not in SAFER and self._is_stale(message):
            await self.show(place, _stale(command))
        elif command.name == "start":
            await self.show_all(place, ROUTES["home"], self._ask(name, {}))
        else:
            await self._obeyed(command, words, name, place)

    async def _obeyed(self, command: Command, words: list[str], name: str, place: Place) -> None:
        """A handful of words is all that any command takes. What makes things safer is done whatever stands behind it,
        as it was read on the way in: it is in force already (law 8)."""
        if command.name in SAFER:
            await self.show_all(place, ROUTES[command.verb], self._ask(name, self._safer_args(words)))
            return
        if command.arguments and len(words) > len(command.arguments) + OF_TWO_WORDS:
            await self.show(place, talk.too_many(command))
            return
        try:
            args = read_arguments(self._services, command, words if command.arguments else [])
        except BadArgument as bad:
            meant = nearest_of(self._services, command, bad.given)
            await self.show(place, talk.bad_argument(command, bad.given, bad.understood, meant))
            return
        await self.show_all(place, ROUTES[command.verb], self._ask(name, args))

    def _safer_args(self, words: Collection[str]) -> dict[str, str]:
        """As it was read on the way in: the connection that is named, or all of them."""
        named = the_one_named(words, self._services.desk.connections())
        if named is not None:
            return {"c": named}
        return {"unread": " ".join(words)[:60]} if words else {}

    async def _typed(self, message: Message, name: str, place: Place) -> None:
        """A text that was waited for, or any other."""
        wanted = self._services.waiting.take(self._services.now())
        text = " ".join((message.text or "").split())
        if wanted is None:
            await self.show(
                place, talk.word_gone() if _WORD.fullmatch(text) else talk.not_a_command(_meant(text))
            )
        elif self._is_stale(message):
            await self.show(place, talk.sentence(say("hint.stale_text")))
        elif wanted.typed and text.upper() != wanted.typed:
            await self.show(place, talk.sentence(say("hint.wrong_word")))
        else:
            await self._answered(wanted, text, name, place)

    async def _answered(self, wanted: Wanted, text: str, name: str, place: Place) -> None:
        await self.show_all(place, TYPED[wanted.verb], self._ask(name, {**wanted.args, "text": text[:100]}))

    # ── taps ──────────────────────────────────────────────────────────────────────────────

    async def on_tap(self, query: CallbackQuery) -> None:
        """Each is answered at once; what it means is looked up here, never read from it."""
        message = query.message
        assert message is not None
        is_photo = isinstance(message, Message) and bool(message.photo)
        place = Place(message.chat.id, query.from_user.id, message.message_id, is_photo)
        pressed = await self._buttons.read(query.data or "", place.chat_id, place.user_id)
        route = ROUTES.get(pressed.verb)
        if pressed.fate is Fate.FORGED or route is None:
            await self._forged(query)
        elif pressed.fate is Fate.TWICE:
            await _answer(query, word("toast.twice"))
        elif pressed.verb in SAFER:
            await self._good(query, _whenever(pressed), route, place)
        elif pressed.fate is Fate.EXPIRED:
            await self._expired(query, pressed, route, place)
        else:
            await self._good(query, pressed, route, place)

    async def _good(self, query: CallbackQuery, pressed: Pressed, route: Route, place: Place) -> None:
        self._services.waiting.forget()
        args = dict(pressed.args)
        if args.pop("new", ""):
            place.message = None
        if route.risk is Risk.READS:
            answering = asyncio.create_task(_answer(query))
            await self.show_all(place, route, self._ask(f"cb:{query.id}", args))
            await answering
            return
        name = f"cf:{pressed.name}" if pressed.verb == "do" else f"cb:{query.id}"
        stale = await self._is_old_tap(query) and pressed.verb not in SAFER
        if stale and not self._is_carried_out(name):
            await self.show(Place(place.chat_id, place.user_id), talk.sentence(say("hint.stale_tap")))
            return
        await self.show_all(place, route, self._ask(name, args))

    def _is_carried_out(self, name: str) -> bool:
        """By the last process, which ended before it could say so: "nothing was done" would be untrue of it."""
        desk = self._services.desk
        return any(name in desk.view(one).state.done_commands for one in desk.connections())

    async def _is_old_tap(self, query: CallbackQuery) -> bool:
        """Only Telegram knows how old a tap is: it refuses to have an old one answered (T1). What can't be learned
        in a moment does not hold up what makes things safer."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await query.answer()
        except BadRequest as error:
            return "query is too old" in error.message.lower()
        except (TimeoutError, TelegramError) as error:
            logger.debug("a tap could not be answered: {}", error)
        return False

    async def _expired(self, query: CallbackQuery, pressed: Pressed, route: Route, place: Place) -> None:
        """What was asked for is asked anew, on a fresh screen (T8)."""
        await _answer(query, word("toast.expired"))
        args = without_proof(pressed.args)
        verb = pressed.args.get("do", pressed.verb)
        fresh = ROUTES.get(verb, route)
        acts = fresh.risk is not Risk.READS or any(need not in args for need in fresh.needs)
        await self.show_all(place, ROUTES["home"] if acts else fresh, self._ask(f"cb:{query.id}", args))

    async def _forged(self, query: CallbackQuery) -> None:
        """Refused, counted, told (T9); what it said is not repeated to anybody."""
        self._services.counters.forged += 1
        logger.warning("a button that this desk never made was pressed")
        await _answer(query, word("toast.forged"))
        now = self._services.now()
        notice = Notice(
            now, BookId(""), "forged", Weight.WARNING, {"user_id": str(query.from_user.id)}, key="forged"
        )
        await self._services.store.journal.tell([notice])

    # ── showing ───────────────────────────────────────────────────────────────────────────

    async def show_all(self, place: Place, route: Route, ask: Ask) -> None:
        """Every screen that the handler makes, each in the place of the one before."""
        if any(need not in ask.args for need in route.needs) or not self._is_here(ask):
            await self.show(place, talk.sentence(say("hint.gone")))
            return
        if (other := self._other_mode(ask)) is not None:
            await self.show(place, other)
            return
        if route.risk is not Risk.READS or route in TYPED.values():
            await self._carry_out(place, route, ask)
            return
        async for screen in _screens(route, self._services, ask):
            await self.show(place, screen)

    async def _carry_out(self, place: Place, route: Route, ask: Ask) -> None:
        """What the owner wants done is done to its end, whether he can be shown it or not: some say what they are
        about to do before they do it. Raises the TelegramError with which he could not be."""
        unseen: Screen | None = None
        failure: TelegramError | None = None
        try:
            async for screen in _with_patience(_screens(route, self._services, ask)):
                if failure is not None:
                    unseen = screen
                    continue
                try:
                    await self.show(place, screen)
                except TelegramError as error:
                    unseen, failure = screen, error
        finally:
            if unseen is not None:
                await self._tell_later(unseen)
        if failure is not None:
            raise failure

    async def _tell_later(self, screen: Screen) -> None:
        """Every command is answered (law 9): an answer that Telegram would not take waits among the notices."""
        told = Notice(
            self._services.now(), BookId(""), "answer", Weight.WARNING, {"text": plain(screen.text)}
        )
        await self._services.store.journal.tell([told])

    def _is_here(self, ask: Ask) -> bool:
        """A button may be older than the config: its connection may be gone."""
        named = ask.args.get("c", EVERY)
        return named == EVERY or named in self._services.desk.connections()

    def _other_mode(self, ask: Ask) -> Screen | None:
        """Paper and live each count their positions from one: a button of the one must never mean the other."""
        meant = ask.args.get("m")
        if meant is None or "c" not in ask.args:
            return None
        one = self._services.summary(ask.args["c"])
        return None if one.mode == meant else talk.other_mode(one.connection, meant, one.mode)

    async def show(self, place: Place, screen: Screen) -> None:
        """Edit in place where Telegram can: a text into a text, a picture into a picture; else a new message."""
        ANSWERED.set(plain(screen.text))
        if screen.note and place.is_photo:
            return  # The old picture stays until the new one takes its place.
        alike = place.message is not None and place.is_photo == (screen.photo is not None)
        if alike and await patiently(lambda: self._edited(place, screen)):
            return
        sent = await patiently(lambda: self._chat.send(place.chat_id, place.user_id, screen))
        await self._take_down_note(place, screen)
        place.message, place.is_photo = sent.message_id, screen.photo is not None

    async def _edited(self, place: Place, screen: Screen) -> bool:
        assert place.message is not None
        return await self._chat.edit(place.chat_id, place.user_id, place.message, screen)

    async def _take_down_note(self, place: Place, screen: Screen) -> None:
        """A picture can't take the place of a text: the note that it is being drawn is removed instead."""
        if screen.photo is not None and place.message is not None and not place.is_photo:
            await self._chat.delete(place.chat_id, place.message)


async def _screens(route: Route, services: Services, ask: Ask) -> AsyncIterator[Screen]:
    if route.series is not None:
        async for screen in route.series(services, ask):
            yield screen
    elif route.once is not None:
        yield await route.once(services, ask)


async def _with_patience(screens: AsyncIterator[Screen]) -> AsyncIterator[Screen]:
    """Where the first of them takes long nobody knows yet what becomes of it, and that is said: neither that it was
    done nor that it was not (law 12)."""
    first = asyncio.ensure_future(anext(screens))
    try:
        await asyncio.wait([first], timeout=PATIENT)
        if not first.done():
            yield talk.sentence(say("steer.still_open"))
        yield await first
    except StopAsyncIteration:
        return
    finally:
        first.cancel()
    async for screen in screens:
        yield screen


async def _answer(query: CallbackQuery, text: str | None = None) -> None:
    """Ends the button's spinning; a query that is too old to be answered needs none."""
    try:
        await query.answer(text)
    except TelegramError as error:
        logger.debug("a tap could not be answered: {}", error)


def _meant(text: str) -> str | None:
    """The command that a text without a slash was probably meant to be; a sentence is none."""
    words = text.split()
    return nearest(words[0][:40], 0.75) if words and len(words) <= MOST_WORDS else None


def _is_command(spelled: str, text: str) -> bool:
    """A slash was forgotten (T24); a word that is waited for is none."""
    return spelled in BY_NAME and not _WORD.fullmatch(text)


def _whenever(pressed: Pressed) -> Pressed:
    """What makes things safer does so on paper as well as live, and from a button that is too old to be known in its
    details, too: it is meant for all then."""
    args = {key: value for key, value in pressed.args.items() if key in ("c", "new")}
    return Pressed(Fate.GOOD, pressed.verb, args, pressed.name)


def _stale(command: Command) -> Screen:
    """T1: an old command is refused with words, and offered anew."""
    return talk.sentence(say("hint.stale", name=command.name), Button(f"/{command.name}", command.verb))
