"""The one door: every update of every kind passes it or is dropped.

Only the paired owner, in his private chat, is listened to. An unknown person gets no answer at all; the owner is told
of him once. What the owner sends in a way that others could have made (forwarded, by an inline bot, in a group), or
that nobody wrote just now (by schedule, as an automatic greeting), is refused with words, in his private chat.
"""

from __future__ import annotations

from enum import StrEnum

from telegram import Chat, Message, Update, User
from telegram.constants import ChatType

from engine.clock import Clock
from engine.core.ids import BookId
from engine.core.notices import Notice, Weight
from engine.ports import Journal
from storage.people import Person
from storage.settings import Settings

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
STRANGERS = "gate.strangers"
_MOST_STRANGERS = 500


class Verdict(StrEnum):
    """What becomes of an update."""

    PASS = "pass"  # a verdict  # nosec B105
    PAIR = "pair"
    FORWARDED = "forwarded"
    VIA_BOT = "via_bot"
    OFFLINE = "offline"
    GROUP = "group"
    STRANGER = "stranger"
    DROP = "drop"


def judge(update: Update, owner: Person | None) -> Verdict:
    """A pure function of the update and the owner; what is not listed here is dropped."""
    if update.message is not None:
        return _of_message(update.message, owner)
    if update.callback_query is not None:
        query = update.callback_query
        return _of_person(query.from_user, query.message.chat if query.message else None, owner)
    if update.my_chat_member is not None and owner is not None:
        return Verdict.PASS if update.my_chat_member.chat.id == owner.chat_id else Verdict.DROP
    return Verdict.DROP


def _of_message(message: Message, owner: Person | None) -> Verdict:
    if message.sender_chat is not None:
        return Verdict.DROP  # An anonymous admin or a channel: nobody who could be known (T5).
    if message.business_connection_id or message.sender_business_bot or message.is_automatic_forward:
        return Verdict.DROP  # Written on somebody's behalf, or passed on by a program: not the owner himself.
    if owner is None:
        return Verdict.PAIR if may_pair(message) else Verdict.DROP
    verdict = _of_person(message.from_user, message.chat, owner)
    if verdict is Verdict.PASS and message.forward_origin is not None:
        return Verdict.FORWARDED
    if verdict is Verdict.PASS and message.via_bot is not None:
        return Verdict.VIA_BOT
    if verdict is Verdict.PASS and message.is_from_offline:
        return Verdict.OFFLINE
    return verdict


def may_pair(message: Message) -> bool:
    """Whether it could carry a pairing code: written by hand, in a private chat."""
    private = message.chat.type == ChatType.PRIVATE
    own = message.sender_chat is None and message.forward_origin is None and message.via_bot is None
    return private and own and (message.text or "").startswith("/start ")


def _of_person(person: User | None, chat: Chat | None, owner: Person | None) -> Verdict:
    """User and chat are both checked (T4); nobody is the owner until one is paired (T6)."""
    if person is None or person.is_bot or chat is None or owner is None:
        return Verdict.DROP
    if person.id != owner.user_id:
        return Verdict.STRANGER
    if chat.type != ChatType.PRIVATE or chat.id != owner.chat_id:
        return Verdict.GROUP
    return Verdict.PASS


class Strangers:
    """Told to the owner once each, over restarts; of very many only the newest are remembered."""

    def __init__(self, journal: Journal, settings: Settings, clock: Clock) -> None:
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._told: dict[int, None] = {}
        self._read = False

    async def seen(self, person: User) -> bool:
        """Whether the owner is told of this one now."""
        if not self._read:
            self._adopt(await self._settings.get(STRANGERS, []))
        if person.id in self._told:
            return False
        self._told[person.id] = None
        self._forget_the_oldest()
        await self._journal.tell([self._notice(person)])
        await self._settings.set(STRANGERS, list(self._told))
        return True

    def _adopt(self, kept: list[int]) -> None:
        """What was stored goes before what another update has added while it was being read."""
        self._told = {**dict.fromkeys(kept), **self._told}
        self._read = True

    def _forget_the_oldest(self) -> None:
        """Anybody can write to a bot: who is remembered must not grow with the number of them."""
        while len(self._told) > _MOST_STRANGERS:
            del self._told[next(iter(self._told))]

    def _notice(self, person: User) -> Notice:
        """Beyond a number of them, a crowd is one message with a count."""
        crowd = "strangers" if len(self._told) > _MOST_STRANGERS // 10 else ""
        data = {"user_id": str(person.id), "name": person.full_name[:64]}
        return Notice(self._clock.now(), BookId(""), "stranger", Weight.WARNING, data, key=crowd)
