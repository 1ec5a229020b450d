"""Puts the sandbox together and on a port of this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.telegram.bot_api import BotApi
from sandbox.telegram.control import Control
from sandbox.telegram.keeping import Keeper
from sandbox.telegram.limits import Limits
from sandbox.telegram.page import page_routes
from sandbox.telegram.people import People

_LARGEST_REQUEST = 60 * 1024 * 1024
_SHUTDOWN_SECONDS = 1.0


@dataclass(frozen=True)
class Options:
    """How to run the sandbox; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 0
    token: str = "1:sandbox"
    bot_name: str = "Pocketdesk"
    state: Path | None = None
    limits: bool = False


class TelegramSandbox:
    """The whole server: the Bot API, the control API and the chat page on one port."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.keeper = Keeper(options.token, options.bot_name, options.state)
        self.world = self.keeper.world
        self.bot_api = BotApi(self.world, Limits(options.limits))
        self.people = People(self.world)
        self._runner: web.AppRunner | None = None
        self._port = options.port

    @property
    def address(self) -> str:
        """The page's address, without a slash at the end."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """What python-telegram-bot takes as `base_url`."""
        return f"{self.address}/bot"

    @property
    def base_file_url(self) -> str:
        """What python-telegram-bot takes as `base_file_url`."""
        return f"{self.address}/file/bot"

    async def start(self) -> None:
        """Listen; raises `OSError` when the port is taken. A second start takes the same port again."""
        refuse_other_hosts(self.options.host)
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.options.host, self._port, reuse_address=True)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self.keeper.start()

    async def stop(self) -> None:
        """Close every connection and write the state."""
        self.bot_api.faults.clear()
        self.world.hub.close()
        self.world.updates.end_polls()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self.keeper.stop()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=[_local_only])
        application.add_routes(self.bot_api.routes())
        application.add_routes(Control(self.world, self.people, self.bot_api).routes())
        application.add_routes(page_routes())
        return application


def refuse_other_hosts(host: str) -> None:
    """Raises `ValueError` with a sentence for an address that others could reach."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ValueError(
            f"The sandbox listens on this machine only: '{host}' is not a loopback address, use 127.0.0.1."
        )


@web.middleware
async def _local_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A foreign web page must not reach the sandbox by a name of its own that leads here (DNS rebinding)."""
    name = request.host.rsplit(":", 1)[0].strip("[]") if request.host else ""
    try:
        refuse_other_hosts(name)
    except ValueError as error:
        return web.Response(status=403, text=str(error))
    return await handler(request)
