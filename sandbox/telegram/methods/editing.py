"""Methods that change or remove what the bot said."""

from __future__ import annotations

from sandbox.telegram.errors import NOT_MODIFIED, bad_request
from sandbox.telegram.formatting import Formatted
from sandbox.telegram.keyboards import inline_only, read_markup
from sandbox.telegram.methods.common import (
    DELETE_WITHIN_SECONDS,
    Call,
    checked_caption,
    formatted,
    read_formatted,
    read_message_text,
    shown,
    target_chat,
    target_message,
)
from sandbox.telegram.methods.sending import read_media
from sandbox.telegram.model import Chat, Json, Media, Message


async def edit_message_text(call: Call) -> Json:
    """`editMessageText`; leaving out the keyboard takes it away, as in Telegram."""
    text = read_message_text(call)
    message = _own(call)
    if message.media is not None:
        raise bad_request("there is no text in the message to edit")
    return _apply(call, message, text, message.media)


async def edit_message_caption(call: Call) -> Json:
    """`editMessageCaption`."""
    caption = checked_caption(read_formatted(call, "caption", "caption_entities"))
    message = _own(call)
    if message.media is None:
        raise bad_request("there is no caption in the message to edit")
    return _apply(call, message, caption, message.media)


async def edit_message_media(call: Call) -> Json:
    """`editMessageMedia`: another photo or document, with its caption."""
    media = call.parameters.mapping("media", "input media")
    if not media:
        raise bad_request("input media is not specified")
    caption = checked_caption(
        formatted(
            media.get("caption") or "", media.get("parse_mode") or "", media.get("caption_entities") or []
        )
    )
    message = _own(call)
    kind = "photo" if media.get("type") == "photo" else "document"
    return _apply(call, message, caption, read_media(call, kind, str(media.get("media") or ""), kind))


async def edit_message_reply_markup(call: Call) -> Json:
    """`editMessageReplyMarkup`."""
    message = _own(call)
    return _apply(call, message, Formatted(message.text, message.entities), message.media)


def _own(call: Call) -> Message:
    if call.parameters.text("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    message = target_message(call, "edit")
    if not message.by_bot or message.pinned_message_id is not None or message.forward_origin is not None:
        raise bad_request("message can't be edited")
    return message


def _apply(call: Call, message: Message, text: Formatted, media: Media | None) -> Json:
    markup = inline_only(read_markup(call.parameters))
    before = (message.text, message.entities, message.media, message.reply_markup)
    if before == (text.text, text.entities, media, markup):
        raise bad_request(NOT_MODIFIED)
    content_changed = before[:3] != (text.text, text.entities, media)
    message.text, message.entities, message.media, message.reply_markup = (
        text.text,
        text.entities,
        media,
        markup,
    )
    if content_changed:
        message.edit_date = call.world.clock.seconds()
    call.world.changed(message, "edit")
    return shown(call, message)


async def delete_message(call: Call) -> bool:
    """`deleteMessage`."""
    message = target_message(call, "delete")
    _refuse_what_may_not_go(call, message)
    call.world.delete(message)
    return True


async def delete_messages(call: Call) -> bool:
    """`deleteMessages`: 1 to 100; those that are gone are passed over."""
    chat = target_chat(call)
    identifiers = call.parameters.identifiers("message_ids", "message identifiers")
    if not 1 <= len(identifiers) <= 100:
        raise bad_request("there must be 1-100 messages to delete")
    for message in _still_there(call, chat, identifiers):
        _refuse_what_may_not_go(call, message)
        call.world.delete(message)
    return True


def _still_there(call: Call, chat: Chat, identifiers: list[int]) -> list[Message]:
    kept = {message.message_id: message for message in call.world.messages(chat.id)}
    return [kept[identifier] for identifier in identifiers if identifier in kept]


def _refuse_what_may_not_go(call: Call, message: Message) -> None:
    """Only young messages; another person's only in a private chat (the bot is no admin of the group)."""
    if call.world.clock.now() - message.date > DELETE_WITHIN_SECONDS:
        raise bad_request("message can't be deleted for everyone")
    if not message.by_bot and call.world.chat(message.chat_id).type != "private":
        raise bad_request("message can't be deleted")
