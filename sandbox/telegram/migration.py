"""A group that becomes a supergroup: it gets a new id, and the old one answers with it."""

from __future__ import annotations

from sandbox.telegram.errors import bad_request
from sandbox.telegram.events import Event
from sandbox.telegram.model import Chat, Json, Message
from sandbox.telegram.wire import message_json
from sandbox.telegram.world import World


def migrate(world: World, group: Chat) -> Chat:
    """Upgrade `group`; the bot is told in the old chat and in the new one, as Telegram does."""
    if group.type != "group" or group.migrated_to is not None:
        raise bad_request("only a group can become a supergroup, once")
    upgraded = group.model_copy(
        deep=True,
        update={
            "id": -1_000_000_000_000 + group.id,
            "type": "supergroup",
            "pinned": [],
            "next_message_id": 1,
        },
    )
    world.memory.chats[upgraded.id] = upgraded
    _notice(world, group, {"migrate_to_chat_id": upgraded.id})
    _notice(world, upgraded, {"migrate_from_chat_id": group.id})
    group.migrated_to = upgraded.id
    world.hub.publish(Event("chats", {}))
    return upgraded


def _notice(world: World, chat: Chat, service: Json) -> None:
    message = Message(
        message_id=0,
        chat_id=chat.id,
        date=world.clock.seconds(),
        sender_id=chat.admins[0] if chat.admins else chat.members[0],
        service=service,
    )
    world.updates.push("message", message_json(world, world.add(message)))
