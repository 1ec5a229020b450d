"""Whether each balance in an answer says of which coin it is, looked at before ccxt reads it (M12, law 15).

ccxt drops a row that is none, or names no coin, without a word. What is missing then would look like nothing: one such
row for the coin of account, and all money seems to be withdrawn. Which coin it was can't be known, so nothing of the
answer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

Keys = tuple[str, ...]
"""Where the rows are: names within names, each list on the way taken row by row."""

_ROWS: Mapping[str, tuple[Keys, str]] = MappingProxyType(
    {
        # Binance
        "/api/v3/account": (("balances",), "asset"),
        "/asset/get-funding-asset": ((), "asset"),
        # Bybit
        "/v5/account/wallet-balance": (("result", "list", "coin"), "coin"),
        "/query-account-coins-balance": (("result", "balance"), "coin"),
        # OKX
        "/api/v5/account/balance": (("data", "details"), "ccy"),
        "/api/v5/asset/balances": (("data",), "ccy"),
        # KuCoin
        "/api/v1/accounts": (("data",), "currency"),
        # BingX
        "/spot/v1/account/balance": (("data", "balances"), "asset"),
        "/fund/v1/account/balance": (("data", "assets"), "asset"),
    }
)
"""By the end of the path, with what a row calls its coin. Kraken's are read by its dialect."""


def names_each_coin(path: str, answer: Any) -> bool:
    """True for answers to other questions."""
    for end, (keys, name) in _ROWS.items():
        if path.endswith(end):
            return all(_is_named(row, name) for row in _every(answer, keys))
    return True


def _is_named(row: Any, name: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(name), str) and row[name] != ""


def _every(value: Any, keys: Keys) -> Iterator[Any]:
    """What is at the end of the keys; None, which has no name, where they lead nowhere."""
    if isinstance(value, list):
        for row in value:
            yield from _every(row, keys)
    elif not keys:
        yield value
    elif isinstance(value, dict):
        yield from _every(value.get(keys[0]), keys[1:])
    else:
        yield None
