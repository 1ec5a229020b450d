"""Methods that ask about chats, people and files, and reactions."""

from __future__ import annotations

from sandbox.telegram.errors import bad_request
from sandbox.telegram.methods.common import Call, target_chat, target_message
from sandbox.telegram.model import Chat, Json
from sandbox.telegram.wire import chat_json, file_json, message_json, user_json

_LARGEST_DOWNLOAD = 20 * 1024 * 1024


async def get_chat(call: Call) -> Json:
    """`getChat`, with the message pinned last."""
    chat = target_chat(call)
    form = {**chat_json(call.world, chat), "accent_color_id": 0, "max_reaction_count": 11}
    form["accepted_gift_types"] = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"),
        False,
    )
    if chat.pinned:
        form["pinned_message"] = message_json(call.world, call.world.message(chat.id, chat.pinned[-1]))
    return form


async def get_chat_member(call: Call) -> Json:
    """`getChatMember`."""
    chat = target_chat(call)
    return member_json(call, chat, call.parameters.integer("user_id"))


async def get_chat_administrators(call: Call) -> list[Json]:
    """`getChatAdministrators`."""
    chat = target_chat(call)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    return [member_json(call, chat, user_id) for user_id in chat.admins]


async def get_chat_member_count(call: Call) -> int:
    """`getChatMemberCount`; a private chat counts the person and the bot."""
    chat = target_chat(call)
    return 2 if chat.type == "private" else len(chat.members)


def member_json(call: Call, chat: Chat, user_id: int) -> Json:
    """`ChatMember` in the forms owner, member and left."""
    user = user_json(call.world.user(user_id))
    if user_id in chat.admins:
        return {"status": "creator", "user": user, "is_anonymous": False}
    inside = user_id in chat.members or user_id == call.world.bot.id
    return {"status": "member" if inside else "left", "user": user}


async def leave_chat(call: Call) -> bool:
    """`leaveChat`."""
    chat = target_chat(call)
    if chat.type == "private":
        raise bad_request("chat member status can't be changed in private chats")
    chat.bot_is_member = False
    return True


async def get_file(call: Call) -> Json:
    """`getFile`."""
    stored = call.world.files.find(call.parameters.text("file_id"))
    if stored.size > _LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return file_json(stored)


async def set_message_reaction(call: Call) -> bool:
    """`setMessageReaction`: the bot's one reaction, or none."""
    message = target_message(call, "react")
    message.reactions = call.parameters.objects("reaction", "reactions")[:1]
    call.world.changed(message, "edit")
    return True
