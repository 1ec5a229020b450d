"""Tries an account's key in a process of its own, so that the bot holds no client with a key while on paper (law 7).

It is a worker (`engine/workers`) that is asked one question (venue, addresses, key) and ended. The key passes through
the socket between the two only: never through arguments, the environment or a file (law 14).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from bot.config_models import Config
from engine.core.errors import Denied, KeyRefused, PocketdeskError, Unavailable
from engine.core.ids import Coin
from engine.core.model import Balance
from engine.exchanges.key_rights import KeyRights
from engine.going_live import KeyReport
from engine.workers.channel import frame, receive_now
from engine.workers.kept import KeptWorker
from engine.workers.process import WorkerFailed

DEADLINE = 30.0
_NOTHING: dict[str, Any] = {
    "rights": {},
    "account_fits": None,
    "account": "",
    "balances": [],
    "detail": "",
}
"""What is said where the venue says nothing."""


def key_questions(config: Config) -> dict[str, dict[str, str]]:
    """For each connection that may go live, all that is needed to try its key."""
    return {
        name: {
            "venue": one.venue,
            "rest": one.rest_url or "",
            "stream": one.stream_url or "",
            "key": one.key.get_secret_value(),
            "secret": one.secret.get_secret_value(),
            "passphrase": one.passphrase.get_secret_value() if one.passphrase else "",
        }
        for name, one in config.connections.items()
        if one.live and one.key is not None and one.secret is not None
    }


class KeyCheck:
    """engine.going_live.CheckKey for one set of connections. `questions` has one for each that may go live."""

    def __init__(self, questions: dict[str, dict[str, str]]) -> None:
        self._questions = questions
        self._workers = {name: KeptWorker("bot.key_check", "asking", 0) for name in questions}

    async def ask(self, connection: str) -> KeyReport:
        """Raises Denied where live trading is not enabled or has no key, Unavailable if the venue did not answer."""
        question = self._questions.get(connection)
        if question is None:
            raise Denied(f"live trading is not enabled: set connections.{connection}.live and its key")
        try:
            said, _ = await self._workers[connection].ask(question, DEADLINE)
        except WorkerFailed as error:
            raise Unavailable(f"the key could not be tried: {error}") from None
        return _report(said)


def _report(said: Mapping[str, Any]) -> KeyReport:
    if "unavailable" in said:
        raise Unavailable(said["unavailable"])
    rights = KeyRights(**said["rights"])
    return KeyReport(
        said["accepted"],
        rights.trade,
        rights.withdraw,
        tuple(_balance(*row) for row in said["balances"]),
        said["detail"],
        said["account_fits"],
        said["account"],
        rights.transfer,
        rights.margin,
        rights.bound,
    )


def _balance(coin: str, free: str, used: str, told: bool) -> Balance:
    return Balance(Coin(coin), Decimal(free), Decimal(used), told)


async def _try(question: dict[str, str]) -> dict[str, Any]:
    """What the venue says of the key. Imported here: only this process may have a client with a key."""
    from engine.clock import SystemClock
    from engine.exchanges.ccxt_exchange import CcxtExchange
    from engine.exchanges.credentials import Credentials

    credentials = Credentials(question["key"], question["secret"], question["passphrase"])
    venue = CcxtExchange(question["venue"], SystemClock(), credentials, question["rest"], question["stream"])
    try:
        rights = await venue.check_rights() or KeyRights()
        account = await venue.check_account()
        balances = [[one.coin, str(one.free), str(one.used), one.told] for one in await venue.balances()]
    except KeyRefused as error:
        return _NOTHING | {"accepted": False, "detail": str(error)}
    except PocketdeskError as error:
        return {"unavailable": str(error)}
    finally:
        await venue.close()
    return _NOTHING | {
        "accepted": True,
        "rights": asdict(rights),
        "account_fits": None if account is None else account.fits,
        "account": "" if account is None else account.words,
        "balances": balances,
    }


def main(wire: socket.socket, words: list[str]) -> None:
    """One question, one answer."""
    from loguru import logger

    logger.remove()  # nothing of this process is written anywhere but the one answer
    question, _ = receive_now(wire)
    wire.sendall(frame(asyncio.run(_try(question))))
