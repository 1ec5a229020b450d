"""What makes things safer acts the moment it is read: before it is stored, before anything is fetched for it (law 8).

It also stops entries while the owner's words may wait unread: at the start, until Telegram was heard once, and behind a
backlog of updates. Neither for long, since a Telegram that is away, or flooded, is no reason not to trade (T14, T22).
"""

from __future__ import annotations

import asyncio

from loguru import logger

from bot.callbacks import Buttons, Fate
from bot.handlers.base import EVERY
from bot.handlers.steering import safer_command
from bot.telegram.reading import Raw, number_of, safer_button, safer_text, the_one_named
from engine.clock import Clock
from engine.core.ids import CommandId, ConnectionId
from engine.desk import Answer, Desk
from storage.people import Person

START, BACKLOG = "nothing was heard from Telegram yet", "many updates wait to be read"
START_PATIENCE = 5.0
"""Seconds for which entries wait for the first word from Telegram."""
BACKLOG_PATIENCE = 60.0
"""The same for one backlog: thousands are read in a second, and strangers must not keep us from trading for ever."""


class Safer:
    """`owner` is given once he is known, the desk by `begin`."""

    def __init__(self, buttons: Buttons, clock: Clock) -> None:
        self._buttons = buttons
        self._clock = clock
        self._under_way: dict[int, list[asyncio.Future[Answer]]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._behind = False
        self._desk: Desk | None = None
        self.owner: Person | None = None

    # ── what the owner sent ───────────────────────────────────────────────────────────────

    def act(self, raw: Raw) -> None:
        """In force when this returns, if it is a halt or a pause of the owner's. A second time changes nothing."""
        owner, desk, number = self.owner, self._desk, number_of(raw)
        if owner is None or desk is None or number is None:
            return
        if (text := safer_text(raw, owner.user_id)) is not None:
            named = the_one_named(text[1], desk.connections())
            self._stop_entries(desk, number, text[0], f"tg:{number}", named)
        elif (tap := safer_button(raw, owner.user_id)) is not None:
            self._tapped(desk, owner, number, *tap)

    def _tapped(self, desk: Desk, owner: Person, number: int, verb: str, data: str, query: str) -> None:
        """Which connection a button of an earlier process means is in the database only: until that was asked, nothing
        is entered anywhere."""
        pressed = self._buttons.at_a_glance(data, owner.chat_id, owner.user_id)
        if pressed.fate is Fate.EXPIRED:
            desk.hold_entries(_reason(number))
        elif pressed.fate is Fate.GOOD:
            named = pressed.args.get("c", EVERY)
            if named == EVERY or named in desk.connections():
                self._stop_entries(desk, number, verb, f"cb:{query}", None if named == EVERY else named)

    def _stop_entries(self, desk: Desk, number: int, verb: str, ident: str, named: str | None) -> None:
        command = safer_command(verb, self._clock.now(), CommandId(ident))
        meant = desk.connections() if named is None else [ConnectionId(named)]
        self._under_way[number] = [desk.stop_entries(one, command) for one in meant]

    async def finished(self, number: int) -> None:
        """To be called once an update was handled; returns when what it stopped is on disk, so that it isn't taken for
        done before that."""
        written = self._under_way.pop(number, [])
        if written:
            await asyncio.wait(written)  # not gathered: what is cancelled here is not to be cancelled there
        if self._desk is not None:
            self._desk.release_entries(_reason(number))
        for one in written:
            one.result()  # the end of the process cut it off: the next one does it

    # ── what may have been sent ───────────────────────────────────────────────────────────

    def begin(self, desk: Desk) -> None:
        """It is about to start: what was sent while nobody listened comes first."""
        self._desk = desk
        desk.hold_entries(START)

    def listen(self) -> None:
        """What the last process left undone is in force, and Telegram is asked from now on."""
        self._release_after(START, START_PATIENCE)

    def heard(self, *, more: bool) -> None:
        """A batch of updates was read; `more` if it was full, so that others wait behind it."""
        if more and not self._behind and self._desk is not None:
            self._desk.hold_entries(BACKLOG)
            self._release_after(BACKLOG, BACKLOG_PATIENCE)
        elif not more:
            self._release(BACKLOG)
        self._behind = more
        self._release(START)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _release_after(self, reason: str, seconds: float) -> None:
        self._timers[reason] = asyncio.get_running_loop().call_later(seconds, self._give_up, reason, seconds)

    def _give_up(self, reason: str, seconds: float) -> None:
        logger.warning("entries have waited for {:g} s, since {}: they wait no longer", seconds, reason)
        self._release(reason)

    def _release(self, reason: str) -> None:
        if (timer := self._timers.pop(reason, None)) is not None:
            timer.cancel()
        if self._desk is not None:
            self._desk.release_entries(reason)


def _reason(number: int) -> str:
    return f"the tap in update {number}"
