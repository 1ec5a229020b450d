"""P7: wherever in the process an allocation fails and nobody deals with it, the process ends, with words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.lifecycle import FAILED

ROOT = Path(__file__).parents[2]
WORK = """
import asyncio, sys
from bot import lifecycle

kept = []

async def fails(error):
    raise error

async def work(stop):
    loop = asyncio.get_running_loop()
    kind = sys.argv[1]
    if kind == "task":
        kept.append(asyncio.create_task(fails(MemoryError()), name="held"))
    elif kind == "group":
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fails(MemoryError()))
        except Exception:
            await asyncio.sleep(60)
    elif kind == "callback":
        loop.call_soon(bytearray, 1 << 62)
    elif kind == "work":
        await fails(MemoryError())
    elif kind == "other":
        await asyncio.gather(asyncio.create_task(fails(ValueError()), name="named"), return_exceptions=True)
        stop.set()
    await stop.wait()
    print("ended as told")

sys.exit(lifecycle.run(work))
"""


def run(kind: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-c", WORK, kind],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout


@pytest.mark.parametrize("kind", ["task", "group", "callback", "work"])
def test_p7_memory_that_ran_out_ends_the_process_with_words(kind: str) -> None:
    """A task that somebody holds is never reported by the loop; a callback is how a transport reads."""
    code, said = run(kind)
    assert code == FAILED
    assert "memory ran out" in said
    assert "ended as told" not in said


def test_any_other_failure_of_a_task_is_its_owners_business() -> None:
    code, said = run("other")
    assert (code, said.strip()) == (0, "ended as told")
