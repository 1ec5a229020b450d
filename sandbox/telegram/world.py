"""The little world of the sandbox: one bot, the people and chats around it, and what was said."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field

from sandbox.telegram.clock import Clock
from sandbox.telegram.errors import bad_request
from sandbox.telegram.events import Event, Hub
from sandbox.telegram.files import FileStore
from sandbox.telegram.model import (
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    CallbackQuery,
    Chat,
    Json,
    Message,
    StoredFile,
    User,
)
from sandbox.telegram.updates import PendingUpdates, UpdateQueue

OWNER = 1001
STRANGER = 1002
GROUP = -5001
CHANNEL = -1009001


class Memory(BaseModel):
    """All that a restart of the sandbox must not lose."""

    token: str
    bot: User
    token_revoked: bool = False
    users: dict[int, User] = Field(default_factory=dict)
    chats: dict[int, Chat] = Field(default_factory=dict)
    messages: dict[int, dict[int, Message]] = Field(default_factory=dict)
    blocked_by: set[int] = Field(default_factory=set)
    queries: dict[str, CallbackQuery] = Field(default_factory=dict)
    commands: dict[str, list[Json]] = Field(default_factory=dict)
    profile: dict[str, str] = Field(default_factory=dict)
    menu_button: Json = Field(default_factory=lambda: {"type": "commands"})
    files: dict[str, StoredFile] = Field(default_factory=dict)
    updates: PendingUpdates = Field(default_factory=PendingUpdates)
    version: int = 0


class World:
    """The memory and everything that acts on it."""

    def __init__(self, memory: Memory, files: FileStore | None = None) -> None:
        self.memory = memory
        self.clock = Clock()
        self.hub = Hub()
        self.files = files or FileStore(memory.files)
        self.updates = UpdateQueue(memory.updates)

    @property
    def bot(self) -> User:
        """The one bot of this world."""
        return self.memory.bot

    def user(self, user_id: int) -> User:
        """A person by id; raises `ApiError` 400 'user not found'."""
        known = self.memory.users.get(user_id)
        if known is None:
            raise bad_request("user not found")
        return known

    def chat(self, chat_id: int) -> Chat:
        """A chat by id; raises `ApiError` 400 'chat not found'."""
        known = self.memory.chats.get(chat_id)
        if known is None:
            raise bad_request("chat not found")
        return known

    def message(self, chat_id: int, message_id: int, missing: str = "message not found") -> Message:
        """A message that still exists; raises `ApiError` 400 with the words of `missing`."""
        found = self.memory.messages.get(chat_id, {}).get(message_id)
        if found is None or found.deleted:
            raise bad_request(missing)
        return found

    def messages(self, chat_id: int) -> Iterator[Message]:
        """The chat's messages from the oldest on, deleted ones left out."""
        return (m for m in self.memory.messages.get(chat_id, {}).values() if not m.deleted)

    def add(self, message: Message) -> Message:
        """Give a message its id, keep it, and tell whoever watches."""
        chat = self.chat(message.chat_id)
        message.message_id = chat.next_message_id
        chat.next_message_id += 1
        self.memory.messages.setdefault(chat.id, {})[message.message_id] = message
        self.changed(message, "message")
        return message

    def changed(self, message: Message, kind: str) -> None:
        """Number the change, so that a waiting test sees edits as well as new messages."""
        self.memory.version += 1
        message.version = self.memory.version
        self.hub.publish(Event(kind, {"message_id": message.message_id}, message.chat_id))

    def delete(self, message: Message) -> None:
        """Take a message out of its chat, off the pins too."""
        message.deleted = True
        chat = self.chat(message.chat_id)
        if message.message_id in chat.pinned:
            chat.pinned.remove(message.message_id)
            self.hub.publish(Event("pins", {}, chat.id))
        self.changed(message, "delete")


def new_memory(token: str, bot_name: str) -> Memory:
    """A world as it is before anybody spoke: an owner, a stranger, a group of both and a channel."""
    bot_id = int(token.partition(":")[0])
    username = "".join(character for character in bot_name.lower() if character.isalnum()) or "sandbox"
    bot = User(id=bot_id, is_bot=True, first_name=bot_name, username=f"{username}_bot")
    people = [
        User(id=OWNER, first_name="Owner", username="owner", language_code="en"),
        User(id=STRANGER, first_name="Stranger", username="stranger", language_code="en"),
        User(id=GROUP_ANONYMOUS_BOT, is_bot=True, first_name="Group", username="GroupAnonymousBot"),
        User(id=CHANNEL_BOT, is_bot=True, first_name="Channel", username="Channel_Bot"),
        bot,
    ]
    chats = [private_chat(OWNER), private_chat(STRANGER)]
    chats.append(
        Chat(
            id=GROUP, type="group", title="Trading friends", members=[OWNER, STRANGER, bot_id], admins=[OWNER]
        )
    )
    chats.append(
        Chat(id=CHANNEL, type="channel", title="Market news", members=[OWNER, bot_id], admins=[OWNER])
    )
    return Memory(
        token=token,
        bot=bot,
        users={user.id: user for user in people},
        chats={chat.id: chat for chat in chats},
    )


def private_chat(user_id: int) -> Chat:
    """A person's chat with the bot, not yet begun: until he writes, the bot does not know it."""
    return Chat(id=user_id, type="private", members=[user_id], known_to_bot=False)
