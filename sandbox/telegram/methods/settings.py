"""What the bot says about itself: commands, names, descriptions, the menu button."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable

from sandbox.telegram.errors import bad_request
from sandbox.telegram.events import Event
from sandbox.telegram.methods.common import Call
from sandbox.telegram.model import Json

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_MOST_COMMANDS = 100
_LENGTHS = {"name": 64, "short_description": 120, "description": 512}


async def set_my_commands(call: Call) -> bool:
    """`setMyCommands` for a scope and language."""
    items = call.parameters.objects("commands", "commands")
    if len(items) > _MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    call.world.memory.commands[scope_key(call)] = [_command(item) for item in items]
    call.world.hub.publish(Event("commands", {}))
    return True


async def get_my_commands(call: Call) -> list[Json]:
    """`getMyCommands` for exactly this scope and language."""
    return call.world.memory.commands.get(scope_key(call), [])


async def delete_my_commands(call: Call) -> bool:
    """`deleteMyCommands`."""
    call.world.memory.commands.pop(scope_key(call), None)
    call.world.hub.publish(Event("commands", {}))
    return True


def scope_key(call: Call) -> str:
    """A scope and a language as one key of the memory."""
    scope = call.parameters.mapping("scope", "bot command scope") or {"type": "default"}
    parts = [scope.get("type", "default"), scope.get("chat_id", ""), scope.get("user_id", "")]
    return json.dumps([*(str(part) for part in parts), call.parameters.text("language_code")])


def _command(item: Json) -> Json:
    name = str(item.get("command", "")).removeprefix("/")
    description = str(item.get("description", ""))
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def setter(field: str) -> Callable[[Call], Awaitable[bool]]:
    """`setMyName`, `setMyDescription`, `setMyShortDescription`."""

    async def set_profile(call: Call) -> bool:
        text = call.parameters.text(field)
        if len(text) > _LENGTHS[field]:
            raise bad_request(f"bot {field.replace('_', ' ')} is too long")
        call.world.memory.profile[field] = text
        if field == "name" and text:
            call.world.bot.first_name = text
        call.world.hub.publish(Event("profile", {}))
        return True

    return set_profile


def getter(field: str) -> Callable[[Call], Awaitable[Json]]:
    """`getMyName`, `getMyDescription`, `getMyShortDescription`."""

    async def get_profile(call: Call) -> Json:
        default = call.world.bot.first_name if field == "name" else ""
        return {field: call.world.memory.profile.get(field, default)}

    return get_profile


async def set_chat_menu_button(call: Call) -> bool:
    """`setChatMenuButton`."""
    button = call.parameters.mapping("menu_button", "menu button") or {"type": "default"}
    call.world.memory.menu_button = button
    call.world.hub.publish(Event("commands", {}))
    return True


async def get_chat_menu_button(call: Call) -> Json:
    """`getChatMenuButton`."""
    return call.world.memory.menu_button
