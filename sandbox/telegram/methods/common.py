"""What several Bot API methods need: the call, its chat, its text, its reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.errors import bad_request, forbidden
from sandbox.telegram.formatting import Formatted, entities_from_json, trimmed, with_found_entities
from sandbox.telegram.html import parse_html
from sandbox.telegram.markdown import parse_markdown
from sandbox.telegram.model import Chat, Json, Message
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.wire import message_json
from sandbox.telegram.world import World

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
DELETE_WITHIN_SECONDS = 48 * 3600


@dataclass
class Call:
    """One Bot API call."""

    world: World
    parameters: Parameters
    method: str = ""


Method = Callable[[Call], Awaitable[Any]]


def target_chat(call: Call, name: str = "chat_id") -> Chat:
    """The chat that the call speaks to, if the bot may; raises `ApiError` 400 or 403 as Telegram does."""
    given = call.parameters.text(name).strip()
    if not given:
        raise bad_request(f"{name} is empty")
    chat = call.world.chat(_chat_id(given))
    if not chat.known_to_bot:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    if chat.type == "private" and chat.id in call.world.memory.blocked_by:
        raise forbidden("bot was blocked by the user")
    if not chat.bot_is_member:
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    return chat


def _chat_id(given: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise bad_request("chat not found") from None


def target_message(call: Call, purpose: str) -> Message:
    """The message that the call means; `purpose` names it in the refusal ('message to edit not found')."""
    chat = target_chat(call)
    message_id = call.parameters.integer("message_id")
    if message_id == 0:
        raise bad_request("message identifier is not specified")
    return call.world.message(chat.id, message_id, f"message to {purpose} not found")


def read_formatted(call: Call, name: str, entities: str) -> Formatted:
    """The text parameter `name` after its markup is parsed; raises `ApiError` for bad markup."""
    return formatted(
        call.parameters.text(name),
        call.parameters.text("parse_mode"),
        call.parameters.items(entities, "entities"),
    )


def formatted(source: str, mode: str, entities: list[Json]) -> Formatted:
    """`source` read in the given parse mode, or with the entities that came beside it."""
    match mode.lower():
        case "html":
            parsed = parse_html(source)
        case "markdownv2":
            parsed = parse_markdown(source)
        case "" | "none":
            parsed = trimmed(Formatted(source, entities_from_json(entities)))
        case _:
            raise bad_request("unsupported parse_mode")
    return with_found_entities(parsed)


def read_message_text(call: Call) -> Formatted:
    """The text of a text message, 1 to 4096 characters after its markup is parsed."""
    text = read_formatted(call, "text", "entities")
    if not text.text:
        raise bad_request("message text is empty")
    if len(text.text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return text


def checked_caption(caption: Formatted) -> Formatted:
    """A caption of at most 1024 characters after its markup is parsed."""
    if len(caption.text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return caption


def read_reply_to(call: Call, chat: Chat) -> int | None:
    """The id of the message to answer to; raises `ApiError` when it is gone and the call insists."""
    reply = call.parameters.mapping("reply_parameters", "reply parameters") or {}
    given = Parameters(reply).integer("message_id") or call.parameters.integer("reply_to_message_id")
    if not given:
        return None
    known = call.world.memory.messages.get(chat.id, {}).get(given)
    if known is not None and not known.deleted:
        return known.message_id
    if reply.get("allow_sending_without_reply") or call.parameters.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def bot_message(call: Call, chat: Chat) -> Message:
    """An empty message from the bot with what all sending methods have in common."""
    return Message(
        message_id=0,
        chat_id=chat.id,
        date=call.world.clock.seconds(),
        sender_id=call.world.bot.id,
        by_bot=True,
        reply_to=read_reply_to(call, chat),
        silent=call.parameters.flag("disable_notification"),
    )


def shown(call: Call, message: Message) -> Json:
    """The message as the method returns it."""
    return message_json(call.world, message)
