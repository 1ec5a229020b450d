"""Coins that the owner has put to work at the venue: lent, staked, saved. His, and not to be sold now (A13).

Asked only when the account that trades is short of a coin. Each question is signed and moves nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.core.errors import Corrupt
from engine.exchanges.numbers import not_negative

Raw = Mapping[str, Any]
AskPage = Callable[[int], Awaitable[list[Any]]]
"""The rows of one page; the first is 1."""

PAGE = 100
MOST_PAGES = 20


async def on_binance(client: Any) -> Raw:
    """https://developers.binance.com/docs/simple_earn/flexible-locked/account/Get-Flexible-Product-Position and
    …/Get-Locked-Product-Position"""

    async def flexible(page: int) -> list[Any]:
        told = await client.sapiGetSimpleEarnFlexiblePosition({"size": PAGE, "current": page})
        return _rows(told, "rows")

    async def locked(page: int) -> list[Any]:
        return _rows(await client.sapiGetSimpleEarnLockedPosition({"size": PAGE, "current": page}), "rows")

    return _summed(
        client,
        [
            *_of(await _all(flexible, PAGE), "asset", "totalAmount"),
            *_of(await _all(locked, PAGE), "asset", "amount"),
        ],
    )


async def on_bybit(client: Any) -> Raw:
    """https://bybit-exchange.github.io/docs/v5/earn/position: all in one answer, for keys with the right 'Earn'."""
    rows: list[Any] = []
    for category in ("FlexibleSaving", "OnChain"):
        told = await client.privateGetV5EarnPosition({"category": category})
        rows += _rows(told["result"], "list")
    return _summed(client, _of(rows, "coin", "amount"))


async def on_okx(client: Any) -> Raw:
    """https://www.okx.com/docs-v5/en/#financial-product-savings-get-saving-balance"""
    told = await client.privateGetFinanceSavingsBalance({})
    return _summed(client, _of(_rows(told, "data"), "ccy", "amt"))


async def on_kucoin(client: Any) -> Raw:
    """https://kucoin.com/docs/rest/earn/kucoin-earn/get-earn-fixed-income-current-holdings"""

    async def held(page: int) -> list[Any]:
        told = await client.earnGetEarnHoldAssets({"pageSize": PAGE, "currentPage": page})
        return _rows(told["data"], "items")

    return _summed(client, _of(await _all(held, PAGE), "currency", "holdAmount"))


def _rows(told: Any, name: str) -> list[Any]:
    rows = told.get(name)
    if not isinstance(rows, list):
        raise Corrupt("the venue's answer about what is put to work has no rows.")
    return rows


async def _all(ask: AskPage, page_size: int) -> list[Any]:
    rows: list[Any] = []
    for page in range(1, MOST_PAGES + 1):
        more = await ask(page)
        rows += more
        if len(more) < page_size:
            return rows
    raise Corrupt("more is put to work there than can be asked for.")


def _of(rows: Iterable[Any], coin: str, amount: str) -> Iterable[tuple[str, Decimal]]:
    for row in rows:
        yield str(row[coin]), not_negative(row[amount], "what is put to work")


def _summed(client: Any, amounts: Iterable[tuple[str, Decimal]]) -> Raw:
    """As ccxt tells a balance: only the totals count."""
    total: dict[str, Decimal] = {}
    for name, amount in amounts:
        coin = client.safe_currency_code(name)
        total[coin] = total.get(coin, Decimal(0)) + amount
    return {"total": total}
