"""The real bot with everything switched on that makes it talk: `python -m tests.crash.loud SECRETS run …`.

SECRETS is a file with a list in JSON; each way in which a library or Python itself writes somewhere gets all of it. The
product knows nothing of this: it is wrapped from outside before the bot begins.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from loguru import logger


class Leak(Exception):
    """Says it all."""


def debug_logs() -> None:
    """Every library tells everything."""
    for name in (None, *list(logging.root.manager.loggerDict)):
        logging.getLogger(name).setLevel(logging.DEBUG)


def verbose_clients() -> None:
    """ccxt prints each request with its headers and each answer."""
    from engine.exchanges import client

    quiet = client._client

    def loud(*arguments: Any) -> Any:
        made = quiet(*arguments)
        made.verbose = True
        return made

    vars(client)["_client"] = loud


async def talk(planted: list[str]) -> None:
    """By every way that leads to the terminal or the log."""
    debug_logs()
    everything = " ".join(planted)
    sys.stdout.write(f"printed {everything}\n")
    sys.stderr.write(f"written {everything}\n")
    warnings.warn(f"warned of {everything}", stacklevel=1)
    logging.getLogger("some.library").debug("asks %s with %s", planted, {"Authorization": everything})
    logging.getLogger("some.library").error("%d", everything)  # a line that can't be put together
    logger.bind(asked=planted, key=everything).info("of its own: {}", everything)
    try:
        raise Leak(everything) from KeyError(everything)
    except Leak:
        logger.exception("failed with {}", everything)
        logging.getLogger("some.library").exception("failed")
    thread = threading.Thread(target=_raise, args=(everything,), name=planted[1])
    thread.start()
    thread.join()
    _Unraisable(everything)
    asyncio.get_running_loop().call_soon(_raise, everything)
    task = asyncio.get_running_loop().create_task(_raise_later(everything), name=everything)
    await asyncio.wait([task])


def _raise(everything: str) -> None:
    raise Leak(everything)


async def _raise_later(everything: str) -> None:
    raise Leak(everything)


class _Unraisable:
    def __init__(self, everything: str) -> None:
        self._everything = everything

    def __del__(self) -> None:
        raise Leak(self._everything)


async def talk_on(file: Path) -> None:
    """Each time that the file says something else."""
    said = ""
    while True:
        await asyncio.sleep(0.3)
        text = file.read_text(encoding="utf-8")
        if text != said:
            said = text
            await talk(json.loads(text))


def main() -> int:
    from bot import application, cli

    run = application.run

    async def loud(*arguments: Any) -> None:
        verbose_clients()
        talking = asyncio.create_task(talk_on(Path(sys.argv[1])))
        try:
            await run(*arguments)
        finally:
            talking.cancel()

    vars(application)["run"] = loud
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
