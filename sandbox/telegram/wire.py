"""The Bot API's JSON form of what the sandbox remembers."""

from __future__ import annotations

from sandbox.telegram.model import Chat, Entity, Json, Media, Message, StoredFile, User
from sandbox.telegram.world import World


def user_json(user: User) -> Json:
    """`User`."""
    return user.model_dump(exclude_none=True)


def me_json(world: World) -> Json:
    """`User` as getMe returns it, with what the bot may do."""
    return {
        **user_json(world.bot),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def chat_json(world: World, chat: Chat) -> Json:
    """`Chat`."""
    if chat.type == "private":
        person = world.user(chat.id)
        named = {"first_name": person.first_name, "last_name": person.last_name, "username": person.username}
        return {"id": chat.id, "type": chat.type, **{key: value for key, value in named.items() if value}}
    return {"id": chat.id, "type": chat.type, "title": chat.title}


def entity_json(world: World, entity: Entity) -> Json:
    """`MessageEntity`."""
    form = entity.model_dump(exclude_none=True, exclude={"user_id"})
    if entity.user_id is not None:
        form["user"] = user_json(world.user(entity.user_id))
    return form


def file_json(stored: StoredFile) -> Json:
    """`File`."""
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }


def message_json(world: World, message: Message, *, with_reply: bool = True) -> Json:
    """`Message`; the message that it replies to comes along once, without its own reply."""
    chat = world.chat(message.chat_id)
    form: Json = {"message_id": message.message_id, "date": message.date, "chat": chat_json(world, chat)}
    if chat.type != "channel":
        form["from"] = user_json(world.user(message.sender_id))
    if message.sender_chat_id is not None:
        form["sender_chat"] = chat_json(world, world.chat(message.sender_chat_id))
    form.update(_content(world, message))
    form.update(_circumstances(world, message))
    if message.reply_to is not None and with_reply:
        original = world.memory.messages[chat.id].get(message.reply_to)
        if original is not None and not original.deleted:
            form["reply_to_message"] = message_json(world, original, with_reply=False)
    return form


def _circumstances(world: World, message: Message) -> Json:
    form: Json = {}
    if message.edit_date is not None:
        form["edit_date"] = message.edit_date
    if message.forward_origin is not None:
        form["forward_origin"] = message.forward_origin
    if message.via_bot_id is not None:
        form["via_bot"] = user_json(world.user(message.via_bot_id))
    if message.media_group_id is not None:
        form["media_group_id"] = message.media_group_id
    if message.link_preview_options is not None:
        form["link_preview_options"] = message.link_preview_options
    if message.reply_markup is not None and "inline_keyboard" in message.reply_markup:
        form["reply_markup"] = message.reply_markup
    return form


def _content(world: World, message: Message) -> Json:
    form: Json = dict(message.service or {})
    if message.pinned_message_id is not None:
        pinned = world.memory.messages[message.chat_id][message.pinned_message_id]
        form["pinned_message"] = message_json(world, pinned, with_reply=False)
    entities = [entity_json(world, entity) for entity in message.entities]
    text, marks = ("text", "entities") if message.media is None else ("caption", "caption_entities")
    if message.media is not None:
        form.update(_media(message.media))
    if message.text:
        form[text] = message.text
        if entities:
            form[marks] = entities
    return form


def _media(media: Media) -> Json:
    if media.kind == "photo":
        return {"photo": _photo_sizes(media.file)}
    described: Json = {
        "file_id": media.file.file_id,
        "file_unique_id": media.file.unique_id,
        "file_size": media.file.size,
    }
    if media.kind == "sticker":
        described |= {
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": media.emoji or "🙂",
        }
        return {"sticker": described}
    return {"document": {**described, "file_name": media.file.name, "mime_type": media.file.mime_type}}


def _photo_sizes(stored: StoredFile) -> list[Json]:
    """A thumbnail's and the full size, as Telegram offers several; both lead to the same bytes here."""
    sizes: list[Json] = []
    for longest in (320, 1280):
        scale = min(1.0, longest / max(stored.width, stored.height, 1))
        sizes.append(
            {
                "file_id": stored.file_id,
                "file_unique_id": stored.unique_id,
                "file_size": stored.size,
                "width": max(1, round(stored.width * scale)),
                "height": max(1, round(stored.height * scale)),
            }
        )
    return sizes if sizes[0]["width"] != sizes[1]["width"] else sizes[1:]
