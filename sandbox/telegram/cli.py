"""The command line of the Telegram sandbox."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from sandbox.telegram.server import Options, TelegramSandbox


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options on `parser`."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=8081, help="port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument("--token", default="1:sandbox", help="the bot's token (default: %(default)s)")
    parser.add_argument("--bot-name", default="Pocketdesk", help="the bot's name (default: %(default)s)")
    parser.add_argument("--state", type=Path, help="JSON file that keeps the chats over a restart")
    parser.add_argument("--limits", action="store_true", help="enforce Telegram's limits on sending speed")


async def serve(options: argparse.Namespace) -> None:
    """Run until SIGTERM, SIGINT or cancelled; prints the page's address when ready.

    Raises `ValueError` for a host that is not of this machine and `OSError` when the port is taken.
    """
    sandbox = TelegramSandbox(
        Options(
            host=options.host,
            port=options.port,
            token=options.token,
            bot_name=options.bot_name,
            state=options.state,
            limits=options.limits,
        )
    )
    stopped = _stop_signals()
    await sandbox.start()
    try:
        print(f"Telegram sandbox: chat page at {sandbox.address}/", flush=True)  # noqa: T201
        await stopped.wait()
    finally:
        await sandbox.stop()


def _stop_signals() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(
            NotImplementedError, RuntimeError
        ):  # not in the main thread, or not on this system
            loop.add_signal_handler(number, stopped.set)
    return stopped


def main(arguments: list[str] | None = None) -> int:
    """`python -m sandbox.telegram`."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.telegram", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        asyncio.run(serve(options))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0
