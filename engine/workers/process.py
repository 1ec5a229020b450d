"""One worker: started with nothing of ours, asked with a deadline, killed with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.redaction import redaction
from engine.workers.channel import Message, Nonsense, frame, receive_now
from engine.workers.limits import LIMITS, Limits
from engine.workers.waiting import receive

ROOT = Path(__file__).parents[2]
WIRE = 3
"""The number under which a worker finds its socket."""


class WorkerFailed(Exception):
    """It hung, ended or answered nonsense; it is gone. `str()` says which, as a part of a sentence."""


class Worker:
    """`python -m MODULE WORDS…` with a socket and the LIMITS of that name; nothing else of ours reaches it."""

    def __init__(self, module: str, words: Sequence[str] = (), limits: str = "foreign") -> None:
        allowed = LIMITS[limits]
        python = _python_as_ours() if allowed.ours else [sys.executable, "-OO"]
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*python, "-m", "engine.workers.begin", str(theirs.fileno()), limits, module, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(allowed),
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._wire = ours
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def hear_now(self, seconds: float) -> Message:
        """The first word, waited for without an event loop: at a start. Raises WorkerFailed; it is gone then."""
        self._wire.settimeout(max(seconds, 0.001))
        try:
            return _clean(receive_now(self._wire))
        except (OSError, EOFError, Nonsense) as error:
            raise WorkerFailed(self._fate(error, seconds)) from None

    async def hear(self, seconds: float) -> Message:
        """The first word, within an event loop. Raises WorkerFailed; it is gone then."""
        self._wire.setblocking(False)
        try:
            async with asyncio.timeout(seconds):
                return _clean(await receive(self._wire))
        except (OSError, EOFError, Nonsense) as error:
            raise WorkerFailed(self._fate(error, seconds)) from None

    def ask_now(self, words: dict[str, Any], seconds: float) -> Message:
        """A question and its answer, without an event loop. Raises WorkerFailed."""
        self._wire.settimeout(seconds)
        try:
            self._wire.sendall(frame(words))
            return _clean(receive_now(self._wire))
        except (OSError, EOFError, Nonsense) as error:
            raise WorkerFailed(self._fate(error, seconds)) from None

    async def ask(self, words: dict[str, Any], blob: bytes, seconds: float) -> Message:
        """A question and its answer; one at a time. Raises WorkerFailed; it is gone then."""
        async with self._lock:
            self._wire.setblocking(False)
            try:
                async with asyncio.timeout(seconds):
                    await asyncio.get_running_loop().sock_sendall(self._wire, frame(words, blob))
                    return _clean(await receive(self._wire))
            except (OSError, EOFError, Nonsense) as error:
                raise WorkerFailed(self._fate(error, seconds)) from None
            except asyncio.CancelledError:
                self.kill()
                raise

    def _fate(self, error: Exception, seconds: float) -> str:
        """What became of it, in words; killed, if it still lived."""
        hung = isinstance(error, TimeoutError)
        self.kill()
        if hung:
            return f"it did not answer within {seconds:g} s"
        if isinstance(error, Nonsense):
            return f"it gave {error}"
        code = self._process.returncode
        if code is not None and code < 0 and code != -signal.SIGKILL:
            return f"it was ended by {signal.Signals(-code).name}"
        return "it ended its own process, or ran out of memory"

    def kill(self) -> None:
        """It and all that it started, by its own process group."""
        with suppress(ProcessLookupError):  # it and all of its own are gone already
            os.killpg(self._process.pid, signal.SIGKILL)
        # A process that waits for a disk ends only with that wait: the loop doesn't stand still for it.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._wire.close()


def _clean(message: Message) -> Message:
    """What is foreign may have read a secret somewhere, and repeats it in its words (P16)."""
    words, blob = message
    try:
        return {name: redaction.clean_texts(value) for name, value in words.items()}, blob
    except RecursionError:
        raise Nonsense("an answer of a thousand layers") from None


def _python_as_ours() -> list[str]:
    """In the mode that this process runs in, so that what was compiled for it is used."""
    optimised = {0: [], 1: ["-O"]}.get(sys.flags.optimize, ["-OO"])
    return [sys.executable, *optimised]


def _environment(allowed: Limits) -> dict[str, str]:
    """Nothing of ours but the folders that it needs: no key, no token, no proxy's password."""
    made = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    made |= {name: os.environ[name] for name in allowed.folders if name in os.environ}
    if not allowed.ours or sys.dont_write_bytecode:
        made["PYTHONDONTWRITEBYTECODE"] = "1"
    return made
