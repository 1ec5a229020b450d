"""Kraken spot. Sources: https://docs.kraken.com/api-reference and ccxt 4.5.90's kraken.py and pro/kraken.py."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.core.errors import Corrupt
from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest
from engine.exchanges import key_rights, lean
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.base import NEWEST, Dialect, Hear, Page, Raw, Span
from engine.exchanges.dialects.watching import Watching, Yes
from engine.exchanges.key_rights import KeyRights
from engine.exchanges.numbers import not_negative

PAGE = 50
"""Executions in one answer: https://docs.kraken.com/api-reference/account-data/get-trades-history"""
BATCH = 19
"""Executions asked for by their ids at once: from twenty on ccxt asks for an empty list as well, which is refused."""
EACH = {"consolidate_taker": "false"}
"""By default the history tells what one order took at one moment as one execution, while the stream tells each: the
same coins would be booked by two ids. Where the parameter is:
https://docs.kraken.com/api-reference/account-data/get-closed-orders"""
KEPT = ("order_id", "cl_ord_id", "symbol", "side", "order_type", "order_qty", "limit_price", "cum_qty")
"""What is remembered of an order in the stream, since the message of its end may tell nothing but its number."""
MOST_ORDERS = 10_000
"""Orders remembered, the ended among them, since their end may be told twice."""

_ccxt = lean.errors()


class Kraken(Dialect):
    """`stopLossPrice` becomes ordertype stop-loss; `triggerPrice` would be sent as a plain order (ccxt
    `order_request`). Market orders are by base quantity. The order's name is cl_ord_id, at most 18 characters."""

    # A counter of 15 that falls by 0.33 a second, for the lowest tier; history costs 2; placing and cancelling have a
    # limiter of their own: https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits
    allowance = Allowance(
        15,
        15 / 0.33,
        falls=True,
        heavier={"TradesHistory": 2, "QueryTrades": 2},
        apart=frozenset({"AddOrder", "CancelOrder"}),
    )
    streams = True
    whole_account = True
    has_one_account = True
    flexible = ("F",)
    bonded = ("B", "M", "S", "P")
    trades_page = PAGE
    # There is no newest page of one pair: the history is of all pairs together, and asked for from a moment on.
    trades_reach = timedelta(0)

    def _params(self, request: OrderRequest) -> dict[str, Any]:
        """Fees in the quote coin: the history tells a fee without its coin, which would be the base for a sale:
        https://docs.kraken.com/api-reference/trading/add-order (oflags)"""
        return {**super()._params(request), "oflags": "fciq"}

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """ccxt's `fetch_order` sends our name as userref, which is a number; OpenOrders and ClosedOrders take
        cl_ord_id: https://docs.kraken.com/api-reference/account-data/get-open-orders"""
        named = {"clientOrderId": order}
        for ask, more in (
            (client.fetch_open_orders, {}),
            (client.fetch_closed_orders, {"trades": "true", **EACH}),
        ):
            found: list[Raw] = await ask(symbol, None, None, {**named, **more})
            for raw in found:
                if raw.get("clientOrderId") == order:
                    return raw
        return None

    def trades_in(self, order: Raw) -> list[Raw]:
        """Only their ids."""
        return []

    async def trades_of(self, client: Any, order: Raw, symbol: Symbol) -> Page:
        """All of them, by the ids that the order lists, which may have been asked for without them."""
        told = order["info"].get("trades")
        if not told:
            told = (await client.fetch_order(order["id"], symbol, EACH))["info"].get("trades") or []
        found: list[Raw] = []
        for start in range(0, len(told), BATCH):
            ids = {"trades": told[start : start + BATCH]}
            found += await client.fetch_order_trades(order["id"], symbol, None, None, ids)
        return Page(found)

    async def trades(self, client: Any, symbol: Symbol | None, span: Span = NEWEST) -> Page:
        """Of all pairs, whatever is asked. `start` is in whole seconds, and leaves out what happened in it. Newest
        first: what is executed while pages are turned moves the rest towards the end, so that some are told twice and
        none is left out."""
        skip = span.more.get("ofs", 0)
        since = None if span.since_ms is None else span.since_ms - 1000
        until = {} if span.until_ms is None else {"until": span.until_ms}
        rows = await client.fetch_my_trades(None, since, None, {**until, **EACH, "ofs": skip})
        return Page(rows, {"ofs": skip + self.trades_page} if self._is_full(rows) else None)

    async def balances(self, client: Any) -> Raw:
        """What is in Kraken's rewards by itself (`XBT.F`) trades like the rest, and counts with it: it goes to and fro
        without the owner's doing.
        https://docs.kraken.com/api-reference/account-data/get-extended-balance ('.F is for balances earning
        automatically in Kraken Rewards')"""
        return _summed(client, await self._balance_rows(client), ("", *self.flexible))

    async def other_accounts(self, client: Any) -> list[Raw]:
        """Staked, bonded or opted in (`.B`, `.M`, `.S`, `.P`): his, and not to be sold now."""
        return [_summed(client, await self._balance_rows(client), self.bonded)]

    async def _balance_rows(self, client: Any) -> Mapping[str, Any]:
        """As the venue writes them, by its own names. ccxt makes nothing of a row that is null."""
        rows = (await client.privatePostBalanceEx()).get("result")
        if not isinstance(rows, Mapping):
            raise Corrupt("Kraken's answer has no balances.")
        return rows

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """cl_ord_id, in the stream only."""
        name = trade["info"].get("cl_ord_id")
        return None if name is None else str(name)

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """The channel `executions` of the second websocket API, with a token from GetWebSocketsToken. It begins with
        all open orders: https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/executions

        ccxt waits for no answer to the subscription, and drops one that refuses it.
        """
        seen = Executions(client, hear)
        yes = Yes(1)

        def answered(connection: Any, message: Raw) -> bool:
            if message.get("method") == "subscribe" and message.get("success"):
                yes.said("executions")
            elif message.get("error"):
                connection.reject(_ccxt.ExchangeError(str(message["error"])))
            return True

        client.handle_orders = client.handle_my_trades = seen.told
        client.handle_error_message = answered
        watching.begin(client.watch_orders(None, None, None, {"snap_trades": False}))
        await watching.until(yes.to_all())

    async def key_info(self, client: Any) -> KeyRights | None:
        return key_rights.of_kraken((await client.privatePostGetApiKeyInfo())["result"])


