"""Logs: lines for people on the terminal, JSON lines in a bounded set of files, no secret in either (law 14).

Both pass `engine.redaction` as finished text, tracebacks included. loguru's `diagnose` is off: it would print
the values of variables. A correlation id ties the lines of one input, its order and its message together.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from bot.clean_output import CleanStream
from bot.config_models import Logs
from engine.redaction import redaction
from engine.trace import CORRELATION
from storage.private import FILE, close_files, close_folder, make_folder

if TYPE_CHECKING:
    from loguru import Message, Record

_TERMINAL = "{time:YYYY-MM-DD HH:mm:ss.SSS!UTC} {level:<7} {extra[about]}{message}"
FILE_NAME = "pocketdesk.jsonl"
_QUIET = ("httpx", "httpcore", "hpack", "apscheduler", "aiohttp.access", "matplotlib", "PIL", "asyncio")
"""Libraries that are told to speak only of trouble; httpx writes every address, with the token in it."""


@contextlib.contextmanager
def correlated(identifier: str) -> Iterator[None]:
    """Every line logged within, also by tasks begun within, carries `identifier`."""
    token = CORRELATION.set(identifier)
    try:
        yield
    finally:
        CORRELATION.reset(token)


def correlation() -> str:
    """The id of what is being worked on, or an empty text."""
    return CORRELATION.get()


def start_logs(settings: Logs | None, secrets: list[str], terminal: TextIO | None = None) -> None:
    """Set up all logging of the process; without `settings` only the terminal's. May be called again."""
    redaction.register(*secrets)
    logger.remove()
    logger.configure(patcher=_add_context)
    level = settings.level if settings else "INFO"
    out = terminal or sys.stderr
    logger.add(
        lambda message: _print(message, out), format=_TERMINAL, level=level, backtrace=False, diagnose=False
    )
    if settings:
        _add_file(settings)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.INFO, force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_context(record: Record) -> None:
    identifier = record["extra"]["correlation"] = CORRELATION.get()
    record["extra"]["about"] = f"[{identifier}] " if identifier else ""


def _print(message: Message, out: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):  # a terminal that was closed must not stop the bot
        out.write(str(message) if isinstance(out, CleanStream) else redaction.clean(str(message)))
        out.flush()


def _add_file(settings: Logs) -> None:
    try:
        make_folder(settings.folder)
        close_files(settings.folder.glob(f"{FILE_NAME}*"))
        file = _Rotating(settings)
    except OSError as error:
        logger.warning("logs.folder = {}: no log file: {}", settings.folder, error.strerror)
        return
    if told := close_folder(settings.folder, lambda name: name.startswith(FILE_NAME)):
        logger.warning("logs.folder: {}", told)
    logger.add(lambda message: file.write(as_json(message.record)), level=settings.level, diagnose=False)


def as_json(record: Record) -> str:
    """One log line, without secrets, as one line of JSON."""
    extra = {key: value for key, value in record["extra"].items() if key not in ("about", "correlation")}
    line: dict[str, object] = {
        "at": record["time"].astimezone(UTC).isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "correlation": redaction.clean(str(record["extra"].get("correlation", ""))),
        "where": f"{record['name']}:{record['line']}",
        "message": redaction.clean(record["message"]),
    }
    if extra:
        line["extra"] = redaction.clean_value(extra)
    if (error := record["exception"]) is not None:
        line["exception"] = redaction.clean("".join(traceback.format_exception(*error)))
    return json.dumps(line, ensure_ascii=False, default=str)


class _Rotating(RotatingFileHandler):
    """At most `files` finished files of `file_size_mb` each, beside the one being written."""

    def __init__(self, settings: Logs) -> None:
        path = settings.folder / FILE_NAME
        size = settings.file_size_mb * 1024 * 1024
        super().__init__(path, maxBytes=size, backupCount=settings.files, encoding="utf-8")
        self._failed = False

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).touch(mode=FILE)
        return super()._open()

    def write(self, line: str) -> None:
        self.handle(logging.makeLogRecord({"msg": line}))

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk is said once, on the terminal; the bot goes on without its log file."""
        if not self._failed:
            self._failed = True
            sys.stderr.write(f"the log file can't be written: {sys.exc_info()[1]}\n")


class _ToLoguru(logging.Handler):
    """What libraries log by the standard way joins ours."""

    def emit(self, record: logging.LogRecord) -> None:
        level: str | int = record.levelno
        with contextlib.suppress(ValueError):
            level = logger.level(record.levelname).name

        def as_its_own(ours: Record) -> None:
            ours["name"], ours["line"] = record.name, record.lineno

        logger.patch(as_its_own).opt(exception=record.exc_info).log(level, "{}", record.getMessage())
