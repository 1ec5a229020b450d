"""How the process ends: told to stop, it finishes what is under way within bounds, or is ended (P8).

The first SIGTERM or SIGINT sets the stop event and starts a timer in a thread of its own, so that even a hung loop
ends in time; so does a stop event that was set from inside, as when the lease is lost. A second signal, or the timer,
ends the process at once; nothing that was durable is lost by it.

Memory that runs out is a crash (P7): an allocation that failed deep in a library leaves it half done, so that a desk
that went on would hold its lease, read nothing and protect nothing. The process ends at once, and the service that runs
it starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import faulthandler
import os
import resource
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import FrameType
from typing import Any, NoReturn

from loguru import logger

from engine.core.errors import PocketdeskError

DRAIN_SECONDS = 7.0
OK, FAILED, BAD_CONFIG, FORCED = 0, 1, 2, 3
"""Exit codes: ended as told, could not start or broke down, the settings can't be used, ended by force."""

_M_ARENA_MAX = -8
"""https://man7.org/linux/man-pages/man3/mallopt.3.html"""
_NO_MEMORY = b"memory ran out: ended, to be started again; all that was written down is kept\n"
"""Ready before it is needed: no words can be put together then."""

Work = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then ends by itself."""
_Coroutine = Coroutine[Any, Any, Any] | Generator[Any, None, Any]


def run(work: Work, drain_seconds: float = DRAIN_SECONDS) -> int:
    """Run `work` to its end and answer with the process's exit code."""
    faulthandler.enable()
    # A picture of the memory, left behind by a crash, would have every key in it (law 14).
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _keep_one_heap()
    _wait_for_children_without_threads()
    try:
        asyncio.run(_supervised(work, drain_seconds))
    except PocketdeskError as error:
        logger.error("{}", error)
        return FAILED
    except MemoryError:
        _end_without_memory()
    except Exception:
        logger.exception("Pocketdesk broke down")
        return FAILED
    return OK


def _keep_one_heap() -> None:
    """glibc gives each thread a heap of its own, and keeps what was freed in it: 2 MB for our few, which hardly ever
    work at once. Other C libraries have no such setting."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _wait_for_children_without_threads() -> None:
    """Up to Python 3.11 asyncio starts a thread for each child process, and starting a thread waits for ever when the
    new one finds no memory to begin with: the loop stood still until the watchdog ended it (P7). The kernel's own
    handle needs none; later versions use it by themselves."""
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())


async def _supervised(work: Work, drain_seconds: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    ending = _Ending(lambda: loop.call_soon_threadsafe(stop.set), drain_seconds)
    loop.set_exception_handler(_tell)
    loop.set_task_factory(_task)
    previous = {number: signal.signal(number, ending.on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    watch = asyncio.create_task(_time_the_end(stop, ending))
    try:
        await work(stop)
    finally:
        watch.cancel()
        # Still counting: closing the executor's threads after this may hang as well.
        for number, handler in previous.items():
            signal.signal(number, handler if stop.is_set() is False else ending.on_signal)


async def _time_the_end(stop: asyncio.Event, ending: _Ending) -> None:
    """Another process may own the database by now: this one must not linger (law 11)."""
    await stop.wait()
    ending.count_down()


class _Ending:
    """The steps to the end, whichever way it comes."""

    def __init__(self, stop: Callable[[], object], drain_seconds: float) -> None:
        self._stop = stop
        self._drain_seconds = drain_seconds
        self._told = False
        self._timer: threading.Timer | None = None

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._told:
            self._end_now(f"{name} a second time")
        self._told = True
        self.count_down()
        self._stop()

    def count_down(self) -> None:
        """From now on the process has the drain time left; a second call gives no more."""
        if self._timer is not None:
            return
        self._timer = threading.Timer(
            self._drain_seconds, self._end_now, ["what was under way did not end in time"]
        )
        self._timer.daemon = True
        self._timer.start()

    def _end_now(self, reason: str) -> None:
        # Past everything that takes a lock: what hangs may be a thread that writes to the terminal.
        os.write(2, f"ended by force: {reason}\n".encode())
        faulthandler.dump_traceback(2, all_threads=True)
        os._exit(FORCED)


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """An exception that no task's owner picked up: written down with its traceback. A transport that found no memory
    to read into comes here, too."""
    error = context.get("exception")
    if isinstance(error, MemoryError):
        _end_without_memory()
    reason = error if isinstance(error, BaseException) else None
    logger.opt(exception=reason).error("{}", context.get("message", "trouble in the event loop"))


def _task(loop: asyncio.AbstractEventLoop, work: _Coroutine, /, **details: Any) -> asyncio.Task[Any]:
    """The loop's own tasks, each watched for memory: the top of a loop that has no memory even to tell of its failure
    ends, and nobody would hear of it as long as somebody holds its task."""
    task = asyncio.Task(work, loop=loop, **details)
    task.add_done_callback(_look_for_memory)
    return task


def _look_for_memory(task: asyncio.Task[Any]) -> None:
    # Not `task.exception()`: that would count as picked up, and an error that nobody else picks up must be told.
    if isinstance(task._exception, MemoryError):
        _end_without_memory()


def _end_without_memory() -> NoReturn:
    """Nothing is cleaned up: that takes memory. The next start finds the truth, as after any crash."""
    os.write(2, _NO_MEMORY)
    os._exit(FAILED)
