"""What people do: write, forward, edit, press buttons, block the bot. Each act becomes the update that the bot sees."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import randbits
from typing import Literal

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.events import Event
from sandbox.telegram.formatting import Formatted, trimmed, with_found_entities
from sandbox.telegram.model import (
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    CallbackQuery,
    Chat,
    Json,
    Media,
    Message,
)
from sandbox.telegram.wire import chat_json, message_json, user_json
from sandbox.telegram.world import CHANNEL, World

_QUERIES_KEPT = 1000

Voice = Literal["self", "anonymous_admin", "channel"]


@dataclass(frozen=True)
class Draft:
    """What a person is about to send."""

    text: str = ""
    media: Media | None = None
    reply_to: int | None = None
    voice: Voice = "self"
    forwarded_from: int | None = None
    via_bot: bool = False


class People:
    """Acts for the persons of the world; every refusal is an `ApiError` with a sentence."""

    def __init__(self, world: World) -> None:
        self.world = world

    def chat_of(self, user_id: int, chat_id: int | None) -> Chat:
        """The chat that the person means (his own with the bot by default), if he is in it."""
        self.world.user(user_id)
        chat = self.world.chat(user_id if chat_id is None else chat_id)
        if user_id not in chat.members:
            raise bad_request("this person is not in the chat")
        return chat

    def send(self, user_id: int, chat_id: int | None, draft: Draft) -> Message:
        """Say something in a chat; the bot is told if it may see it."""
        chat = self.chat_of(user_id, chat_id)
        if not draft.text.strip() and draft.media is None:
            raise bad_request("message text is empty")
        if chat.type == "private":
            self._open(chat)
        message = self._drafted(user_id, chat, draft)
        self.world.add(message)
        kind = "channel_post" if chat.type == "channel" else "message"
        self._tell(chat, message, kind)
        return message

    def edit(self, user_id: int, chat_id: int | None, message_id: int, text: str) -> Message:
        """Change one's own message."""
        chat = self.chat_of(user_id, chat_id)
        message = self.world.message(chat.id, message_id)
        if message.by_bot or (message.sender_id != user_id and message.sender_chat_id is None):
            raise bad_request("message can't be edited")
        edited = with_found_entities(trimmed(Formatted(text)))
        if not edited.text and message.media is None:
            raise bad_request("message text is empty")
        message.text, message.entities = edited.text, edited.entities
        message.edit_date = self.world.clock.seconds()
        self.world.changed(message, "edit")
        self._tell(chat, message, "edited_channel_post" if chat.type == "channel" else "edited_message")
        return message

    def delete(self, user_id: int, chat_id: int | None, message_id: int) -> None:
        """Delete a message for both sides; Telegram does not tell bots of it."""
        chat = self.chat_of(user_id, chat_id)
        self.world.delete(self.world.message(chat.id, message_id))

    def press(self, user_id: int, chat_id: int | None, message_id: int, data: str) -> CallbackQuery:
        """Press an inline button; `data` may also be forged, as a changed client could."""
        chat = self.chat_of(user_id, chat_id)
        message = self.world.message(chat.id, message_id)
        query = CallbackQuery(
            id=str(randbits(62)),
            user_id=user_id,
            chat_id=chat.id,
            message_id=message_id,
            data=data,
            created=self.world.clock.now(),
        )
        self._remember(query)
        self.world.updates.push(
            "callback_query",
            {
                "id": query.id,
                "from": user_json(self.world.user(user_id)),
                "message": message_json(self.world, message),
                "chat_instance": str(abs(hash(chat.id))),
                "data": data,
            },
        )
        return query

    def _remember(self, query: CallbackQuery) -> None:
        queries = self.world.memory.queries
        queries[query.id] = query
        if len(queries) > _QUERIES_KEPT:
            del queries[next(iter(queries))]

    def block(self, user_id: int, blocked: bool) -> None:
        """Block the bot in the private chat, or take it back; the bot learns it by my_chat_member."""
        chat = self.chat_of(user_id, None)
        if (user_id in self.world.memory.blocked_by) == blocked:
            return
        if blocked:
            self.world.memory.blocked_by.add(user_id)
        else:
            self.world.memory.blocked_by.discard(user_id)
        self.membership(user_id, chat, "kicked" if blocked else "member")
        self.world.hub.publish(Event("chats", {}, chat.id))

    def membership(self, user_id: int, chat: Chat, status: Literal["member", "kicked", "left"]) -> None:
        """The bot's own membership changed by a person's hand."""
        now_inside = status == "member"
        if chat.type != "private":
            chat.bot_is_member = now_inside
        self.world.updates.push(
            "my_chat_member",
            {
                "chat": chat_json(self.world, chat),
                "from": user_json(self.world.user(user_id)),
                "date": self.world.clock.seconds(),
                "old_chat_member": self._own_membership("kicked" if now_inside else "member"),
                "new_chat_member": self._own_membership(status),
            },
        )

    def _own_membership(self, status: str) -> Json:
        banned: Json = {"until_date": 0} if status == "kicked" else {}
        return {"status": status, "user": user_json(self.world.bot), **banned}

    def _open(self, chat: Chat) -> None:
        """A person who writes first makes his chat known to the bot; writing to a blocked bot unblocks it."""
        chat.known_to_bot = True
        self.block(chat.id, blocked=False)

    def _drafted(self, user_id: int, chat: Chat, draft: Draft) -> Message:
        text = with_found_entities(trimmed(Formatted(draft.text)))
        sender, sender_chat = self._voice(user_id, chat, draft.voice)
        if draft.reply_to is not None:
            self.world.message(chat.id, draft.reply_to, "message to be replied not found")
        return Message(
            message_id=0,
            chat_id=chat.id,
            date=self.world.clock.seconds(),
            sender_id=sender,
            sender_chat_id=sender_chat,
            text=text.text,
            entities=text.entities,
            media=draft.media,
            reply_to=draft.reply_to,
            forward_origin=self._origin(draft.forwarded_from),
            via_bot_id=self.world.bot.id if draft.via_bot else None,
        )

    def _voice(self, user_id: int, chat: Chat, voice: Voice) -> tuple[int, int | None]:
        """Who the message seems to come from."""
        if chat.type == "channel":
            return user_id, chat.id
        if voice == "self":
            return user_id, None
        if chat.type == "private":
            raise bad_request("only in a group can one write as an anonymous admin or as a channel")
        if voice == "channel":
            return CHANNEL_BOT, CHANNEL
        if user_id not in chat.admins:
            raise ApiError(400, "Bad Request: only an admin of the group can write anonymously")
        return GROUP_ANONYMOUS_BOT, chat.id

    def _origin(self, user_id: int | None) -> Json | None:
        if user_id is None:
            return None
        sender = user_json(self.world.user(user_id))
        return {"type": "user", "sender_user": sender, "date": self.world.clock.seconds()}

    def _tell(self, chat: Chat, message: Message, kind: str) -> None:
        if self._bot_sees(chat, message):
            self.world.updates.push(kind, message_json(self.world, message))

    def _bot_sees(self, chat: Chat, message: Message) -> bool:
        """Privacy mode: in a group a bot sees commands, mentions of itself and replies to itself, nothing else."""
        if not chat.bot_is_member:
            return False
        if chat.type in {"private", "channel"} or message.text.startswith("/"):
            return True
        if f"@{self.world.bot.username}".lower() in message.text.lower():
            return True
        original = self.world.memory.messages[chat.id].get(message.reply_to or 0)
        return original is not None and original.by_bot
