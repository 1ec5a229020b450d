"""The command line as a person meets it: real processes, exit codes, sentences."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from bot import VERSION
from engine.clock import SystemClock
from storage.store import Store

ROOT = Path(__file__).parents[2]


def pocketdesk(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "POCKETDESK_SECRETS": "/nonexistent"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version_is_that_of_the_project_and_imports_next_to_nothing(tmp_path: Path) -> None:
    ended = pocketdesk("version", cwd=tmp_path)
    assert ended.stdout == f"pocketdesk {VERSION}\n"
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    code = "import sys; from bot.cli import main; main(['version']); print([m for m in sys.modules if m in HEAVY])"
    heavy = "HEAVY = {'pydantic', 'aiohttp', 'ccxt', 'telegram', 'sqlalchemy', 'loguru', 'numpy'}\n"
    quick = subprocess.run(
        [sys.executable, "-c", heavy + code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert quick.stdout.endswith("\n[]\n")


@pytest.mark.parametrize("command", ["run", "check", "pair", "health"])
def test_a_broken_config_is_sentences_and_no_traceback(command: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[telegram]\ntokn = 'x'\n[connections.a]\nvenue = 3\n")
    ended = pocketdesk(command, cwd=tmp_path)
    assert ended.returncode in (1, 2)
    assert 'fail  config.toml: telegram.tokn: is not a known setting; did you mean "token"?' in ended.stderr
    assert "fail  config.toml: telegram.token is missing" in ended.stderr
    assert "fail  config.toml: connections.a.venue = 3: must be one of binance" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_config_at_all_names_the_example(tmp_path: Path) -> None:
    ended = pocketdesk("run", cwd=tmp_path)
    assert ended.returncode == 2
    assert "copy config.example.toml" in ended.stderr


def test_health_of_a_bot_that_does_not_run_fails_in_words(tmp_path: Path) -> None:
    text = "[connections.a]\nvenue = 'okx'\n[health]\nport = 1\n"
    (tmp_path / "config.toml").write_text(text)
    ended = pocketdesk("health", cwd=tmp_path, POCKETDESK__TELEGRAM__TOKEN="1:test")
    assert (ended.returncode, ended.stderr[:32]) == (1, "no health page on 127.0.0.1:1: [")


def test_demo_refuses_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    ended = pocketdesk("demo", "--fresh", "--folder", str(tmp_path), cwd=ROOT)
    assert ended.returncode == 2
    assert (tmp_path / "precious").exists()


# ── backup and restore (P6; the copies themselves are tested with the storage room) ──────


async def test_p6_backup_and_restore_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[connections.a]\nvenue = 'okx'\n")
    store = await Store.open(f"sqlite:///{tmp_path}/data/pocketdesk.db", SystemClock())

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return pocketdesk(*arguments, cwd=tmp_path, POCKETDESK__TELEGRAM__TOKEN="1:test")

    while_running = command("backup", "copy.db")
    assert (while_running.returncode, while_running.stdout) == (
        0,
        "copy.db: a sound copy, 0 books with 0 facts\n",
    )
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    again = command("backup", "copy.db")
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    refused = command("restore", "copy.db")
    assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
    await store.close()
    restored = command("restore", "copy.db")
    assert (restored.returncode, "is kept as" in restored.stdout) == (0, True)
    assert "Traceback" not in again.stderr + refused.stderr + restored.stderr


# ── the end of the process (P8) ───────────────────────────────────────────────────────────

_WORK = """
import asyncio, json, sys, time
from bot import lifecycle
from engine.core.errors import StorageTrouble

async def work(stop):
    print("ready", flush=True)
    kind = sys.argv[1]
    if kind == "refuses":
        raise StorageTrouble("the database is in use")
    if kind == "breaks":
        raise RuntimeError("a bug")
    await stop.wait()
    if kind == "hangs":
        time.sleep(60)      # not even the loop runs any more
    if kind == "slow":
        await asyncio.sleep(60)
    print("drained", flush=True)

sys.exit(lifecycle.run(work, drain_seconds=float(sys.argv[2])))
"""


def ended_by(kind: str, drain: str, *signals: signal.Signals) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WORK, kind, drain],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for number in signals:
            process.send_signal(number)
            time.sleep(0.2)
        rest = process.stdout.read()
        return process.wait(20), rest
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_p8_told_to_stop_it_drains_and_ends_well(number: signal.Signals) -> None:
    assert ended_by("good", "5", number) == (0, "drained\n")


@pytest.mark.parametrize("kind", ["hangs", "slow"])
def test_p8_what_hangs_is_ended_by_force_with_the_place_it_hung_at(kind: str) -> None:
    code, said = ended_by(kind, "0.5", signal.SIGTERM)
    assert code == 3
    assert "did not end in time" in said
    assert "most recent call first" in said


def test_p8_a_second_signal_ends_at_once() -> None:
    code, said = ended_by("slow", "60", signal.SIGTERM, signal.SIGINT)
    assert code == 3
    assert "SIGINT a second time" in said


def test_what_stops_the_start_is_a_sentence_and_a_bug_is_a_traceback() -> None:
    code, said = ended_by("refuses", "1")
    assert (code, "Traceback" in said) == (1, False)
    assert "the database is in use" in said
    code, said = ended_by("breaks", "1")
    assert (code, "RuntimeError: a bug" in said) == (1, True)


def test_every_line_of_the_help_is_there(tmp_path: Path) -> None:
    said = pocketdesk("--help", cwd=tmp_path).stdout
    for command in ("run", "check", "demo", "sandbox", "backup", "restore", "pair", "health", "version"):
        assert f"\n    {command} " in said, json.dumps(said)


def test_law_14_the_demo_inherits_no_settings_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.demo import _environment

    monkeypatch.setenv("POCKETDESK__CONNECTIONS__DEMO__KEY", "planted")
    monkeypatch.setenv("POCKETDESK_SECRETS", "/run/secrets")
    made = _environment(tmp_path)
    assert "planted" not in made.values()
    assert made["POCKETDESK_SECRETS"] == str(tmp_path / "secrets")
    assert made["PATH"]
