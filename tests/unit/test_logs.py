"""Nothing secret leaves by a log (law 14), and every line says what it belongs to."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from bot.config_models import Logs
from bot.logs import correlated, start_logs
from engine.redaction import Redaction

TOKEN = "1:test-token-of-nobody"
FORMS = [
    "https://api.telegram.org/bot123456:AAEabc_def-ghi/getMe",
    "GET /api/v3/order?symbol=BTCUSDT&timestamp=1&signature=c0ffee00beef",
    "headers {'X-MBX-APIKEY': 'c0ffee00beef', 'Accept': '*/*'}",
    "X-BAPI-SIGN: c0ffee00beef",
    '{"apiKey": "c0ffee00beef", "symbol": "BTC/USDT"}',
    "Authorization: Bearer c0ffee00beef",
    "postgresql+asyncpg://desk:c0ffee00beef@localhost/desk",
    "passphrase=c0ffee00beef",
    "token 123456789:c0ffee00beefc0ffee00beef was refused",
]


@pytest.mark.parametrize("text", FORMS)
def test_law_14_what_looks_like_a_secret_is_hidden(text: str) -> None:
    cleaned = Redaction().clean(text)
    assert "c0ffee00beef" not in cleaned
    assert "AAEabc_def-ghi" not in cleaned
    assert "***" in cleaned


def test_ordinary_words_stay() -> None:
    text = "filled 0.5 BTC/USDT at 60000.10 (14:02:07), id pdabcdefgh, http://127.0.0.1:8081/ 2026-11-21T09:38:58"
    assert Redaction().clean(text) == text


def test_law_14_a_registered_secret_is_hidden_in_every_form() -> None:
    scrubber = Redaction()
    scrubber.register("pass/word+1")
    assert scrubber.clean("x pass/word+1 y pass%2Fword%2B1 z") == "x *** y *** z"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[io.StringIO, Path]]:
    terminal = io.StringIO()
    start_logs(Logs(folder=tmp_path, file_size_mb=1, files=2), [TOKEN], terminal)
    yield terminal, tmp_path / "pocketdesk.jsonl"
    logger.remove()
    logging.basicConfig(handlers=[], force=True)
    logging.captureWarnings(False)
    logger.add(sys.stderr)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_law_14_messages_extras_and_tracebacks_are_clean(written: tuple[io.StringIO, Path]) -> None:
    terminal, file = written
    try:
        local_secret = TOKEN
        raise ValueError(f"refused {local_secret}") from KeyError(TOKEN)
    except ValueError:
        logger.exception("with {}", TOKEN)
    logger.bind(
        url=f"http://x/bot{TOKEN}", inner={"api_key": "c0ffee", "list": [TOKEN]}, token="c0ffee"
    ).info("extra")
    text = terminal.getvalue() + file.read_text(encoding="utf-8")
    assert TOKEN not in text
    assert "nobody" not in text
    assert "c0ffee" not in text
    assert "Traceback" in terminal.getvalue()
    assert "ValueError: refused ***" in lines(file)[0]["exception"]


def test_law_14_libraries_are_clean_and_httpx_is_quiet(written: tuple[io.StringIO, Path]) -> None:
    terminal, file = written
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("telegram.ext").warning("no answer from /bot%s/getUpdates", TOKEN)
    try:
        raise OSError(f"https://api.telegram.org/bot{TOKEN}")
    except OSError:
        logging.getLogger("other").exception("broke")
    assert TOKEN not in terminal.getvalue() + file.read_text(encoding="utf-8")
    assert [line["message"] for line in lines(file)] == ["no answer from /bot***/getUpdates", "broke"]
    assert lines(file)[0]["where"].startswith("telegram.ext:")


def test_lines_carry_the_correlation_of_what_is_worked_on(written: tuple[io.StringIO, Path]) -> None:
    terminal, file = written
    with correlated("cmd-7"):
        logger.info("inside")
    logger.info("outside")
    assert [line["correlation"] for line in lines(file)] == ["cmd-7", ""]
    assert "[cmd-7] inside" in terminal.getvalue()


def test_braces_in_a_librarys_message_are_no_format(written: tuple[io.StringIO, Path]) -> None:
    logging.getLogger("other").warning("{not a field} %s", "{}")
    assert lines(written[1])[0]["message"] == "{not a field} {}"


def test_files_are_bounded(written: tuple[io.StringIO, Path]) -> None:
    for _ in range(45):
        logger.info("x" * 100_000)
    files = sorted(written[1].parent.glob("pocketdesk.jsonl*"))
    assert [file.name for file in files] == ["pocketdesk.jsonl", "pocketdesk.jsonl.1", "pocketdesk.jsonl.2"]
    assert all(file.stat().st_size <= 1024 * 1024 for file in files)


def test_law_14_log_files_and_their_folder_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "pocketdesk.jsonl.1").touch()
    (folder / "pocketdesk.jsonl.1").chmod(0o644)
    start_logs(Logs(folder=folder), [], io.StringIO())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "pocketdesk.jsonl.1").stat().st_mode & 0o777 == 0o600
    (folder / "mine.txt").touch()
    folder.chmod(0o755)
    terminal = io.StringIO()
    start_logs(Logs(folder=folder), [], terminal)
    assert "others on this machine can look into this folder" in terminal.getvalue()
    logger.remove()
    logger.add(sys.stderr)


def test_a_folder_that_cannot_be_made_is_told_and_the_terminal_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    terminal = io.StringIO()
    start_logs(Logs(folder=tmp_path / "file" / "logs"), [], terminal)
    logger.info("still here")
    assert "no log file" in terminal.getvalue()
    assert "still here" in terminal.getvalue()
    logger.remove()
    logger.add(sys.stderr)
