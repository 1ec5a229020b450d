"""Whether our books and a venue's agree, told as a list of sentences about what does not.

The judge of the crash matrix and of the storm. It knows nothing of how the desk works: it holds the journal's facts
against what the venue itself says, which is the only truth there is.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.evolve import restore
from engine.core.facts import AnyFact, FillBooked, OrderIntended, PositionClosed
from engine.core.ids import is_ours
from engine.core.ledger import Position
from engine.core.money import ZERO, floor_to
from engine.core.orders import OrderStatus, Purpose
from engine.core.state import TraderState
from storage.codec import decode
from storage.snapshots import decode_state

Row = Mapping[str, Any]
LOT = Decimal("0.00001")
"""The venue's step of a BTC/USDT quantity."""
WORKS = ("NEW", "PARTIALLY_FILLED")


@dataclass(frozen=True)
class Owner:
    """What the owner has at the venue for himself, before anything of ours happened: never to be touched (law 4)."""

    account: str
    base: Decimal
    orders: Mapping[str, str]
    """His own working orders: client id -> quantity."""
    lot: Decimal = LOT
    """The venue's step of a quantity, of BTC/USDT."""


def read_facts(database: Path, book: str) -> list[AnyFact]:
    """Everything in a book, in order; also beside the process that writes it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as found:
        rows = found.execute("select kind, version, body from facts where book = ? order by number", (book,))
        return [decode(*row) for row in rows]


def read_snapshot(database: Path, book: str) -> tuple[int, TraderState] | None:
    """The newest state that a process itself kept of a book: what was in its memory."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as found:
        newest = "select number, body from snapshots where book = ? order by number desc limit 1"
        row = found.execute(newest, (book,)).fetchone()
    return None if row is None else (row[0], decode_state(row[1]))


def differences(venue: Row, facts: Sequence[AnyFact], owner: Owner) -> list[str]:
    """What is not the same at the venue and in our books; empty once the truth is restored."""
    ours = [one for one in venue["orders"] if is_ours(one["clientOrderId"])]
    trades = [one for one in venue["trades"] if is_ours(one["clientOrderId"])]
    state = restore(list(facts))
    return [
        *_each_once(ours, facts),
        *_orders(ours, state),
        *_fills(trades, facts),
        *_held(trades, state, facts),
        *_protected(ours, state, owner.lot),
        *_untouched(venue, trades, owner),
    ]


def _each_once(ours: Iterable[Row], facts: Sequence[AnyFact]) -> Iterator[str]:
    """One order for an intent, and none without one."""
    intended = {str(one.order.client_order_id) for one in facts if isinstance(one, OrderIntended)}
    for name, count in Counter(one["clientOrderId"] for one in ours).items():
        if count > 1:
            yield f"{name} is {count} times at the venue"
        if name not in intended:
            yield f"{name} is at the venue and no intent of ours"


def _orders(ours: Iterable[Row], state: TraderState) -> Iterator[str]:
    """Those that work are the same, and of none is it uncertain."""
    theirs = {one["clientOrderId"] for one in ours if one["status"] in WORKS}
    working = {str(one.client_order_id) for one in state.orders.values() if one.status is OrderStatus.WORKING}
    for name in sorted(theirs ^ working):
        yield f"{name} works {'at the venue' if name in theirs else 'in our books'} only"
    for order in state.orders.values():
        if order.status is not OrderStatus.WORKING or order.cancel_wanted:
            yield f"{order.client_order_id} ({order.purpose}) is {order.status}, and not settled"


def _fills(trades: Iterable[Row], facts: Sequence[AnyFact]) -> Iterator[str]:
    """Each execution is booked, once (law 3). Bybit's ids are unique over all pairs, so its own begin with the pair."""
    theirs = Counter(str(one["id"]) for one in trades)
    booked = Counter(str(one.fill.id).rpartition("-")[2] for one in facts if isinstance(one, FillBooked))
    for name in sorted(theirs.keys() | booked.keys()):
        if theirs[name] != booked[name]:
            yield f"fill {name} is {theirs[name]} times at the venue and {booked[name]} times in our books"


def net(trades: Iterable[Row]) -> Decimal:
    """Base coin that executions left in the account, what fees took of it taken off."""
    total = ZERO
    for one in trades:
        quantity = Decimal(one["qty"])
        total += quantity if one["isBuyer"] else -quantity
        total -= Decimal(one["commission"]) if one["commissionAsset"] == "BTC" else ZERO
    return total


def _held(trades: Iterable[Row], state: TraderState, facts: Sequence[AnyFact]) -> Iterator[str]:
    open_now = sum((one.quantity for one in state.positions.values()), ZERO)
    dust = sum((one.dust for one in facts if isinstance(one, PositionClosed)), ZERO)
    if open_now + dust != (theirs := net(trades)):
        yield f"our positions hold {open_now} and dust of {dust}, the venue's fills leave {theirs}"


def _protected(ours: Sequence[Row], state: TraderState, lot: Decimal) -> Iterator[str]:
    """One stop for each position, of all that can be sold; and no order without a position (S5)."""
    theirs = {one["clientOrderId"]: one for one in ours if one["status"] in WORKS}
    for position in state.positions.values():
        orders = [one for one in state.orders_of(position.id) if one.purpose is Purpose.STOP]
        stops = [theirs.pop(one.client_order_id) for one in orders if one.client_order_id in theirs]
        yield from _stops(position, stops, lot)
    for name in theirs:
        yield f"{name} works at the venue and protects nothing"


def _stops(position: Position, stops: Sequence[Row], lot: Decimal) -> Iterator[str]:
    wanted = floor_to(position.quantity, lot)
    found = [(one["type"], one["side"], Decimal(one["origQty"])) for one in stops]
    if found != [("STOP_LOSS", "SELL", wanted)]:
        yield f"{position.id} wants one stop for {wanted}, at the venue there is {found}"


def _untouched(venue: Row, trades: Iterable[Row], owner: Owner) -> Iterator[str]:
    """The owner's own coins and orders are as they were."""
    coin = venue["accounts"][owner.account]["BTC"]
    own = Decimal(coin["free"]) + Decimal(coin["locked"]) - net(trades)
    if own != owner.base:
        yield f"the owner's own coins are {own}, they were {owner.base}"
    theirs = {
        one["clientOrderId"]: one["origQty"]
        for one in venue["orders"]
        if not is_ours(one["clientOrderId"]) and one["status"] == "NEW"
    }
    if theirs != owner.orders:
        yield f"the owner's own orders are {theirs}, they were {owner.orders}"
