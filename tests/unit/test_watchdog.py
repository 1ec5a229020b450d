"""A loop that stands still is told of and ended, and the desk is started again (P15): real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.supervisor import OFF, is_needed
from bot.watchdog import STUCK

ROOT = Path(__file__).parents[2]
STANDS = """
import asyncio, ctypes, sys, time
from bot.watchdog import Watchdog

async def main():
    told = []
    dog = Watchdog(told.append, told_after=0.4, ends_after=float(sys.argv[1]), last_resort=1.0)
    dog.start()
    await asyncio.sleep(0.3)
    {stand}
    await asyncio.sleep(1)
    print("told", len(told), round(told[0]) if told else "")
    dog.stop()

asyncio.run(main())
"""


def run(stand: str, ends_after: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STANDS.replace("{stand}", stand), str(ends_after)],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_p15_a_short_stand_is_told_with_what_held_it_up() -> None:
    ended = run("time.sleep(1.6)", 60)
    assert ended.returncode == 0, ended.stderr
    assert "the event loop stands still" in ended.stderr
    assert "time.sleep(1.6)" in ended.stderr or "in main" in ended.stderr
    assert "told 1 2" in ended.stdout


def test_p15_a_long_one_ends_the_process_with_its_own_code() -> None:
    ended = run("while True: pass", 1.0)
    assert ended.returncode == STUCK, ended.stderr
    assert "to be started again" in ended.stderr


def test_p15_even_where_a_library_holds_the_interpreter() -> None:
    ended = run("ctypes.PyDLL(None).sleep(25)", 1.0)
    assert ended.returncode == 1, ended.stderr
    assert "Timeout" in ended.stderr


def test_p15_a_loop_that_turns_is_left_alone() -> None:
    ended = run("await asyncio.sleep(1.5)", 1.0)
    assert ended.returncode == 0, ended.stderr
    assert "stands still" not in ended.stderr


SUPERVISED = """
import sys
from bot.supervisor import supervise
sys.exit(supervise([sys.executable, "-c", sys.argv[1]], waits=(0.05,), most=3))
"""


def supervised(child: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, child],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("child", "code", "restarts"),
    [
        ("raise SystemExit(0)", 0, 0),
        ("raise SystemExit(2)", 2, 0),
        ("raise SystemExit(4)", 4, 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, 3),
    ],
)
def test_what_ended_by_itself_is_started_again_and_what_was_told_to_end_is_not(
    child: str, code: int, restarts: int
) -> None:
    process = supervised(child)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said.count("started again") == restarts


def test_a_signal_is_passed_on_and_ends_both() -> None:
    process = supervised("import time; print('up', flush=True); time.sleep(60)")
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_supervisor_that_is_killed_takes_the_desk_along() -> None:
    process = supervised("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=30)
    for _ in range(200):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the desk outlived its supervisor")


def test_where_others_start_it_again_there_is_none() -> None:
    assert not is_needed({OFF: "off"})
    assert not is_needed({"INVOCATION_ID": "x"})
    assert not is_needed({"NOTIFY_SOCKET": "/run/x"})
