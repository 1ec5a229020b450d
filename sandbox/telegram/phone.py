"""A person with a phone: a small client of the control API."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp

from sandbox.telegram.model import CallbackQuery, Json
from sandbox.telegram.view import SeenMessage
from sandbox.telegram.world import OWNER

Wanted = str | Callable[[SeenMessage], bool]
_WAIT_SECONDS = 10.0


class PhoneError(AssertionError):
    """What was asked for is not possible, or did not come in time; says so in a sentence."""


class Phone:
    """Plays one person in one chat.

    `wait_for` looks at what the bot sent or edited since this phone's last own act (send, press …), so a test
    reads like a conversation and never meets an old message by mistake.
    """

    def __init__(self, address: str, *, user: int = OWNER, chat: int | None = None) -> None:
        self.user = user
        self.chat = chat
        self._http = aiohttp.ClientSession(address)
        self._since = 0

    async def __aenter__(self) -> Phone:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Put the phone away."""
        await self._http.close()

    async def send(self, text: str, **details: Any) -> SeenMessage:
        """Write a message; `details`: reply_to, voice ('anonymous_admin', 'channel'), forwarded_from, via_bot."""
        return await self._act("send", text=text, **details)

    async def send_photo(self, data: bytes, caption: str = "", *, as_document: bool = False) -> SeenMessage:
        """Send a picture (PNG, JPEG, GIF), or any file as a document."""
        await self._mark()
        form = aiohttp.FormData({"user": str(self.user), "caption": caption, "as_document": str(as_document)})
        if self.chat is not None:
            form.add_field("chat", str(self.chat))
        form.add_field("file", data, filename="file.bin" if as_document else "photo.png")
        return SeenMessage.model_validate(await self._request("POST", "photo", data=form))

    async def send_sticker(self, emoji: str = "👍") -> SeenMessage:
        """Send a sticker."""
        return await self._act("sticker", emoji=emoji)

    async def forward(self, message: SeenMessage | int, to: int | None = None) -> SeenMessage:
        """Forward a message of this chat to the chat `to` (the private chat with the bot by default)."""
        return await self._act("forward", message=_id(message), to=to)

    async def edit(self, message: SeenMessage | int, text: str) -> SeenMessage:
        """Change one's own message."""
        return await self._act("edit", message=_id(message), text=text)

    async def delete(self, message: SeenMessage | int) -> None:
        """Delete a message for both sides."""
        await self._mark()
        await self._request("POST", "delete", json=self._in_chat(message=_id(message)))

    async def press(
        self,
        message: SeenMessage | int,
        button: str | None = None,
        *,
        data: str | None = None,
        timeout: float = _WAIT_SECONDS,
    ) -> CallbackQuery:
        """Press a button by its text, or send any callback data as a changed client could.

        Returns the query with the bot's answer (text, alert), or `answered` False when none came within `timeout` s.
        """
        await self._mark()
        body = self._in_chat(message=_id(message), button=button, data=data, timeout=timeout)
        return CallbackQuery.model_validate(await self._request("POST", "press", json=body))

    async def wait_for(self, wanted: Wanted = "", timeout: float = _WAIT_SECONDS) -> SeenMessage:
        """The bot's first message, new or edited, since the last act that contains or satisfies `wanted`.

        Raises `PhoneError` after `timeout` seconds, with what came instead.
        """
        fits = wanted if callable(wanted) else lambda message: wanted in message.text
        since, deadline, seen = self._since, time.monotonic() + timeout, list[SeenMessage]()
        while (left := deadline - time.monotonic()) > 0:
            since, changed = await self._changes(since, left)
            for message in changed:
                if message.by_bot and not message.deleted and fits(message):
                    return message
            seen.extend(changed)
        texts = [message.text[:80] for message in seen if message.by_bot]
        raise PhoneError(f"waited {timeout:g} s for {wanted!r}; the bot said: {texts or 'nothing'}")

    async def wait_until_deleted(self, message: SeenMessage | int, timeout: float = _WAIT_SECONDS) -> None:
        """Wait until a message is gone; raises `PhoneError` after `timeout` seconds."""
        since, deadline = 0, time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            since, changed = await self._changes(since, left)
            if any(m.id == _id(message) and m.deleted for m in changed):
                return
        raise PhoneError(f"message {_id(message)} was still there after {timeout:g} s")

    async def messages(self) -> list[SeenMessage]:
        """All messages of the chat, the oldest first."""
        found = await self._request("GET", "messages", params=self._query())
        return [SeenMessage.model_validate(item) for item in found["messages"]]

    async def last(self) -> SeenMessage:
        """The newest message of the chat."""
        messages = await self.messages()
        if not messages:
            raise PhoneError("the chat is empty")
        return messages[-1]

    async def pinned(self) -> SeenMessage | None:
        """The message pinned last, None when nothing is pinned."""
        found = await self._request("GET", "messages", params=self._query())
        by_id = {item["id"]: item for item in found["messages"]}
        return SeenMessage.model_validate(by_id[found["pinned"][-1]]) if found["pinned"] else None

    async def commands(self) -> list[str]:
        """The names in the command menu."""
        return [item["command"] for item in (await self.state())["commands"]]

    async def state(self) -> Json:
        """The bot, the people, this person's chats and commands."""
        found: Json = await self._request("GET", "state", params={"user": str(self.user)})
        return found

    async def block(self) -> None:
        """Block the bot."""
        await self._request("POST", "block", json={"user": self.user, "blocked": True})

    async def unblock(self) -> None:
        """Take it back."""
        await self._request("POST", "block", json={"user": self.user, "blocked": False})

    async def control(self, method: str, path: str, **body: Any) -> Any:
        """Any other request to the control API, e.g. `control("POST", "faults", kind="hang", seconds=2)`."""
        return await self._request(method, path, json=body)

    async def _act(self, name: str, **body: Any) -> SeenMessage:
        await self._mark()
        return SeenMessage.model_validate(await self._request("POST", name, json=self._in_chat(**body)))

    async def _mark(self) -> None:
        """From here on the bot's messages count as new."""
        self._since = int((await self.state())["version"])

    async def _changes(self, since: int, timeout: float) -> tuple[int, list[SeenMessage]]:
        query = {**self._query(), "since": str(since), "timeout": f"{timeout:.3f}"}
        found = await self._request("GET", "changes", params=query)
        messages = [SeenMessage.model_validate(item) for item in found["messages"]]
        return max([since, *(message.version for message in messages)]), messages

    def _query(self) -> dict[str, str]:
        chat = {} if self.chat is None else {"chat": str(self.chat)}
        return {"user": str(self.user), **chat}

    def _in_chat(self, **body: Any) -> Json:
        return {"user": self.user, "chat": self.chat, **body}

    async def _request(self, method: str, path: str, **details: Any) -> Any:
        async with self._http.request(method, f"/sandbox/{path}", **details) as response:
            found = await response.json()
        if response.status != 200:
            raise PhoneError(str(found.get("detail", found)))
        return found


def _id(message: SeenMessage | int) -> int:
    return message if isinstance(message, int) else message.id
