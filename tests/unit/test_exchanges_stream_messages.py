"""Messages of Kraken's, KuCoin's and BingX's user streams as the venues document them, through ccxt's own reading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.exchanges.dialects.bingx import Reports
from engine.exchanges.dialects.kraken import Executions
from engine.exchanges.dialects.kucoin import Events
from engine.exchanges.dialects.one_by_one import MOST, Numbers
from tests.unit.test_exchanges_wire import BTC, NAME, client_of

Told = list[tuple[Any, Any]]
Client = Callable[[str], Any]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made: list[Any] = []

    def make(venue: str) -> Any:
        made.append(client_of(venue, "http://127.0.0.1:1"))
        # as ccxt's own reading of a venue's list fills in for a spot market
        made[-1].set_markets([{**made[-1].market(BTC), "linear": None, "inverse": None}])
        return made[-1]

    yield make
    for one in made:
        await one.close()


# ── Kraken: https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/executions ─────


def executions(client: Any, *rows: dict[str, Any]) -> Told:
    told: Told = []
    reader = Executions(client, lambda order, trade: told.append((order, trade)))
    for row in rows:
        reader.told(None, {"channel": "executions", "type": "update", "data": [row]})
    return told


NEW = {
    "order_id": "OK4GJX-KSTLS-7DZZO5",
    "cl_ord_id": NAME,
    "symbol": BTC,
    "side": "sell",
    "order_type": "stop-loss",
    "order_qty": 0.005,
    "cum_qty": 0.0,
    "exec_type": "pending_new",
    "order_status": "pending_new",
    "timestamp": "2023-09-22T10:33:05.709950Z",
}
TRADE = {
    "order_id": "OK4GJX-KSTLS-7DZZO5",
    "exec_id": "T5DIUI-5N4KO-Z5BPXK",
    "exec_type": "trade",
    "order_status": "partially_filled",
    "last_qty": 0.00001,
    "last_price": 26500.1,
    "liquidity_ind": "t",
    "cost": 0.265001,
    "fees": [{"asset": "USDT", "qty": 0.0001}, {"asset": "BTC", "qty": 1e-08}],
    "timestamp": "2023-09-22T10:33:06.709950Z",
}


async def test_kraken_a_triggered_stop_goes_on_working(client: Client) -> None:
    woken = {"order_id": NEW["order_id"], "exec_type": "status", "order_status": "triggered"}
    told = executions(client("kraken"), NEW, woken)
    assert [order["status"] for order, _ in told] == ["open", "open"]
    assert {order["clientOrderId"] for order, _ in told} == {NAME}


async def test_kraken_every_fee_of_an_execution_is_kept(client: Client) -> None:
    told = executions(client("kraken"), NEW, TRADE)
    trade = told[-1][1]
    assert (trade["id"], trade["amount"], trade["price"]) == ("T5DIUI-5N4KO-Z5BPXK", "1e-05", "26500.1")
    assert trade["fees"] == [{"cost": "0.0001", "currency": "USDT"}, {"cost": "1e-08", "currency": "BTC"}]
    assert trade["symbol"] == BTC
    assert trade["side"] == "sell"


async def test_kraken_the_end_of_an_order_is_told_twice_by_its_number_alone(client: Client) -> None:
    end = {"order_id": NEW["order_id"], "exec_type": "canceled", "order_status": "canceled", "cum_qty": 0.002}
    told = executions(client("kraken"), NEW, end, end)
    assert [(order["status"], order["filled"]) for order, _ in told[1:]] == [("canceled", "0.002")] * 2


async def test_kraken_the_end_of_an_unknown_order_is_not_passed_over(client: Client) -> None:
    end = {"order_id": "OTHER", "exec_type": "canceled", "order_status": "canceled"}
    with pytest.raises(LookupError, match="OTHER"):
        executions(client("kraken"), NEW, end)


# ── KuCoin: https://www.kucoin.com/docs-new/3470074w0 and 3470139w0 ─────────────────────────


async def events(client: Any, subject: str, numbers: Numbers, **row: Any) -> Told:
    told: Told = []
    reader = Events(client, lambda order, trade: told.append((order, trade)), numbers)
    await reader.read(
        {"subject": subject, "data": {"symbol": "BTC-USDT", "side": "sell", "size": "0.5", **row}}
    )
    return told


@pytest.mark.parametrize(
    ("kind", "status", "read"),
    [
        ("open", "open", "open"),
        ("update", "match", "open"),
        ("update", "done", "canceled"),
        ("canceled", "done", "canceled"),
        ("filled", "done", "closed"),
    ],
)
@pytest.mark.parametrize("ordered_at", [1648957043065, 1648957043065280224], ids=["ms", "ns"])
async def test_kucoin_done_is_an_end_whatever_the_type_says(
    client: Client, kind: str, status: str, read: str, ordered_at: int
) -> None:
    row = {
        "orderId": "1",
        "clientOid": NAME,
        "type": kind,
        "status": status,
        "filledSize": "0.5",
        "price": "1",
    }
    told = await events(
        client("kucoin"), "orderChange", Numbers(), ts=1648957054031001037, orderTime=ordered_at, **row
    )
    order = told[0][0]
    assert (order["status"], order["clientOrderId"], order["timestamp"]) == (read, NAME, 1648957054031)


async def test_kucoin_a_stop_is_named_by_its_number_and_one_that_could_not_be_placed_is_ended(
    client: Client,
) -> None:
    numbers = Numbers()
    numbers.note("vs1", NAME)
    row = {"orderId": "vs1", "stopPrice": "45000", "orderType": "stop", "ts": "1692745706442929298"}
    kucoin = client("kucoin")
    opened = await events(kucoin, "stopOrder", numbers, type="open", **row)
    failed = await events(kucoin, "stopOrder", numbers, type="triggered", triggerSuccess=False, **row)
    woken = await events(kucoin, "stopOrder", numbers, type="triggered", triggerSuccess=True, **row)
    assert [(one["clientOrderId"], one["status"]) for one, _ in opened + failed] == [
        (NAME, "open"),
        (NAME, "canceled"),
    ]
    assert woken == []


async def test_kucoin_the_first_execution_of_many_is_found(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order swept a book: when its first match is read the history has thirty, and unasked tells the newest 20."""
    kucoin = client("kucoin")

    async def history(_id: str, _symbol: str, _since: None = None, limit: int = 20) -> list[dict[str, Any]]:
        return [{"id": str(number), "info": {}} for number in range(30, 0, -1)][:limit]

    monkeypatch.setattr(kucoin, "fetch_order_trades", history)
    row = {"orderId": "1", "clientOid": NAME, "type": "match", "tradeId": "1", "filledSize": "0.1"}
    told = await events(kucoin, "orderChange", Numbers(), ts=1648957054031001037, status="match", **row)
    assert [trade["id"] for _, trade in told if trade] == ["1"]


