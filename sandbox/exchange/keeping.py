"""Keeps the venue in a file, so that its accounts, orders and fills outlast its process.

A change is on disk, synced, before the client hears of it: a venue never forgets what it has accepted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from io import BufferedWriter
from pathlib import Path

from loguru import logger

from sandbox.exchange.kept import Change, Damaged, Kept, coins_of, read_kept
from sandbox.exchange.matching.model import Order, OrderEvent
from sandbox.exchange.venue import Venue

CLOSED_ORDERS, TRADES = 2_000, 5_000
"""How many of each are written down anew; a real venue archives them, too."""
MOST_CHANGES = 2_000
"""Lines of changes until everything is written down anew."""


class Keeper:
    """One file. `read` before the venue is made, `begin` once it is there, `close` at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BufferedWriter | None = None
        self._changes = 0

    def read(self) -> tuple[Kept | None, str]:
        """What was kept, and a sentence where the file was damaged: then it is moved aside, nothing is lost of it."""
        try:
            return read_kept(self._path), ""
        except FileNotFoundError:
            return None, ""
        except Damaged as problem:
            return None, self.set_aside(str(problem))

    def set_aside(self, problem: str) -> str:
        """Away with a file that can't be gone on from; the sentence about it."""
        aside = self._path.with_name(self._path.name + ".damaged")
        self._path.replace(aside)
        return (
            f"What the market kept of its last run can't be read ({problem}). It lies in {aside.name} now, and the "
            "market begins anew, its accounts as at first: what was open there is gone."
        )

    def begin(self, venue: Venue) -> None:
        """Write everything down, and from now on each change."""
        self._venue = venue
        self._write_all()
        venue.matching.settled = self._settled
        venue.balance_listeners.append(self._flow)

    def close(self) -> None:
        """Write everything down for the last time: the next start has less to read."""
        self._venue.matching.settled = None
        self._write_all()
        self._let_go()

    def _flow(self, account: str, coin: str, change: Decimal) -> None:
        self._keep([], [account])

    def _settled(self, events: Sequence[OrderEvent]) -> None:
        """Without an event, an order is gone that nobody was told of."""
        if events:
            self._keep(events, [event.order.account for event in events])
        else:
            self._write_all()

    def _keep(self, events: Sequence[OrderEvent], accounts: Sequence[str]) -> None:
        orders = {event.order.id: event.order for event in events}
        change = Change(
            at_ms=self._venue.clock.true_ms(),
            orders=list(orders.values()),
            trades=[event.trade for event in events if event.trade is not None],
            accounts={name: coins_of(self._venue.matching.accounts[name]) for name in accounts},
        )
        self._changes += 1
        if self._file is None or self._changes > MOST_CHANGES:
            self._write_all()
            return
        try:
            self._file.write(change.model_dump_json().encode() + b"\n")
            self._sync(self._file)
        except OSError as problem:
            self._failed(problem)

    def _write_all(self) -> None:
        """Beside the old file first, then in its place: a cut leaves the one or the other, whole."""
        beside = self._path.with_name(self._path.name + ".new")
        try:
            self._let_go()
            self._file = beside.open("wb")
            self._file.write(self._everything().model_dump_json().encode() + b"\n")
            self._sync(self._file)
            beside.replace(self._path)
            _sync_folder(self._path.parent)
            self._changes = 0
        except OSError as problem:
            self._failed(problem)

    def _everything(self) -> Kept:
        venue, matching = self._venue, self._venue.matching
        return Kept(
            at_ms=venue.clock.true_ms(),
            orders=_remembered(matching.orders()),
            trades=matching.trades()[-TRADES:],
            accounts={name: coins_of(account) for name, account in matching.accounts.items()},
            last_order_id=matching.last_order_id,
            last_trade_ids=matching.last_trade_ids,
            places=venue.feed.places(),
        )

    @staticmethod
    def _sync(file: BufferedWriter) -> None:
        file.flush()
        os.fsync(file.fileno())

    def _failed(self, problem: OSError) -> None:
        """Trading goes on; with the next change everything is tried again."""
        logger.error("the market can't write {}: {}", self._path, problem)
        self._let_go()

    def _let_go(self) -> None:
        """Of a file that may have letters left which can't be written: closing it tries them again. Whatever follows,
        everything is written anew, beside it."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()


def _sync_folder(folder: Path) -> None:
    """A new name is on disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remembered(orders: list[Order]) -> list[Order]:
    closed = [one for one in orders if not one.is_open]
    gone = {one.id for one in closed[:-CLOSED_ORDERS]}
    return [one for one in orders if one.id not in gone]
