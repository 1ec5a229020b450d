"""Commands to the engine, and what came of them in one truthful line."""

from __future__ import annotations

from collections.abc import Callable

from bot.handlers.base import Services
from bot.screens import refusals
from bot.screens.summary import Summary, mode_tag, summarise
from bot.text import Html, lines, say, word
from engine.core.errors import StorageTrouble
from engine.core.ids import ConnectionId
from engine.core.inputs import Command
from engine.desk import Answer


async def send(services: Services, connection: ConnectionId, command: Command) -> Answer:
    """A command that could not be written down was not carried out: it is answered as refused."""
    try:
        return await services.desk.send(connection, command)
    except StorageTrouble as trouble:
        return Answer(refused=word("steer.not_stored", reason=str(trouble)))


def names(one: Summary) -> dict[str, str]:
    """The connection with its mode, as every result begins."""
    return {"connection": one.connection, "mode": mode_tag(one.mode)}


def outcome(
    services: Services, connection: ConnectionId, answer: Answer, well: Callable[[Summary], Html]
) -> Html:
    """`well` is said when it was carried out; a repeat says so first."""
    one = summarise(services.desk.view(connection))
    if answer.refused:
        return say("steer.refused", **names(one), reason=refusals.told(answer.refused))
    return lines(say("steer.repeated"), well(one)) if answer.repeated else well(one)
