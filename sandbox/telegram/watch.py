"""Looking on: chats, messages, what changed, the live stream for the page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.telegram.errors import ApiError
from sandbox.telegram.events import Event
from sandbox.telegram.model import Chat, Json, Message
from sandbox.telegram.people import People
from sandbox.telegram.reading import number, seconds
from sandbox.telegram.view import chat_title, seen_message, summary
from sandbox.telegram.world import OWNER, World

_LONGEST_WAIT = 120.0
_HEARTBEAT_SECONDS = 15.0


class Watch:
    """Everything that only reads."""

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people

    def handlers(self) -> dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
        """Handlers by path."""
        return {
            "/sandbox/state": self._state,
            "/sandbox/messages": self._messages,
            "/sandbox/changes": self._changes,
            "/sandbox/wait": self._wait,
            "/sandbox/events": self._events,
            "/sandbox/files/{file_id}": self._file,
        }

    async def _state(self, request: web.Request) -> web.Response:
        """The bot, the people that can be played, this person's chats and the commands offered to him."""
        user_id = number(request, "user", OWNER)
        self.world.user(user_id)
        memory = self.world.memory
        people = [user.model_dump() for user in memory.users.values() if not user.is_bot]
        chats = [self._chat(chat, user_id) for chat in memory.chats.values() if _open_to(chat, user_id)]
        return web.json_response(
            {
                "version": memory.version,
                "now": self.world.clock.seconds(),
                "bot": {
                    **self.world.bot.model_dump(),
                    "profile": memory.profile,
                    "menu_button": memory.menu_button,
                },
                "users": people,
                "chats": chats,
                "commands": self._commands(user_id),
                "blocked": user_id in memory.blocked_by,
            }
        )

    def _chat(self, chat: Chat, user_id: int) -> Json:
        last = max(self.world.messages(chat.id), key=lambda message: message.message_id, default=None)
        return {
            "id": chat.id,
            "type": chat.type,
            "title": chat_title(self.world, chat),
            "members": len(chat.members),
            "admin": user_id in chat.admins,
            "pinned": chat.pinned,
            "last": summary(last) if last else "",
            "last_date": last.date if last else 0,
        }

    def _commands(self, user_id: int) -> list[Json]:
        """The commands of the narrowest scope that fits the private chat, as Telegram chooses them."""
        language = self.world.user(user_id).language_code or ""
        scopes = (["chat", str(user_id), ""], ["all_private_chats", "", ""], ["default", "", ""])
        for scope in scopes:
            for code in (language, ""):
                commands = self.world.memory.commands.get(json.dumps([*scope, code]))
                if commands:
                    return commands
        return []

    async def _messages(self, request: web.Request) -> web.Response:
        user_id, chat = self._place(request)
        found = [
            seen_message(self.world, m, user_id).model_dump(mode="json") for m in self.world.messages(chat.id)
        ]
        return web.json_response(
            {"version": self.world.memory.version, "messages": found, "pinned": chat.pinned}
        )

    async def _changes(self, request: web.Request) -> web.Response:
        """Messages changed after version `since`, deleted ones too; waits up to `timeout` seconds for the first."""
        user_id, chat = self._place(request)
        since = number(request, "since", 0)
        await self._until(request, lambda: bool(self._changed(chat, since)))
        found = [
            seen_message(self.world, m, user_id).model_dump(mode="json") for m in self._changed(chat, since)
        ]
        return web.json_response({"version": self.world.memory.version, "messages": found})

    async def _wait(self, request: web.Request) -> web.Response:
        """The bot's first message after id `after` and version `since` whose text contains `contains`."""
        user_id, chat = self._place(request)
        since, after = number(request, "since", 0), number(request, "after", 0)
        part = request.query.get("contains", "")

        def fitting() -> list[Message]:
            changed = [m for m in self._changed(chat, since) if m.by_bot and not m.deleted]
            return [m for m in changed if m.message_id > after and part in m.text]

        if not await self._until(request, fitting):
            raise ApiError(408, f"no message with '{part}' came in time")
        return web.json_response(seen_message(self.world, fitting()[0], user_id).model_dump(mode="json"))

    async def _until(self, request: web.Request, ready: Callable[[], object]) -> bool:
        timeout = min(seconds(request, "timeout", 10.0), _LONGEST_WAIT)
        with self.world.hub.listening() as events:
            try:
                async with asyncio.timeout(timeout):
                    while not ready():
                        if await events.get() is None:
                            return False
            except TimeoutError:
                return False
        return True

    def _changed(self, chat: Chat, since: int) -> list[Message]:
        known = self.world.memory.messages.get(chat.id, {}).values()
        return sorted((m for m in known if m.version > since), key=lambda message: message.version)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: what changed in this person's chats, from now on."""
        user_id = number(request, "user", OWNER)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self.world.hub.listening() as events:
            await response.prepare(request)
            await response.write(b"retry: 500\n: hello\n\n")
            try:
                await self._stream(response, events, user_id)
            except ConnectionError:
                return response  # the page was closed
        return response

    async def _stream(
        self, response: web.StreamResponse, events: asyncio.Queue[Event | None], user_id: int
    ) -> None:
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    event = await events.get()
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if event is None:
                return
            if self._concerns(event, user_id):
                line = json.dumps({"kind": event.kind, "chat": event.chat_id, **self._filled(event, user_id)})
                await response.write(f"data: {line}\n\n".encode())

    def _concerns(self, event: Event, user_id: int) -> bool:
        if event.user_id is not None and event.user_id != user_id:
            return False
        return event.chat_id is None or user_id in self.world.chat(event.chat_id).members

    def _filled(self, event: Event, user_id: int) -> Json:
        """The event with the message itself, as it is now."""
        if event.kind not in {"message", "edit", "delete"} or event.chat_id is None:
            return {"data": event.data}
        message = self.world.memory.messages[event.chat_id][event.data["message_id"]]
        return {
            "data": event.data,
            "message": seen_message(self.world, message, user_id).model_dump(mode="json"),
        }

    async def _file(self, request: web.Request) -> web.Response:
        stored = self.world.files.find(request.match_info["file_id"])
        return web.Response(
            body=self.world.files.read(stored),
            content_type=stored.mime_type or "application/octet-stream",
            headers={"Cache-Control": "max-age=86400", "Content-Security-Policy": "sandbox"},
        )

    def _place(self, request: web.Request) -> tuple[int, Chat]:
        user_id = number(request, "user", OWNER)
        return user_id, self.people.chat_of(user_id, number(request, "chat", 0) or None)


def _open_to(chat: Chat, user_id: int) -> bool:
    return user_id in chat.members and chat.migrated_to is None
