"""Methods for pinned messages."""

from __future__ import annotations

from sandbox.telegram.events import Event
from sandbox.telegram.methods.common import Call, target_chat, target_message
from sandbox.telegram.model import Chat, Message
from sandbox.telegram.wire import message_json


async def pin_chat_message(call: Call) -> bool:
    """`pinChatMessage`: moves the message to the top and leaves a line in the chat that says so."""
    message = target_message(call, "pin")
    chat = call.world.chat(message.chat_id)
    if message.message_id in chat.pinned and chat.pinned[-1] == message.message_id:
        return True
    _unpin(chat, message.message_id)
    chat.pinned.append(message.message_id)
    _tell(call, chat)
    notice = Message(
        message_id=0,
        chat_id=chat.id,
        date=call.world.clock.seconds(),
        sender_id=call.world.bot.id,
        by_bot=True,
        pinned_message_id=message.message_id,
        silent=call.parameters.flag("disable_notification"),
    )
    call.world.updates.push("message", message_json(call.world, call.world.add(notice)))
    return True


async def unpin_chat_message(call: Call) -> bool:
    """`unpinChatMessage`: the named message, or the last one pinned."""
    chat = target_chat(call)
    if call.parameters.integer("message_id"):
        _unpin(chat, target_message(call, "unpin").message_id)
    elif chat.pinned:
        chat.pinned.pop()
    _tell(call, chat)
    return True


async def unpin_all_chat_messages(call: Call) -> bool:
    """`unpinAllChatMessages`."""
    chat = target_chat(call)
    chat.pinned.clear()
    _tell(call, chat)
    return True


def _unpin(chat: Chat, message_id: int) -> None:
    if message_id in chat.pinned:
        chat.pinned.remove(message_id)


def _tell(call: Call, chat: Chat) -> None:
    call.world.hub.publish(Event("pins", {}, chat.id))
