"""Laws 8, 9 and 12 about what the owner sends: entries stop within a second, each command is done once or he is told
that it was not, and what he is told is true."""

from __future__ import annotations

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.ids import CommandId
from engine.core.model import OrderRequest
from sandbox.simulation.judge import Judge

AT_ONCE = 1.0
"""Seconds after a halt or a pause was given to a process after which no entry leaves."""
SAFER = ("/halt", "/pause")


class CommandLaws:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._done: set[CommandId] = set()
        self._stopping: dict[int, float] = {}

    # ── hearing ───────────────────────────────────────────────────────────────────────────

    def heard(self, number: int, text: str, now: float) -> None:
        """Given to a process, which may not have kept it yet."""
        if text in SAFER and CommandId(f"tg:{number}") not in self._done:
            self._stopping.setdefault(number, now)

    def ended(self, kept: set[int]) -> None:
        """A process is gone. What it had not stored will be given to the next one."""
        self._stopping = {number: since for number, since in self._stopping.items() if number in kept}

    def began(self, now: float) -> None:
        """Another process is at work, and knows what was stored."""
        self._stopping = dict.fromkeys(self._stopping, now)

    def leaves(self, request: OrderRequest, now: float) -> None:
        """An order leaves the process."""
        late = [number for number, since in self._stopping.items() if now - since > AT_ONCE]
        words = f"an entry {AT_ONCE:g} s and more after a halt or a pause was heard (tg:{late[:1]})"
        self._judge.expect(request.reduces or not late, 8, words)

    # ── what came of it ───────────────────────────────────────────────────────────────────

    def look(self, fact: f.AnyFact) -> None:
        if isinstance(fact, f.CommandDone):
            self._done.add(fact.command_id)
            self._stopping = {
                number: since for number, since in self._stopping.items() if f"tg:{number}" != fact.command_id
            }

    def answered(self, command: i.Command, answer: str) -> None:
        """He is told what became of it."""
        if answer == "done":
            self._judge.expect(command.id in self._done, 12, f"{command.id} is told to be done and is not")
        elif answer == "stale":
            words = f"{command.id} is told to be refused, and was done"
            self._judge.expect(command.id not in self._done, 12, words)
