"""Messages of a user stream that do not tell enough: each is read with a question, one after the other."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.core.ids import ClientOrderId

MOST = 10_000
"""Numbers remembered; the one noted longest ago is forgotten, and asked for again."""


class OneByOne:
    """Keeps the order in which things were told: an execution before the end of its order."""

    def __init__(self, read: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
        self._read = read
        self._told: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    def told(self, _connection: object, message: Mapping[str, Any]) -> None:
        """Takes the place of ccxt's own handler."""
        self._told.put_nowait(message)

    async def read_on(self) -> None:
        """For ever; what a question raises ends the stream."""
        while True:
            await self._read(await self._told.get())


class Numbers:
    """What orders are called whose messages tell their number only. An owner's order without a name is ''."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()

    def note(self, number: object, name: ClientOrderId | str | None) -> None:
        self._names[str(number)] = str(name or "")
        self._names.move_to_end(str(number))
        while len(self._names) > MOST:
            self._names.popitem(last=False)

    def name_of(self, number: object) -> str | None:
        """None for one that was never told of."""
        return self._names.get(str(number))

    def number_of(self, name: ClientOrderId) -> str | None:
        """The latest one of that name."""
        return next((number for number, one in reversed(self._names.items()) if one == name), None)
