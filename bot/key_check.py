"""Tries an account's key in a process of its own, so that the bot holds no client with a key while on paper (law 7).

`python -m bot.key_check` reads one JSON line (venue, addresses, key) from standard input and writes one JSON line.
The key passes through the pipe only: never through arguments, the environment or a file (law 14).
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from typing import Any

from engine.core.errors import Denied, KeyRefused, PocketdeskError, Unavailable
from engine.core.ids import Coin
from engine.core.model import Balance
from engine.going_live import KeyReport

DEADLINE = 30.0
_NOTHING: dict[str, Any] = {
    "trade": None,
    "withdraw": None,
    "account_fits": None,
    "account": "",
    "balances": {},
    "detail": "",
}
"""What is said where the venue says nothing."""


class KeyCheck:
    """engine.going_live.CheckKey for one set of connections. `questions` has one for each that may go live."""

    def __init__(self, questions: dict[str, dict[str, str]]) -> None:
        self._questions = questions

    async def ask(self, connection: str) -> KeyReport:
        """Raises Denied where live trading is not enabled or has no key, Unavailable if the venue did not answer."""
        question = self._questions.get(connection)
        if question is None:
            raise Denied(f"live trading is not enabled: set connections.{connection}.live and its key")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.key_check",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(DEADLINE):
                out, _ = await process.communicate(json.dumps(question).encode())
        except TimeoutError:
            raise Unavailable(f"the venue did not answer within {DEADLINE:g} s") from None
        finally:
            if process.returncode is None:  # also when we are cancelled: it holds the key
                process.kill()
                await process.wait()
        return _report(out)


def _report(out: bytes) -> KeyReport:
    try:
        said: dict[str, Any] = json.loads(out)
    except ValueError:
        raise Unavailable("the key could not be tried: the process that tries it ended early") from None
    if "unavailable" in said:
        raise Unavailable(said["unavailable"])
    balances = tuple(Balance(Coin(coin), Decimal(total)) for coin, total in said["balances"].items())
    return KeyReport(
        said["accepted"],
        said["trade"],
        said["withdraw"],
        balances,
        said["detail"],
        said["account_fits"],
        said["account"],
    )


async def _try(question: dict[str, str]) -> dict[str, Any]:
    """What the venue says of the key. Imported here: only this process may have a client with a key."""
    from engine.clock import SystemClock
    from engine.exchanges.ccxt_exchange import CcxtExchange
    from engine.exchanges.credentials import Credentials

    credentials = Credentials(question["key"], question["secret"], question["passphrase"])
    venue = CcxtExchange(question["venue"], SystemClock(), credentials, question["rest"], question["stream"])
    try:
        rights = await venue.check_rights() or {}
        account = await venue.check_account()
        balances = {one.coin: str(one.total) for one in await venue.balances()}
    except KeyRefused as error:
        return _NOTHING | {"accepted": False, "detail": str(error)}
    except PocketdeskError as error:
        return {"unavailable": str(error)}
    finally:
        await venue.close()
    return _NOTHING | {
        "accepted": True,
        "trade": rights.get("trade"),
        "withdraw": rights.get("withdraw"),
        "account_fits": None if account is None else account.fits,
        "account": "" if account is None else account.words,
        "balances": balances,
    }


def main() -> None:
    from loguru import logger

    logger.remove()  # nothing of this process is written anywhere but the one line
    answer = asyncio.run(_try(json.loads(sys.stdin.read())))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
