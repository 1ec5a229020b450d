"""What is kept of a venue over a restart, as it stands in its file: one JSON object a line.

The first line holds everything at one moment, each later one what changed since. So a change costs one short line, and
what a cut leaves behind is at most one line without an end.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from sandbox.exchange.market.feed import Place
from sandbox.exchange.matching.accounts import Account
from sandbox.exchange.matching.model import Order, Trade

Kind = TypeVar("Kind", bound="Change")
Coins = dict[str, tuple[Decimal, Decimal]]
"""coin -> (free, locked)."""


class Damaged(ValueError):
    """The file is not what was written; the text names the line and what is wrong."""


class Change(BaseModel):
    """What was different after one moment (ms UTC): orders and accounts as they were then, new fills."""

    at_ms: int
    orders: list[Order] = Field(default_factory=list)
    trades: list[Trade] = Field(default_factory=list)
    accounts: dict[str, Coins] = Field(default_factory=dict)


class Kept(Change):
    """Everything: the first line, and what reading the file makes of all its lines."""

    version: int = 1
    last_order_id: int
    last_trade_ids: dict[str, int]
    """By pair."""
    places: dict[str, Place]
    """Where each pair's record was at one moment."""

    def after(self, changes: Iterable[Change]) -> Kept:
        """The same with what changed since."""
        orders = {one.id: one for one in self.orders}
        trades, last_ids, accounts, at_ms = (
            list(self.trades),
            dict(self.last_trade_ids),
            self.accounts,
            self.at_ms,
        )
        for change in changes:
            orders |= {one.id: one for one in change.orders}
            trades += change.trades
            last_ids |= {one.pair.id: one.id for one in change.trades}
            accounts = accounts | change.accounts
            at_ms = change.at_ms
        return self.model_copy(
            update={
                "at_ms": at_ms,
                "orders": list(orders.values()),
                "trades": trades,
                "accounts": accounts,
                "last_order_id": max([self.last_order_id, *orders]),
                "last_trade_ids": last_ids,
            }
        )


def coins_of(account: Account) -> Coins:
    return {coin: (free, locked) for coin, free, locked in account.snapshot()}


def read_kept(path: Path) -> Kept:
    """Raises `Damaged`; a last line without an end was never answered for, and is left out. OSError as it comes."""
    whole = path.read_bytes().split(b"\n")[:-1]
    if not whole:
        raise Damaged("it has no whole line")
    first = _line(Kept, 1, whole[0])
    if first.version != 1:
        raise Damaged(f"its version is {first.version}, and this program knows version 1")
    return first.after(_line(Change, number, text) for number, text in enumerate(whole[1:], start=2))


def _line(kind: type[Kind], number: int, text: bytes) -> Kind:
    try:
        return kind.model_validate_json(text)
    except ValidationError as problem:
        raise Damaged(f"line {number}: {problem.errors()[0]['msg']}") from None
