"""Methods that put something new into a chat."""

from __future__ import annotations

from secrets import randbits

from sandbox.telegram.errors import bad_request
from sandbox.telegram.events import Event
from sandbox.telegram.keyboards import read_markup
from sandbox.telegram.methods.common import (
    Call,
    bot_message,
    checked_caption,
    formatted,
    read_formatted,
    read_message_text,
    shown,
    target_chat,
)
from sandbox.telegram.model import Json, Media, Message
from sandbox.telegram.parameters import Upload
from sandbox.telegram.wire import chat_json, user_json

_ACTIONS = {
    "typing": "typing…",
    "upload_photo": "sending a photo…",
    "record_video": "recording a video…",
    "upload_video": "sending a video…",
    "record_voice": "recording a voice message…",
    "upload_voice": "sending a voice message…",
    "upload_document": "sending a file…",
    "choose_sticker": "choosing a sticker…",
    "find_location": "looking for a place…",
    "record_video_note": "recording a video…",
    "upload_video_note": "sending a video…",
}


async def send_message(call: Call) -> Json:
    """`sendMessage`."""
    text = read_message_text(call)
    chat = target_chat(call)
    message = bot_message(call, chat)
    message.text, message.entities = text.text, text.entities
    message.reply_markup = read_markup(call.parameters)
    message.link_preview_options = call.parameters.mapping("link_preview_options", "link preview options")
    return shown(call, call.world.add(message))


async def send_photo(call: Call) -> Json:
    """`sendPhoto`."""
    return await _send_file(call, "photo")


async def send_document(call: Call) -> Json:
    """`sendDocument`."""
    return await _send_file(call, "document")


async def _send_file(call: Call, kind: str) -> Json:
    caption = checked_caption(read_formatted(call, "caption", "caption_entities"))
    chat = target_chat(call)
    message = bot_message(call, chat)
    message.text, message.entities = caption.text, caption.entities
    message.reply_markup = read_markup(call.parameters)
    message.media = read_media(call, kind, call.parameters.text(kind), kind)
    return shown(call, call.world.add(message))


def read_media(call: Call, kind: str, reference: str, field: str) -> Media:
    """The file that the call carries, or one sent before; addresses of the web are refused (no internet here)."""
    upload = call.parameters.uploads.get(reference.removeprefix("attach://") or field)
    upload = upload or (call.parameters.uploads.get(field) if not reference else None)
    if upload is not None:
        return _stored(call, kind, upload)
    if not reference:
        raise bad_request(f"there is no {kind} in the request")
    if reference.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    stored = call.world.files.find(reference)
    return Media(kind="photo" if kind == "photo" else "document", file=stored)


def _stored(call: Call, kind: str, upload: Upload) -> Media:
    if kind == "photo":
        return Media(kind="photo", file=call.world.files.add_photo(upload))
    return Media(kind="document", file=call.world.files.add(upload, "documents"))


async def send_media_group(call: Call) -> list[Json]:
    """`sendMediaGroup`: 2 to 10 photos or documents shown together."""
    items = call.parameters.objects("media", "media")
    if not 2 <= len(items) <= 10:
        raise bad_request("there must be 2-10 messages to send in an album")
    chat = target_chat(call)
    group = str(randbits(53))
    messages = [_album_message(call, bot_message(call, chat), item, group) for item in items]
    return [shown(call, call.world.add(message)) for message in messages]


def _album_message(call: Call, message: Message, item: Json, group: str) -> Message:
    caption = checked_caption(
        formatted(item.get("caption") or "", item.get("parse_mode") or "", item.get("caption_entities") or [])
    )
    message.text, message.entities, message.media_group_id = caption.text, caption.entities, group
    kind = "photo" if item.get("type") == "photo" else "document"
    message.media = read_media(call, kind, str(item.get("media") or ""), kind)
    return message


async def send_chat_action(call: Call) -> bool:
    """`sendChatAction`: shown in the header for five seconds or until the next message."""
    chat = target_chat(call)
    action = call.parameters.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.world.hub.publish(Event("action", {"text": _ACTIONS[action]}, chat.id))
    return True


async def forward_message(call: Call) -> Json:
    """`forwardMessage`."""
    source = _source(call, "forward")
    message = _copied(call, source)
    message.forward_origin = source.forward_origin or _origin(call, source)
    return shown(call, call.world.add(message))


async def copy_message(call: Call) -> Json:
    """`copyMessage`."""
    message = _copied(call, _source(call, "copy"))
    message.reply_markup = read_markup(call.parameters)
    if call.parameters.text("caption"):
        caption = checked_caption(read_formatted(call, "caption", "caption_entities"))
        message.text, message.entities = caption.text, caption.entities
    return {"message_id": call.world.add(message).message_id}


def _source(call: Call, purpose: str) -> Message:
    origin = target_chat(call, "from_chat_id")
    message_id = call.parameters.integer("message_id")
    return call.world.message(origin.id, message_id, f"message to {purpose} not found")


def _copied(call: Call, source: Message) -> Message:
    message = bot_message(call, target_chat(call))
    message.text, message.entities, message.media = source.text, source.entities, source.media
    return message


def _origin(call: Call, source: Message) -> Json:
    if source.sender_chat_id is not None:
        chat = chat_json(call.world, call.world.chat(source.sender_chat_id))
        return {"type": "chat", "sender_chat": chat, "date": source.date}
    return {"type": "user", "sender_user": user_json(call.world.user(source.sender_id)), "date": source.date}
