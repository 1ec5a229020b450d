"""The owner at his phone: commands at random, some tapped twice, each sent again until it is answered."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from engine.core import inputs as i
from engine.core.errors import StorageTrouble
from engine.core.facts import ForeignChoice
from engine.core.ids import CommandId
from engine.core.model import Side, State
from engine.core.money import Price, Quote
from engine.core.state import TraderState
from sandbox.simulation.market import TRADED
from sandbox.simulation.script import DAY

if TYPE_CHECKING:
    from sandbox.simulation.world import World

LOOKS = 900.0
"""About how many seconds go by between two looks at the phone."""
AGAIN = 5.0


class Owner:
    """Wants the desk to trade: lifts halts and resumes after a while, and meddles in between."""

    def __init__(self, world: World, random: Random) -> None:
        self.unanswered: dict[CommandId, i.Command] = {}
        self._world = world
        self._random = random
        self._numbers = count(1)

    def begin(self) -> None:
        self._world.later(30, self._resume)
        self._world.later(self._random.uniform(0, 2 * LOOKS), self._look)

    def order_flatten(self) -> None:
        """The last command of the day."""
        self._send(i.Flatten)

    def _look(self) -> None:
        state = self._world.runner_state
        if self._world.storm_over or self._world.now > DAY - 600:
            return
        if state is not None:
            self._act(state)
        self._world.later(self._random.uniform(0, 2 * LOOKS), self._look)

    def _resume(self) -> None:
        self._send(i.Resume)

    def _act(self, state: TraderState) -> None:
        waiting = [order for order, report in state.foreign.items() if report is not None]
        if waiting:
            choice = self._random.choice(tuple(ForeignChoice))
            self._send(i.ResolveForeign, waiting[0], choice)
        elif state.barred:
            self._world.oracle.trust.allowed += 1
            self._send(i.AllowEntries, next(iter(state.barred)))
        elif state.is_halted:
            self._send(i.LiftHalt)
            self._world.later(60, self._resume)
        elif state.state is not State.RUNNING:
            self._resume()
        else:
            self._meddle(state)

    def _meddle(self, state: TraderState) -> None:
        drawn = self._random.random()
        positions = sorted(state.positions)
        if drawn < 0.1:
            self._send(i.Pause)
        elif drawn < 0.15:
            self._send(i.Halt, "for the simulation")
        elif drawn < 0.2:
            self._send(i.Flatten)
        elif drawn < 0.45:
            value = Quote(Decimal(self._random.choice((3, 20, 300, 1500))))
            self._send(i.ManualEntry, self._random.choice(TRADED), Side.BUY, value)
        elif positions and drawn < 0.6:
            self._send(i.ClosePosition, self._random.choice(positions))
        elif positions:
            position = state.positions[self._random.choice(positions)]
            share = Decimal(str(round(self._random.uniform(0.98, 1.001), 4)))
            stop = Price(self._world.prices[position.symbol] * share)
            self._send(i.MoveStop, position.id, stop)

    # ── sending ───────────────────────────────────────────────────────────────────────────

    def _send(self, kind: type[i.Command], *details: object) -> None:
        """At least once, until there is an answer: what carries it may repeat, too."""
        name = CommandId(f"c{next(self._numbers)}")
        command = kind(self._world.clock.now(), name, "owner", *details)
        self.unanswered[command.id] = command
        self._world.oracle.safety.sent(command)
        self._try(command)
        if self._random.random() < 0.2:
            self._try(command)

    def _try(self, command: i.Command) -> None:
        if command.id not in self.unanswered:
            return
        life = self._world.life
        if life is not None and life.up:
            asyncio.get_running_loop().create_task(self._ask(command))
        self._world.later(AGAIN + 10, lambda: self._try(command))

    async def _ask(self, command: i.Command) -> None:
        """It dies with the process that it asks."""
        life = self._world.life
        if life is None or not life.up:
            return
        with suppress(StorageTrouble):
            await life.connection.runner.ask(command)
            await life.alive()
            self.unanswered.pop(command.id, None)
            self._world.oracle.safety.answered(command)
