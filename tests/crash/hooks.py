"""Ways to be there when something happens inside the bot's process: each wraps real functions and calls `doom`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from engine.core.facts import AnyFact

Doom = Callable[[], None]
Hook = Callable[[Doom], None]
Match = Callable[[Sequence[AnyFact]], bool]

_purposes: dict[str, str] = {}
"""What each order of this process's life is for, by its client order id: later facts name only the id."""


def learn(facts: Sequence[AnyFact]) -> None:
    for fact in facts:
        order = getattr(fact, "order", None)
        if order is not None:
            _purposes[order.client_order_id] = order.purpose.value


def has(kind: str, purpose: str = "") -> Match:
    """Facts with one of that kind, of an order for that purpose if one is given."""

    def match(facts: Sequence[AnyFact]) -> bool:
        learn(facts)
        return any(type(one).__name__ == kind and purpose in ("", _purpose(one)) for one in facts)

    return match


def _purpose(fact: AnyFact) -> str:
    inner: Any = getattr(fact, "order", None) or getattr(fact, "fill", None) or fact
    return _purposes.get(getattr(inner, "client_order_id", ""), "")


# ── the journal ───────────────────────────────────────────────────────────────────────────


def before_append(match: Match) -> Hook:
    """Decided, and not on disk."""
    return _on_append(match, early=True)


def after_append(match: Match) -> Hook:
    """On disk, and nothing of it done."""
    return _on_append(match, early=False)


def _on_append(match: Match, early: bool) -> Hook:
    def install(doom: Doom) -> None:
        from storage.journal import SqlJournal

        real = SqlJournal.append

        async def append(self: Any, book: Any, after: int, facts: Any, notices: Any = ()) -> int:
            found = match(facts)
            if found and early:
                doom()
            number = await real(self, book, after, facts, notices)
            if found and not early:
                doom()
            return number

        SqlJournal.append = append  # type: ignore[method-assign]

    return install


def inside_append(match: Match) -> Hook:
    """Written to the database, and not committed."""

    def install(doom: Doom) -> None:
        import storage.journal as journal

        real = vars(journal)["project"]

        def project(connection: Any, book: Any, after: int, facts: Any) -> None:
            real(connection, book, after, facts)
            if match(facts):
                doom()

        vars(journal)["project"] = project

    return install


# ── calls ─────────────────────────────────────────────────────────────────────────────────


def around(module: str, cls: str, name: str, early: bool = True, wait: float = 0.0) -> Hook:
    """Before, or after, a method that is awaited; `wait`: so many seconds into it."""

    def install(doom: Doom) -> None:
        from importlib import import_module

        owner = getattr(import_module(module), cls)
        real: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            if wait:
                asyncio.get_running_loop().call_later(wait, doom)
            elif early:
                doom()
            found = await real(*arguments, **named)
            if not early:
                doom()
            return found

        setattr(owner, name, call)

    return install


def often_snapshots(then: Hook) -> Hook:
    """A snapshot after every few facts, and then `then`."""

    def install(doom: Doom) -> None:
        from engine import runner

        runner.SNAPSHOT_EVERY = 4
        then(doom)

    return install


# ── the wire ──────────────────────────────────────────────────────────────────────────────

ORDERS = "/api/v3/order"


def before_request(method: str) -> Hook:
    """Everything is ready, and no byte has left."""

    def install(doom: Doom) -> None:
        from engine.exchanges.wire import Wire

        real = Wire.fetch

        async def fetch(
            self: Any, url: str, method_: str = "GET", headers: Any = None, body: Any = None
        ) -> Any:
            if method_ == method and ORDERS in url:
                doom()
            return await real(self, url, method_, headers, body)

        Wire.fetch = fetch  # type: ignore[method-assign,assignment]

    return install


def on_its_way(method: str) -> Hook:
    """The request was handed to the network; whether it arrives, nobody knows."""
    return _sent(method, lambda: asyncio.sleep(0))


def unread(method: str) -> Hook:
    """The venue has done it, and we have read and heard nothing."""

    async def wait() -> None:
        for _ in range(3):
            await asyncio.sleep(0)  # whatever of the request is not written yet
        time.sleep(0.3)  # nothing of this process may run meanwhile, the user stream least

    return _sent(method, wait)


def told_first(method: str) -> Hook:
    """The venue has done it and told it by the user stream; the answer itself was not read."""
    return _sent(method, lambda: asyncio.sleep(0.5))


def _sent(method: str, wait: Callable[[], Awaitable[None]]) -> Hook:
    def install(doom: Doom) -> None:
        from aiohttp import ClientResponse

        real = ClientResponse.start

        async def start(self: Any, connection: Any) -> Any:
            if self.method == method and ORDERS in self.url.path:
                await wait()
                doom()
            return await real(self, connection)

        ClientResponse.start = start  # type: ignore[method-assign]

    return install


def answered(method: str) -> Hook:
    """The answer was read, and nobody has looked into it."""

    def install(doom: Doom) -> None:
        from engine.exchanges.wire import Wire

        real = Wire.note

        def note(self: Any, status: int, reason: str, url: str, method_: str, *rest: Any) -> str:
            if method_ == method and ORDERS in url:
                doom()
            return real(self, status, reason, url, method_, *rest)

        Wire.note = note  # type: ignore[method-assign,assignment]

    return install
