"""The command line. Each command imports what it needs when it is called, so that the small ones are quick."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bot import VERSION
from bot.clean_output import clean_output

if TYPE_CHECKING:
    from bot.config import Loaded

DEFAULT_CONFIG = Path("config.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """`pocketdesk`; answers with the exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    os.umask(0o077)  # What it writes (database, its log, backups, logs) is for the one who runs it only.
    with clean_output():
        try:
            return command(options)
        except KeyboardInterrupt:
            return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pocketdesk", description="A trading desk in your pocket.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(command=command)
        return sub

    _add_config(add("run", _run, "run the bot until it is told to stop"))
    _add_config(add("check", _check, "say what is wrong before anything starts"))
    demo = add("demo", _demo, "a market, a chat page and the bot, all on this machine")
    demo.add_argument(
        "--fresh", action="store_true", help="begin anew instead of going on where the last demo ended"
    )
    demo.add_argument("--folder", type=Path, default=Path("demo-data"), help="where it keeps everything")
    demo.add_argument("--seconds", type=float, help="end by itself after so long")
    sandbox = add("sandbox", _sandbox, "one of the local stand-ins: exchange or telegram")
    sandbox.add_argument("which", choices=("exchange", "telegram"))
    sandbox.add_argument("rest", nargs=argparse.REMAINDER, help="its options; --help tells them")
    simulate = add("simulate", _simulate, "days of the whole desk in virtual time, with faults")
    simulate.add_argument("--seeds", type=int, default=200, help="how many days (default: %(default)s)")
    simulate.add_argument("--first", type=int, default=0, help="the first seed (default: %(default)s)")
    simulate.add_argument("--seed", type=int, help="play this one day and tell what befell")
    simulate.add_argument("--only", help="with --seed: only these faults, by number (1,4,7), or `none`")
    simulate.add_argument("--jobs", type=int, default=1, help="cores to use (default: %(default)s)")
    backup = add("backup", _backup, "copy the database while the bot runs, and check the copy")
    backup.add_argument("target", type=Path, help="the file to write; it must not be there yet")
    _add_config(backup)
    restore = add("restore", _restore, "put a backup in the place of the database; the bot must not run")
    restore.add_argument("source", type=Path, help="the file that backup wrote")
    _add_config(restore)
    _add_config(add("pair", _pair, "forget the owner, so that the next start shows a new pairing link"))
    _add_config(add("health", _health, "ask a running bot how it is (for a watchdog)"))
    add("version", _version, "the version")
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="the settings (default: %(default)s)"
    )


def _load(options: argparse.Namespace) -> Loaded | None:
    """The settings, or None after telling everything that is wrong with them."""
    from bot.config import ConfigError, load

    try:
        return load(options.config)
    except ConfigError as error:
        for problem in error.problems:
            say(f"fail  {problem}", sys.stderr)
        return None


def _secrets(loaded: Loaded) -> list[str]:
    """Those of the settings, and of the proxies that the environment names: their addresses may have passwords."""
    from urllib.request import getproxies

    return [*loaded.config.secrets(), *(proxy for proxy in getproxies().values() if "://" in proxy)]


def say(text: str, out: TextIO | None = None) -> None:
    """One line for the person at the terminal."""
    print(text, file=out or sys.stdout, flush=True)


def _run(options: argparse.Namespace) -> int:
    from bot import hidden_environ, supervisor

    hidden_environ.hide()
    if supervisor.is_needed(os.environ):
        again = ["run", "--config", str(options.config)]
        optimised = ["-OO"] if sys.flags.optimize > 1 else []
        return supervisor.supervise([sys.executable, *optimised, "-m", "bot", *again])
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # arrays of some hundred numbers need no threads of their own
    from bot import lifecycle

    loaded = _load(options)
    if loaded is None:
        return lifecycle.BAD_CONFIG
    from loguru import logger

    from bot.logs import start_logs

    start_logs(loaded.config.logs, _secrets(loaded))
    for warning in loaded.warnings:
        logger.warning("{}", warning)
    from bot import application

    config = loaded.config
    return lifecycle.run(lambda stop: application.run(config, stop))


def _check(options: argparse.Namespace) -> int:
    loaded = _load(options)
    if loaded is None:
        return 1
    from bot.check import check_all
    from bot.logs import start_logs

    start_logs(None, _secrets(loaded))
    from engine.clock import SystemClock

    failed = False
    for finding in asyncio.run(check_all(loaded, SystemClock())):
        failed = failed or finding.is_failure
        say(str(finding))
    return int(failed)


def _demo(options: argparse.Namespace) -> int:
    from bot.demo import run_demo

    return run_demo(options.folder, fresh=options.fresh, seconds=options.seconds)


def _sandbox(options: argparse.Namespace) -> int:
    from importlib import import_module

    from bot.logs import start_logs

    start_logs(None, [])
    module = import_module(f"sandbox.{options.which}.cli")
    parser = argparse.ArgumentParser(prog=f"pocketdesk sandbox {options.which}", description=module.__doc__)
    module.add_arguments(parser)
    try:
        asyncio.run(module.serve(parser.parse_args(options.rest)))
    except (ValueError, OSError) as error:
        say(str(error), sys.stderr)
        return 2
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from bot.simulate import simulate

    return simulate(options)


def _backup(options: argparse.Namespace) -> int:
    def work(url: str) -> str:
        from storage.backup import backup

        report = backup(url, options.target)
        return f"{report.path}: a sound copy, {report.books} books with {report.facts} facts"

    return _on_database(options, work)


def _restore(options: argparse.Namespace) -> int:
    def work(url: str) -> str:
        from storage.backup import restore

        report, kept = restore(options.source, url)
        words = f"restored {report.books} books with {report.facts} facts"
        return f"{words}; the database that was there is kept as {kept}" if kept else words

    return _on_database(options, work)


def _on_database(options: argparse.Namespace, work: Callable[[str], str]) -> int:
    from engine.core.errors import PocketdeskError

    loaded = _load(options)
    if loaded is None:
        return 2
    try:
        say(work(loaded.config.storage_url))
    except PocketdeskError as error:
        say(str(error), sys.stderr)
        return 1
    return 0


def _pair(options: argparse.Namespace) -> int:
    from engine.core.errors import PocketdeskError

    loaded = _load(options)
    if loaded is None:
        return 2
    from bot.application import new_pairing
    from bot.logs import start_logs

    start_logs(None, _secrets(loaded))
    try:
        say(asyncio.run(new_pairing(loaded.config)))
    except PocketdeskError as error:
        say(str(error), sys.stderr)
        return 1
    return 0


def _health(options: argparse.Namespace) -> int:
    from bot.health_client import ask_health

    loaded = _load(options)
    if loaded is None:
        return 2
    fine, words = ask_health(loaded.config.health.port)
    say(words, sys.stdout if fine else sys.stderr)
    return 0 if fine else 1


def _version(options: argparse.Namespace) -> int:
    say(f"pocketdesk {VERSION}")
    return 0
