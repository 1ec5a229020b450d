"""A chat as one person sees it: the form in which the control API, the page and the tests get messages."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from sandbox.telegram.model import Chat, Json, Message
from sandbox.telegram.wire import entity_json
from sandbox.telegram.world import World


class Button(BaseModel):
    """An inline button: `data` for one that asks the bot, `url` for a link."""

    text: str
    data: str | None = None
    url: str | None = None


class Attachment(BaseModel):
    """A photo, document or sticker; `url` is a path of this server."""

    kind: str
    url: str
    name: str | None = None
    size: int = 0
    width: int = 0
    height: int = 0
    emoji: str | None = None


class Quote(BaseModel):
    """The beginning of another message, quoted above this one."""

    id: int
    sender: str
    text: str


class SeenMessage(BaseModel):
    """A message as a person sees it; `version` grows with every change of the world, so edits can be waited for."""

    id: int
    chat_id: int
    version: int
    date: int
    edited: bool = False
    deleted: bool = False
    sender_id: int
    sender: str
    by_bot: bool = False
    mine: bool = False
    text: str = ""
    entities: list[Json] = Field(default_factory=list)
    attachment: Attachment | None = None
    reply_to: Quote | None = None
    buttons: list[list[Button]] = Field(default_factory=list)
    keyboard: Json | None = None
    silent: bool = False
    forwarded_from: str | None = None
    notice: str | None = None
    notice_for: int | None = None
    album: str | None = None
    reactions: list[str] = Field(default_factory=list)


def seen_message(world: World, message: Message, user_id: int) -> SeenMessage:
    """`message` through the eyes of `user_id`."""
    markup = message.reply_markup or {}
    return SeenMessage(
        id=message.message_id,
        chat_id=message.chat_id,
        version=message.version,
        date=message.date,
        edited=message.edit_date is not None,
        deleted=message.deleted,
        sender_id=message.sender_chat_id or message.sender_id,
        sender=sender_name(world, message),
        by_bot=message.by_bot,
        mine=message.sender_id == user_id,
        text=message.text,
        entities=[entity_json(world, entity) for entity in message.entities],
        attachment=_attachment(message),
        reply_to=_quote(world, message),
        buttons=[[_button(button) for button in row] for row in markup.get("inline_keyboard", [])],
        keyboard=markup if markup and "inline_keyboard" not in markup else None,
        silent=message.silent,
        forwarded_from=_forwarded_from(message),
        notice=_notice(world, message),
        notice_for=message.pinned_message_id,
        album=message.media_group_id,
        reactions=[str(reaction.get("emoji", "")) for reaction in message.reactions],
    )


def sender_name(world: World, message: Message) -> str:
    """Whom the page shows as the sender."""
    if message.sender_chat_id is not None:
        return world.chat(message.sender_chat_id).title or ""
    person = world.user(message.sender_id)
    return f"{person.first_name} {person.last_name or ''}".strip()


def chat_title(world: World, chat: Chat) -> str:
    """The name above the chat: a private one is called after the bot."""
    return chat.title or world.bot.first_name


def summary(message: Message) -> str:
    """The message in a line, for quotes, pins and the list of chats."""
    if message.text:
        return " ".join(message.text.split())[:120]
    if message.media is None:
        return "Pinned a message" if message.pinned_message_id is not None else ""
    return {"photo": "Photo", "document": message.media.file.name or "File", "sticker": "Sticker"}[
        message.media.kind
    ]


def _button(button: Json) -> Button:
    data: Any = button.get("callback_data")
    return Button(text=button["text"], data=None if data is None else str(data), url=button.get("url"))


def _attachment(message: Message) -> Attachment | None:
    if message.media is None:
        return None
    stored = message.media.file
    return Attachment(
        kind=message.media.kind,
        url=f"/sandbox/files/{stored.file_id}",
        name=stored.name,
        size=stored.size,
        width=stored.width,
        height=stored.height,
        emoji=message.media.emoji,
    )


def _quote(world: World, message: Message) -> Quote | None:
    original = world.memory.messages[message.chat_id].get(message.reply_to or 0)
    if original is None or original.deleted:
        return None
    return Quote(id=original.message_id, sender=sender_name(world, original), text=summary(original))


def _forwarded_from(message: Message) -> str | None:
    origin = message.forward_origin
    if origin is None:
        return None
    source = origin.get("sender_user") or origin.get("sender_chat") or origin.get("chat") or {}
    return str(source.get("first_name") or source.get("title") or origin.get("sender_user_name") or "hidden")


def _notice(world: World, message: Message) -> str | None:
    if message.pinned_message_id is not None:
        pinned = world.memory.messages[message.chat_id][message.pinned_message_id]
        return f"{sender_name(world, message)} pinned “{summary(pinned)[:40]}”"
    if message.service is None:
        return None
    if "migrate_to_chat_id" in message.service or "migrate_from_chat_id" in message.service:
        return "The group became a supergroup"
    return "Something changed in this chat"
