"""The test bench: faults, limits, time, tokens, memberships, raw updates, the log of calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.telegram import bodies as body
from sandbox.telegram.bot_api import BotApi
from sandbox.telegram.errors import bad_request
from sandbox.telegram.faults import Fault
from sandbox.telegram.migration import migrate
from sandbox.telegram.model import User
from sandbox.telegram.people import People
from sandbox.telegram.reading import number, read_body
from sandbox.telegram.world import World, private_chat

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Bench:
    """What no person in a chat can do."""

    def __init__(self, world: World, people: People, bot_api: BotApi) -> None:
        self.world = world
        self.people = people
        self.bot_api = bot_api

    def handlers(self) -> dict[tuple[str, str], _Handler]:
        """Handlers by HTTP method and name."""
        return {
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "limits"): self._limits,
            ("POST", "clock"): self._clock,
            ("POST", "token"): self._token,
            ("POST", "webhook"): self._webhook,
            ("POST", "block"): self._block,
            ("POST", "users"): self._new_person,
            ("POST", "membership"): self._membership,
            ("POST", "migrate"): self._migrate,
            ("POST", "updates"): self._update,
            ("GET", "calls"): self._calls,
        }

    async def _faults(self, request: web.Request) -> web.Response:
        self.bot_api.faults.strike("")
        return web.json_response([fault.model_dump(mode="json") for fault in self.bot_api.faults.active])

    async def _add_fault(self, request: web.Request) -> web.Response:
        self.bot_api.faults.add(await read_body(request, Fault))
        return _done()

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self.bot_api.faults.clear()
        return _done()

    async def _limits(self, request: web.Request) -> web.Response:
        self.bot_api.limits.enabled = (await read_body(request, body.Switch)).on
        return _done()

    async def _clock(self, request: web.Request) -> web.Response:
        self.world.clock.advance((await read_body(request, body.Advance)).seconds)
        return web.json_response({"now": self.world.clock.now()})

    async def _token(self, request: web.Request) -> web.Response:
        """`{"on": false}` revokes the token, `{"on": true}` makes it good again."""
        self.world.memory.token_revoked = not (await read_body(request, body.Switch)).on
        return _done()

    async def _webhook(self, request: web.Request) -> web.Response:
        """`{"text": address}`: another program has its updates sent there; empty for no longer."""
        self.world.updates.pending.webhook = (await read_body(request, body.Webhook)).url
        return _done()

    async def _block(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.Block)
        self.people.block(asked.user, asked.blocked)
        return _done()

    async def _new_person(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.NewPerson)
        if asked.id in self.world.memory.users:
            raise bad_request(f"there is a person with the id {asked.id} already")
        self.world.memory.users[asked.id] = User(**asked.model_dump(exclude={"groups"}))
        self.world.memory.chats[asked.id] = private_chat(asked.id)
        for group in asked.groups:
            self.world.chat(group).members.append(asked.id)
        return _done()

    async def _membership(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.Membership)
        self.people.membership(asked.user, self.people.chat_of(asked.user, asked.chat), asked.status)
        return _done()

    async def _migrate(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.InChat)
        chat = migrate(self.world, self.people.chat_of(asked.user, asked.chat))
        return web.json_response({"chat": chat.id})

    async def _update(self, request: web.Request) -> web.Response:
        asked = await read_body(request, body.RawUpdate)
        return web.json_response({"update_id": self.world.updates.push(asked.kind, asked.payload)})

    async def _calls(self, request: web.Request) -> web.Response:
        since = number(request, "since", 0)
        found = self.bot_api.calls.since(since, request.query.get("method", ""))
        return web.json_response([record.model_dump(mode="json") for record in found])


def _done() -> web.Response:
    return web.json_response({"ok": True})
