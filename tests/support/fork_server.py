"""Imports the bot once, and forks a process of it for each line that it is told: `python -m tests.support.fork_server`.

It is told one JSON object a line: {"module", "words", "terminal"}, and answers `began PID` and `ended PID CODE`.
When nobody tells it anything any more, it ends what it started. It runs neither a loop nor a thread: what is forked
begins as clean as a new interpreter, but for what is imported.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import sys
from importlib import import_module
from typing import TypedDict

from engine.core.state import TraderState
from engine.exchanges.client import public_client
from engine.exchanges.venues import row_of
from storage.snapshots import encode_state

IMPORTED = (
    "anyio._backends._asyncio",
    "bot.application",
    "bot.lifecycle",
    "engine.exchanges.ccxt_exchange",
    "engine.strategies.macd_atr",
    "httpcore",
    "tests.crash.points",
)
"""What a bot on Binance has imported once it runs, as far as that takes long."""


class Request(TypedDict):
    module: str
    words: list[str]
    terminal: str


def main() -> None:
    for name in IMPORTED:
        import_module(name)
    # A first client, its certificates, a first snapshot: later ones lean on what these have left behind.
    public_client(row_of("binance"), "", "")
    encode_state(TraderState())
    gc.freeze()  # shared memory stays shared: the collector of a child writes to all that it looks at
    wanted = _serve()
    if wanted is not None:
        _become(wanted)


def _serve(told: int = 0, answers: int = 1) -> Request | None:
    """Fork for each request. It is returned in the child; None at the end, in the server itself."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: set[int] = set()
    lines = b""
    while True:
        ready, _, _ = select.select([told, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(children, answers)
        if told not in ready:
            continue
        if not (more := os.read(told, 65536)):
            _end(children)
            return None
        *whole, lines = (lines + more).split(b"\n")
        for line in whole:
            if not (pid := os.fork()):
                signal.set_wakeup_fd(-1)
                os.close(woken)
                os.close(wake)
                wanted: Request = json.loads(line)
                return wanted
            children.add(pid)
            os.write(answers, f"began {pid}\n".encode())


def _tell_ends(children: set[int], answers: int) -> None:
    for pid in list(children):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            children.discard(pid)
            os.write(answers, f"ended {pid} {os.waitstatus_to_exitcode(status)}\n".encode())


def _end(children: set[int]) -> None:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _become(wanted: Request) -> None:
    """Be `python -m MODULE WORDS…`; ends with SystemExit as that does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(wanted["terminal"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for there, here in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(there, here)
    os.close(out)
    os.close(nothing)
    sys.argv = [wanted["module"], *wanted["words"]]
    runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
