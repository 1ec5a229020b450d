"""The owner at his phone: commands at random, some tapped twice, each of which must be answered."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from engine.core import inputs as i
from engine.core.facts import ForeignChoice
from engine.core.ids import CommandId
from engine.core.model import Action, Side, State
from engine.core.money import Price, Quote
from engine.core.state import TraderState
from sandbox.simulation.market import TRADED
from sandbox.simulation.script import DAY
from sandbox.simulation.telegram import OWNER

if TYPE_CHECKING:
    from sandbox.simulation.world import World

LOOKS = 900.0
"""About how many seconds go by between two looks at the phone."""


class Owner:
    """Wants the desk to trade: lifts halts and resumes after a while, and meddles in between."""

    def __init__(self, world: World, random: Random) -> None:
        self.user = OWNER
        self.sent: dict[int, i.Command] = {}
        """By the number of the update."""
        self._waiting: set[int] = set()
        self._world = world
        self._random = random
        self._names = count(1)

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
            self._send(i.Halt)
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

    def hurries(self, size: float, until: float | None = None) -> None:
        """He gives a command soon, amid what goes wrong, or some seconds before that is over; and the strategies want
        in just before or after."""
        kind = i.Halt if size < 0.4 else i.Pause if size < 0.6 else None
        after = self._random.uniform(0, 20)
        if until is not None:
            after = max(until - self._random.uniform(1.5, 4), 0.0)
        self._world.later(after, lambda: self._hurry(kind))
        for symbol in TRADED:
            later = max(
                after + self._random.choice((self._random.uniform(-1, 0), self._random.uniform(0, 8))), 0.0
            )
            self._world.later(later, partial(self._world.wants, symbol, Action.ENTER))

    def _hurry(self, kind: type[i.Command] | None) -> None:
        state = self._world.runner_state
        if self._world.storm_over:
            return
        if kind is not None:
            self._send(kind)
            self._world.later(300, self._resume)
        elif state is not None:
            self._act(state)

    def _send(self, kind: type[i.Command], *details: object) -> None:
        """Once; a button is tapped twice now and then."""
        safer = kind in (i.Halt, i.Pause)
        name = CommandId(f"c{next(self._names)}")
        text = f"/{kind.__name__.casefold()}" if safer else f"/{name}"
        command: i.Command | None = None
        for _ in range(2 if self._random.random() < 0.2 else 1):
            number = self._world.telegram.says(text)
            if command is None or safer:
                own = CommandId(f"tg:{number}") if safer else name
                command = kind(self._world.clock.now(), own, "owner", *details)
                self._world.oracle.safety.sent(command)
            self.sent[number] = command
            self._waiting.add(number)

    def answered(self, number: int, command: i.Command, answer: str) -> None:
        """He reads what became of it."""
        self._waiting.discard(number)
        self._world.oracle.commands.answered(command, answer)

    @property
    def unanswered(self) -> list[CommandId]:
        return [self.sent[number].id for number in sorted(self._waiting)]
