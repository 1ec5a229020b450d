"""What a handler gets: one question of the owner, and those who can answer it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bot.charts import Charts
from bot.said import Said
from bot.screens.base import Screen
from bot.screens.summary import Summary, mode_tag, summarise
from bot.screens.talk import choose
from bot.text import say, word
from bot.waiting import Waiting
from engine.clock import Clock
from engine.core.ids import CommandId, ConnectionId
from engine.desk import ConnectionView, Desk
from storage.store import Store

EVERY = "*"
"""In place of a connection's name: all of them."""


class Board(Protocol):
    """The pinned dashboard, as the handlers see it."""

    async def pin(self) -> bool:
        """Make a new dashboard message, or say False when Telegram could not be asked."""
        ...


@dataclass(slots=True)
class Counters:
    """Counted since the process began."""

    forged: int = 0
    strangers: int = 0


@dataclass(slots=True)
class Services:
    """Everything that handlers ask; made once by `Conversation`."""

    desk: Desk
    store: Store
    clock: Clock
    version: str
    charts: Charts
    board: Board
    started_at: datetime
    waiting: Waiting = field(default_factory=Waiting)
    counters: Counters = field(default_factory=Counters)
    said: Said = field(default_factory=Said)
    deaf: Callable[[], str] = lambda: ""
    """Why nothing can be heard from the owner, or not always."""
    unreadable: Callable[[], int] = lambda: 0
    """How many updates of his could not be read since the process began."""

    def view(self, connection: str) -> ConnectionView:
        """Raises KeyError for a connection that is not (or no longer) there."""
        return self.desk.view(ConnectionId(connection))

    def summary(self, connection: str) -> Summary:
        """Raises KeyError like `view`."""
        leaving = self.desk.leaving_live(ConnectionId(connection))
        return replace(summarise(self.view(connection)), leaving_live=leaving)

    def summaries(self) -> list[Summary]:
        return [self.summary(one) for one in self.desk.connections()]

    def now(self) -> datetime:
        return self.clock.now()


@dataclass(frozen=True, slots=True)
class Ask:
    """One tap or command. `id` is the same for each redelivery of it."""

    id: CommandId
    at: datetime
    by: str
    args: Mapping[str, str]

    @property
    def page(self) -> int:
        text = self.args.get("page", "0")
        return int(text) if text.isdecimal() else 0


Handler = Callable[[Services, Ask], Awaitable[Screen]]
Series = Callable[[Services, Ask], AsyncIterator[Screen]]
"""For slow work: the first screen comes at once, each further one takes its place."""


def chosen(services: Services, ask: Ask, *, every: bool = False) -> list[ConnectionId]:
    """The connections that are meant: the one named, the only one, all (if `every`), or none: to be asked."""
    known = list(services.desk.connections())
    named = ask.args.get("c", "")
    if named == EVERY or (every and not named):
        return known
    if named:
        return [one for one in known if one == named]
    return known if len(known) == 1 else []


def which(services: Services, ask: Ask, verb: str, *, every: bool = False) -> Screen:
    """Ask for the connection."""
    choices = [
        (f"{one.sign} {one.connection} {mode_tag(one.mode)}", str(one.connection))
        for one in services.summaries()
    ]
    if every:
        choices.append((word("button.every"), EVERY))
    return choose(say("choose.connection"), choices, verb, "c", ask.args)
