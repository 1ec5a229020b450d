"""A user stream never dies without a word, whatever ends one of the calls that keep it open."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.errors import Unavailable
from engine.exchanges.dialects.base import Dialect, Hear
from engine.exchanges.dialects.watching import Watching
from engine.exchanges.names import Names
from engine.exchanges.user_stream import UserStream
from tests.unit.test_exchanges_wire import BTC, NAME, client_of

UNSOUND = {"id": "1", "clientOrderId": NAME, "symbol": BTC, "side": "buy", "status": "on_the_moon"}
"""An order of ours in a state that nobody knows."""


class Questioning(Dialect):
    """As KuCoin's and BingX's: what is told is read in a call of its own, not while a message is handled."""

    streams = True

    def __init__(self, signed_in: bool) -> None:
        self._signed_in = signed_in

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        async def read() -> None:
            hear(UNSOUND, None)

        watching.begin(read())
        if not self._signed_in:
            await watching.until(asyncio.Event().wait())


@pytest.mark.parametrize("signed_in", [True, False])
async def test_an_unsound_report_that_is_read_by_a_question_ends_the_stream_with_words(
    signed_in: bool,
) -> None:
    client = client_of("kucoin", "http://127.0.0.1:1")
    stream = UserStream(client, Questioning(signed_in), Names(), SystemClock())
    events = stream.events([client.market(BTC)])
    try:
        async with asyncio.timeout(2):
            with pytest.raises(Unavailable, match="on_the_moon"):
                await anext(events)
    finally:
        await stream.close()
