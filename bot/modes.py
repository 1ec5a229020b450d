"""Which mode each connection was in last, kept among the settings of the database.

One value says all: `paper`, `live`, or `leaving` for a live one that goes back to paper as soon as nothing is open.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.ids import ConnectionId
from engine.core.model import Mode
from engine.core.notices import Notice
from storage.settings import Settings

LEAVING = "leaving"


class StoredModes:
    """engine.ports.ModeStore. Going live is done in the chat, so the config file has no say in it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def mode(self, connection: ConnectionId) -> Mode:
        kept = await self._kept(connection)
        return Mode.LIVE if kept == LEAVING else Mode(kept)

    async def leaves_live(self, connection: ConnectionId) -> bool:
        return await self._kept(connection) == LEAVING

    async def _kept(self, connection: ConnectionId) -> str:
        return str(await self._settings.get(_key(connection), Mode.PAPER.value))

    async def keep_mode(
        self, connection: ConnectionId, mode: Mode, leaving: bool = False, notices: Sequence[Notice] = ()
    ) -> None:
        value = LEAVING if leaving and mode is Mode.LIVE else mode.value
        await self._settings.set(_key(connection), value, notices)


def _key(connection: ConnectionId) -> str:
    return f"connection.{connection}.mode"
