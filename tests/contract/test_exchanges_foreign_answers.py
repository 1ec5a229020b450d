"""Something else answers in the venue's place, with status 200 and JSON of its own: nothing follows from it (A16)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from engine.clock import SystemClock
from engine.core.errors import Corrupt, Unavailable
from engine.exchanges.market_data import CcxtMarketData
from engine.exchanges.venues import VENUES
from engine.reconciler import ask_everything
from tests.contract.exchange_venue import BTC, live
from tests.unit.test_core_reconcile import live as live_book

FOREIGN: dict[str, Any] = {
    "portal": {"status": "login required"},
    "proxy": {"message": "Forbidden"},
    "empty object": {},
    "text": "<html>sign in</html>",
    "null": None,
    "a number for a code": {"code": 200, "message": "login"},
    "nothing told": {"code": 0, "msg": "ok", "data": None},
    "bare rights": {"permissions": []},
    "an empty result": {"retCode": 0, "result": {}},
}


@dataclass
class Impostor:
    """Another program on a port of this machine, asked for what the venue was to be asked for."""

    url: str
    body: Any = None
    asked: list[str] = field(default_factory=list)

    def stands_before(self, client: Any, venue_url: str) -> None:
        """From now on the client's requests come here, whatever it looks at in the answer."""
        sign = client.sign

        def signed(*arguments: Any, **named: Any) -> Any:
            request = sign(*arguments, **named)
            return {**request, "url": request["url"].replace(venue_url, self.url)}

        client.sign = signed


@asynccontextmanager
async def impostor() -> AsyncIterator[Impostor]:
    here = Impostor("")

    async def answer(request: web.Request) -> web.Response:
        here.asked.append(request.path)
        return web.json_response(here.body)

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield here
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("venue", sorted(VENUES))
async def test_a16_law_15_what_is_no_answer_of_the_venue_tells_nothing_of_the_account(venue: str) -> None:
    async with live(venue) as under_test, impostor() as other:
        exchange = under_test.adapter
        await exchange.balances()
        for client in (exchange._calls.reads, exchange._calls.orders):
            other.stands_before(client, under_test.running.base_url)
        since = SystemClock().now() - timedelta(hours=1)
        for name, body in FOREIGN.items():
            other.body = body
            for ask in (exchange.balances(), exchange.open_orders([BTC]), exchange.fills([BTC], since)):
                with pytest.raises(Unavailable):
                    await ask
            with pytest.raises(Unavailable):
                await ask_everything(exchange, live_book().state, [BTC], SystemClock())
            assert other.asked, name
            other.asked.clear()


async def test_a16_a_bare_list_is_no_account_of_binance() -> None:
    """Whose orders and executions are bare lists: the balances are asked for first."""
    async with live("binance") as under_test, impostor() as other:
        await under_test.adapter.balances()
        other.stands_before(under_test.adapter._calls.reads, under_test.running.base_url)
        other.body = []
        with pytest.raises(Unavailable):
            await under_test.adapter.balances()
        with pytest.raises(Unavailable):
            await ask_everything(under_test.adapter, live_book().state, [BTC], SystemClock())


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("venue", sorted(VENUES))
async def test_a16_what_is_no_answer_of_the_venue_delists_nothing(venue: str, body: Any) -> None:
    async with live(venue) as under_test, impostor() as other:
        url = under_test.running.base_url
        market = CcxtMarketData(venue, SystemClock(), url, url.replace("http", "ws", 1))
        sign = market._client.sign
        other.stands_before(market._client, url)
        other.body = body
        with pytest.raises((Unavailable, Corrupt)):
            await market.instruments([BTC])
        assert other.asked
        market._client.sign = sign
        assert set(await market.instruments([BTC])) == {BTC}, "it was not taken for the venue's word"
        await market.close()
