"""A worker is begun when needed, ended when idle, left alone after failures, and gets nothing of ours (law 14, 16)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from engine.redaction import redaction
from engine.workers.kept import COOL_DOWNS, KeptWorker
from engine.workers.process import WorkerFailed
from tests.support.processes import ROOT
from tests.support.whole_desk import eventually

BAD = "tests.support.bad_worker"


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_law_16_one_that_fails_is_left_alone_ever_longer() -> None:
    kept, clock = KeptWorker(BAD, "drawing", 5, ["ends"]), Time()
    kept.now = clock
    for failed, wait in enumerate(COOL_DOWNS, 1):
        with pytest.raises(WorkerFailed, match="ended"):
            await kept.ask({}, 20)
        assert kept.failures == failed
        if wait:
            clock.now += wait / 2
            with pytest.raises(WorkerFailed, match=f"failed {failed} times in a row and is left alone"):
                await kept.ask({}, 20)
            assert kept.failures == failed, "a question that was turned away is no failure"
            clock.now += wait / 2 + 0.01
    assert kept.worker is None


async def test_law_14_its_environment_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETDESK__TELEGRAM__TOKEN", "1:planted-here")
    kept = KeptWorker(BAD, "asking", 30, ["answers"])
    said, _ = await kept.ask({}, 20)
    assert {*said["environment"]} <= {
        "PYTHONPATH",
        "LANG",
        "OPENBLAS_NUM_THREADS",
        "PYTHONDONTWRITEBYTECODE",
        "LC_CTYPE",
    }
    kept.end()


async def test_a_chart_knows_where_its_fonts_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "/somewhere/fonts")
    kept = KeptWorker(BAD, "drawing", 30, ["answers"])
    said, _ = await kept.ask({}, 20)
    assert said["environment"]["MPLCONFIGDIR"] == "/somewhere/fonts"
    kept.end()


@pytest.mark.parametrize("what", ["digs", "digs less"])
async def test_p14_an_answer_of_a_thousand_layers_is_nonsense(what: str) -> None:
    kept = KeptWorker(BAD, "foreign", 30, [what])
    with pytest.raises(WorkerFailed, match="it gave an answer"):
        await kept.ask({}, 20)
    assert kept.worker is None


async def test_p16_what_a_worker_says_is_cleaned() -> None:
    redaction.register("planted-4-the-worker")
    kept = KeptWorker(BAD, "drawing", 30, ["answers"])
    said, _ = await kept.ask({"why": ["planted-4-the-worker", 7]}, 20)
    assert said["asked"] == {"why": ["***", 7]}
    kept.end()


def test_a_worker_for_strategies_loads_nothing_that_it_does_without() -> None:
    program = (
        "import sys; from engine.workers.lean import without_plugins; without_plugins()\n"
        "import engine.strategies.own_worker\n"
        "unneeded = {'importlib.metadata', 'email', 'asyncio', 'zipfile', 'loguru', 'sqlalchemy', 'ccxt', 'talib'}\n"
        "print(sorted(unneeded & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.stdout == "[]\n", ended.stdout + ended.stderr


async def test_an_idle_one_is_ended_and_a_killed_one_replaced() -> None:
    kept = KeptWorker(BAD, "drawing", 0.2, ["answers"])
    first, _ = await kept.ask({}, 20)

    async def ended() -> bool:
        return kept.worker is None

    await eventually(ended, "the end of an idle worker")
    kept = KeptWorker(BAD, "drawing", 60, ["answers"])
    second, _ = await kept.ask({}, 20)
    again, _ = await kept.ask({}, 20)
    assert again["pid"] == second["pid"]
    os.kill(second["pid"], 9)
    while kept.worker is not None and kept.worker.lives:
        await asyncio.sleep(0.01)
    third, _ = await kept.ask({}, 20)
    assert len({first["pid"], second["pid"], third["pid"]}) == 3
    kept.end()


async def test_a_question_that_is_given_up_takes_its_worker_along() -> None:
    kept = KeptWorker(BAD, "drawing", 60, ["hangs"])
    asking = asyncio.create_task(kept.ask({}, 60))
    await asyncio.sleep(0.1)
    worker = kept.worker
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert worker is not None
    assert not worker.lives
    assert kept.worker is None


async def test_a_question_that_can_not_be_put_ends_nobody() -> None:
    kept = KeptWorker(BAD, "drawing", 0, ["answers"])
    with pytest.raises(ValueError, match="JSON"):
        await kept.ask({"price": float("nan")}, 20)
    assert kept.worker is None
