"""`pocketdesk demo`: a sandbox market, a chat page and the bot, three processes on this machine, watched over.

Everything lies in one folder, so that the next start goes on where this one ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from bot.demo_config import market_options, write_config
from engine.clock import SystemClock

ROOT = Path(__file__).parents[1]
CHAT_PORT, MARKET_PORT = 8081, 8090
STOP_SECONDS = 8.0
"""Within this long after Ctrl-C everything has ended, if need be by force."""
_CLOCK = SystemClock()
_MARK = ".pocketdesk-demo"
_PAIRING = re.compile(r"[?&]start=([A-Za-z0-9_-]{4,64})")


@dataclass(frozen=True)
class Part:
    """One of the three processes; what it says goes to `log`, line by line also to the supervisor."""

    name: str
    process: subprocess.Popen[str]
    log: Path


class Demo:
    """Starts the three, listens to what they say, and ends them all together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[Part] = []
        self._said: SimpleQueue[str] = SimpleQueue()
        self._stopping = threading.Event()
        self.page = ""
        self._unpaired = not (folder / "pocketdesk.db").exists()
        """At the first start the page is told with the link that pairs: without it the bot answers nobody."""

    def start(self) -> None:
        """All three at once: the bot waits for the other two by itself."""
        chat_port, market_port = free_port(CHAT_PORT), free_port(MARKET_PORT)
        self.page = f"http://127.0.0.1:{chat_port}/"
        market = f"http://127.0.0.1:{market_port}"
        config = write_config(self.folder, self.page.rstrip("/"), market)
        chats = ["--port", str(chat_port), "--state", str(self.folder / "chats.json")]
        candles = market_options()
        self._begin("chat page", "sandbox", "telegram", *chats)
        kept = ["--state", str(self.folder / "market.jsonl")]
        self._begin("market", "sandbox", "exchange", "--port", str(market_port), *kept, *candles)
        self._begin("bot", "run", "--config", str(config))

    def _begin(self, name: str, *arguments: str) -> None:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        process = subprocess.Popen(
            # Without docstrings, as the installed program runs: requirements/program tells why.
            [sys.executable, "-OO", "-m", "bot", *arguments],
            cwd=ROOT,
            env=_environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches this process alone, which ends the others in order
        )
        part = Part(name, process, log)
        self.parts.append(part)
        threading.Thread(target=self._listen, args=(part,), daemon=True).start()

    def _listen(self, part: Part) -> None:
        stream: IO[str] | None = part.process.stdout
        with part.log.open("w", encoding="utf-8") as file:
            for line in stream or ():
                found = _PAIRING.search(line)
                file.write(
                    line.replace(found.group(1), "***") if found else line
                )  # it is shown, and not kept
                file.flush()
                if words := self._worth_saying(line):
                    self._said.put(words)

    def _address(self) -> str:
        return f"Chat page:  {self.page}    (Ctrl-C ends everything; {self.folder} keeps it)"

    def _worth_saying(self, line: str) -> str:
        """What a part said, as the person at the terminal needs it; empty where that is nothing to him."""
        if found := _PAIRING.search(line):
            first, self._unpaired = self._unpaired, False
            link = f"To pair, open:  {self.page}?start={found.group(1)}    (once: it makes you the owner)"
            return f"{self._address()}\n{link}" if first else link
        if "chat page at" in line and not self._unpaired:  # not before somebody answers there
            return self._address()
        if "the market begins anew" in line:
            return f"{line.strip()} `--fresh` begins everything anew."
        return ""

    def watch(self, seconds: float | None) -> int:
        """Tell the addresses as they come, wait for Ctrl-C, for `seconds`, or for one of the three to end."""
        until = _CLOCK.monotonic() + seconds if seconds else None
        while not self._stopping.wait(0.1):
            with contextlib.suppress(Empty):
                say(self._said.get_nowait())
            for part in self.parts:
                if part.process.poll() is not None:
                    say(f"The {part.name} ended by itself (code {part.process.returncode}). Its last words:")
                    say(last_lines(part.log))
                    return 1
            if until is not None and _CLOCK.monotonic() > until:
                return 0
        return 0

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """The bot first, since it still has something to tell; then the two that it leans on."""
        until = _CLOCK.monotonic() + STOP_SECONDS - 0.5
        for part in reversed(self.parts):
            _terminate(part.process)
            left = until - _CLOCK.monotonic() - (1.0 if part.name == "bot" else 0.0)
            with contextlib.suppress(subprocess.TimeoutExpired):
                part.process.wait(max(0.1, left))
        for part in self.parts:
            if part.process.poll() is None:
                say(f"The {part.name} did not end in time and is ended by force.")
                part.process.kill()
                part.process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Without the settings and secrets of a desk of one's own: the demo has its own, and needs no key."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Compiled files halve every later start; some machines switch them off.
        if name != "PYTHONDONTWRITEBYTECODE" and not name.upper().startswith("POCKETDESK_")
    }
    watched = {"POCKETDESK_SUPERVISOR": "off"}  # the demo watches over its parts itself
    return kept | watched | {"POCKETDESK_SECRETS": str(folder / "secrets")}


def run_demo(folder: Path, fresh: bool, seconds: float | None) -> int:
    """`pocketdesk demo`; answers with the exit code."""
    folder = folder.resolve()
    if problem := prepare_folder(folder, fresh):
        say(problem)
        return 2
    demo = Demo(folder)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: demo.ask_to_stop())
    try:
        demo.start()
        return demo.watch(seconds)
    finally:
        demo.stop()
        say("Everything has ended.")


def prepare_folder(folder: Path, fresh: bool) -> str:
    """Make the folder, or empty it; a sentence when that must not be done, since the folder is not a demo's."""
    mark = folder / _MARK
    try:
        if folder.exists() and any(folder.iterdir()) and not mark.exists():
            return f"{folder} holds something else than a demo; name another folder with --folder"
        if fresh and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise OSError("there is no free port on 127.0.0.1")


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log, indented."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
        return "\n".join(f"    {line}" for line in lines)
    return ""


def _terminate(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)


def say(text: str) -> None:
    """To the person who started it."""
    print(text, flush=True)  # noqa: T201
