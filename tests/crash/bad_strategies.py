"""Strategies that do everything wrong that a file can do; beside each a good one holds a position (law 16, P14)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.whole_desk import PATIENCE, WholeDesk, button, eventually, whole_desk

HEAD = """
import os, signal, sys, threading, time
from engine.core.model import Action
from engine.strategies.base import Decision, Parameters, Strategy, View


class P(Parameters):
    pass


class Bad(Strategy[P]):
    name = "{name}"
    title = summary = "does something wrong"
    parameters = P

    def warm_up(self, parameters: P) -> int:
        return 2

    def decide(self, view: View, parameters: P) -> Decision | None:
        {body}
"""
IN_DECIDE = {
    "loops": "while True: pass",
    "sleeps": "time.sleep(3600)",
    "exits": "sys.exit(0)",
    "exits_hard": "os._exit(0)",
    "kills_itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "terminates_itself": "os.kill(os.getpid(), signal.SIGTERM)",
    "kills_its_parent_group": "os.killpg(os.getpgid(0), signal.SIGTERM)",
    "segfaults": "import ctypes; ctypes.string_at(0)",
    "aborts": "os.abort()",
    "eats_memory": "x = [bytearray(10_000_000) for _ in range(10_000)]",
    "eats_memory_slowly": "self.__class__.kept = getattr(self, 'kept', []) + [bytearray(200_000_000)] * 1; "
    "x = bytearray(400_000_000)",
    "starts_threads": "[threading.Thread(target=lambda: time.sleep(99)).start() for _ in range(2000)]",
    "forks": "[os.fork() for _ in range(8)]; time.sleep(99)",
    "raises": "raise RuntimeError('no good')",
    "raises_base": "raise KeyboardInterrupt",
    "raises_generator_exit": "raise GeneratorExit",
    "recurses": "return self.decide(view, parameters)",
    "gives_nan": "return Decision(Action.ENTER, 'nan', float('nan'))",
    "gives_infinity": "return Decision(Action.ENTER, 'inf', float('inf'))",
    "gives_text": "return 'buy'",
    "gives_the_wrong_action": "return Decision('everything', 'x')",
    "writes_to_every_file": "[os.write(n, b'x' * 100) for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}')]",
    "prints_gigabytes": "[print('x' * 1_000_000) for _ in range(100_000)]",
    "closes_its_files": "os.closerange(0, 64)",
    "blocks_signals": "signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals)); time.sleep(99)",
    "changes_decimal": "import decimal; decimal.getcontext().prec = 1; raise ValueError('after it')",
}
IN_MODULE = {
    "imports_for_ever": "while True: pass",
    "exits_at_import": "import sys; sys.exit(3)",
    "breaks_at_import": "raise RuntimeError('at import')",
}


def files() -> dict[str, str]:
    """The text of each file, by its strategy's name."""
    found = {
        name: HEAD.replace("{name}", name).replace("{body}", body.replace("\n", "\n        "))
        for name, body in IN_DECIDE.items()
    }
    found |= {
        name: f"{body}\n" + HEAD.replace("{name}", name).replace("{body}", "return None")
        for name, body in IN_MODULE.items()
    }
    return found


KINDS = tuple(files())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run saw: which presets were told of, and seconds until /halt was answered."""

    told: frozenset[str]
    halt_seconds: float
    sold: bool


async def hold_out(folder: Path, kinds: Sequence[str]) -> Outcome:
    """A desk with these bad strategies and a good one: a position is opened, protected, halted and closed meanwhile."""
    texts = files()
    more = "".join(
        f'[presets.bad{place}]\nstrategy = "{kind}"\nsymbols = ["BTC/USDT"]\ntimeframes = ["1s"]\n'
        for place, kind in enumerate(kinds)
    )
    async with whole_desk(folder) as desk:
        for kind in kinds:
            (folder / "own" / f"{kind}.py").write_text(texts[kind], encoding="utf-8")
        text = desk.config.read_text(encoding="utf-8") + more
        names = ", ".join(f'"{one}"' for one in ("steps", *(f"bad{place}" for place in range(len(kinds)))))
        desk.config.write_text(text.replace('presets = ["steps"]', f"presets = [{names}]"), encoding="utf-8")
        bot = await desk.paired()
        await desk.position()
        told = await _told_of(desk, kinds)
        began = time.monotonic()
        await desk.ask("/halt", "halted")
        took = time.monotonic() - began
        asked = await desk.ask("/close BTC", "Close BTC/USDT?")
        await desk.phone.press(asked, button(asked, "Yes"))
        await desk.told("BTC/USDT closed:")
        assert bot.process.returncode is None, bot.said()
        return Outcome(frozenset(told), took, True)


async def _told_of(desk: WholeDesk, kinds: Sequence[str]) -> set[str]:
    """Those that the owner heard of in the chat, or whoever runs the machine at the start."""

    found: set[str] = set()

    async def look() -> bool:
        said = "\n".join([*await desk.texts(), desk.bots[-1].said()])
        found.update(
            kind
            for place, kind in enumerate(kinds)
            if f"{kind}.py" in said or f"of preset bad{place} failed" in said or f"preset bad{place}:" in said
        )
        return len(found) == len(kinds)

    with suppress(AssertionError):  # what was heard is judged by whoever asked
        await eventually(look, "a word on each", PATIENCE)
    return found
