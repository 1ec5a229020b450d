"""Which mode each connection was in last, kept among the settings of the database."""

from __future__ import annotations

from engine.core.ids import ConnectionId
from engine.core.model import Mode
from storage.settings import Settings


class StoredModes:
    """engine.ports.ModeStore. Going live is done in the chat, so the config file has no say in it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def mode(self, connection: ConnectionId) -> Mode:
        return Mode(await self._settings.get(_key(connection), Mode.PAPER.value))

    async def keep_mode(self, connection: ConnectionId, mode: Mode) -> None:
        await self._settings.set(_key(connection), mode.value)


def _key(connection: ConnectionId) -> str:
    return f"connection.{connection}.mode"