def _summed(client: Any, rows: Mapping[str, Any], suffixes: tuple[str, ...]) -> Raw:
    """ccxt's balances from the rows with these suffixes, exact. A coin of which one row can't be read is not told at
    all (None): what is there beside it is not all that there is (M12)."""
    kinds: dict[str, dict[str, str | None]] = {"free": {}, "used": {}, "total": {}}
    for name, row in rows.items():
        bare, _, suffix = name.partition(".")
        if suffix not in suffixes:
            continue
        coin = client.safe_currency_code(_without_term(bare, suffix))
        for kind, amount in _amounts(row).items():
            before = kinds[kind].get(coin, "0")
            kinds[kind][coin] = None if before is None or amount is None else str(Decimal(before) + amount)
    return {**kinds, "info": rows}


def _amounts(row: object) -> Mapping[str, Decimal | None]:
    try:
        if not isinstance(row, Mapping):
            raise Corrupt("a balance is no row.")
        total = not_negative(row.get("balance"), "a balance")
        held = not_negative(row.get("hold_trade", "0"), "what orders hold")
        return {"free": not_negative(total - held, "what is free"), "used": held, "total": total}
    except Corrupt:
        return {"free": None, "used": None, "total": None}


def _without_term(bare: str, suffix: str) -> str:
    """Staked coins may carry how many days they are bound for (`DOT28.S`), Ethereum's carry a 2 (`ETH2.S`)."""
    return bare.rstrip("0123456789") or bare if suffix == "S" else bare


class Executions:
    """Reads the channel's rows: each is what changed of an order, which may leave out all else."""

    def __init__(self, client: Any, hear: Hear) -> None:
        self._client = client
        self._hear = hear
        self._orders: OrderedDict[str, Raw] = OrderedDict()

    def told(self, _connection: object, message: Raw) -> None:
        """Takes the place of ccxt's own handlers."""
        for row in message["data"]:
            if row.get("exec_type") == "trade":
                self._hear(None, self._trade(self._whole(row)))
            else:
                self._hear(self._order(self._whole(row)), None)

    def _whole(self, row: Raw) -> Raw:
        """`row` with what was told of its order before. Raises LookupError for the end of an order that was never told
        of: whose it is can't be known then, and everything has to be asked for."""
        number = row["order_id"]
        whole = {**self._orders.get(number, {}), **row}
        if "symbol" not in whole:
            raise LookupError(f"what was told of order {number} does not say which one it is")
        self._orders[number] = {name: whole[name] for name in KEPT if name in whole}
        self._orders.move_to_end(number)
        while len(self._orders) > MOST_ORDERS:
            self._orders.popitem(last=False)
        return whole

    def _order(self, whole: Raw) -> Raw:
        """ccxt takes the number `order_userref` for the name, and leaves out what was filled. A triggered stop goes
        on working."""
        parsed: dict[str, Any] = self._client.parse_ws_order(whole)
        status = "open" if parsed["status"] == "triggered" else parsed["status"]
        filled = str(whole.get("cum_qty", 0))
        return {**parsed, "clientOrderId": whole.get("cl_ord_id"), "filled": filled, "status": status}

    def _trade(self, whole: Raw) -> Raw:
        """ccxt keeps the first fee only."""
        fees = [{"cost": str(fee["qty"]), "currency": fee["asset"]} for fee in whole["fees"]]
        return {**self._client.parse_ws_trade(whole), "fees": fees}
