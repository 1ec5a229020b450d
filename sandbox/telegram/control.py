"""The control API under `/sandbox/`: the person's side of the chat, for the page and for tests (see README.md)."""

from __future__ import annotations

import asyncio

from aiohttp import web

from sandbox.telegram import bodies as body
from sandbox.telegram.bench import Bench
from sandbox.telegram.bot_api import BotApi
from sandbox.telegram.errors import bad_request
from sandbox.telegram.events import Event
from sandbox.telegram.model import CallbackQuery, Media, StoredFile
from sandbox.telegram.parameters import Upload, read_parameters
from sandbox.telegram.people import Draft, People
from sandbox.telegram.reading import read_body, with_sentence
from sandbox.telegram.view import SeenMessage, seen_message
from sandbox.telegram.watch import Watch
from sandbox.telegram.world import OWNER, World


class Control:
    """What people do; looking on is in `Watch`, switching faults and the like in `Bench`."""

    def __init__(self, world: World, people: People, bot_api: BotApi) -> None:
        self.world = world
        self.people = people
        self.watch = Watch(world, people)
        self.bench = Bench(world, people, bot_api)

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        acts = {
            "send": self._send,
            "photo": self._photo,
            "sticker": self._sticker,
            "forward": self._forward,
            "edit": self._edit,
            "delete": self._delete,
            "press": self._press,
        }
        own = [web.post(f"/sandbox/{name}", with_sentence(handler)) for name, handler in acts.items()]
        looks = [web.get(path, with_sentence(handler)) for path, handler in self.watch.handlers().items()]
        switches = [
            web.route(method, f"/sandbox/{name}", with_sentence(handler))
            for (method, name), handler in self.bench.handlers().items()
        ]
        return [*own, *looks, *switches]

    async def _send(self, request: web.Request) -> web.Response:
        said = await read_body(request, body.SendText)
        draft = Draft(
            text=said.text,
            reply_to=said.reply_to,
            voice=said.voice,
            forwarded_from=said.forwarded_from,
            via_bot=said.via_bot,
        )
        return self._sent(said.user, self.people.send(said.user, said.chat, draft).message_id, said.chat)

    async def _photo(self, request: web.Request) -> web.Response:
        """Multipart: `file`, and `user`, `chat`, `caption`, `as_document` beside it."""
        given = await read_parameters(request)
        upload = given.uploads.get("file")
        if upload is None:
            raise bad_request("there is no file in the request")
        user = given.integer("user", OWNER)
        chat = given.integer("chat") or None
        draft = Draft(text=given.text("caption"), media=self._media(upload, given.flag("as_document")))
        return self._sent(user, self.people.send(user, chat, draft).message_id, chat)

    def _media(self, upload: Upload, as_document: bool) -> Media:
        if as_document:
            return Media(kind="document", file=self.world.files.add(upload, "documents"))
        return Media(kind="photo", file=self.world.files.add_photo(upload))

    async def _sticker(self, request: web.Request) -> web.Response:
        sent = await read_body(request, body.SendSticker)
        drawn = StoredFile(
            file_id=f"CAAC{ord(sent.emoji[0]):x}", unique_id="AgAD", path="stickers/file.webp", size=1
        )
        draft = Draft(media=Media(kind="sticker", file=drawn, emoji=sent.emoji))
        return self._sent(sent.user, self.people.send(sent.user, sent.chat, draft).message_id, sent.chat)

    async def _forward(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.Forward)
        source = self.world.message(self.people.chat_of(asked.user, asked.chat).id, asked.message)
        draft = Draft(text=source.text, media=source.media, forwarded_from=source.sender_id)
        return self._sent(asked.user, self.people.send(asked.user, asked.to, draft).message_id, asked.to)

    async def _edit(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.Edit)
        message = self.people.edit(asked.user, asked.chat, asked.message, asked.text)
        return self._sent(asked.user, message.message_id, asked.chat)

    async def _delete(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.OneMessage)
        self.people.delete(asked.user, asked.chat, asked.message)
        return web.json_response({"ok": True})

    async def _press(self, request: web.Request) -> web.Response:
        """Answers with the query as the bot answered it, or unanswered after `timeout` seconds."""
        asked = await read_body(request, body.Press)
        message = self._seen(asked.user, asked.message, asked.chat)
        data = asked.data if asked.data is not None else _data_of(message, asked.button)
        with self.world.hub.listening() as events:
            query = self.people.press(asked.user, asked.chat, asked.message, data)
            await self._answered(query, events, asked.timeout)
        return web.json_response(query.model_dump(mode="json"))

    async def _answered(
        self, query: CallbackQuery, events: asyncio.Queue[Event | None], timeout: float
    ) -> None:
        try:
            async with asyncio.timeout(timeout):
                while not query.answered and await events.get() is not None:
                    pass
        except TimeoutError:
            return

    def _seen(self, user: int, message_id: int, chat_id: int | None) -> SeenMessage:
        chat = self.people.chat_of(user, chat_id)
        return seen_message(self.world, self.world.message(chat.id, message_id), user)

    def _sent(self, user: int, message_id: int, chat_id: int | None) -> web.Response:
        return web.json_response(self._seen(user, message_id, chat_id).model_dump(mode="json"))


def _data_of(message: SeenMessage, text: str | None) -> str:
    """The callback data behind a button's text; raises `ApiError` that names the buttons there are."""
    buttons = [button for row in message.buttons for button in row if button.data is not None]
    for button in buttons:
        if button.text == text and button.data is not None:
            return button.data
    names = ", ".join(f"'{button.text}'" for button in buttons) or "none"
    raise bad_request(f"no button '{text}' under this message; there are: {names}")
