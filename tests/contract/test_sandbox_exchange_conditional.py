"""Stops through ccxt in the dialects of Bybit and OKX, where they are orders of a kind of their own; and batches."""

from collections.abc import AsyncIterator
from typing import Any

import ccxt.async_support as ccxt
import pytest

from sandbox.exchange.testing import RunningVenue, point_ccxt_at, running_venue

KEYS = {"apiKey": "sandbox-key", "secret": "sandbox-secret", "password": "sandbox-passphrase"}


@pytest.fixture(params=["bybit", "okx"])
async def running(request: pytest.FixtureRequest) -> AsyncIterator[RunningVenue]:
    async with running_venue(moving=False, dialect=str(request.param)) as venue:
        yield venue


@pytest.fixture
async def client(running: RunningVenue, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    name = request.node.callspec.params["running"]
    exchange = getattr(ccxt, name)({**KEYS, "enableRateLimit": False})
    point_ccxt_at(exchange, running.base_url)
    await exchange.load_markets()
    yield exchange
    await exchange.close()


async def stop(client: Any, trigger: float, side: str = "sell") -> Any:
    own = {"bybit": "clientOrderId", "okx": "algoClOrdId"}[client.id]
    return await client.create_order(
        "BTC/USDT", "market", side, 0.01, None, {"stopLossPrice": trigger, own: "pdstop"}
    )


async def waiting(client: Any) -> list[Any]:
    """Orders that wait for their trigger; OKX keeps them apart, under ordType conditional."""
    params = {"okx": {"ordType": "conditional"}}.get(client.id, {})
    return list(await client.fetch_open_orders("BTC/USDT", params=params))


async def test_a_stop_waits_and_is_cancelled(client: Any, running: RunningVenue) -> None:
    placed = await stop(client, 40_000)
    seen = await waiting(client)
    assert [(one["id"], one["status"], one["stopLossPrice"] or one["triggerPrice"]) for one in seen] == [
        (placed["id"], "open", 40_000)
    ]
    if client.id == "okx":
        assert await client.fetch_open_orders("BTC/USDT") == []
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order(None, "BTC/USDT", {"clOrdId": "pdstop"})
    await client.cancel_order(placed["id"], "BTC/USDT", {"trigger": True})
    assert await waiting(client) == []
    assert running.venue.matching.open_orders() == []


async def test_a_stop_that_wakes_sells_at_market(client: Any, running: RunningVenue) -> None:
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    placed = await stop(client, last * 0.99)
    running.do("price", instrument="BTC/USDT", percent=-3)
    assert await waiting(client) == []
    trades = await client.fetch_my_trades("BTC/USDT")
    assert {(trade["side"], trade["takerOrMaker"]) for trade in trades} == {("sell", "taker")}
    order_id = trades[0]["order"]
    if client.id == "okx":
        algo = (await client.fetch_order(placed["id"], "BTC/USDT", {"trigger": True}))["info"]
        assert (algo["state"], algo["ordId"]) == ("effective", order_id)
        assert (await client.fetch_order(order_id, "BTC/USDT"))["status"] == "closed"
    else:
        assert order_id == placed["id"]
        assert (await client.fetch_closed_order(order_id, "BTC/USDT"))["status"] == "closed"


async def test_a_stop_on_the_wrong_side_of_the_price_is_refused(client: Any, running: RunningVenue) -> None:
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    with pytest.raises(ccxt.InvalidOrder):
        await stop(client, last * 1.05)
    assert running.venue.matching.orders() == []


async def test_a_take_profit_limit(client: Any, running: RunningVenue) -> None:
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    target = round(last * 1.02, 2)
    await client.create_order("BTC/USDT", "limit", "sell", 0.01, target, {"takeProfitPrice": target})
    assert [str(one.type) for one in running.venue.matching.open_orders()] == ["TAKE_PROFIT_LIMIT"]


async def test_a_trigger_order_is_a_stop_by_its_direction(client: Any, running: RunningVenue) -> None:
    last = (await client.fetch_ticker("BTC/USDT"))["last"]
    for side, factor in (("buy", 1.05), ("buy", 0.95), ("sell", 0.95), ("sell", 1.05)):
        await client.create_order("BTC/USDT", "market", side, 0.001, None, {"triggerPrice": last * factor})
    kinds = [str(one.type) for one in running.venue.matching.open_orders()]
    assert kinds == ["STOP_LOSS", "TAKE_PROFIT", "STOP_LOSS", "TAKE_PROFIT"]


async def test_a_stop_is_cancelled_from_outside(client: Any, running: RunningVenue) -> None:
    await stop(client, 40_000)
    running.do("cancel", client_id="pdstop")
    assert await waiting(client) == []


async def test_post_only_and_immediate_orders(client: Any, running: RunningVenue) -> None:
    ask = (await client.fetch_ticker("BTC/USDT"))["ask"]
    with pytest.raises(ccxt.InvalidOrder):
        await client.create_order("BTC/USDT", "limit", "buy", 0.001, ask, {"postOnly": True})
    await client.create_order("BTC/USDT", "limit", "buy", 0.001, 40_000, {"timeInForce": "IOC"})
    assert [str(one.status) for one in running.venue.matching.orders()] == ["EXPIRED"]


async def test_okx_takes_a_batch_each_for_itself() -> None:
    async with running_venue(moving=False, dialect="okx") as running:
        exchange = ccxt.okx({**KEYS, "enableRateLimit": False})
        point_ccxt_at(exchange, running.base_url)
        try:
            await exchange.load_markets()
            common = {"symbol": "BTC/USDT", "type": "limit", "side": "buy", "price": 40_000}
            placed = await exchange.create_orders([{**common, "amount": 0.001}, {**common, "amount": 9}])
            assert [one["status"] for one in placed] == [None, "rejected"]
            assert [one["info"]["sCode"] for one in placed] == ["0", "51008"]
            assert len(running.venue.matching.open_orders()) == 1
            await exchange.create_order(
                "BTC/USDT", "market", "sell", 0.01, None, {"stopLossPrice": 40_000, "clientOrderId": "pdlost"}
            )
            assert "pdlost" not in {one.client_id for one in running.venue.matching.orders()}
        finally:
            await exchange.close()


async def test_bybit_pages_and_finds_the_fills_of_an_order() -> None:
    async with running_venue(moving=False, dialect="bybit") as running:
        exchange = ccxt.bybit({**KEYS, "enableRateLimit": False})
        point_ccxt_at(exchange, running.base_url)
        try:
            await exchange.load_markets()
            for number in range(5):
                params = {"clientOrderId": f"pd-{number}"}
                await exchange.create_order("BTC/USDT", "limit", "buy", 0.001, 40_000, params)
            first = await exchange.fetch_open_orders("BTC/USDT", limit=2)
            cursor = first[-1]["info"].get("nextPageCursor") or first[0]["info"]["nextPageCursor"]
            second = await exchange.fetch_open_orders("BTC/USDT", limit=2, params={"cursor": cursor})
            names = {one["clientOrderId"] for one in first + second}
            assert names == {"pd-4", "pd-3", "pd-2", "pd-1"}
            bought = await exchange.create_order("BTC/USDT", "market", "buy", 0.001)
            trades = await exchange.fetch_my_trades("BTC/USDT", params={"orderId": bought["id"]})
            assert {trade["order"] for trade in trades} == {bought["id"]}
            assert len(await exchange.cancel_all_orders("BTC/USDT")) == 5
        finally:
            await exchange.close()