# ── BingX: https://bingx-api.github.io/docs-v3/#/en/Spot/Websocket%20Account%20Data ─────────

REPORT = {
    "e": "executionReport", "E": 1694681809302, "s": "BTC-USDT", "S": "BUY", "o": "LIMIT", "q": 0.5, "p": 62.29,
    "x": "TRADE", "X": "PARTIALLY_FILLED", "i": 1702245001712369664, "l": 0.0802, "z": 0.1802, "L": 62.308,
    "n": -0.0000802, "N": "BTC", "T": 1694681809256, "t": 38259147, "O": 1694681809248, "m": False,
}  # fmt: skip


async def reports(client: Any, **changed: Any) -> Told:
    told: Told = []
    numbers = Numbers()
    numbers.note("1702245001712369664", NAME)
    reader = Reports(client, lambda order, trade: told.append((order, trade)), numbers, None)
    await reader.read({"code": 0, "dataType": "spot.executionReport", "data": {**REPORT, **changed}})
    return told


async def test_bingx_an_execution_is_the_last_part_and_not_the_whole_order(client: Client) -> None:
    order, trade = (await reports(client("bingx")))[0]
    assert (trade["amount"], trade["price"], trade["id"]) == ("0.0802", "62.308", "38259147")
    assert (trade["order"], trade["side"], trade["timestamp"]) == (
        "1702245001712369664",
        "buy",
        1694681809256,
    )
    assert (Decimal(trade["fee"]["cost"]), trade["fee"]["currency"]) == (Decimal("0.0000802"), "BTC")
    assert (order["amount"], order["filled"], order["status"]) == ("0.5", "0.1802", "open")
    assert order["clientOrderId"] == NAME


@pytest.mark.parametrize(("told", "read"), [("EXPIRED", "expired"), ("FAILED", "canceled"), ("NEW", "open")])
async def test_bingx_every_state_is_read(client: Client, told: str, read: str) -> None:
    order, trade = (await reports(client("bingx"), x=told, X=told))[0]
    assert order["status"] == read
    assert trade is None


def test_the_oldest_number_is_forgotten() -> None:
    numbers = Numbers()
    for number in range(MOST + 1):
        numbers.note(number, NAME if number == MOST else None)
    assert numbers.name_of(0) is None
    assert numbers.name_of(1) == ""
    assert numbers.number_of(NAME) == str(MOST)
