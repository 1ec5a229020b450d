"""What the sandbox remembers: people, chats, messages, files. Plain data; `wire.py` gives it the Bot API's form."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Json = dict[str, Any]

GROUP_ANONYMOUS_BOT = 1087968824
"""The account that Telegram shows as sender when an admin of a group writes anonymously."""
CHANNEL_BOT = 136817688
"""The account that Telegram shows as sender when somebody writes in a group as a channel."""


class User(BaseModel):
    """A person or a bot."""

    id: int
    first_name: str
    is_bot: bool = False
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(BaseModel):
    """A private chat (its id is the person's), a group, a supergroup or a channel, with the bot in it."""

    id: int
    type: Literal["private", "group", "supergroup", "channel"]
    title: str | None = None
    members: list[int] = Field(default_factory=list)
    admins: list[int] = Field(default_factory=list)
    pinned: list[int] = Field(default_factory=list)
    next_message_id: int = 1
    known_to_bot: bool = True
    bot_is_member: bool = True
    migrated_to: int | None = None


class Entity(BaseModel):
    """A formatted or clickable part of a text; offset and length count UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    user_id: int | None = None
    custom_emoji_id: str | None = None


class StoredFile(BaseModel):
    """An uploaded file without its bytes."""

    file_id: str
    unique_id: str
    path: str
    size: int
    name: str | None = None
    mime_type: str | None = None
    width: int = 0
    height: int = 0


class Media(BaseModel):
    """What a message carries besides text."""

    kind: Literal["photo", "document", "sticker"]
    file: StoredFile
    emoji: str | None = None


class Message(BaseModel):
    """One message of a chat; `text` is also the caption of a photo or document."""

    message_id: int
    chat_id: int
    date: int
    sender_id: int
    sender_chat_id: int | None = None
    by_bot: bool = False
    version: int = 0
    edit_date: int | None = None
    text: str = ""
    entities: list[Entity] = Field(default_factory=list)
    media: Media | None = None
    media_group_id: str | None = None
    reply_to: int | None = None
    reply_markup: Json | None = None
    forward_origin: Json | None = None
    via_bot_id: int | None = None
    pinned_message_id: int | None = None
    service: Json | None = None
    silent: bool = False
    link_preview_options: Json | None = None
    reactions: list[Json] = Field(default_factory=list)
    deleted: bool = False


class CallbackQuery(BaseModel):
    """A pressed button that waits for the bot's word."""

    id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    created: float
    answered: bool = False
    text: str | None = None
    show_alert: bool = False
    url: str | None = None
